"""WebP files, by Pillow.

Source: RFC 9649 (WebP image format), section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from PIL import WebPImagePlugin

from countermark.errors import AnimatedImage, ImageTooLarge
from countermark.image.codecs import decoding, encoding, from_pillow, to_pillow
from countermark.image.directory import orientation
from countermark.image.limits import check_size
from countermark.image.picture import Encoding, Picture

QUALITY: Final = 95
"""The setting for lossy files; the source's own cannot be read from one."""

MAX_SIDE: Final = 16_383
"""Pixels; what the 14 bits of a WebP frame hold."""

_ANIMATED: Final = 0x02
_EXIF: Final = b"Exif\0\0"


def decode(data: bytes) -> Picture:
    """The picture in a WebP file.

    Raises `UnreadableImage` for truncated or damaged data, `AnimatedImage`, `ImageTooLarge`.
    """
    with decoding("WEBP"):
        chunks = dict(reversed(list(_chunks(data))))
        check_size(*_size(chunks))
        if chunks.get(b"VP8X", b"\0")[0] & _ANIMATED or b"ANIM" in chunks:
            raise AnimatedImage(
                "The WebP file is animated.", remedy="Extract the frame to be marked as a file."
            )
        image = WebPImagePlugin.WebPImageFile(BytesIO(data))
        pixels = from_pillow(image)
        exif = chunks.get(b"EXIF", b"").removeprefix(_EXIF) or None
        lossless = b"VP8L" in chunks
        return Picture(
            pixels=pixels,
            format="WEBP",
            exif=exif,
            icc_profile=chunks.get(b"ICCP"),
            xmp=chunks.get(b"XMP "),
            orientation=orientation(exif),
            encoding=Encoding(
                lossless=lossless,
                quality=None if lossless else QUALITY,
                subsampling=None if lossless else "4:2:0",
            ),
        )


def encode(picture: Picture) -> bytes:
    """The picture as a WebP file with its metadata.

    Raises `ImageTooLarge` for a side over `MAX_SIDE`.
    """
    if max(picture.width, picture.height) > MAX_SIDE:
        raise ImageTooLarge(
            f"A WebP file cannot hold {picture.width:,} x {picture.height:,} pixels.",
            remedy=f"Reduce its sides to {MAX_SIDE:,}.",
        )
    settings: dict[str, Any] = {"lossless": True, "exact": True}
    if not picture.encoding.lossless:
        settings = {"quality": picture.encoding.quality or QUALITY}
    with encoding("WEBP"):
        stream = BytesIO()
        to_pillow(picture.pixels).save(
            stream,
            "WEBP",
            icc_profile=picture.icc_profile or b"",
            exif=picture.exif or b"",
            xmp=picture.xmp or b"",
            **settings,
        )
    return stream.getvalue()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of every chunk within the RIFF container."""
    magic, length, kind = struct.unpack_from("<4sI4s", data)
    end = 8 + length
    if magic != b"RIFF" or kind != b"WEBP" or end > len(data):
        raise ValueError("no whole WebP container")
    place = 12
    while place < end:
        name, length = struct.unpack_from("<4sI", data, place)
        if place + 8 + length > end:
            raise ValueError(f"chunk {name!r} beyond the end")
        yield name, data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Width and height that the header claims."""
    if b"VP8X" in chunks:
        low = struct.unpack_from("<HBHB", chunks[b"VP8X"], 4)
        return low[0] + (low[1] << 16) + 1, low[2] + (low[3] << 16) + 1
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
    return width & 0x3FFF, height & 0x3FFF
