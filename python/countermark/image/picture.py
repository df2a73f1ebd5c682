"""A picture as it stands in a file: pixels, and what the file says beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from numpy.typing import NDArray

Pixels = NDArray[Any]
"""uint8 or uint16, shape (height, width), (height, width, 3) or (height, width, 4)."""

MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "TIFF": "image/tiff",
}

SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "TIFF": (".tif", ".tiff"),
}
"""Endings of file names, by format; the first one is the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the pixels were stored, as far as the format knows; `encode` stores them alike.

    `lossless`: whether decoding gives back what was encoded.
    `quality`: 1..100, the setting that `encode` will use for a lossy picture.
    `subsampling`: of the colour planes, such as "4:2:0"; "4:0:0" is without colour.
    `compression`: Pillow's name for the method inside a TIFF.
    `extras`: further metadata blocks, in the container's own form and order.
    """

    lossless: bool = True
    quality: int | None = None
    subsampling: str | None = None
    compression: str | None = None
    extras: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The pixels of a file as stored, not rotated, with the metadata to write back.

    >>> import numpy as np
    >>> picture = Picture(np.zeros((128, 256, 3), np.uint8), "PNG")
    >>> picture.width, picture.height, picture.media_type
    (256, 128, 'image/png')

    `pixels`: uint8 or uint16; (height, width), (height, width, 3) or (height, width, 4), the
    fourth channel being alpha that is not multiplied in.
    `format`: "JPEG", "PNG", "WEBP", "AVIF" or "TIFF".
    `exif`: the block as stored, beginning with its TIFF header (II or MM).
    `icc_profile`, `xmp`: as stored; None when the file has none.
    `orientation`: the EXIF value 1..8 that `upright` takes.
    """

    pixels: Pixels
    format: str
    exif: bytes | None = None
    icc_profile: bytes | None = None
    xmp: bytes | None = None
    orientation: int = 1
    encoding: Encoding = field(default_factory=Encoding)

    @property
    def width(self) -> int:
        """Pixels in a stored row."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Stored rows."""
        return int(self.pixels.shape[0])

    @property
    def media_type(self) -> str:
        """The IANA media type of the format, such as "image/jpeg"."""
        return MEDIA_TYPES[self.format]
