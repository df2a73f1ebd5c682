"""Damaged, lying and unsupported files: always one of our errors, never half a picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile

from countermark.errors import (
    AnimatedImage,
    CountermarkError,
    ImageTooLarge,
    InvalidArgument,
    SourceNotFound,
    UnreadableImage,
    UnsupportedImage,
)
from countermark.image import encode, read
from countermark.image.directory import Field, parse, serialise

Array = NDArray[Any]
Save = Callable[..., bytes]

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
LIE = 60_000


@pytest.mark.parametrize(
    ("format", "options"),
    [
        *((format, {}) for format in FORMATS),
        *(("TIFF", {"compression": kind}) for kind in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"progressive": True}),
    ],
)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_truncated_file_is_refused(
    format: str, options: dict[str, Any], part: float, photograph: Array, save: Save
) -> None:
    data = save(photograph, format, **options)
    with pytest.raises(UnreadableImage):
        read(BytesIO(data[: int(part * len(data))]))


@pytest.mark.parametrize("format", FORMATS)
def test_truncated_file_is_refused_even_if_pillow_is_told_to_accept_it(
    format: str, photograph: Array, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = save(photograph, format)
    with pytest.raises(UnreadableImage):
        read(BytesIO(data[: len(data) * 2 // 3]))


def lying_jpeg(data: bytes) -> bytes:
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", LIE, LIE) + data[place + 4 :]


def lying_png(data: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">II", LIE, LIE) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def lying_webp(data: bytes) -> bytes:
    canvas = struct.pack("<I", LIE - 1)[:3] * 2
    extended = b"VP8X" + struct.pack("<II", 10, 0) + canvas
    chunks = extended + data[12:]
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def lying_avif(data: bytes) -> bytes:
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", LIE, LIE) + data[place + 8 :]


def lying_tiff(data: bytes) -> bytes:
    fields, _ = parse(data)
    fields[256] = fields[257] = Field(4, struct.pack("<I", LIE))
    directory = serialise(fields, start=len(data))
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory


@pytest.mark.parametrize(
    ("format", "lie"),
    [
        ("JPEG", lying_jpeg),
        ("PNG", lying_png),
        ("WEBP", lying_webp),
        ("AVIF", lying_avif),
        ("TIFF", lying_tiff),
    ],
)
def test_lying_header_is_refused_before_decoding(
    format: str, lie: Callable[[bytes], bytes], photograph: Array, save: Save
) -> None:
    with pytest.raises(ImageTooLarge, match="60,000 x 60,000"):
        read(BytesIO(lie(save(photograph[:256, :256], format))))


def test_large_pictures_cause_no_warning(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    pixels = np.zeros((50, 30, 3), np.uint8)  # between Pillow's warning and its error
    for format in FORMATS:
        assert read(BytesIO(save(pixels, format))).pixels.shape == (50, 30, 3)
        assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_animation_is_refused(format: str, photograph: Array, save: Save) -> None:
    frames = [Image.fromarray(photograph), Image.fromarray(photograph[::-1])]
    data = save(frames[0], format, save_all=True, append_images=frames[1:])
    with pytest.raises(AnimatedImage):
        read(BytesIO(data))


@pytest.mark.parametrize(
    ("format", "mode"),
    [("JPEG", "CMYK"), ("TIFF", "CMYK"), ("TIFF", "F"), ("TIFF", "I"), ("TIFF", "LAB")],
)
def test_other_colours_are_refused(format: str, mode: str, save: Save) -> None:
    with pytest.raises(UnsupportedImage):
        read(BytesIO(save(Image.new(mode, (200, 200)), format)))


@pytest.mark.parametrize("format", ["GIF", "BMP", "JPEG2000", "PDF"])
def test_other_formats_are_named(format: str, photograph: Array, save: Save) -> None:
    with pytest.raises(UnsupportedImage, match=r"GIF|BMP|JPEG 2000|PDF"):
        read(BytesIO(save(photograph, format)))


def png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


@pytest.mark.parametrize(("colours", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_colour_png_is_refused(colours: int, channels: int) -> None:
    header = struct.pack(">IIBBBBB", 200, 200, 16, colours, 0, 0, 0)
    rows = zlib.compress(bytes(200 * (1 + 200 * channels * 2)))
    chunks = (b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert Image.open(BytesIO(data)).mode in ("RGB", "RGBA")  # Pillow would say nothing
    with pytest.raises(UnsupportedImage, match="16 bits"):
        read(BytesIO(data))


def tiff(fields: dict[int, tuple[int, ...]], pixels: bytes) -> bytes:
    """A TIFF of one strip of 128 x 128 pixels; the fields hold 16-bit numbers."""
    common: dict[int, tuple[int, ...]] = {256: (128,), 257: (128,), 259: (1,), 278: (128,)}
    directory = {
        tag: Field(3, struct.pack(f"<{len(numbers)}H", *numbers))
        for tag, numbers in {**common, **fields}.items()
    }
    directory[279] = Field(4, struct.pack("<I", len(pixels)))
    directory[273] = Field(4, bytes(4))
    place = len(serialise(directory))
    directory[273] = Field(4, struct.pack("<I", place))
    return serialise(directory) + pixels


@pytest.mark.parametrize(
    ("fields", "bytes_per_pixel"),
    [
        ({258: (16, 16, 16), 262: (2,), 277: (3,)}, 6),  # Pillow would reduce it to 8 bits
        ({258: (8, 8, 8, 8), 262: (2,), 277: (4,), 338: (0,)}, 4),  # a channel of unknown use
        ({258: (16,), 262: (0,), 277: (1,)}, 2),  # Pillow would show its negative
        ({258: (12,), 262: (1,), 277: (1,)}, 2),
        ({258: (8,), 262: (1,), 277: (1,), 339: (2,)}, 1),  # signed
        ({258: (8, 8), 262: (1,), 277: (2,), 338: (1,)}, 2),  # alpha multiplied in
    ],
)
def test_tiff_that_would_be_changed_silently_is_refused(
    fields: dict[int, tuple[int, ...]], bytes_per_pixel: int
) -> None:
    with pytest.raises(UnsupportedImage):
        read(BytesIO(tiff(fields, bytes(128 * 128 * bytes_per_pixel))))


def test_high_bit_depth_avif_is_refused(photograph: Array, save: Save) -> None:
    data = save(photograph, "AVIF")
    place = data.index(b"av1C") + 6
    deep = data[:place] + bytes([data[place] | 0x40]) + data[place + 1 :]
    with pytest.raises(UnsupportedImage, match="8 bits"):
        read(BytesIO(deep))


def test_wide_colour_avif_without_profile_is_refused(photograph: Array, save: Save) -> None:
    data = save(photograph, "AVIF")
    place = data.index(b"nclx") + 4
    wide = data[:place] + struct.pack(">HH", 9, 16) + data[place + 4 :]
    with pytest.raises(UnsupportedImage, match="ICC"):
        read(BytesIO(wide))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UnreadableImage),
        (b"not a picture", UnreadableImage),
        (b"\xff\xd8\xff", UnreadableImage),
        (b"\x89PNG\r\n\x1a\n", UnreadableImage),
        (b"RIFF\x04\0\0\0WEBP", UnreadableImage),
        (b"\0\0\0\x10ftypavif\0\0\0\0", UnreadableImage),
        (b"II*\0\x08\0\0\0", UnreadableImage),
        (b"II+\0\x08\0\0\0", UnsupportedImage),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", UnsupportedImage),
        (b"\0\0\0\x14ftypisom\0\0\0\0mp42", UnsupportedImage),
    ],
)
def test_fragments_are_refused(content: bytes, error: type[CountermarkError]) -> None:
    with pytest.raises(error):
        read(BytesIO(content))


def test_sources_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.png", tmp_path, "nul\0byte"):
        with pytest.raises(SourceNotFound):
            read(path)
    closed = BytesIO()
    closed.close()
    with pytest.raises(SourceNotFound):
        read(closed)
    for source in (StringIO("text"), None, 7):
        with pytest.raises(InvalidArgument):
            read(source)  # type: ignore[arg-type]


def test_bytes_before_the_end_marker_of_a_jpeg_are_harmless(photograph: Array, save: Save) -> None:
    data = save(photograph, "JPEG")
    padded = data[:-2] + bytes(7) + data[-2:]
    expected = read(BytesIO(data)).pixels
    np.testing.assert_array_equal(read(BytesIO(padded)).pixels, expected)


@pytest.fixture(scope="module")
def small_files(photograph: Array, icc_profile: bytes, save: Save) -> list[bytes]:
    pixels = photograph[200:240, 300:340]
    gray = Image.fromarray(pixels[:, :, 0])
    profile = icc_profile[:600]
    files = [save(pixels, format, icc_profile=profile) for format in FORMATS]
    files += [save(pixels, "TIFF", compression=kind) for kind in ("tiff_lzw", "jpeg", "packbits")]
    files += [save(Image.fromarray(pixels).convert("P"), format) for format in ("PNG", "TIFF")]
    files += [save(gray.convert("1"), "TIFF", compression="group4"), save(gray, "JPEG")]
    files += [save(pixels, "WEBP", lossless=True), save(pixels, "JPEG", progressive=True)]
    return [encode(read(BytesIO(file))) for file in files] + files


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow remarks on strange metadata
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_byte_damage_never_leaks_a_foreign_error(small_files: list[bytes], data: Any) -> None:
    file = bytearray(data.draw(st.sampled_from(small_files)))
    for _ in range(data.draw(st.integers(1, 8))):
        # Half of the hits go into the headers, where they do the most.
        last = data.draw(st.sampled_from((min(len(file), 200), len(file)))) - 1
        file[data.draw(st.integers(0, last))] = data.draw(st.integers(0, 255))
    length = data.draw(st.sampled_from((len(file), len(file), len(file) * 9 // 10)))
    try:
        picture = read(BytesIO(bytes(file[:length])))
        encode(picture)
    except CountermarkError:
        return
    assert picture.pixels.size > 0
