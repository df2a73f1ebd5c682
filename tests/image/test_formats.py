"""What is particular to one format: quality, sampling, palettes, blocks kept and left behind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from countermark.errors import UnsupportedImage, UnwritableImage
from countermark.image import encode, read
from countermark.image.directory import Field, parse, serialise

Array = NDArray[Any]
Save = Callable[..., bytes]


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 75, 90, 91, 95, 99, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_quality_is_kept_but_not_below_90(
    quality: int, mode: str, photograph: Array, save: Save
) -> None:
    image = Image.fromarray(photograph).convert(mode)
    picture = read(BytesIO(save(image, "JPEG", quality=quality)))
    assert picture.encoding.quality == max(quality, 90)
    written = encode(picture)
    assert Image.open(BytesIO(written)).mode == mode
    assert read(BytesIO(written)).encoding == picture.encoding


def test_jpeg_with_tables_of_its_own_is_rated(photograph: Array, save: Save) -> None:
    tables = {0: [2] * 64, 1: [2] * 64}
    picture = read(BytesIO(save(photograph, "JPEG", qtables=tables)))
    assert 95 <= (picture.encoding.quality or 0) <= 99


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1"])
def test_jpeg_subsampling_is_kept(sampling: str, photograph: Array) -> None:
    first = read(BytesIO(encode(read(BytesIO(jpeg_sampled(photograph, sampling))))))
    assert first.encoding.subsampling == sampling


def jpeg_sampled(pixels: Array, sampling: str) -> bytes:
    data: bytes = simplejpeg.encode_jpeg(pixels, 95, "RGB", sampling.replace(":", ""))
    return data


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"keep_rgb": True}])
def test_jpeg_kinds_are_read(options: dict[str, bool], photograph: Array, save: Save) -> None:
    data = save(photograph, "JPEG", quality=95, **options)
    expected = np.asarray(Image.open(BytesIO(data)))
    difference = np.abs(read(BytesIO(data)).pixels.astype(int) - expected)
    assert difference.mean() < 1


def with_segment(data: bytes, marker: int, payload: bytes) -> bytes:
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + data[2:]


def test_jpeg_density_captions_and_comments_are_kept(photograph: Array, save: Save) -> None:
    data = save(photograph, "JPEG", dpi=(300, 200), comment=b"by hand")
    captions = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\0\x05hello"
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">II", 5, 0)
    data = with_segment(with_segment(data, 0xED, captions), 0xE1, extended + b"<xmp>")
    written = encode(read(BytesIO(data)))
    image = Image.open(BytesIO(written))
    assert image.info["dpi"] == (300, 200)
    assert image.info["comment"] == b"by hand"
    assert captions in written
    assert extended + b"<xmp>" in written
    assert written.count(b"JFIF\0") == 1


def test_jpeg_with_a_part_of_its_profile_missing_has_none(
    photograph: Array, save: Save, icc_profile: bytes
) -> None:
    data = save(photograph, "JPEG", icc_profile=icc_profile)
    place = data.index(b"ICC_PROFILE\0\x02")
    broken = data[:place] + b"ICC_MISSING\0" + data[place + 12 :]
    assert read(BytesIO(data)).icc_profile == icc_profile
    assert read(BytesIO(broken)).icc_profile is None


def test_manifests_are_left_behind(photograph: Array, save: Save) -> None:
    mark = b"jumb of an earlier claim"
    png = save(photograph, "PNG")
    chunk = struct.pack(">I4s", len(mark), b"caBX") + mark
    chunk += struct.pack(">I", zlib.crc32(b"caBX" + mark))
    webp = save(photograph, "WEBP", exif=b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    webp += b"C2PA" + struct.pack("<I", len(mark)) + mark
    tiff = save(photograph, "TIFF")
    fields = {**parse(tiff)[0], 52545: Field(7, mark)}
    avif = save(photograph, "AVIF")
    signed = [
        with_segment(save(photograph, "JPEG"), 0xEB, b"JP\0\x01\0\0\0\x01" + mark),
        png[:33] + chunk + png[33:],
        webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:],
        tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + serialise(fields, start=len(tiff)),
        avif + struct.pack(">I4s", 8 + 16 + len(mark), b"uuid") + bytes(16) + mark,
    ]
    for data in signed:
        assert mark in data
        picture = read(BytesIO(data))
        assert mark not in encode(picture)


def test_png_text_and_colour_chunks_are_kept(photograph: Array, save: Save) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a lake, steps: 20")
    info.add_itxt("Title", "Caf\u00e9", zip=True)
    info.add(b"gAMA", struct.pack(">I", 45455))
    info.add(b"cICP", bytes((12, 13, 0, 1)))
    info.add(b"iDOT", bytes(28))  # Apple's places in the compressed data
    data = save(photograph, "PNG", pnginfo=info, dpi=(300, 300))
    picture = read(BytesIO(data))
    image = Image.open(BytesIO(encode(picture)))
    assert isinstance(image, PngImagePlugin.PngImageFile)
    image.load()
    assert image.text == {"parameters": "a lake, steps: 20", "Title": "Caf\u00e9"}
    assert image.info["gamma"] == pytest.approx(0.45455)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    names = {extra[4:8] for extra in picture.encoding.extras}
    assert names == {b"cICP", b"gAMA", b"iTXt", b"pHYs", b"tEXt"}


def test_compressed_png_xmp_is_read(photograph: Array, save: Save, xmp: bytes) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
    picture = read(BytesIO(save(photograph, "PNG", pnginfo=info)))
    assert picture.xmp == xmp
    assert read(BytesIO(encode(picture))).xmp == xmp


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_palettes_become_rgb(format: str, photograph: Array, save: Save) -> None:
    image = Image.fromarray(photograph).quantize(64)
    picture = read(BytesIO(save(image, format)))
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_one_bit_becomes_gray(format: str, photograph: Array, save: Save) -> None:
    image = Image.fromarray(photograph).convert("1")
    options = {"compression": "group4"} if format == "TIFF" else {}
    picture = read(BytesIO(save(image, format, **options)))
    np.testing.assert_array_equal(picture.pixels, np.asarray(image) * np.uint8(255))
    np.testing.assert_array_equal(read(BytesIO(encode(picture))).pixels, picture.pixels)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_gray_with_alpha_becomes_rgba(format: str, photograph: Array, save: Save) -> None:
    image = Image.fromarray(photograph[:, :, 0])
    image.putalpha(Image.fromarray(photograph[:, :, 1]))
    picture = read(BytesIO(save(image, format)))
    np.testing.assert_array_equal(picture.pixels, photograph[:, :, [0, 0, 0, 1]])


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_transparent_colour_becomes_alpha(mode: str, photograph: Array, save: Save) -> None:
    image = Image.fromarray(photograph).convert(mode)
    colour = image.getpixel((5, 5))
    data = save(image, "PNG", transparency=colour)
    expected = np.asarray(Image.open(BytesIO(data)).convert("RGBA"))
    picture = read(BytesIO(data))
    np.testing.assert_array_equal(picture.pixels, expected)
    assert 0 in expected[:, :, 3]
    np.testing.assert_array_equal(read(BytesIO(encode(picture))).pixels, expected)


def test_transparent_shade_of_sixteen_bits_is_refused(photograph: Array, save: Save) -> None:
    gray = Image.fromarray(photograph[:, :, 0] * np.uint16(257))
    with pytest.raises(UnsupportedImage):
        read(BytesIO(save(gray, "PNG", transparency=7)))


def test_lossy_webp_stays_lossy_and_good(photograph: Array, save: Save) -> None:
    picture = read(BytesIO(save(photograph, "WEBP", quality=80)))
    assert not picture.encoding.lossless
    assert b"VP8 " in encode(picture)
    lossless = read(BytesIO(save(photograph, "WEBP", lossless=True)))
    assert b"VP8L" in encode(lossless)


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "4:0:0"])
def test_avif_subsampling_is_kept(sampling: str, photograph: Array, save: Save) -> None:
    pixels = photograph[:128, :128, 0] if sampling == "4:0:0" else photograph[:128, :128]
    picture = read(BytesIO(save(pixels, "AVIF", subsampling=sampling)))
    assert picture.encoding.subsampling == sampling
    assert read(BytesIO(encode(picture))).encoding == picture.encoding


@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]
)
def test_tiff_compression_is_kept(compression: str, photograph: Array, save: Save) -> None:
    options = {} if compression == "raw" else {"compression": compression}
    picture = read(BytesIO(save(photograph, "TIFF", **options)))
    assert picture.encoding.lossless == (compression != "jpeg")
    image = Image.open(BytesIO(encode(picture)))
    assert image.info["compression"] == compression
    difference = np.abs(np.asarray(image).astype(int) - picture.pixels)
    assert difference.mean() < (2 if compression == "jpeg" else 1e-9)


def test_tiff_with_jpeg_inside_can_be_wide_but_has_limits(photograph: Array, save: Save) -> None:
    picture = read(BytesIO(save(photograph, "TIFF", compression="jpeg")))
    wide = np.full((20, 60_000, 3), 100, np.uint8)
    again = read(BytesIO(encode(replace(picture, pixels=wide)))).pixels
    assert np.abs(again.astype(int) - 100).max() <= 1
    with_alpha = np.dstack((photograph, photograph[:, :, 0]))
    too_wide = np.zeros((20, 65_535, 3), np.uint8)
    for pixels in (with_alpha, too_wide):
        with pytest.raises(UnwritableImage):
            encode(replace(picture, pixels=pixels))


def test_tiff_in_big_endian_order_keeps_its_fields(photograph: Array, save: Save) -> None:
    data = save(Image.fromarray(photograph[:, :, 0]), "TIFF", artist="Ada", dpi=(240, 240))
    fields, _ = parse(data)
    described = parse(read(BytesIO(data)).exif or b"")[0]
    assert described[315] == fields[315] == Field(2, b"Ada\0")
    assert described[282].data == struct.pack("<II", 240, 1)


def test_tiff_takes_exif_of_other_pictures(
    photograph: Array, save: Save, make_exif: Callable[[int], bytes]
) -> None:
    picture = replace(read(BytesIO(save(photograph, "TIFF"))), exif=make_exif(8))
    image = Image.open(BytesIO(encode(picture)))
    assert image.getexif().get_ifd(0x8769)[0x927C] == bytes(range(256))
    assert image.getexif().get_ifd(0x8825)[2] == (48.0, 6.0, 30.5)
    assert image.getexif()[0x0112] == 8
