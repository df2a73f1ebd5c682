"""The pictures that the benches measure with."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage
from PIL import Image

CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))
ALL = "images/*.*g"
#: The photographs in colour inside scikit-image, for machines without the corpus.
BUNDLED = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def files(pattern: str = ALL) -> list[Path]:
    """The picture files that match, by name.

    Args:
        pattern: A glob relative to the folder COUNTERMARK_CORPUS. Where that folder does not exist,
            the photographs inside scikit-image are used instead.
    """
    if CORPUS.is_dir():
        return sorted(CORPUS.glob(pattern))
    return [Path(skimage.__file__).parent / "data" / name for name in BUNDLED]


def pixels(file: Path, bound: int | None = None) -> npt.NDArray[np.uint8]:
    """RGB of the file, reduced until no side is longer than `bound` pixels."""
    picture = Image.open(file).convert("RGB")
    if bound is not None:
        picture.thumbnail((bound, bound), Image.Resampling.LANCZOS)
    return np.array(picture)
