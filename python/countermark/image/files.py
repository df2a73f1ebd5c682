"""Picture files in and out; the format is told by the content, never by the name."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from countermark.errors import (
    ImageTooLarge,
    InvalidArgument,
    InvalidPixels,
    SourceNotFound,
    UnreadableImage,
    UnsupportedImage,
    UnwritableImage,
)
from countermark.image import avif, jpeg, png, tiff, webp
from countermark.image.limits import MAX_FILE_BYTES, check_size
from countermark.image.picture import MEDIA_TYPES, Picture


class _Codec(NamedTuple):
    decode: Callable[[bytes], Picture]
    encode: Callable[[Picture], bytes]


_CODECS: Final = {
    "JPEG": _Codec(jpeg.decode, jpeg.encode),
    "PNG": _Codec(png.decode, png.encode),
    "WEBP": _Codec(webp.decode, webp.encode),
    "AVIF": _Codec(avif.decode, avif.encode),
    "TIFF": _Codec(tiff.decode, tiff.encode),
}
_WITH_16_BITS: Final = ("PNG", "TIFF")
_FORMATS: Final = ", ".join(_CODECS)

# First bytes -> format; the others are named so that the reader knows what was found.
_SIGNATURES: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"%PDF": "PDF",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"8BPS": "Photoshop",
}
HEAD_BYTES: Final = 256
"""As much of a file as tells its format."""

_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_AVIF_BRANDS: Final = (b"avif", b"avis")


def read(source: str | PathLike[str] | BinaryIO) -> Picture:
    """The picture in a file.

    >>> import io
    >>> from PIL import Image
    >>> stream = io.BytesIO()
    >>> Image.new("RGB", (256, 128), "navy").save(stream, "PNG")
    >>> _ = stream.seek(0)
    >>> picture = read(stream)
    >>> picture.format, picture.pixels.shape
    ('PNG', (128, 256, 3))

    `source`: a path, or a binary stream, which is read to its end and left open. Pixels are as
    stored: not turned by the EXIF orientation, not converted by the ICC profile. Palettes and
    gray with alpha become RGB(A), 1 bit becomes 8.

    Raises `SourceNotFound` when the file cannot be opened, `UnreadableImage` for truncated or
    damaged files and for what is no picture, `UnsupportedImage` for CMYK, float, 16 bits in
    more than one channel and other formats, `AnimatedImage`, `ImageTooLarge`.
    """
    data = _content(source)
    format = _detect(data)
    if format not in _CODECS:
        raise _unsupported(format)
    return _CODECS[format].decode(data)


def is_decodable(head: bytes) -> bool:
    """Whether `read` decodes files that begin so; `HEAD_BYTES` of them are enough.

    >>> is_decodable(b"\\x89PNG\\r\\n\\x1a\\n"), is_decodable(b"GIF89a")
    (True, False)
    """
    try:
        return _detect(head) in _CODECS
    except UnreadableImage:
        return False


def media_type(content: bytes) -> str:
    """The IANA media type of a picture file, told by its first bytes.

    >>> media_type(b"\\xff\\xd8\\xff\\xe0")
    'image/jpeg'

    Raises `UnreadableImage` for what is no picture, `UnsupportedImage` for formats that `read`
    does not take.
    """
    format = _detect(content)
    if format not in MEDIA_TYPES:
        raise _unsupported(format)
    return MEDIA_TYPES[format]


def encode(picture: Picture) -> bytes:
    """The picture as a file of its format, with its EXIF, ICC profile and XMP.

    >>> from countermark.image import Picture
    >>> data = encode(Picture(np.zeros((128, 256, 3), np.uint8), "PNG"))
    >>> data[:4]
    b'\\x89PNG'

    Pixels of lossless formats come back unchanged from `read`. A lossy picture is written with
    `picture.encoding`. EXIF goes out as it came in, a thumbnail inside it too, which therefore
    carries no watermark. A C2PA manifest in the source is left behind.

    Raises `InvalidPixels` for an array that is not a picture, `UnwritableImage` when the format
    does not hold such pixels, `ImageTooLarge`.
    """
    pixels = picture.pixels
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.shape[2:] not in ((), (3,), (4,)):
        raise InvalidPixels(
            f"The array has the type {pixels.dtype} and the shape {pixels.shape}.",
            remedy="Use uint8 or uint16 in gray, RGB or RGBA.",
        )
    if pixels.dtype == np.uint16 and (pixels.ndim == 3 or picture.format not in _WITH_16_BITS):
        raise UnwritableImage(
            f"A {picture.format} file cannot be written with these 16-bit pixels.",
            remedy="Convert them to 8 bits; 16-bit gray can be written as PNG and TIFF.",
        )
    check_size(picture.width, picture.height)
    return _CODECS[picture.format].encode(picture)


def _content(source: str | PathLike[str] | BinaryIO) -> bytes:
    try:
        if isinstance(source, (str, PathLike)):
            with Path(source).open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        else:
            data = source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: closed stream, NUL in a path
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"The picture {_name(source)} cannot be read ({reason}).",
            remedy="Check the path and the rights.",
        ) from error
    except (AttributeError, MemoryError) as error:
        raise _unusable(error, source) from error
    if not isinstance(data, bytes):
        raise InvalidArgument("The stream gives no bytes.", remedy="Open it in binary mode.")
    if len(data) > MAX_FILE_BYTES:
        raise ImageTooLarge("The file is over 2 GB.", remedy="Reduce the picture.")
    return data


def _unusable(error: Exception, source: object) -> Exception:
    if isinstance(error, MemoryError):
        return ImageTooLarge("The file does not fit into memory.", remedy="Reduce the picture.")
    kind = type(source).__name__
    return InvalidArgument(f"The source is a {kind}.", remedy="Use a path or a binary stream.")


def _unsupported(format: str) -> UnsupportedImage:
    remedy = f"Convert it to one of {_FORMATS}."
    return UnsupportedImage(f"The file is a {format} file.", remedy=remedy)


def _name(source: object) -> str:
    return repr(str(source)) if isinstance(source, (str, PathLike)) else "stream"


def _detect(data: bytes) -> str:
    for signature, format in _SIGNATURES.items():
        if data.startswith(signature):
            return format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _detect_heif(data)
    raise UnreadableImage(
        "The file is empty." if not data else "The file is not a picture.",
        remedy=f"Use one of {_FORMATS}.",
    )


def _detect_heif(data: bytes) -> str:
    """The format by the brands in the first box, the major one before the compatible ones."""
    brands = data[8 : min(int.from_bytes(data[:4], "big"), HEAD_BYTES)]
    for place in range(0, len(brands), 4):
        if brands[place : place + 4] in _AVIF_BRANDS:
            return "AVIF"
        if brands[place : place + 4] in _HEIF_BRANDS:
            return "HEIC"
    return "ISO base media"
