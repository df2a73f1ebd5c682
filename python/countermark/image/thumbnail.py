"""The small picture that stands in a manifest and that a recovered copy is compared with."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from countermark.image.arrays import eight_bit, upright
from countermark.image.codecs import encoding, to_pillow
from countermark.image.jpeg import encode_pixels
from countermark.image.picture import Picture, Pixels

LONG_EDGE: Final = 512
"""Pixels; the longer side of a thumbnail."""

_QUALITY: Final = 85
# Exact averages of whole squares of pixels, as far as they go, leave the fine filter little to do:
# half a grey level from what it makes alone, in a tenth of the time.
_REDUCING_GAP: Final = 1.0


def thumbnail(picture: Picture, long_edge: int = LONG_EDGE) -> bytes:
    """A JPEG of the picture, upright, with sides of at most `long_edge` pixels.

    >>> import numpy as np
    >>> from countermark.image import Picture
    >>> data = thumbnail(Picture(np.zeros((1000, 2000, 3), np.uint8), "PNG"))
    >>> data[:3].hex()
    'ffd8ff'

    Smaller pictures are not enlarged. Alpha is left out, gray stays gray. The values are
    those of the picture: no ICC profile is applied or embedded, so a viewer takes them as sRGB.
    """
    small = _shrink(eight_bit(picture.pixels), long_edge)
    with encoding("JPEG"):
        return encode_pixels(upright(small, picture.orientation), _QUALITY, "4:2:0")


def _shrink(pixels: Pixels, long_edge: int) -> Pixels:
    if pixels.shape[2:] == (4,):
        pixels = pixels[:, :, :3]
    height, width = pixels.shape[:2]
    scale = long_edge / max(width, height)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = to_pillow(pixels)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP))
