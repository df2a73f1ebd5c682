"""TIFF files: pixels by Pillow (libtiff), the directory read and written here.

Pillow cannot write a compressed TIFF with EXIF; see its issue tracker for "EXIFIFDOffset". The
descriptive fields are therefore joined to the directory of the file that it writes.

Source: TIFF 6.0; Adobe Photoshop TIFF technical notes (2002) for deflate; EXIF 2.32.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image, TiffImagePlugin

from countermark.errors import AnimatedImage, UnsupportedImage, UnwritableImage
from countermark.image import directory
from countermark.image.codecs import decoding, encoding, from_pillow, to_pillow
from countermark.image.directory import ORIENTATION, Directory, Field
from countermark.image.limits import check_size
from countermark.image.picture import Encoding, Picture

QUALITY: Final = 95
"""The setting for JPEG inside a TIFF."""

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 256, 257, 258, 262
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
_PREDICTOR, _SUB_IFDS, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 317, 330, 338, 339
_XMP, _ICC = 700, 34675
_UNDEFINED: Final = 7
_JPEG_MAX_SIDE: Final = 65_500  # of libjpeg, inside a TIFF
_WHITE_IS_ZERO, _GRAY, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_UNSPECIFIED: Final = 0

# What describes the picture rather than the layout of the file: names, dates, resolution,
# EXIF, GPS, IPTC, Photoshop resources, Windows texts, GeoTIFF.
_DESCRIPTIVE: Final = frozenset((
    269, 270, 271, 272, ORIENTATION, 282, 283, 285, 296, 305, 306, 315, 316, 33432,
    0x8769, 0x8825, 33723, 34377, 40091, 40092, 40093, 40094, 40095,
    33550, 33922, 34264, 34735, 34736, 34737,
))  # fmt: skip
# Pillow's names for the methods that hold 8 bits and that every build of its writer has.
_COMPRESSIONS: Final = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
_WITH_PREDICTOR: Final = ("tiff_lzw", "tiff_adobe_deflate")


def decode(data: bytes) -> Picture:
    """The picture in a TIFF file.

    Raises `UnreadableImage` for truncated or damaged data, `AnimatedImage` for several pages,
    `UnsupportedImage` for BigTIFF, CMYK, Lab, float, 16 bits in more than one channel and
    channels of unstated meaning, `ImageTooLarge`.
    """
    with decoding("TIFF"):
        _check_version(data)
        fields, following = directory.parse(data)
        if following or _SUB_IFDS in fields:
            raise AnimatedImage(
                "The TIFF file holds several pages or a raw photograph.",
                remedy="Save the page to be marked as a file of its own.",
            )
        _check_layout(fields)
        _check_whole(fields, len(data))
        image = TiffImagePlugin.TiffImageFile(BytesIO(_with_plain_orientation(data)))
        # Room made beforehand spares Pillow's own check of the size, which would warn.
        image.im = Image.new(image.mode, image.size).im
        compression = image.info.get("compression")
        described = {tag: field for tag, field in fields.items() if tag in _DESCRIPTIVE}
        exif = directory.serialise(described) if described else None
        return Picture(
            pixels=from_pillow(image),
            format="TIFF",
            exif=exif,
            icc_profile=fields[_ICC].data if _ICC in fields else None,
            xmp=fields[_XMP].data if _XMP in fields else None,
            orientation=directory.orientation(exif),
            encoding=Encoding(
                lossless=compression != "jpeg",
                quality=QUALITY if compression == "jpeg" else None,
                compression=compression if compression in _COMPRESSIONS else "tiff_adobe_deflate",
            ),
        )


def encode(picture: Picture) -> bytes:
    """The picture as a TIFF file with its metadata.

    Raises `UnwritableImage` for JPEG compression of pixels that are not 8-bit gray or RGB or
    that have a side over 65,500.
    """
    _check_writable(picture)
    settings: dict[str, Any] = {"compression": picture.encoding.compression or "raw"}
    if settings["compression"] == "jpeg":
        settings["quality"] = picture.encoding.quality or QUALITY
        # Pillow's strips of 64 KB would be lower than the eight rows that JPEG needs.
        settings["strip_size"] = max(2**16, 8 * picture.pixels[0].nbytes)
    if settings["compression"] in _WITH_PREDICTOR:
        settings["tiffinfo"] = {_PREDICTOR: 2}
    with encoding("TIFF"):
        stream = BytesIO()
        to_pillow(picture.pixels).save(stream, "TIFF", **settings)
        data = stream.getvalue()
        fields, _ = directory.parse(data)
        described = directory.parse(picture.exif)[0] if picture.exif else {}
        fields.update({tag: field for tag, field in described.items() if tag in _DESCRIPTIVE})
        if picture.icc_profile is not None:
            fields[_ICC] = Field(_UNDEFINED, picture.icc_profile)
        if picture.xmp is not None:
            fields[_XMP] = Field(1, picture.xmp)
    return _with_directory(data, fields)


def _check_writable(picture: Picture) -> None:
    """Refuses what libtiff refuses: Pillow up to 12.3 corrupts its memory when it does."""
    if picture.encoding.compression != "jpeg":
        return
    too_wide = max(picture.width, picture.height) > _JPEG_MAX_SIDE
    if too_wide or picture.pixels.dtype != np.uint8 or picture.pixels.shape[2:] == (4,):
        raise UnwritableImage(
            "A TIFF file with JPEG compression cannot hold these pixels.",
            remedy="Use 8-bit gray or RGB, or another compression.",
        )


def _check_version(data: bytes) -> None:
    if data[:4] in (b"II+\0", b"MM\0+"):
        raise UnsupportedImage("The file is a BigTIFF.", remedy="Save it as a TIFF of up to 4 GB.")


def _numbers(fields: Directory, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
    return (fields[tag].numbers() if tag in fields else ()) or default


def _check_layout(fields: Directory) -> None:
    """Refuses sizes beyond the limits and samples that Pillow would reduce without a word."""
    (width, *_), (height, *_) = _numbers(fields, _WIDTH), _numbers(fields, _HEIGHT)
    if width == 0 or height == 0:
        raise ValueError("no size")
    check_size(width, height)
    bits = _numbers(fields, _BITS, (1,))
    photometric = _numbers(fields, _PHOTOMETRIC)[0]
    extra = _numbers(fields, _EXTRA_SAMPLES)
    colour = photometric in (_RGB, _PALETTE, _YCBCR)
    known_kind = colour or photometric in (_WHITE_IS_ZERO, _GRAY)
    plain_bits = max(bits) <= 8 or (bits == (16,) and photometric == _GRAY)
    unsigned = set(_numbers(fields, _SAMPLE_FORMAT, (1,))) == {1}
    known_extra = len(extra) <= 1 and _UNSPECIFIED not in extra and (colour or 1 not in extra)
    if not (known_kind and plain_bits and unsigned and known_extra):
        raise UnsupportedImage(
            "The TIFF file is not 8-bit gray or RGB(A) and not 16-bit gray.",
            remedy="Convert it to 8 bits a channel, or mark its pixels as a numpy array.",
        )


def _check_whole(fields: Directory, length: int) -> None:
    for places, counts in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        ends = zip(_numbers(fields, places), _numbers(fields, counts), strict=False)
        if any(place + count > length for place, count in ends):
            raise ValueError("pixels beyond the end")


def _with_plain_orientation(data: bytes) -> bytes:
    """The file with orientation 1, as Pillow turns the pixels of any other."""
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, entry)[0] == ORIENTATION:
            plain = struct.pack(order + "HIHH", 3, 1, 1, 0)
            return data[: entry + 2] + plain + data[entry + 12 :]
    return data


def _with_directory(data: bytes, fields: Directory) -> bytes:
    """The file with its first directory replaced by one behind the pixels."""
    data += bytes(len(data) % 2)
    start = struct.pack("<I", len(data))
    return data[:4] + start + data[8:] + directory.serialise(fields, start=len(data))
