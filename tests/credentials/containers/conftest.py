"""A small file of each container that credentials are signed in, made by foreign encoders."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache, partial
from typing import Any, cast

import av
import numpy as np
import pikepdf
import pillow_heif
import pytest
import skimage.data
from PIL import Image, TiffImagePlugin

from countermark.credentials import Signed, containers

WIDTH, HEIGHT = 128, 96
# A grey square of 16 by 16 pixels, by libjxl.
JXL_CODESTREAM = bytes.fromhex(
    "ff0a434052dc080014880600c800b1621500800a9551c60d5ecef57cf9a1c362dac67586b6dab6b084b1d95e18"
    "24249ca07af115de3cd50180214c21ec4a1200"
)
SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">
<title>A red square \xe2\x80\x94 drawn</title><rect width="20" height="20" fill="red"/></svg>
"""
MEDIA_TYPES = tuple(sorted(containers.MEDIA_TYPES))


def _astronaut() -> Image.Image:
    """NASA, public domain, with scikit-image."""
    return Image.fromarray(skimage.data.astronaut()).resize((WIDTH, HEIGHT))


def _picture(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    _astronaut().save(file, form, **options)
    return file.getvalue()


def _dng() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[50706] = 1
    tags[50706] = b"\1\4\0\0"  # DNGVersion
    tags[50708] = "Example Camera"  # UniqueCameraModel
    return _picture("TIFF", tiffinfo=tags)


def _heif(brand: bytes) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(_astronaut()).save(file)
    return file.getvalue().replace(b"ftypheic", b"ftyp" + brand, 1)


def _jxl() -> bytes:
    boxes = {b"JXL ": b"\r\n\x87\n", b"ftyp": b"jxl \0\0\0\0jxl ", b"jxlc": JXL_CODESTREAM}
    return b"".join(struct.pack(">I4s", len(b) + 8, kind) + b for kind, b in boxes.items())


def _pdf() -> bytes:
    document, file = pikepdf.new(), io.BytesIO()
    document.add_blank_page(page_size=(200, 100))
    document.save(file)
    return file.getvalue()


def _video(form: str, **options: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form, options=options) as container:
        stream = cast(Any, container.add_stream("mpeg4", rate=10))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_image(_astronaut())))
        container.mux(stream.encode())
    return file.getvalue()


def _sound(form: str, codec: str) -> bytes:
    file = io.BytesIO()
    wave = (20_000 * np.sin(np.arange(22_050) / 20)).astype(np.int16)
    with av.open(file, "w", format=form) as container:
        stream = cast(Any, container.add_stream(codec, rate=44_100))
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate = 44_100
        resampler = av.AudioResampler(stream.format, "mono", 44_100, stream.frame_size or None)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode())
    return file.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "application/pdf": _pdf,
    "audio/flac": partial(_sound, "flac", "flac"),
    "audio/mp4": partial(_sound, "ipod", "aac"),
    "audio/mpeg": partial(_sound, "mp3", "libmp3lame"),
    "audio/wav": partial(_sound, "wav", "pcm_s16le"),
    "image/avif": partial(_picture, "AVIF"),
    "image/gif": partial(_picture, "GIF"),
    "image/heic": partial(_heif, b"heic"),
    "image/heif": partial(_heif, b"mif1"),
    "image/jpeg": partial(_picture, "JPEG"),
    "image/jxl": _jxl,
    "image/png": partial(_picture, "PNG"),
    "image/svg+xml": lambda: SVG,
    "image/tiff": partial(_picture, "TIFF"),
    "image/webp": partial(_picture, "WEBP"),
    "image/x-adobe-dng": _dng,
    "video/mp4": partial(_video, "mp4"),
    "video/quicktime": partial(_video, "mov"),
    "video/x-msvideo": partial(_video, "avi"),
}


@cache
def _sample(media_type: str) -> bytes:
    return MAKERS[media_type]()


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    return _sample


@pytest.fixture(scope="session")
def fragmented() -> bytes:
    """One MP4 file with its movie in fragments."""
    return _video("mp4", movflags="frag_keyframe+empty_moov+default_base_moof")


@pytest.fixture(scope="session")
def signed_samples(signed: Callable[..., Signed]) -> Callable[[str], Signed]:
    """Each sample signed once, with a soft binding and without a thumbnail."""
    return cache(lambda name: signed(name, asset=_sample(name), thumbnail=None))


@pytest.fixture(params=MEDIA_TYPES)
def media_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)
