"""What the detector saw in a picture: in words, as data, and drawn on one sheet.

>>> import io
>>> import numpy as np
>>> from PIL import Image
>>> pixels = np.random.default_rng(1).integers(40, 215, (512, 512, 3), dtype=np.uint8)
>>> file = io.BytesIO()
>>> Image.fromarray(np.asarray(watermark.embed(pixels, 2026))).save(file, "PNG")
>>> _ = file.seek(0)
>>> findings = inspect(file)
>>> findings.headline
'Payload 00000000000007ea'
>>> dict(findings.facts)["Turned"]
'not at all'
>>> findings.sheet().size[0]
1600
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from countermark import files, image, keys, watermark
from countermark.errors import HomeMissing
from countermark.image import Pixels
from countermark.inspection import sheet
from countermark.inspection.outline import Outline, find_outline
from countermark.inspection.words import facts, headline
from countermark.registry import Registry
from countermark.watermark import Inspection

__all__ = ["Findings", "Outline", "inspect"]

_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was seen, and the pixels in which it was, the way a viewer shows them.

    `outline`: of the picture that was marked, as far as it is known.
    """

    pixels: Pixels
    seen: Inspection
    outline: Outline | None

    @property
    def headline(self) -> str:
        """The payload, or that there is none."""
        return headline(self.seen)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What else there is to say: a name and a value each."""
        return facts(self.seen, (self.pixels.shape[1], self.pixels.shape[0]), self.outline)

    def __str__(self) -> str:
        width = 2 + max(len(name) for name, _ in self.facts)
        return "\n".join([self.headline, *(f"  {n:{width}}{value}" for n, value in self.facts)])

    def sheet(self) -> Image.Image:
        """All of it drawn: geometry, pilot and coded bits, 1600 pixels wide."""
        return sheet.draw(self.pixels, self.seen, self.outline, self.headline, self.facts)

    def as_dict(self) -> dict[str, Any]:
        """As plain numbers, lists and strings, for JSON."""
        seen, read = self.seen, self.seen.detection
        return {
            "payload": None if read is None else f"{read.payload:016x}",
            "false_positive_rate": None if read is None else read.false_positive_rate,
            "score": round(seen.score, _DIGITS),
            "least_score": round(seen.least_score, _DIGITS),
            "likeness": round(seen.likeness, _DIGITS),
            "rotation_degrees": round(seen.geometry.rotation_degrees, _DIGITS),
            "scale": round(seen.geometry.scale, _DIGITS),
            "mirrored": seen.geometry.mirrored,
            "geometry": seen.geometry.matrix,
            "outline": None if self.outline is None else np.round(self.outline.corners, 1).tolist(),
            "coded_bits": len(seen.bit_margins),
            "wrong_bits": seen.wrong_bits,
            "bit_margins": [round(margin, _DIGITS) for margin in seen.bit_margins],
            "tiles": [
                {"x": round(tile.x, 1), "y": round(tile.y, 1), "score": round(tile.score, _DIGITS)}
                for tile in seen.tiles
            ],
        }


def inspect(source: files.Source, *, registry: Registry | None = None) -> Findings:
    """Detect the watermark in a picture, and keep what the detector saw.

    Example: see the module.

    `source`: a path or a binary stream. `registry`: where the picture that was marked is looked
    for, so that its outline can be drawn; by default that of the home folder, if there is one.

    Raises `SourceNotFound` when there is no file, `ImageError` for what is no picture or too small
    a one, `InvalidArgument` for what is neither path nor binary stream, and `RegistryError` when
    the registry cannot be used.
    """
    picture = image.read(io.BytesIO(files.load(source)))
    pixels = image.upright(picture.pixels, picture.orientation)
    seen = watermark.inspect(pixels)
    with ExitStack() as stack:
        if registry is None and seen.detection is not None:
            registry = _own_registry(stack)
        return Findings(pixels, seen, find_outline(pixels, seen, registry))


def _own_registry(stack: ExitStack) -> Registry | None:
    try:
        return stack.enter_context(Registry.open(keys.open_home().registry_path))
    except HomeMissing:
        return None
