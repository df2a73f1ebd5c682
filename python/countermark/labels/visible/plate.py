"""Ink on a picture, and the plate beneath it where the picture gives too little contrast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from countermark.image import Pixels
from countermark.labels.visible.contrast import MIN_CONTRAST, luminances, ratio, strips

_OPACITY: Final = 178  # of 255; black over white, and white over black, leave 4.5 from 137 on
_MIDDLE: Final = 0.25  # luminance that looks half as bright as white, a little over
_SAMPLES: Final = 32  # rows or columns that are looked at first
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
    first = max(1, min(beneath.shape[:2]) // _SAMPLES)
    for step in (first, 1):  # few pixels mostly tell that ink alone is not enough
        seen = luminances(beneath[::step, ::step])
        is_white = ratio(seen, is_white=True) > ratio(seen, is_white=False)
        if ratio(seen, is_white=is_white) < MIN_CONTRAST:
            return Look(seen.mean < _MIDDLE, True)  # the plate that changes the picture less
    return Look(is_white, False)


def lay_plate(pixels: Pixels, look: Look, radius: int) -> None:
    """Darken or lighten all of `pixels`, in place, as a plate with round corners."""
    gray = 0 if look.is_white else 1
    reach = min(radius, *(side // 2 for side in pixels.shape[:2]))
    top, bottom = _rounded(pixels.shape[1], reach)
    _blend(pixels[:reach], top, gray)
    _blend(pixels[reach : pixels.shape[0] - reach], np.array([[_OPACITY]], np.uint8), gray)
    _blend(pixels[pixels.shape[0] - reach :], bottom, gray)


def lay_ink(pixels: Pixels, mask: NDArray[np.uint8], look: Look) -> None:
    """Draw ink on `pixels`, in place; `mask` says how much of each pixel it covers, 0..255."""
    for rows in strips(pixels):  # of lines of text only as much as is as wide as they are
        (inked,) = np.nonzero(mask[rows].any(axis=0))
        if inked.size:
            columns = slice(inked[0], inked[-1] + 1)
            _blend(pixels[rows, columns], mask[rows, columns], 1 if look.is_white else 0)


def _blend(pixels: Pixels, mask: NDArray[np.uint8], gray: int) -> None:
    """Black or white over the pixels: the operator "over", alpha not multiplied in.

    In strips, so that the memory does not grow with the label. `mask`: one for each pixel, or one
    for all of them.
    """
    for rows in strips(pixels):
        strip = pixels[rows]
        covered = mask if mask.size == 1 else mask[rows]
        covered = covered if strip.ndim == 2 else covered[..., None]
        if strip.dtype == np.uint8 and strip.shape[2:] != (4,):
            _blend_bytes(strip, covered, 255 * gray)
        else:
            _blend_any(strip, covered / np.float32(255), gray)


def _blend_bytes(strip: Pixels, covered: NDArray[np.uint8], gray: int) -> None:
    """In 16-bit integers, which is several times as fast; the last line divides by 255."""
    share = covered.astype(np.uint16)
    if strip.ndim == 3 and share.size > 1:
        share = np.repeat(share, strip.shape[2], axis=2)
    mixed = strip * (255 - share)
    mixed += share * np.uint16(gray) + np.uint16(128)
    mixed += mixed >> 8
    strip[...] = mixed >> 8


def _blend_any(strip: Pixels, covered: NDArray[np.float32], gray: int) -> None:
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
def _rounded(width: int, reach: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How much the first and the last `reach` rows of a plate cover, times its opacity."""
    top = np.full((reach, width), _OPACITY, np.uint8)
    if reach:
        fine = 2 * reach * _OVERSAMPLING
        disc = Image.new("L", (fine, fine))
        ImageDraw.Draw(disc).ellipse([0, 0, fine - 1, fine - 1], fill=_OPACITY)
        small = np.asarray(disc.resize((2 * reach, 2 * reach), Image.Resampling.BOX))
        top[:, :reach], top[:, -reach:] = small[:reach, :reach], small[:reach, reach:]
    bottom = top[::-1]
    top.flags.writeable = bottom.flags.writeable = False
    return top, bottom
