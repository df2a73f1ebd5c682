"""One sheet with all that was seen: two views of the picture, what is known, and a chart.

Example: see `countermark.inspection`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from countermark.image import Pixels
from countermark.inspection import charts, view
from countermark.inspection.outline import Outline
from countermark.inspection.style import (
    DISAGREES,
    GRID,
    HEAD_FONT,
    HEAT_RANGE,
    INK,
    OUTLINE,
    PAPER,
    QUIET,
    RIM,
    RULE,
    SMALL_FONT,
    TEXT_FONT,
    heat,
)
from countermark.inspection.view import View
from countermark.inspection.words import CHANCE_SCORE
from countermark.watermark import Inspection

_WIDTH: Final = 1600
_MARGIN: Final = 48
_GAP: Final = 40
_COLUMN: Final = (_WIDTH - 2 * _MARGIN - _GAP) // 2
_STACKED: Final = (1200, 620)  # room for each view of a wide picture
_WIDE: Final = 2.4  # width by height from which on the views stand one above the other
_HEAD: Final = 128
_CAPTION: Final = 36
_LEGEND: Final = 56
_ROW: Final = 34
_NAMES: Final = 160  # width of the names of facts
_CHART: Final = 330


def draw(
    pixels: Pixels,
    seen: Inspection,
    outline: Outline | None,
    headline: str,
    facts: Sequence[tuple[str, str]],
) -> Image.Image:
    """The sheet, 1600 pixels wide and as high as it must be."""
    size = (pixels.shape[1], pixels.shape[0])
    wide = size[0] > _WIDE * size[1]
    placed = View.of(size, outline, _STACKED if wide else (_COLUMN, _COLUMN))
    picture = view.shown(pixels, placed)
    panels = (
        view.geometry(picture, placed, seen, outline),
        view.scores(picture, placed, seen, outline),
    )
    step = _CAPTION + placed.size[1] + _LEGEND
    below = _HEAD + (2 * step + _GAP if wide else step) + _GAP // 2
    lines = _wrapped(facts)
    height = below + _CAPTION + max(_CHART, _ROW * len(lines)) + _MARGIN
    sheet = Image.new("RGB", (_WIDTH, height), PAPER)
    about = f"a picture of {size[0]} x {size[1]} pixels"
    _head(sheet, about + ", stretched" * placed.is_stretched, headline, seen.detection is not None)
    second = (_MARGIN, _HEAD + step + _GAP) if wide else (_MARGIN + _COLUMN + _GAP, _HEAD)
    _geometry(sheet, (_MARGIN, _HEAD), panels[0], seen, outline)
    _scores(sheet, second, panels[1], seen.detection is not None)
    ImageDraw.Draw(sheet).line([(_MARGIN, below), (_WIDTH - _MARGIN, below)], RULE)
    _facts(sheet, (_MARGIN, below + _GAP // 2), lines)
    _chart(sheet, (_MARGIN + _COLUMN + _GAP, below + _GAP // 2), seen)
    return sheet


def _head(sheet: Image.Image, about: str, headline: str, is_read: bool) -> None:
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT_FONT)
    pen.text((_MARGIN, 44), f"countermark inspect: {about}", QUIET, font, anchor="ls")
    pen.text(
        (_MARGIN, 92),
        headline,
        INK if is_read else DISAGREES,
        ImageFont.load_default(HEAD_FONT),
        anchor="ls",
    )


def _caption(sheet: Image.Image, corner: tuple[int, int], words: str) -> None:
    font = ImageFont.load_default(TEXT_FONT)
    place = (corner[0], corner[1] + _CAPTION - 14)
    ImageDraw.Draw(sheet).text(place, words, INK, font, anchor="ls")


def _geometry(
    sheet: Image.Image,
    corner: tuple[int, int],
    panel: Image.Image,
    seen: Inspection,
    outline: Outline | None,
) -> None:
    """The first view, and what its lines mean."""
    found = seen.detection is not None
    _caption(sheet, corner, "Where the mark lies" if found else "The picture")
    x, y = corner[0], corner[1] + _CAPTION
    sheet.paste(panel, (x, y))
    if not found:
        return
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(SMALL_FONT)
    y += panel.height + 24
    entries = [(GRID, "tiles of the mark"), (OUTLINE, "up when it was marked")]
    if outline is not None:
        entries.append((OUTLINE, "border of the marked picture"))
    for number, (colour, words) in enumerate(entries):
        pen.line([(x, y), (x + 30, y)], RIM, 6)
        pen.line([(x, y), (x + 30, y)], colour, 4)
        if number == 1:
            pen.polygon([(x + 34, y), (x + 22, y - 8), (x + 22, y + 8)], colour, RIM)
        pen.text((x + 42, y), words, INK, font, anchor="lm")
        x += 42 + round(pen.textlength(words, font)) + 34


def _scores(sheet: Image.Image, corner: tuple[int, int], panel: Image.Image, is_read: bool) -> None:
    """The second view, and the scale of its colours."""
    where = "" if is_read else ", if the picture is as it was marked"
    _caption(sheet, corner, f"How clearly each tile shows the pilot{where}")
    x, y = corner[0], corner[1] + _CAPTION
    sheet.paste(panel, (x, y))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(SMALL_FONT)
    y += panel.height + 16
    low, high = HEAT_RANGE
    length = 260
    for step in range(length):
        colour = heat(low + (high - low) * step / (length - 1))
        pen.line([(x + step, y), (x + step, y + 14)], colour)
    for number in range(int(low), int(high) + 1, 2):
        at = x + (number - low) / (high - low) * (length - 1)
        pen.text((at, y + 20), str(number), QUIET, font, anchor="lt" if number == low else "mt")
    words = "score in deviations; without a mark 0, give or take 1"
    pen.text((x + length + 24, y + 7), words, INK, font, anchor="lm")
    words = "grey: too little of a tile to tell"
    pen.text((x + length + 24, y + 29), words, QUIET, font, anchor="lm")


def _wrapped(facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines that fit their column: a name, or none where a value goes on."""
    font = ImageFont.load_default(TEXT_FONT)
    lines: list[tuple[str, str]] = []
    for name, value in facts:
        line = ""
        for word in value.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > _COLUMN - _NAMES:
                lines.append((name, line))
                name, longer = "", word
            line = longer
        lines.append((name, line))
    return lines


def _facts(sheet: Image.Image, corner: tuple[int, int], lines: Sequence[tuple[str, str]]) -> None:
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT_FONT)
    x, y = corner
    for row, (name, value) in enumerate(lines):
        middle = y + _CAPTION / 2 + _ROW * row
        pen.text((x, middle), name, QUIET, font, anchor="lm")
        pen.text((x + _NAMES, middle), value, INK, font, anchor="lm")


def _chart(sheet: Image.Image, corner: tuple[int, int], seen: Inspection) -> None:
    x, y = corner
    if seen.detection is None:
        _caption(sheet, corner, "Highest score of the pilot, of all places and turns")
        chart = charts.gauge(seen.score, seen.least_score, CHANCE_SCORE, _COLUMN, _CHART)
    else:
        _caption(sheet, corner, "What each coded bit said of the message that was read")
        chart = charts.margins(seen.bit_margins, _COLUMN, _CHART)
    sheet.paste(chart, (x, y + _CAPTION))
