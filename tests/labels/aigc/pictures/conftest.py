"""A small file of each kind of picture, made by foreign encoders, and what it shows."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
import skimage.data
from PIL import Image, ImageSequence

from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel
from countermark.record import Record

WIDTH, HEIGHT = 64, 49
# A grey square of 16 by 16 pixels, by libjxl.
JXL_CODESTREAM = bytes.fromhex(
    "ff0a434052dc080014880600c800b1621500800a9551c60d5ecef57cf9a1c362dac67586b6dab6b084b1d95e18"
    "24249ca07af115de3cd50180214c21ec4a1200"
)
SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">
<title>A red square \xe2\x80\x94 drawn</title><rect width="20" height="20" fill="red"/></svg>
"""


@cache
def _small() -> Image.Image:
    """NASA, public domain, with scikit-image."""
    return Image.fromarray(skimage.data.astronaut()).resize((WIDTH, HEIGHT))


def _astronaut(turned: int = 0) -> Image.Image:
    return _small().rotate(turned)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Example Camera"
    exif.get_ifd(0x8769)[0x920A] = 35.0  # focal length, in the directory of Exif
    return exif


def _picture(form: str, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    _astronaut().convert(mode).save(file, form, **options)
    return file.getvalue()


def _frames(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    rest = [_astronaut(90), _astronaut(180)]
    _astronaut().save(file, form, save_all=True, append_images=rest, **options)
    return file.getvalue()


def _heif(brand: bytes, **options: Any) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(_astronaut()).save(file, **options)
    return file.getvalue().replace(b"ftypheic", b"ftyp" + brand, 1)


def _jxl() -> bytes:
    boxes = {b"JXL ": b"\r\n\x87\n", b"ftyp": b"jxl \0\0\0\0jxl ", b"jxlc": JXL_CODESTREAM}
    return b"".join(struct.pack(">I4s", len(b) + 8, kind) + b for kind, b in boxes.items())


def _old_gif() -> bytes:
    content = _picture("GIF")
    return b"GIF87a" + content[6:]


MAKERS: dict[str, Callable[[], bytes]] = {
    "picture.avif": partial(_picture, "AVIF"),
    "with-exif.avif": partial(_picture, "AVIF", exif=_exif()),
    "sequence.avif": partial(_frames, "AVIF"),
    "picture.gif": partial(_picture, "GIF"),
    "old.gif": _old_gif,
    "animated.gif": partial(_frames, "GIF", loop=0, comment=b"a comment"),
    "picture.heic": partial(_heif, b"heic"),
    "with-exif.heic": partial(_heif, b"heic", exif=_exif().tobytes()),
    "picture.heif": partial(_heif, b"mif1"),
    "picture.jpg": partial(_picture, "JPEG"),
    "progressive.jpg": partial(_picture, "JPEG", progressive=True),
    "with-exif.jpg": partial(_picture, "JPEG", exif=_exif(), comment=b"a comment"),
    "multi-picture.jpg": partial(_frames, "MPO"),
    "picture.jxl": _jxl,
    "picture.png": partial(_picture, "PNG"),
    "palette.png": partial(_picture, "PNG", "P"),
    "with-exif.png": partial(_picture, "PNG", exif=_exif()),
    "animated.png": partial(_frames, "PNG"),
    "picture.svg": lambda: SVG,
    "picture.tiff": partial(_picture, "TIFF", compression="tiff_lzw"),
    "big.tiff": partial(_picture, "TIFF", big_tiff=True),
    "big-endian.tiff": partial(_picture, "TIFF", "I;16B"),
    "pages.tiff": partial(_frames, "TIFF"),
    "lossy.webp": partial(_picture, "WEBP"),
    "lossless.webp": partial(_picture, "WEBP", lossless=True),
    "alpha.webp": partial(_picture, "WEBP", "RGBA", lossless=True),
    "with-exif.webp": partial(_picture, "WEBP", exif=_exif()),
    "animated.webp": partial(_frames, "WEBP"),
}
NAMES = tuple(MAKERS)


@cache
def _sample(name: str) -> bytes:
    return MAKERS[name]()


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    return _sample


@pytest.fixture(scope="session")
def label() -> AigcLabel:
    """By a provider code that stands in files of its provider."""
    return AigcLabel.produced("001191110102MACQD9K64010000", "picture-7")


@pytest.fixture(scope="session")
def written() -> Callable[..., bytes]:
    """The content of a file after a label was put in."""

    def written(content: bytes, label: AigcLabel, record: Record | None = None) -> bytes:
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label, record=record)
        return out.getvalue()

    return written


@pytest.fixture(scope="session")
def shown() -> Callable[[bytes], list[tuple[str, tuple[int, int], bytes]]]:
    """The frames and pages of a picture as Pillow decodes them."""
    pillow_heif.register_heif_opener()

    def shown(content: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
        with Image.open(io.BytesIO(content)) as picture:
            frames = [frame.copy() for frame in ImageSequence.Iterator(picture)]
        return [(frame.mode, frame.size, frame.tobytes()) for frame in frames]

    return shown


@pytest.fixture
def put_down(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """A file with that name and content."""

    def put_down(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put_down
