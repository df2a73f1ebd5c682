"""Words set in lines: how large they must be, where they break, and what room they take.

Text height is that of the ink: of the smallest letter of the words, from its first to its last row
with a pixel at least half as dark as its darkest. Punctuation and marks above letters are left out;
a hyphen has no height that one could read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from countermark.labels.visible.fonts import Face

LEGIBLE: Final = 9
"""Pixels; smaller letters are hard to read, however small the picture is."""

LEAST: Final = 5
"""Pixels; smaller letters are not drawn at all: strokes run into each other."""

_NOTE_SHARE: Final = 0.55  # of the label's em, for what stands below it
_NOTE_LEAST: Final = 10  # pixels, an em that can still be read
# Between lines, around the ink across and down, to the edge of the picture; in ems. The last has
# nothing but the letters, which then have the whole picture.
_MANNERS: Final = ((0.3, 0.42, 0.32, 0.4), (0.15, 0.15, 0.12, 0.0), (0.08, 0.0, 0.0, 0.0))
_PROBE_EM: Final = 200  # pixels, at which the proportions of a font are taken
# Where a line may end: between two-character words of Chinese, after a hyphen, at a space.
_WORDS: Final = re.compile("[\u2e80-\u9fff]{1,2}\\s*|[^\\s\u2e80-\u9fff-]+-?\\s*|\\S\\s*")
_NUMBER: Final = re.compile("[^0-9]{1,8}|[0-9]{1,4}")  # a filing number may end a line anywhere


class Line(NamedTuple):
    """A line of text at an em of `em` pixels, and the box of its ink from where its pen starts."""

    text: str
    em: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Setting:
    """Lines one below the other, the ink of each `gap` pixels from the next.

    `ink_height`: pixels, of the smallest letter of the label. `padding`: across and down, the room
    around the ink. `margin`: to the edge of the picture.
    """

    face: Face
    lines: tuple[Line, ...]
    ink_height: int
    gap: int
    padding: tuple[int, int]
    margin: int

    @property
    def block(self) -> tuple[int, int]:
        """Width and height of the ink."""
        height = sum(line.height for line in self.lines) + self.gap * (len(self.lines) - 1)
        return max(line.width for line in self.lines), height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height with the padding."""
        width, height = self.block
        return width + 2 * self.padding[0], height + 2 * self.padding[1]

    @property
    def em(self) -> int:
        return self.lines[0].em


def set_words(
    text: str, note: str | None, face: Face, room: tuple[int, int], ink: int
) -> Setting | None:
    """The label in as few lines as the room allows; None when there is no room for it.

    `text`: the label. `note`: what stands below it, smaller. `room`: width and height of the
    picture. `ink`: the height of the smallest letter that is wanted, in pixels.
    """
    em = _em_for(face, text, ink)
    height = _letter_height(face, text, em)
    for manner in _MANNERS:
        gap, *padding, margin = (round(share * em) for share in manner)
        for broken in _broken(_WORDS.findall(text), face, em):
            lines = (*broken, *_note_lines(note, face, em, room[0] - 2 * (padding[0] + margin)))
            set_ = Setting(face, lines, height, max(1, gap), (padding[0], padding[1]), margin)
            if _fits(set_, room):
                return set_
    return None


@lru_cache(maxsize=8)
def mask(setting: Setting, align: Literal["left", "right"]) -> NDArray[np.uint8]:
    """How much of each pixel of the block is covered by ink, 0..255."""
    width, height = setting.block
    image = Image.new("L", (width, height))
    pen = ImageDraw.Draw(image)
    top = 0
    for line in setting.lines:
        left = 0 if align == "left" else width - line.width
        place = (left - line.left, top - line.top)
        font = setting.face.at(line.em)
        pen.text(place, line.text, 255, font, anchor="ls", **_manner(setting.face))
        top += line.height + setting.gap
    covered = np.asarray(image)
    covered.flags.writeable = False  # it is kept, and given to every picture
    return covered


def _fits(setting: Setting, room: tuple[int, int]) -> bool:
    width, height = setting.size
    return width + 2 * setting.margin <= room[0] and height + 2 * setting.margin <= room[1]


def _broken(words: Sequence[str], face: Face, em: int) -> Iterator[list[Line]]:
    """The words in one line, in two, ...; each time so that the widest line is as narrow as can be.

    Labels have a handful of words, so all ways are tried.
    """
    for count in range(1, len(words) + 1):
        ways = []
        for ends in combinations(range(1, len(words)), count - 1):
            bounds = [0, *ends, len(words)]
            parts = ["".join(words[a:b]).strip() for a, b in pairwise(bounds)]
            ways.append([_line(face, part, em) for part in parts])
        yield min(ways, key=lambda lines: max(line.width for line in lines))


def _note_lines(note: str | None, face: Face, em: int, room: int) -> list[Line]:
    """What stands below the label, broken wherever its line is full."""
    if note is None:
        return []
    size = max(_NOTE_LEAST, round(_NOTE_SHARE * em))
    lines: list[Line] = []
    text = ""
    for part in _NUMBER.findall(note):
        if text and _line(face, text + part, size).width > room:
            lines.append(_line(face, text.strip(), size))
            text = ""
        text += part
    return [*lines, _line(face, text.strip(), size)]


@lru_cache(maxsize=256)
def _line(face: Face, text: str, em: int) -> Line:
    drawn, start = face.at(em).getmask2(text, mode="L", anchor="ls", **_manner(face))
    left, top, right, bottom = drawn.getbbox() or (0, 0, *drawn.size)  # the pen's box is wider
    x, y = round(start[0]), round(start[1])
    return Line(text, em, x + left, y + top, x + right, y + bottom)


def _em_for(face: Face, text: str, ink: int) -> int:
    """The smallest em at which the smallest letter has so many pixels of ink."""
    em = max(1, ink * _PROBE_EM // _letter_height(face, text, _PROBE_EM) - 2)
    while _letter_height(face, text, em) < ink:
        em += 1
    return em


@lru_cache(maxsize=256)
def _letter_height(face: Face, text: str, em: int) -> int:
    letters = {each for each in text if unicodedata.category(each)[0] in "LN"}
    return min(_height(face.at(em), each) for each in letters or set(text))


def _height(font: ImageFont.FreeTypeFont, letter: str) -> int:
    drawn = font.getmask(letter, mode="L")
    rows = np.frombuffer(bytes(drawn), np.uint8).reshape(drawn.size[::-1])
    inked = np.flatnonzero(rows.max(axis=1) >= max(1, rows.max() / 2))
    return int(inked[-1] - inked[0] + 1) if inked.size else 0


def _manner(face: Face) -> dict[str, Any]:
    """What the layout engine is told, if it is one that can be told."""
    return {"language": face.language} if features.check("raqm") else {}
