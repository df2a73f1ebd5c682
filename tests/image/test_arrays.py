"""Arrays and PIL images in and out."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from countermark.errors import (
    CountermarkError,
    ImageTooLarge,
    ImageTooSmall,
    InvalidPixels,
    UnreadableImage,
    UnsupportedImage,
)
from countermark.image import as_array, like, luma, upright

Array = NDArray[Any]


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2"])
def test_array_comes_back_alike(channels: tuple[int, ...], dtype: str) -> None:
    random = np.random.default_rng(0)
    original = random.integers(0, 250, (130, 140, *channels)).astype(dtype)
    array = as_array(original)
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, original)
    back = like(array, original)
    assert (back.dtype, back.shape) == (original.dtype, original.shape)
    np.testing.assert_array_equal(back, original)


def test_array_is_not_copied(photograph: Array) -> None:
    for view in (photograph, photograph[::-1, ::2], photograph.swapaxes(0, 1)):
        assert np.shares_memory(as_array(view), photograph)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "I;16B"])
def test_pil_image_comes_back_alike(mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (130, 140 * 4), np.uint8)
    width = 140 * 4 // len(mode) if mode.startswith(("L", "RGB")) else 140 * 2
    original = Image.frombytes(mode, (width, 130), pixels.tobytes()[: 130 * 140 * 4])
    original.info = {"icc_profile": b"profile", "exif": b"Exif\0\0MM"}
    back = like(as_array(original), original)
    assert (back.mode, back.size, back.info) == (original.mode, original.size, original.info)
    assert back.tobytes() == original.tobytes()
    assert back.info is not original.info


@pytest.mark.parametrize("mode", ["1", "P", "LA", "PA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"])
def test_other_pil_modes_are_refused_with_a_conversion(mode: str) -> None:
    with pytest.raises(UnsupportedImage, match="convert") as caught:
        as_array(Image.new(mode, (256, 256)))
    assert ("RGBA" in caught.value.remedy) == mode.endswith("A")


def test_damaged_pil_image_is_refused(photograph: Array, save: Callable[..., bytes]) -> None:
    whole = save(photograph, "PNG")
    with pytest.raises(UnreadableImage):
        as_array(Image.open(BytesIO(whole[: len(whole) // 2])))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((200, 200), np.float32),
        np.full((200, 200, 3), np.nan),
        np.zeros((200, 200), bool),
        np.zeros((200, 200), np.int16),
        np.zeros((200, 200), np.uint32),
        np.zeros((200, 200), object),
        np.zeros(200, np.uint8),
        np.zeros((200, 200, 1), np.uint8),
        np.zeros((3, 200, 200), np.uint8),
        np.zeros((1, 200, 200, 3), np.uint8),
        np.uint8(3),
        [[1, 2], [3, 4]],
        b"bytes",
        None,
    ],
)
def test_what_is_no_picture_is_refused(array: Any) -> None:
    with pytest.raises(InvalidPixels):
        as_array(array)


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ((127, 500), ImageTooSmall),
        ((500, 127, 3), ImageTooSmall),
        ((0, 0), ImageTooSmall),
        ((128, 65_536), ImageTooLarge),
        ((65_535, 65_535), ImageTooLarge),
    ],
)
def test_sizes_beyond_the_limits_are_refused(
    shape: tuple[int, ...], error: type[CountermarkError]
) -> None:
    with pytest.raises(error):
        as_array(np.broadcast_to(np.uint8(0), shape))


def test_smaller_side_can_be_allowed() -> None:
    assert as_array(np.zeros((1, 1), np.uint8), min_side=1).shape == (1, 1)
    with pytest.raises(ImageTooSmall):
        as_array(np.zeros((0, 5), np.uint8), min_side=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_agrees_with_pillow(photograph: Array, orientation: int) -> None:
    image = Image.fromarray(photograph)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(photograph, orientation), expected)
    gray = photograph[:, :, 0]
    np.testing.assert_array_equal(upright(gray, orientation), expected[:, :, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_luma_weighs_as_bt601(dtype: type[Any], channels: tuple[int, ...]) -> None:
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, top + 1, (40, 30, *channels)).astype(dtype)
    expected = pixels / (top / 255.0)
    if channels:
        expected = expected[:, :, :3] @ (0.299, 0.587, 0.114)
    measured = luma(pixels)
    assert measured.dtype == np.float32
    np.testing.assert_allclose(measured, expected, atol=1e-4)
    np.testing.assert_array_equal(luma(pixels[::-2, ::2]), measured[::-2, ::2])
