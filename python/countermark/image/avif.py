"""AVIF files, by Pillow (libavif).

Source: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF items), AV1 Image File Format 1.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import AvifImagePlugin, Image

from countermark.errors import AnimatedImage, UnsupportedImage
from countermark.image.codecs import decoding, encoding, from_pillow, to_pillow
from countermark.image.directory import orientation
from countermark.image.limits import check_size
from countermark.image.picture import Encoding, Picture

QUALITY: Final = 90
"""The setting that is written; the source's own cannot be read from a file."""

_EXIF: Final = b"Exif\0\0"
_FULL_BOX_BYTES: Final = 4  # version and flags before the content of some boxes
_HIGH_BIT_DEPTH: Final = 0x40
# Primaries and transfer functions that Pillow's writer states again: BT.709 or BT.601 with the
# sRGB curve or one that viewers treat alike, or not stated.
_PRIMARIES: Final = (1, 2, 5, 6)
_TRANSFERS: Final = (1, 2, 6, 13)


class _StoredExif(Image.Exif):
    """EXIF that is written byte for byte; Pillow reads the orientation from it and no more."""

    def __init__(self, stored: bytes) -> None:
        super().__init__()
        self.load(stored)
        self._stored = stored

    def tobytes(self, offset: int = 8) -> bytes:
        return self._stored


def decode(data: bytes) -> Picture:
    """The picture in an AVIF file.

    Raises `UnreadableImage` for truncated or damaged data, `AnimatedImage`, `UnsupportedImage`
    for 10 and 12 bits and for wide colour without an ICC profile, `ImageTooLarge`.
    """
    with decoding("AVIF"):
        properties = list(_properties(data))
        _check_header(properties)
        image = AvifImagePlugin.AvifImageFile(BytesIO(data))
        if image.n_frames > 1:
            raise AnimatedImage(
                "The AVIF file is animated.", remedy="Extract the frame to be marked as a file."
            )
        icc_profile = image.info.get("icc_profile")
        if icc_profile is None:
            _check_colours(properties)
        exif = image.info.get("exif", b"").removeprefix(_EXIF) or None
        return Picture(
            pixels=from_pillow(image),
            format="AVIF",
            exif=exif,
            icc_profile=icc_profile,
            xmp=image.info.get("xmp"),
            orientation=orientation(exif),
            encoding=Encoding(
                lossless=False, quality=QUALITY, subsampling=_subsampling(properties)
            ),
        )


def encode(picture: Picture) -> bytes:
    """The picture as an AVIF file with its metadata.

    Raises `UnwritableImage` when the encoder refuses.
    """
    with encoding("AVIF"):
        stream = BytesIO()
        to_pillow(picture.pixels).save(
            stream,
            "AVIF",
            quality=picture.encoding.quality or QUALITY,
            subsampling=picture.encoding.subsampling or "4:4:4",
            icc_profile=picture.icc_profile or b"",
            exif=_StoredExif(picture.exif) if picture.exif else b"",
            xmp=picture.xmp or b"",
        )
    return stream.getvalue()


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of every box on one level."""
    place = 0
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        length = length or len(data) - place
        if length < head or place + length > len(data):
            raise ValueError(f"box {name!r} beyond the end")
        yield name, data[place + head : place + length]
        place += length


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The item properties in meta / iprp / ipco."""
    meta = dict(_boxes(data))[b"meta"][_FULL_BOX_BYTES:]
    return _boxes(dict(_boxes(dict(_boxes(meta))[b"iprp"]))[b"ipco"])


def _check_header(properties: list[tuple[bytes, bytes]]) -> None:
    for name, content in properties:
        if name == b"ispe":
            check_size(*struct.unpack_from(">II", content, _FULL_BOX_BYTES))
        if name == b"av1C" and content[2] & _HIGH_BIT_DEPTH:
            raise UnsupportedImage(
                "The AVIF file has more than 8 bits a channel.",
                remedy="Convert it to 8 bits a channel.",
            )


def _check_colours(properties: list[tuple[bytes, bytes]]) -> None:
    for name, content in properties:
        if name == b"colr" and content[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", content, 4)
            if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
                raise UnsupportedImage(
                    "The AVIF file has wide or high dynamic range colours without an ICC profile.",
                    remedy="Convert it to sRGB or embed its profile.",
                )


def _subsampling(properties: list[tuple[bytes, bytes]]) -> str:
    """From the flags monochrome, chroma_subsampling_x and _y of the first AV1 configuration."""
    flags = next(content[2] for name, content in properties if name == b"av1C")
    if flags & 0x10:
        return "4:0:0"
    return {0x0C: "4:2:0", 0x08: "4:2:2"}.get(flags & 0x0C, "4:4:4")
