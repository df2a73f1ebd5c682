"""JPEG files: pixels by libjpeg-turbo (simplejpeg), metadata segments carried over as they are.

Source: ITU-T T.81 (the format), CIPA DC-008 (EXIF), ICC.1:2010 annex B.4 (profile in segments),
ISO 16684-1 (XMP), ISO/IEC 10918-5 (JFIF).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from countermark.errors import UnreadableImage, UnsupportedImage, UnwritableImage
from countermark.image.codecs import decoding, encoding
from countermark.image.directory import orientation
from countermark.image.limits import check_size
from countermark.image.picture import Encoding, Picture, Pixels

MIN_QUALITY: Final = 90
"""The lowest setting that a marked JPEG is written with.

A source of lower quality is written with finer tables than its own: the same tables would
round the watermark, which is fainter than their steps, to nothing.
"""

_SOI, _EOI, _SOS, _DQT = 0xD8, 0xD9, 0xDA, 0xDB
_APP0, _APP1, _APP2, _APP13, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))

# APP0 (JFIF) and APP14 (Adobe) say how the components are to be read; the other ones do not.
_METADATA: Final = frozenset((*range(_APP1, 0xF0), _COM)) - {0xEE}

_JFIF: Final = b"JFIF\0"
_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
_ICC: Final = b"ICC_PROFILE\0"
_IPTC: Final = b"Photoshop 3.0\0"
_MAX_PAYLOAD: Final = 65_533
# Metadata without a field of its own. APP11 (C2PA) and the index of further pictures behind the
# first (APP2 MPF) describe a file that no longer exists and are left out.
_EXTRAS: Final = ((_APP0, _JFIF), (_APP1, _XMP_EXTENSION), (_APP13, _IPTC), (_COM, b""))

# Sampling factors of the first component against single-sampled colour -> the usual name.
_SUBSAMPLINGS: Final = {
    (1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1",
}  # fmt: skip

Segment = tuple[int, bytes]


def decode(data: bytes) -> Picture:
    """The picture in a JPEG file.

    Raises `UnreadableImage` for truncated or damaged data, `UnsupportedImage` for CMYK and for
    12 bits, `ImageTooLarge`.
    """
    with decoding("JPEG"):
        segments, scans = _split(data)
        frame = next(payload for marker, payload in segments if marker in _FRAMES)
        components = _check_frame(frame)
        # Without metadata, in which the decoder would object to a damaged profile.
        needed = [_pack(*segment) for segment in segments if segment[0] not in _METADATA]
        bare = b"".join((data[:2], *needed, scans))
        pixels = _decode_pixels(bare, "GRAY" if components == 1 else "RGB")
        exif = _first(segments, _APP1, _EXIF)
        return Picture(
            pixels=pixels,
            format="JPEG",
            exif=exif,
            icc_profile=_icc_profile(segments),
            xmp=_first(segments, _APP1, _XMP),
            orientation=orientation(exif),
            encoding=Encoding(
                lossless=False,
                quality=min(100, max(MIN_QUALITY, _quality(segments))),
                subsampling=_subsampling(frame),
                extras=tuple(_pack(*segment) for segment in segments if _is_extra(*segment)),
            ),
        )


def encode(picture: Picture) -> bytes:
    """The picture as a JPEG file with its metadata.

    Raises `UnwritableImage` for pixels with alpha and for metadata beyond the length of a
    segment.
    """
    if picture.pixels.shape[2:] == (4,):
        raise UnwritableImage("A JPEG holds no alpha.", remedy="Drop the channel or use PNG.")
    settings = picture.encoding
    quality = MIN_QUALITY if settings.quality is None else settings.quality
    with encoding("JPEG"):
        data = encode_pixels(picture.pixels, quality, settings.subsampling or "4:2:0")
    segments, scans = _split(data)
    jfif = [extra for extra in settings.extras if extra[4:].startswith(_JFIF)]
    others = [extra for extra in settings.extras if extra not in jfif]
    # A file begins with JFIF or EXIF; the encoder's own JFIF stands in where there is neither.
    drawn = [_pack(*segment) for segment in segments if segment[0] != _APP0]
    own = [_pack(*segment) for segment in segments if segment[0] == _APP0]
    lead = jfif[:1] or ([] if picture.exif is not None else own)
    return b"".join((data[:2], *lead, *_metadata(picture), *others, *drawn, scans))


def encode_pixels(pixels: Pixels, quality: int, subsampling: str) -> bytes:
    """A JPEG file of 8-bit gray or RGB pixels, without metadata."""
    gray = pixels.ndim == 2
    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels[:, :, None] if gray else pixels),
        quality=quality,
        colorspace="GRAY" if gray else "RGB",
        colorsubsampling="Gray" if gray else subsampling.replace(":", ""),
    )
    return data


def _split(data: bytes) -> tuple[list[Segment], bytes]:
    """The segments before the first scan, and everything from that scan on."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise ValueError("no start of image")
    segments: list[Segment] = []
    place = 2
    while True:
        if data[place] != 0xFF:
            raise ValueError("no marker where one must be")
        while data[place] == 0xFF:  # any number of fill bytes may precede a marker
            place += 1
        marker = data[place]
        if marker in (_SOS, _EOI):
            return segments, data[place - 1 :]
        place += 1
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if length < 2 or place + length > len(data):
            raise ValueError("segment beyond the end")
        segments.append((marker, data[place + 2 : place + length]))
        place += length


