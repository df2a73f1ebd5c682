"""PNG files: pixels by Pillow, metadata chunks carried over as they are.

Source: PNG specification, third edition (W3C 2025): 5.3 chunk layout, 5.4 chunk naming, 11 chunks.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import PngImagePlugin

from countermark.errors import AnimatedImage, UnsupportedImage
from countermark.image.codecs import decoding, encoding, from_pillow, to_pillow
from countermark.image.directory import orientation
from countermark.image.limits import check_size
from countermark.image.picture import Encoding, Picture

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
# They say how to show the samples; the standard calls them unsafe to copy only because an
# editor might have converted the colours.
_COLOUR_CHUNKS: Final = (b"cHRM", b"cICP", b"cLLI", b"gAMA", b"mDCV", b"sRGB")
_XMP_KEYWORD: Final = b"XML:com.adobe.xmp\0"
_MAX_METADATA_BYTES: Final = 2**26
_GRAY: Final = 0

Chunk = tuple[bytes, bytes]


def decode(data: bytes) -> Picture:
    """The picture in a PNG file.

    Raises `UnreadableImage` for truncated or damaged data, `AnimatedImage` for an APNG,
    `UnsupportedImage` for 16 bits in more than one channel, `ImageTooLarge`.
    """
    with decoding("PNG"):
        chunks = list(_chunks(data))
        _check_header(chunks)
        pixel_data = b"".join(_pack(*chunk) for chunk in chunks if chunk[0] in _PIXEL_CHUNKS)
        pixels = from_pillow(PngImagePlugin.PngImageFile(BytesIO(_SIGNATURE + pixel_data)))
        metadata = dict(reversed(chunks))  # the first of a name counts
        exif = metadata.get(b"eXIf")
        return Picture(
            pixels=pixels,
            format="PNG",
            exif=exif,
            icc_profile=_icc_profile(metadata.get(b"iCCP")),
            xmp=_xmp(chunks),
            orientation=orientation(exif),
            encoding=Encoding(extras=tuple(_pack(*chunk) for chunk in chunks if _is_extra(*chunk))),
        )


def encode(picture: Picture) -> bytes:
    """The picture as a PNG file with its metadata."""
    with encoding("PNG"):
        stream = BytesIO()
        to_pillow(picture.pixels).save(stream, "PNG")
    data = stream.getvalue()
    header_end = len(_SIGNATURE) + 4 + 4 + 13 + 4  # length, name, IHDR, checksum
    metadata = (*picture.encoding.extras, *_metadata(picture))
    return b"".join((data[:header_end], *metadata, data[header_end:]))


def _chunks(data: bytes) -> Iterator[Chunk]:
    """Name and content of every chunk, checksums compared, up to and with IEND."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("no PNG signature")
    place = len(_SIGNATURE)
    name = b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + length)
        if checksum != zlib.crc32(content, zlib.crc32(name)):
            raise ValueError(f"checksum of {name!r} differs")
        yield name, content
        place += 12 + length


def _check_header(chunks: list[Chunk]) -> None:
    if chunks[0][0] != b"IHDR":
        raise ValueError("no header")
    names = {name for name, _ in chunks}
    width, height, bits, colours = struct.unpack_from(">IIBB", chunks[0][1])
    if width == 0 or height == 0:
        raise ValueError("no size")
    check_size(width, height)
    if b"acTL" in names:
        raise AnimatedImage(
            "The PNG file is animated.", remedy="Extract the frame to be marked as a file."
        )
    if bits == 16 and colours != _GRAY:
        raise UnsupportedImage(
            "The PNG file has 16 bits in more than one channel.",
            remedy="Convert it to 8 bits a channel, or mark its pixels as a numpy array.",
        )
    if colours == _GRAY and bits != 8 and b"tRNS" in names:
        raise UnsupportedImage(
            f"The PNG file is {bits}-bit gray with a transparent shade.",
            remedy="Convert it to RGB with alpha.",
        )


def _icc_profile(chunk: bytes | None) -> bytes | None:
    if chunk is None:
        return None
    _, _, rest = chunk.partition(b"\0")
    return _inflate(rest[1:])


def _xmp(chunks: list[Chunk]) -> bytes | None:
    text = next((c for name, c in chunks if name == b"iTXt" and c.startswith(_XMP_KEYWORD)), None)
    if text is None:
        return None
    compressed = text[len(_XMP_KEYWORD)] == 1
    content = text[len(_XMP_KEYWORD) + 2 :].split(b"\0", 2)[2]
    return _inflate(content) if compressed else content


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, _MAX_METADATA_BYTES)
    if not inflater.eof:
        raise ValueError("metadata is truncated or too long")
    return content


def _is_extra(name: bytes, content: bytes) -> bool:
    """Whether a chunk is carried over: colour, and what the standard calls safe to copy.

    The standard marks chunks that depend on the rest of the file by an upper-case fourth
    letter; the C2PA manifest (caBX) is one of them.
    """
    if name in (b"eXIf", b"tRNS") or content.startswith(_XMP_KEYWORD):
        return False
    ancillary, safe_to_copy = name[:1].islower(), name[3:4].islower()
    return name in _COLOUR_CHUNKS or (ancillary and safe_to_copy)


def _metadata(picture: Picture) -> Iterator[bytes]:
    if picture.icc_profile is not None:
        yield _pack(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc_profile))
    if picture.exif is not None:
        yield _pack(b"eXIf", picture.exif)
    if picture.xmp is not None:
        yield _pack(b"iTXt", _XMP_KEYWORD + bytes(4) + picture.xmp)


def _pack(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I4s", len(content), name) + content + struct.pack(">I", checksum)
