"""Ink on a picture, and the plate beneath it where the picture gives too little contrast.

Contrast is that of WCAG 2.2, of the ink against the pixels that it lies on, the worst of them.
Pixels are taken as sRGB. Where a picture is transparent, whatever shows through counts: black and
white both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from countermark.image import Pixels
from countermark.image.arrays import eight_bit
from countermark.image.codecs import to_pillow

MIN_CONTRAST: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA); text of any size is held to that of small text."""

_OPACITY: Final = 0.7  # black over white, and white over black, leave over 4.5 from about 0.54 on
_MIDDLE: Final = 0.25  # luminance that looks half as bright as white, a little over
_STRIP: Final = 1 << 18  # pixels that are blended at a time
_OVERSAMPLING: Final = 4  # for the round corners of a plate


@dataclass(frozen=True, slots=True)
class Look:
    """Whether the ink is white (or black), and whether it stands on a plate of the other."""

    is_white: bool
    has_plate: bool


def look(beneath: Pixels) -> Look:
    """What is legible on those pixels: ink alone if it can be, black or white.

    >>> look(np.zeros((9, 9), np.uint8))
    Look(is_white=True, has_plate=False)
    """
    seen = _luminances(beneath)
    plain = {is_white: _ratio(seen, is_white) for is_white in (True, False)}
    best = max(plain, key=lambda is_white: plain[is_white])
    if plain[best] >= MIN_CONTRAST:
        return Look(best, False)
    return Look(float(seen[-1].mean()) < _MIDDLE, True)  # the plate that changes the picture less


def contrast(beneath: Pixels, *, is_white: bool) -> float:
    """Of white or black ink against those pixels, the worst of them, 1..21.

    >>> contrast(np.full((2, 2, 3), 255, np.uint8), is_white=False)
    21.0

    Source: WCAG 2.2, definitions of contrast ratio and relative luminance.
    """
    return math.floor(_ratio(_luminances(beneath), is_white) * 100) / 100


def _ratio(seen: list[NDArray[np.float32]], is_white: bool) -> float:
    worst = [float(each.max() if is_white else each.min()) for each in seen]
    return min(1.05 / (each + 0.05) if is_white else (each + 0.05) / 0.05 for each in worst)


def lay_plate(pixels: Pixels, look: Look, radius: int) -> None:
    """Darken or lighten all of `pixels`, in place, as a plate with round corners."""
    size = (pixels.shape[1], pixels.shape[0])
    _blend(pixels, _rounded(size, radius), 0 if look.is_white else 1)


def lay_ink(pixels: Pixels, mask: NDArray[np.uint8], look: Look) -> None:
    """Draw ink on `pixels`, in place; `mask` says how much of each pixel it covers, 0..255."""
    _blend(pixels, mask, 1 if look.is_white else 0)


def _blend(pixels: Pixels, mask: NDArray[np.uint8], gray: int) -> None:
    """Black or white over the pixels: the operator "over", alpha not multiplied in.

    In strips, so that the memory does not grow with the label.
    """
    rows = max(1, _STRIP // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        strip, covered = pixels[top : top + rows], mask[top : top + rows]
        if strip.dtype == np.uint8:
            strip[...] = _over(strip, covered, 255 * gray)
        else:
            share = covered / np.float32(255)
            _blend_strip(strip, share if strip.ndim == 2 else share[..., None], gray)


def _over(strip: Pixels, covered: NDArray[np.uint8], gray: int) -> Pixels:
    below, mask = to_pillow(strip), to_pillow(covered)
    if below.mode != "RGBA":
        below.paste(gray if below.mode == "L" else (gray, gray, gray), None, mask)
        return np.asarray(below)
    flat = Image.new("L", mask.size, gray)
    return np.asarray(Image.alpha_composite(below, Image.merge("RGBA", (flat, flat, flat, mask))))


def _blend_strip(strip: Pixels, covered: NDArray[np.float32], gray: int) -> None:
    """For 16 bits, which Pillow does not blend."""
    full = np.float32(np.iinfo(strip.dtype).max)
    if strip.shape[2:] != (4,):
        strip[...] = np.rint(strip + covered * (gray * full - strip))
        return
    alpha = strip[..., 3:] / full * (1 - covered)
    whole = covered + alpha
    weight = np.divide(covered, whole, out=np.zeros_like(whole), where=whole > 0)
    colour = strip[..., :3] + weight * (gray * full - strip[..., :3])
    strip[..., :3] = np.rint(colour)
    strip[..., 3:] = np.rint(whole * full)


@lru_cache(maxsize=8)
def _rounded(size: tuple[int, int], radius: int) -> NDArray[np.uint8]:
    """How much of each pixel a plate covers, times its opacity."""
    opacity = round(_OPACITY * 255)
    mask = np.full(size[::-1], opacity, np.uint8)
    reach = min(radius, *(side // 2 for side in size))
    if reach:
        fine = reach * _OVERSAMPLING
        disc = Image.new("L", (2 * fine, 2 * fine))
        ImageDraw.Draw(disc).ellipse([0, 0, 2 * fine - 1, 2 * fine - 1], fill=opacity)
        small = np.asarray(disc.resize((2 * reach, 2 * reach), Image.Resampling.BOX))
        mask[:reach, :reach], mask[:reach, -reach:] = small[:reach, :reach], small[:reach, reach:]
        mask[-reach:, :reach], mask[-reach:, -reach:] = small[reach:, :reach], small[reach:, reach:]
    mask.flags.writeable = False
    return mask


def _linear() -> NDArray[np.float32]:
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


_LINEAR: Final = _linear()


def _luminances(pixels: Pixels) -> list[NDArray[np.float32]]:
    """Relative luminance of each pixel, 0..1, once for each thing that may be behind them."""
    shown = eight_bit(pixels)
    if shown.ndim == 2:
        return [_LINEAR[shown]]
    if shown.shape[2] == 4 and shown[..., 3].min() < 255:
        alpha = shown[..., 3:] / np.float32(255)
        over = [shown[..., :3] * alpha + behind * (1 - alpha) for behind in (0, 255)]
        return [_luminance(np.rint(each).astype(np.uint8)) for each in over]
    return [_luminance(shown)]


def _luminance(rgb: NDArray[Any]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = _LINEAR[rgb[..., 0]] * np.float32(0.2126)
    result += _LINEAR[rgb[..., 1]] * np.float32(0.7152)
    result += _LINEAR[rgb[..., 2]] * np.float32(0.0722)
    return result
