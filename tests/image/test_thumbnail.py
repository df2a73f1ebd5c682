"""The small picture in the manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from countermark.image import Picture, luma, read, thumbnail, upright

Array = NDArray[Any]


def decode(data: bytes) -> Array:
    return np.asarray(Image.open(BytesIO(data)))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1000, 2000, 3), (256, 512, 3)),
        ((2000, 1000, 4), (512, 256, 3)),
        ((513, 400), (512, 399)),
        ((300, 200, 3), (300, 200, 3)),
        ((128, 65_535), (1, 512)),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_size_and_channels(
    shape: tuple[int, ...], expected: tuple[int, ...], dtype: type[Any]
) -> None:
    half = np.iinfo(dtype).max // 2
    small = decode(thumbnail(Picture(np.full(shape, half, dtype), "PNG")))
    assert small.shape == expected
    assert abs(int(small.mean()) - 127) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnail_is_upright(photograph: Array, orientation: int) -> None:
    picture = Picture(photograph, "PNG", orientation=orientation)
    shown = replace(picture, pixels=upright(photograph, orientation), orientation=1)
    small, expected = decode(thumbnail(picture)), decode(thumbnail(shown))
    assert small.shape == expected.shape
    correlation = np.corrcoef(luma(small).ravel(), luma(expected).ravel())[0, 1]
    assert correlation > 0.995


def test_thumbnail_is_faithful(photographs: dict[str, Array]) -> None:
    for pixels in photographs.values():
        small = decode(thumbnail(Picture(pixels, "PNG"), long_edge=256))
        image = Image.fromarray(pixels)
        fine = np.asarray(image.resize((small.shape[1], small.shape[0]), Image.Resampling.LANCZOS))
        assert np.abs(luma(small) - luma(fine)).mean() < 3


def test_thumbnail_carries_no_metadata(
    photograph: Array,
    save: Callable[..., bytes],
    make_exif: Callable[[int], bytes],
    icc_profile: bytes,
) -> None:
    stream = BytesIO(save(photograph, "JPEG", exif=make_exif(6), icc_profile=icc_profile))
    small = read(BytesIO(thumbnail(read(stream))))
    assert (small.exif, small.icc_profile, small.orientation) == (None, None, 1)
    assert (small.height, small.width) == (512, 342)
