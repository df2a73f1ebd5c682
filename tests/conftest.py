"""Photographs, a home folder of its own for each test, and copies as they come back."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import skimage
from PIL import Image

from countermark import keys
from countermark.credentials import Trust
from countermark.registry import Registry

# They come with scikit-image. Public domain: NASA (astronaut, hubble), SpaceX (rocket). CC0:
# Stefan van der Walt (chelsea), Rachel Michetti (coffee), Mikael Häggström (retina). No known
# restrictions: Center for Microscopy and Molecular Imaging (ihc).
BUNDLED = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "hubble": "hubble_deep_field.jpg",
    "ihc": "ihc.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}
LONG_EDGE = 1024


@cache
def _photograph(name: str, long_edge: int) -> Image.Image:
    picture = Image.open(Path(skimage.__file__).parent / "data" / BUNDLED[name]).convert("RGB")
    scale = long_edge / max(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.LANCZOS)


@pytest.fixture(scope="session")
def photograph() -> Callable[..., Image.Image]:
    """A colour photograph inside scikit-image, by name, brought to 1024 pixels."""

    def photograph(name: str = "coffee", long_edge: int = LONG_EDGE) -> Image.Image:
        return _photograph(name, long_edge).copy()

    return photograph


@pytest.fixture(scope="session")
def as_file() -> Callable[..., bytes]:
    """A picture as the content of a file."""

    def as_file(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
        stream = io.BytesIO()
        picture.save(stream, form, **{"quality": 92, **options} if form == "JPEG" else options)
        return stream.getvalue()

    return as_file


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the home folder of whoever runs it."""
    monkeypatch.setenv("COUNTERMARK_HOME", os.fspath(tmp_path / "countermark-home"))
    monkeypatch.delenv("COUNTERMARK_PASSPHRASE", raising=False)


@pytest.fixture
def home() -> keys.Home:
    """The home folder, with keys."""
    return keys.create_home()


@pytest.fixture
def trust(home: keys.Home) -> Trust:
    """The trust list of the home folder."""
    return Trust.from_file(home.trust_path)


@pytest.fixture
def registry(home: keys.Home) -> Iterator[Registry]:
    """The registry of the home folder."""
    with Registry.open(home.registry_path) as opened:
        yield opened


@pytest.fixture
def photo(
    tmp_path: Path, photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> Path:
    """A JPEG file of 640 pixels."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(as_file(photograph(long_edge=640)))
    return path
