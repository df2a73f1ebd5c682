"""What may happen to a picture on the way to a reader.

An attack maps a picture, uint8 (h, w, 3), to its damaged copy, uint8 (h', w', 3). Places and noise
are drawn from fixed seeds, so that a figure can be measured again.
"""

import io
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.watermark.page import page_around

Pixels: TypeAlias = npt.NDArray[np.uint8]
Attack: TypeAlias = Callable[[Pixels], Pixels]

LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def clipped(values: npt.NDArray[np.floating[Any]]) -> Pixels:
    """To 8 bits, dropping the fraction as torchvision and PIL do."""
    kept: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return kept


def luma(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Rec. 601."""
    weighted: npt.NDArray[np.float64] = pixels @ LUMA_WEIGHTS
    return weighted


def identity(pixels: Pixels) -> Pixels:
    """Nothing."""
    return pixels


def mirror(pixels: Pixels) -> Pixels:
    """Left and right exchanged."""
    mirrored: Pixels = pixels[:, ::-1].copy()
    return mirrored


def upside_down(pixels: Pixels) -> Pixels:
    """Top and bottom exchanged."""
    mirrored: Pixels = pixels[::-1].copy()
    return mirrored


def grayscale(pixels: Pixels) -> Pixels:
    """Luma in all three channels."""
    return np.repeat(np.rint(luma(pixels)).astype(np.uint8)[..., None], 3, axis=2)


def cover(pixels: Pixels) -> Pixels:
    """A white box over an eighth of the picture."""
    height, width = pixels.shape[:2]
    covered: Pixels = pixels.copy()
    covered[height // 4 : height // 2, width // 4 : 3 * width // 4] = 255
    return covered


def rotate(degrees: float, expand: bool = False) -> Attack:
    """Turned about the middle, black outside; `expand`: on a canvas that holds all of it."""
    return lambda pixels: np.array(
        Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR, expand=expand)
    )


def resize(across: float, down: float | None = None) -> Attack:
    """Another number of pixels, not resized back; `down` is `across` unless given."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        size = int(width * across), int(height * (down or across))
        return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))

    return attack


def bounded(longest: int) -> Attack:
    """Reduced until no side is longer; a smaller picture stays as it is."""

    def attack(pixels: Pixels) -> Pixels:
        picture = Image.fromarray(pixels)
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return np.array(picture)

    return attack


def shear(across: float, down: float = 0) -> Attack:
    """Slanted about the middle, black outside, by these tangents."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        matrix = np.array([[1, across, -across * height / 2], [down, 1, -down * width / 2]])
        return cv2.warpAffine(pixels, matrix, (width, height)).astype(np.uint8, copy=False)

    return attack


def screenshot(scale: float) -> Attack:
    """Resized, on a page of text."""

    def attack(pixels: Pixels) -> Pixels:
        return np.array(page_around(Image.fromarray(resize(scale)(pixels))))

    return attack


def crop(side: float) -> Attack:
    """This part of both sides kept, at a place that depends on the size only."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        kept_height, kept_width = int(height * side), int(width * side)
        chance = np.random.default_rng(height + width)
        top = chance.integers(0, height - kept_height + 1)
        left = chance.integers(0, width - kept_width + 1)
        kept: Pixels = pixels[top : top + kept_height, left : left + kept_width].copy()
        return kept

    return attack


def perspective(distortion: float) -> Attack:
    """Each corner drawn inwards by up to this part of half the sides (torchvision's definition)."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        right, bottom = width - 1, height - 1
        across, down = int(distortion * (width // 2)), int(distortion * (height // 2))
        chance = np.random.default_rng(3)
        dx, dy = np.array([[chance.integers(0, n + 1) for n in (across, down)] for _ in range(4)]).T
        start = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
        inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        end = (start + inwards * np.column_stack([dx, dy])).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(start, end)
        return cv2.warpPerspective(pixels, matrix, (width, height)).astype(np.uint8, copy=False)

    return attack


def brightness(factor: float) -> Attack:
    """All values times this."""
    return lambda pixels: clipped(pixels * factor)


def contrast(factor: float) -> Attack:
    """The difference from the mean luma times this."""

    def attack(pixels: Pixels) -> Pixels:
        mean = luma(pixels).mean()
        return clipped((pixels - mean) * factor + mean)

    return attack


def hue(turn: float) -> Attack:
    """The colour circle turned by this part of it."""

    def attack(pixels: Pixels) -> Pixels:
        hsv = np.array(Image.fromarray(pixels).convert("HSV"))
        hsv[..., 0] = (hsv[..., 0].astype(int) + int(turn * 255)) % 256
        return np.array(Image.frombytes("HSV", pixels.shape[1::-1], hsv.tobytes()).convert("RGB"))

    return attack


def gamma(exponent: float) -> Attack:
    """All values, as parts of white, to this power."""
    return lambda pixels: np.rint(255 * (pixels / 255.0) ** exponent).astype(np.uint8)


def codec(name: str, quality: int) -> Attack:
    """Through a lossy file format of Pillow."""

    def attack(pixels: Pixels) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, name, quality=quality)
        return np.array(Image.open(file).convert("RGB"))

    return attack


def blur(kernel: int) -> Attack:
    """Gaussian, with torchvision's deviation for a kernel of this many pixels."""
    deviation = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    return lambda pixels: cv2.GaussianBlur(pixels, (kernel, kernel), deviation).astype(
        np.uint8, copy=False
    )


def median(kernel: int) -> Attack:
    """The median of a square of this many pixels."""
    return lambda pixels: cv2.medianBlur(pixels, kernel).astype(np.uint8, copy=False)


def noise(deviation: float) -> Attack:
    """Gaussian, of this many grey levels, in every channel by itself."""
    return lambda pixels: clipped(
        pixels + np.random.default_rng(1).normal(0, deviation, pixels.shape)
    )


def chain(*steps: Attack) -> Attack:
    """One after the other."""

    def attack(pixels: Pixels) -> Pixels:
        for step in steps:
            pixels = step(pixels)
        return pixels

    return attack
