"""The contrast of black or white ink against the pixels that it lies on, the worst of them.

Pixels are taken as sRGB. Where a picture is transparent, whatever shows through counts: black and
white both.

>>> ratio(luminances(np.full((2, 2, 3), 255, np.uint8)), is_white=False)
21.0

Source: WCAG 2.2, definitions of contrast ratio and relative luminance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from countermark.image import Pixels
from countermark.image.arrays import eight_bit

MIN_CONTRAST: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA); text of any size is held to that of small text."""

_WHOLE: Final = 65_534  # the luminance of white; rounding keeps the three parts within 16 bits
_STRIP: Final = 1 << 16  # pixels that are looked at or drawn on at a time


class Luminances(NamedTuple):
    """Relative luminance, 0..1: the least, the greatest, and the mean over white."""

    least: float
    greatest: float
    mean: float


def luminances(pixels: Pixels) -> Luminances:
    """The range of luminance of those pixels, over whatever may be behind them."""
    least, greatest, total = _WHOLE, 0, 0
    for rows in strips(pixels):
        for shown in _shown(eight_bit(pixels[rows])):
            found = _luminance(shown)
            least, greatest = min(least, int(found.min())), max(greatest, int(found.max()))
        total += int(found.sum())
    mean = total / (pixels.shape[0] * pixels.shape[1])
    return Luminances(least / _WHOLE, greatest / _WHOLE, mean / _WHOLE)


def ratio(seen: Luminances, *, is_white: bool) -> float:
    """The contrast ratio of white or black ink with the worst of the pixels, 1..21."""
    lighter, darker = (1.0, seen.greatest) if is_white else (seen.least, 0.0)
    return round((lighter + 0.05) / (darker + 0.05) - 0.005, 2)  # down, not up


def strips(pixels: Pixels) -> Iterator[slice]:
    """Rows to work on one after the other, so that the memory does not grow with the label."""
    rows = max(1, _STRIP // pixels.shape[1])
    return (slice(top, top + rows) for top in range(0, pixels.shape[0], rows))


def _parts() -> NDArray[np.uint16]:
    """What each value of red, green and blue gives to luminance, in parts of `_WHOLE`."""
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    parts = np.outer((0.2126, 0.7152, 0.0722), linear) * _WHOLE
    return np.asarray(np.rint(parts), np.uint16)


_PARTS: Final = _parts()


def _shown(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The pixels in gray or RGB, once for each thing that may be behind them; white is last."""
    if pixels.shape[2:] != (4,):
        return [pixels]
    if pixels[..., 3].min() == 255:
        return [pixels[..., :3]]
    alpha = pixels[..., 3:] / np.float32(255)
    over = (pixels[..., :3] * alpha + behind * (1 - alpha) for behind in (0, 255))
    return [np.rint(each).astype(np.uint8) for each in over]


def _luminance(shown: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """In parts of `_WHOLE`: integers are quicker to look up and to add."""
    channels = (shown,) * 3 if shown.ndim == 2 else (shown[..., each] for each in range(3))
    red, green, blue = (np.take(part, each) for part, each in zip(_PARTS, channels, strict=True))
    red += green
    red += blue
    return red
