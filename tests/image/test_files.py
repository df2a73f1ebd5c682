"""Files read and written again, in every format, judged by Pillow and exiftool."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from countermark.errors import ImageTooLarge, InvalidPixels, UnwritableImage
from countermark.image import Picture, encode, luma, read, upright

Array = NDArray[Any]
Save = Callable[..., bytes]
Exif = Callable[[int], bytes]
Exiftool = Any

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True, "exact": True},
    "TIFF": {"compression": "tiff_lzw"},
}


def psnr_db(one: Array, other: Array) -> float:
    squares = np.square(one.astype(np.float64) - other)
    return float(10 * np.log10(255**2 / max(squares.mean(), 1e-9)))


@pytest.mark.parametrize("format", FORMATS)
def test_photographs_come_back(
    format: str, photographs: dict[str, Array], save: Save, tmp_path: Path
) -> None:
    for name, pixels in photographs.items():
        path = tmp_path / name  # no extension: the content tells the format
        path.write_bytes(save(pixels, format))
        before = path.read_bytes()
        picture = read(path)
        assert picture.format == format
        assert (picture.height, picture.width) == pixels.shape[:2]
        again = read(BytesIO(encode(picture)))
        assert again.pixels.shape == picture.pixels.shape
        assert again.encoding == picture.encoding
        assert psnr_db(again.pixels, picture.pixels) > 38
        assert psnr_db(luma(again.pixels), luma(pixels)) > 30
        assert path.read_bytes() == before


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_lossless_pixels_are_exact(format: str, mode: str, photograph: Array, save: Save) -> None:
    image = Image.fromarray(photograph).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(photograph[:, :, 0]))
    picture = read(BytesIO(save(image, format, **LOSSLESS[format])))
    assert picture.encoding.lossless
    expected = np.asarray(image.convert("RGB") if (format, mode) == ("WEBP", "L") else image)
    np.testing.assert_array_equal(picture.pixels, expected)
    changed = replace(picture, pixels=picture.pixels ^ 1)
    np.testing.assert_array_equal(read(BytesIO(encode(changed))).pixels, expected ^ 1)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bit_gray_is_exact(format: str, order: str, photograph: Array, save: Save) -> None:
    pixels = (photograph[:, :, 0] * np.uint16(257)) ^ 3
    mode = "I;16" if order == "<u2" else "I;16B"
    size = (pixels.shape[1], pixels.shape[0])
    data = save(Image.frombytes(mode, size, pixels.astype(order).tobytes()), format)
    picture = read(BytesIO(data))
    assert picture.pixels.dtype == np.uint16
    np.testing.assert_array_equal(picture.pixels, pixels)
    np.testing.assert_array_equal(read(BytesIO(encode(picture))).pixels, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", FORMATS)
def test_orientation_is_kept_as_stored(
    format: str, orientation: int, photograph: Array, save: Save, make_exif: Exif
) -> None:
    small = photograph[:128, :160]
    data = save(small, format, exif=make_exif(orientation))
    picture = read(BytesIO(data))
    assert picture.orientation == orientation
    assert picture.pixels.shape == small.shape
    assert psnr_db(picture.pixels, small) > 25
    written = Image.open(BytesIO(encode(picture)))
    shown = np.asarray(ImageOps.exif_transpose(written).convert("RGB"))
    assert psnr_db(shown, upright(small, orientation)) > 25


@pytest.mark.parametrize("format", FORMATS)
def test_metadata_is_kept_byte_for_byte(
    format: str, photograph: Array, save: Save, icc_profile: bytes, exiftool: Exiftool
) -> None:
    options = {"compression": "tiff_lzw"} if format == "TIFF" else {}
    source = exiftool.write(save(photograph, format, icc_profile=icc_profile, **options))
    picture = read(BytesIO(source))
    written = encode(picture)
    assert picture.icc_profile == icc_profile
    for tag in ("-ICC_Profile", "-XMP"):
        assert exiftool.print(written, "-b", tag) == exiftool.print(source, "-b", tag) != b""
    described = exiftool.print(source, *exiftool.TAGS)
    assert exiftool.print(written, *exiftool.TAGS) == described
    assert len(described.splitlines()) >= len(exiftool.DESCRIPTION)
    assert exiftool.print(written, "-a", "-Warning", "-Error") == b""
    assert read(BytesIO(written)).exif == picture.exif
    if format != "TIFF":
        with Image.open(BytesIO(source)) as before, Image.open(BytesIO(written)) as after:
            stored = before.info["exif"].removeprefix(b"Exif\0\0")
            assert after.info["exif"].removeprefix(b"Exif\0\0") == stored
            assert after.info["icc_profile"] == before.info["icc_profile"]


@pytest.mark.parametrize("format", FORMATS)
def test_metadata_can_be_taken_away(
    format: str, photograph: Array, save: Save, icc_profile: bytes, exiftool: Exiftool
) -> None:
    picture = read(BytesIO(exiftool.write(save(photograph, format, icc_profile=icc_profile))))
    bare = read(BytesIO(encode(replace(picture, exif=None, icc_profile=None, xmp=None))))
    assert (bare.exif, bare.icc_profile, bare.xmp) == (None, None, None)


@pytest.mark.parametrize("format", FORMATS)
def test_pictures_without_metadata_get_none(format: str, photograph: Array, save: Save) -> None:
    written = encode(read(BytesIO(save(photograph, format))))
    picture = read(BytesIO(written))
    assert (picture.exif, picture.icc_profile, picture.xmp) == (None, None, None)


def test_stream_is_left_open_and_rewound_by_nobody(photograph: Array, save: Save) -> None:
    stream = BytesIO(b"before" + save(photograph, "PNG"))
    stream.seek(6)
    assert read(stream).pixels.shape == photograph.shape
    assert not stream.closed


@pytest.mark.parametrize("format", FORMATS)
def test_media_type(format: str) -> None:
    picture = Picture(np.zeros((1, 1), np.uint8), format)
    assert picture.media_type == f"image/{format.lower()}" == Image.MIME[format]


@pytest.mark.parametrize("format", FORMATS)
def test_pixels_that_no_file_holds_are_refused(format: str) -> None:
    for pixels in (np.zeros((9, 9), np.float32), np.zeros((9, 9, 2), np.uint8)):
        with pytest.raises(InvalidPixels):
            encode(Picture(pixels, format))
    with pytest.raises(UnwritableImage):
        encode(Picture(np.zeros((9, 9, 3), np.uint16), format))
    if format not in ("PNG", "TIFF"):
        with pytest.raises(UnwritableImage):
            encode(Picture(np.zeros((9, 9), np.uint16), format))


def test_format_limits_are_stated() -> None:
    with pytest.raises(ImageTooLarge, match="16,383"):
        encode(Picture(np.zeros((1, 16_384, 3), np.uint8), "WEBP"))
    with pytest.raises(UnwritableImage):
        encode(Picture(np.zeros((9, 9, 4), np.uint8), "JPEG"))
    with pytest.raises(UnwritableImage, match="segment"):
        encode(Picture(np.zeros((9, 9, 3), np.uint8), "JPEG", exif=bytes(70_000)))


def test_corpus_comes_back() -> None:
    images = CORPUS / "images"
    for path in [*sorted(images.glob("*.jpg"))[::3], *sorted(images.glob("*.png"))[::8]]:
        before = path.read_bytes()
        picture = read(path)
        again = read(BytesIO(encode(picture)))
        assert (again.exif, again.icc_profile, again.xmp) == (
            picture.exif,
            picture.icc_profile,
            picture.xmp,
        )
        assert again.orientation == picture.orientation
        if picture.encoding.lossless:
            np.testing.assert_array_equal(again.pixels, picture.pixels)
        else:
            assert psnr_db(again.pixels, picture.pixels) > 34
        assert path.read_bytes() == before
