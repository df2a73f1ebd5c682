"""The two charts: what each coded bit said, and how high the pilot stood.

>>> margins([1.0, -0.5, 2.0], 300, 200).size
(300, 200)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from countermark.inspection.style import (
    AGREES,
    CHANCE,
    CUT_OFF,
    DISAGREES,
    INK,
    MARKED,
    PAPER,
    QUIET,
    RULE,
    SMALL_FONT,
    TEXT_FONT,
)

_AXIS: Final = 44  # room for the numbers at the left
_FOOT: Final = 30  # and for the words below
_HIGHEST_SCORE: Final = 20


def margins(values: Sequence[float], width: int, height: int) -> Image.Image:
    """The margins of the coded bits, sorted; red ones had to be corrected."""
    chart = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(chart)
    small = ImageFont.load_default(SMALL_FONT)
    ordered = sorted(values)
    low, high = min(math.floor(ordered[0]), -1), max(math.ceil(ordered[-1]), 1)
    top, bottom = 10, height - _FOOT

    def level(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    for number in range(low, high + 1):
        draw.line([(_AXIS, level(number)), (width, level(number))], RULE)
        draw.text(
            (_AXIS - 10, level(number)),
            f"{number:+d}" if number else "0",
            QUIET,
            small,
            anchor="rm",
        )
    step = (width - _AXIS) / len(ordered)
    for place, value in enumerate(ordered):
        left, right = round(_AXIS + place * step), round(_AXIS + (place + 1) * step) - 1
        box = sorted((level(value), level(0)))
        draw.rectangle(
            (left, box[0], max(left, right), box[1]), AGREES if value >= 0 else DISAGREES
        )
    draw.line([(_AXIS, level(0)), (width, level(0))], INK)
    wrong = sum(value < 0 for value in ordered)
    text = ImageFont.load_default(TEXT_FONT)
    for row, (colour, words) in enumerate(
        (
            (AGREES, f"{len(ordered) - wrong} spoke for the message"),
            (DISAGREES, f"{wrong} spoke against it: corrected"),
        )
    ):
        y = top + 22 + 30 * row
        draw.rectangle((_AXIS + 14, y - 8, _AXIS + 30, y + 8), colour)
        draw.text((_AXIS + 40, y), words, INK, text, anchor="lm", stroke_width=3, stroke_fill=PAPER)
    draw.text(
        (_AXIS, height - 6), "bits, sorted; 1 is their root mean square", QUIET, small, anchor="ls"
    )
    return chart


def gauge(score: float, least: float, chance: float, width: int, height: int) -> Image.Image:
    """Where the highest score seen stands among those of unmarked and of marked pictures."""
    chart = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(chart)
    small, text = ImageFont.load_default(SMALL_FONT), ImageFont.load_default(TEXT_FONT)
    left, right, top, bottom = 14, width - 20, 74, 118

    def place(value: float) -> float:
        return left + min(value, _HIGHEST_SCORE) / _HIGHEST_SCORE * (right - left)

    draw.rectangle((left, top, right, bottom), MARKED)
    draw.rectangle((left, top, place(chance), bottom), CHANCE)
    draw.rectangle((left, top, place(least), bottom), CUT_OFF)
    for number in range(0, _HIGHEST_SCORE + 1, 5):
        draw.line([(place(number), bottom), (place(number), bottom + 6)], QUIET)
        draw.text((place(number), bottom + 12), str(number), QUIET, small, anchor="mt")
    x = place(score)
    draw.line([(x, top - 10), (x, bottom)], INK, 4)
    draw.polygon([(x - 9, top - 22), (x + 9, top - 22), (x, top - 6)], INK)
    draw.text((max(x, left + 60), top - 30), f"{score:.1f} seen", INK, text, anchor="ms")
    rows = (
        (CUT_OFF, f"under {least:.1f}: nothing is decoded"),
        (CHANCE, f"up to {chance:.1f}: unmarked pictures reach this"),
        (MARKED, "above: marked pictures"),
    )
    for row, (colour, words) in enumerate(rows):
        y = bottom + 60 + 30 * row
        draw.rectangle((left, y - 8, left + 16, y + 8), colour, RULE)
        draw.text((left + 28, y), words, INK, text, anchor="lm")
    return chart