def _check_frame(frame: bytes) -> int:
    """The number of components, after refusing what is not decoded."""
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    if height == 0 or width == 0:
        raise UnreadableImage("The JPEG header states no size.", remedy="Obtain a whole copy.")
    check_size(width, height)
    if bits != 8 or components not in (1, 3):
        kind = "CMYK" if components == 4 else f"{bits}-bit"
        raise UnsupportedImage(
            f"The JPEG file is {kind}.", remedy="Convert it to 8-bit RGB and try again."
        )
    return int(components)


def _decode_pixels(data: bytes, colours: str) -> Pixels:
    try:
        pixels: NDArray[Any] = simplejpeg.decode_jpeg(data, colorspace=colours)
    except ValueError as error:
        # Cameras leave a few bytes between the last line and the end marker; nothing is lost.
        if f"extraneous bytes before marker 0x{_EOI:02x}" not in str(error):
            raise
        pixels = simplejpeg.decode_jpeg(data, colorspace=colours, strict=False)
    return pixels[:, :, 0] if colours == "GRAY" else pixels


def _subsampling(frame: bytes) -> str:
    """The name of the sampling that the encoder can write and that is nearest to the frame's."""
    if frame[5] == 1:
        return "4:0:0"
    factors = [(frame[place] >> 4, frame[place] & 15) for place in (7, 10, 13)]
    if factors[1] != factors[2] or 0 in factors[1]:
        return "4:4:4"
    ratio = (factors[0][0] // factors[1][0], factors[0][1] // factors[1][1])
    return _SUBSAMPLINGS.get(ratio, "4:4:4")


def _quality(segments: list[Segment]) -> int:
    """The setting whose luma table is nearest to the one in the file."""
    table = _luma_table(segments)
    distances = np.abs(_encoder_tables() - table).sum(axis=1)
    return int(np.argmin(distances)) + 1


@cache
def _encoder_tables() -> NDArray[np.int32]:
    """The luma tables, one a row, that the encoder writes at quality 1..100."""
    block = np.zeros((8, 8), np.uint8)
    files = (encode_pixels(block, quality, "4:4:4") for quality in range(1, 101))
    return np.stack([_luma_table(_split(file)[0]) for file in files])


def _luma_table(segments: list[Segment]) -> NDArray[np.int32]:
    """The first quantisation table, 64 steps in zigzag order (T.81, B.2.4.1)."""
    tables = next(payload for marker, payload in segments if marker == _DQT)
    wide = tables[0] >> 4
    return np.frombuffer(tables, ">u2" if wide else "u1", 64, offset=1).astype(np.int32)


def _first(segments: list[Segment], marker: int, label: bytes) -> bytes | None:
    """The content of the first segment with that label."""
    contents = (p[len(label) :] for m, p in segments if m == marker and p.startswith(label))
    return next(contents, None)


def _icc_profile(segments: list[Segment]) -> bytes | None:
    """The profile from its numbered parts; None when a part is missing."""
    start = len(_ICC)
    parts = {p[start]: p for m, p in segments if m == _APP2 and p.startswith(_ICC)}
    if not parts or sorted(parts) != list(range(1, parts[min(parts)][start + 1] + 1)):
        return None
    return b"".join(parts[number][start + 2 :] for number in sorted(parts))


def _is_extra(marker: int, payload: bytes) -> bool:
    return any(marker == kind and payload.startswith(label) for kind, label in _EXTRAS)


def _metadata(picture: Picture) -> Iterator[bytes]:
    if picture.exif is not None:
        yield _pack(_APP1, _EXIF + picture.exif)
    if picture.xmp is not None:
        yield _pack(_APP1, _XMP + picture.xmp)
    if picture.icc_profile is not None:
        room = _MAX_PAYLOAD - len(_ICC) - 2
        profile = picture.icc_profile
        parts = [profile[place : place + room] for place in range(0, len(profile), room)]
        for number, part in enumerate(parts, 1):
            yield _pack(_APP2, _ICC + bytes((number, len(parts))) + part)


def _pack(marker: int, payload: bytes) -> bytes:
    if len(payload) > _MAX_PAYLOAD:
        raise UnwritableImage(
            f"A metadata block of {len(payload):,} bytes does not fit into a JPEG segment.",
            remedy=f"Shorten it to less than {_MAX_PAYLOAD:,} bytes.",
        )
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
