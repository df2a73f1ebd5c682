"""Pictures side by side, with captions.

>>> sheet = overview([Panel("A lake", Image.new("RGB", (60, 40)))], ["Verdict: recovered"])
>>> sheet.size[0] > sheet.size[1]
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_COLUMNS: Final = 3
_PANEL: Final = (600, 400)
_CAPTION_HEIGHT: Final = 44
_MARGIN: Final = 24
_CAPTION_SIZE: Final = 22
_WORDS_SIZE: Final = 36
_PAPER, _INK = "white", "#202020"


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture and what stands above it."""

    caption: str
    picture: Image.Image


def overview(panels: Sequence[Panel], words: Sequence[str]) -> Image.Image:
    """The panels in rows of three, and some lines of text in the place after the last one."""
    rows = len(panels) // _COLUMNS + 1
    step = _PANEL[0] + _MARGIN, _PANEL[1] + _CAPTION_HEIGHT + _MARGIN
    size = _MARGIN + _COLUMNS * step[0], _MARGIN + rows * step[1]
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    places = [
        (_MARGIN + column * step[0], _MARGIN + row * step[1])
        for row in range(rows)
        for column in range(_COLUMNS)
    ]
    for panel, (x, y) in zip(panels, places, strict=False):
        font = _fitting(draw, panel.caption)
        draw.text((x, y + _CAPTION_HEIGHT / 2), panel.caption, _INK, font, anchor="lm")
        picture = panel.picture.copy()
        picture.thumbnail(_PANEL)
        left = x + (_PANEL[0] - picture.width) // 2
        top = y + _CAPTION_HEIGHT + (_PANEL[1] - picture.height) // 2
        sheet.paste(picture, (left, top))
    x, y = places[len(panels)]
    draw.multiline_text(
        (x + _PANEL[0] / 2, y + _CAPTION_HEIGHT + _PANEL[1] / 2),
        "\n".join(words),
        _INK,
        ImageFont.load_default(_WORDS_SIZE),
        anchor="mm",
        align="center",
        spacing=_WORDS_SIZE // 2,
    )
    return sheet


def _fitting(
    draw: ImageDraw.ImageDraw, caption: str
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The caption's font, smaller where it would not fit above its panel."""
    font = ImageFont.load_default(_CAPTION_SIZE)
    width = draw.textlength(caption, font)
    if width <= _PANEL[0]:
        return font
    return ImageFont.load_default(_CAPTION_SIZE * _PANEL[0] / width)
