"""Labels on pictures.

>>> import numpy as np
>>> from countermark.labels.visible import label_picture, wording
>>> labelled = label_picture(np.full((480, 640, 3), 230, np.uint8), wording("cn"))
>>> labelled.lines, labelled.corner.value, labelled.ink_height >= 0.05 * 480
(('AI生成',), 'bottom-right', True)
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from countermark import image
from countermark.errors import InvalidArgument, InvalidPixels, LabelDoesNotFit, ReadOnlyBuffer
from countermark.image import Pixels
from countermark.labels.visible import fonts, plate
from countermark.labels.visible.contrast import luminances, ratio
from countermark.labels.visible.setting import LEAST, LEGIBLE, Setting, mask, set_words
from countermark.labels.visible.wordings import Wording

MIN_HEIGHT: Final = 0.05
"""Of the shortest side (GB 45438-2025, 5.2)."""

MAX_HEIGHT: Final = 0.25
"""Of the shortest side; a label is no curtain."""

_SAMPLES: Final = 32  # rows and columns of a corner that are looked at when one is chosen
_STEP: Final = 12  # levels of 255 by which a corner must be quieter to be preferred


class Corner(Enum):
    """Where a label stands; in the order in which equal corners are preferred."""

    BOTTOM_RIGHT = "bottom-right"
    BOTTOM_LEFT = "bottom-left"
    TOP_RIGHT = "top-right"
    TOP_LEFT = "top-left"


class Box(NamedTuple):
    """Columns left..right - 1 and rows top..bottom - 1."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def of(self, pixels: Pixels) -> Pixels:
        """A view of those pixels."""
        return pixels[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture with its label.

    `box`: all that was changed. `ink_box`: the letters in it. `ink_height`: pixels, of the
    smallest letter. `contrast`: of the letters against what they lie on, 4.5 or more (WCAG 2.2).
    `lines`: what is written. `has_plate`: whether the letters stand on a plate.
    """

    pixels: Pixels
    box: Box
    ink_box: Box
    ink_height: int
    contrast: float
    corner: Corner
    lines: tuple[str, ...]
    has_plate: bool


def label_picture(
    pixels: Pixels,
    wording: Wording,
    *,
    corner: Corner | None = None,
    height_fraction: float = MIN_HEIGHT,
    font: str | os.PathLike[str] | None = None,
    out: Pixels | None = None,
) -> Labelled:
    """A copy of a picture with a label in a corner that can be read.

    Example: see the module.

    `pixels`: upright, as people see them; uint8 or uint16, gray, RGB or RGBA, sRGB.
    `corner`: by default the one with the least structure; faces and text are not looked for.
    `height_fraction`: height of the smallest letter's ink, of the shortest side; at least 0.05 and
    at most 0.25. It is measured in the rendered letters, never less than `LEGIBLE` pixels where
    they fit, and of the rectangle around what is visible where a picture is transparent.
    `font`: the file of a font, by default one that `fonts.find` finds.
    `out`: an array of the same shape and type to write to, possibly `pixels` itself.

    The letters are black or white; where that alone does not give a contrast of 4.5 to 1 with
    every pixel beneath them, they stand on a plate. Words break into lines, and the short wording
    is taken, before a picture is refused. Each picture of a video can be given, with one `corner`
    for all: what was set and drawn before is kept.

    Raises `LabelDoesNotFit` for a picture that has no room for letters of 5 pixels,
    `FontMissing`, `InvalidArgument`, `ImageError`.

    Source: GB 45438-2025, 5.2; WCAG 2.2, 1.4.3.
    """
    _check_height(height_fraction)
    given = image.as_array(pixels, min_side=1)
    target = _target(given, out)
    area, set_ = _room(target, wording, height_fraction, _named(font))
    where = corner or _quietest(target, area, set_)
    box = _placed(where, area, set_)
    inked = _ink_box(where, box, set_)
    seen = plate.look(inked.of(target))
    if seen.has_plate:
        plate.lay_plate(box.of(target), seen, radius=min(set_.padding))
    contrast = ratio(luminances(inked.of(target)), is_white=seen.is_white)
    plate.lay_ink(inked.of(target), mask(set_, _align(where)), seen)
    return Labelled(
        pixels=target,
        box=box if seen.has_plate else inked,
        ink_box=inked,
        ink_height=set_.ink_height,
        contrast=contrast,
        corner=where,
        lines=tuple(line.text for line in set_.lines),
        has_plate=seen.has_plate,
    )


def _check_height(fraction: float) -> None:
    if not MIN_HEIGHT <= fraction <= MAX_HEIGHT:  # NaN too
        raise InvalidArgument(
            f"The height of the label is {fraction} of the shortest side.",
            remedy=f"Use {MIN_HEIGHT} to {MAX_HEIGHT}; GB 45438-2025 asks for {MIN_HEIGHT}.",
        )


def _target(pixels: Pixels, out: Pixels | None) -> Pixels:
    """The array to draw on, holding the picture."""
    if out is None:
        return np.array(pixels, order="C")
    if out.shape != pixels.shape or out.dtype != pixels.dtype:
        raise InvalidPixels(
            f"The output is {out.shape} of {out.dtype}, the picture {pixels.shape} of "
            f"{pixels.dtype}.",
            remedy="Pass an array of the same shape and type, in the machine's byte order.",
        )
    if not out.flags.writeable:
        raise ReadOnlyBuffer("The output array is read-only.", remedy="Pass a copy of it.")
    if out is not pixels:
        np.copyto(out, pixels)
    return out


def _named(font: str | os.PathLike[str] | None) -> str | None:
    return None if font is None else os.fspath(font)


def _room(
    pixels: Pixels, wording: Wording, fraction: float, font: str | None
) -> tuple[Box, Setting]:
    """The area in whose corner the label goes, and the label set for it."""
    whole = Box(0, 0, pixels.shape[1], pixels.shape[0])
    for area in (_visible(pixels, whole), whole):
        found = _set(wording, area.size, fraction, font)
        if found is not None:
            return area, found
    label = " / ".join(wording.choices) + (f" with {wording.note!r}" if wording.note else "")
    raise LabelDoesNotFit(
        f"A picture of {whole.right} x {whole.bottom} pixels has no room for the label {label}.",
        remedy="Use a larger picture or shorter words, or show label and filing number beside it.",
    )


@lru_cache(maxsize=64)
def _set(
    wording: Wording, size: tuple[int, int], fraction: float, font: str | None
) -> Setting | None:
    """The label at the height that is wanted; in small pictures smaller, rather than not at all."""
    asked = max(1, math.ceil(fraction * min(size) - 1e-9))
    for ink in _heights(asked):
        for text in wording.choices:
            face = fonts.find(text + (wording.note or ""), wording.language, font=font)
            found = set_words(text, wording.note, face, size, ink)
            if found is not None:
                return found
    return None


def _heights(asked: int) -> Iterator[int]:
    yield max(asked, LEGIBLE)
    yield from range(LEGIBLE - 1, max(asked, LEAST) - 1, -1)


def _visible(pixels: Pixels, whole: Box) -> Box:
    """The rectangle around all that is not wholly transparent; everything if nothing is seen."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return whole
    alpha = pixels[..., 3]
    if alpha[0].any() and alpha[-1].any() and alpha[:, 0].any() and alpha[:, -1].any():
        return whole
    columns, rows = (np.flatnonzero(alpha.any(axis=axis)) for axis in (0, 1))
    if not columns.size:
        return whole
    return Box(*(int(end) for end in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)))


def _placed(corner: Corner, area: Box, set_: Setting) -> Box:
    width, height = set_.size
    vertical, horizontal = corner.value.split("-")
    left = area.left + set_.margin
    if horizontal == "right":
        left = area.right - set_.margin - width
    top = area.top + set_.margin if vertical == "top" else area.bottom - set_.margin - height
    return Box(left, top, left + width, top + height)


def _ink_box(corner: Corner, box: Box, set_: Setting) -> Box:
    across, down = set_.padding
    return Box(box.left + across, box.top + down, box.right - across, box.bottom - down)


def _align(corner: Corner) -> Any:
    return corner.value.split("-")[1]


def _quietest(pixels: Pixels, area: Box, set_: Setting) -> Corner:
    """The corner whose pixels vary least; of those that are about equal the usual one."""

    def unrest(corner: Corner) -> int:
        there = _placed(corner, area, set_).of(pixels)
        steps = (max(1, side // _SAMPLES) for side in there.shape[:2])
        seen = there[tuple(slice(None, None, step) for step in steps)]
        return int(image.luma(seen).std()) // _STEP

    return min(Corner, key=unrest)
