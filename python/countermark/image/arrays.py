"""Arrays in and out, and what can be said of any array of pixels."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countermark.errors import InvalidPixels, UnsupportedImage
from countermark.image.codecs import decoding
from countermark.image.limits import MIN_SIDE, check_size
from countermark.image.picture import Pixels

ImageLike = TypeVar("ImageLike", NDArray[np.uint8], NDArray[np.uint16], NDArray[Any], Image.Image)
"""A numpy array or a PIL image."""

_PIL_DTYPES: Final = {
    "L": "u1",
    "RGB": "u1",
    "RGBA": "u1",
    "I;16": "<u2",
    "I;16L": "<u2",
    "I;16B": ">u2",
}
_LUMA_WEIGHTS: Final = (0.299, 0.587, 0.114)


def as_array(image: object, *, min_side: int = MIN_SIDE) -> Pixels:
    """The pixels of a numpy array or a PIL image, checked, and copied only when they must be.

    >>> from PIL import Image
    >>> as_array(Image.new("RGB", (256, 128))).shape
    (128, 256, 3)

    `image`: an array of uint8 or uint16, any strides, of shape (height, width),
    (height, width, 3) or (height, width, 4); or a PIL image of mode L, RGB, RGBA or I;16. A PIL
    image is taken as stored, without regard to its EXIF orientation.
    `min_side`: pixels, the shortest side allowed.

    Returns the array in the byte order of the machine. Raises `InvalidPixels` for another type
    or shape, `UnsupportedImage` for another PIL mode, `UnreadableImage` for a PIL image whose
    file is damaged, `ImageTooSmall` and `ImageTooLarge`.
    """
    if isinstance(image, Image.Image):
        return _from_pil(image, min_side)
    if not isinstance(image, np.ndarray):
        raise InvalidPixels(
            f"The picture is a {type(image).__name__}, not a numpy array or a PIL image.",
            remedy="Convert it with numpy.asarray.",
        )
    _check_dtype(image.dtype)
    _check_shape(image.shape)
    check_size(image.shape[1], image.shape[0], min_side=min_side)
    return image.astype(image.dtype.newbyteorder("="), copy=False, subok=False)


def like(array: Pixels, original: ImageLike) -> ImageLike:
    """The array in the type that `as_array` was given.

    >>> from PIL import Image
    >>> like(np.zeros((128, 128), np.uint8), Image.new("L", (128, 128))).mode
    'L'

    A PIL image comes back with the mode and the `info` of the original (ICC profile and EXIF
    among it), an array with the original's byte order.
    """
    if isinstance(original, Image.Image):
        stored = np.ascontiguousarray(array, dtype=_PIL_DTYPES[original.mode])
        size = (array.shape[1], array.shape[0])
        image = Image.frombytes(original.mode, size, stored.tobytes())
        image.info = dict(original.info)
        return image
    return array.astype(original.dtype, copy=False)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """A view of the pixels the way a viewer shows them.

    >>> upright(np.zeros((2, 3), np.uint8), 6).shape
    (3, 2)

    `orientation`: 1..8; any other value leaves the pixels as they are.

    Source: EXIF 2.32 (CIPA DC-008), tag Orientation.
    """
    # Stored rows run down the displayed picture in 1..4 and across it in 5..8.
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1]
    return pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels


def luma(pixels: Pixels) -> NDArray[np.float32]:
    """The brightness of each pixel, 0..255, as float32 of shape (height, width).

    >>> float(luma(np.full((1, 1, 3), 65535, np.uint16))[0, 0])
    255.0

    `pixels`: uint8, or uint16 which is divided by 257; alpha is not regarded.

    Source: ITU-R BT.601-7, section 2.5.1 (0.299 R + 0.587 G + 0.114 B).
    """
    scale = np.iinfo(pixels.dtype).max / 255
    if pixels.ndim == 2:
        return np.asarray(pixels / np.float32(scale), np.float32)
    result = np.zeros(pixels.shape[:2], np.float32)
    product = np.empty_like(result)
    for channel, weight in enumerate(_LUMA_WEIGHTS):
        np.multiply(pixels[:, :, channel], np.float32(weight / scale), out=product)
        result += product
    return result


def eight_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """The pixels as uint8, rounded from 16 bits."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _from_pil(image: Image.Image, min_side: int) -> Pixels:
    if image.mode not in _PIL_DTYPES:
        alpha = "A" if image.has_transparency_data else ""
        raise UnsupportedImage(
            f"A PIL image of mode {image.mode} cannot be marked.",
            remedy=f'Convert it with image.convert("RGB{alpha}").',
        )
    check_size(image.width, image.height, min_side=min_side)
    with decoding(image.format or "PIL"):
        pixels = np.asarray(image)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind == "u" and dtype.itemsize in (1, 2):
        return
    known = dtype.kind == "f"
    raise InvalidPixels(
        f"The array is of type {dtype}, not uint8 or uint16.",
        remedy="Scale it to 0..255, remove NaN and round to uint8."
        if known
        else "Convert it with astype(numpy.uint8).",
    )


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4)):
        return
    raise InvalidPixels(
        f"The array has the shape {shape}.",
        remedy="Use (height, width), (height, width, 3) or (height, width, 4).",
    )
