"""Where a label goes in Markdown, and that it is shown there: CommonMark, with front matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from countermark.errors import LabelNotShown

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER: Final = re.compile(
    r"\A\ufeff?(---|\+\+\+)[ \t]*\r?\n(?:.*?\r?\n)??(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#!|&~])")


def paragraph(shown: str) -> str:
    r"""The label as Markdown, in bold.

    >>> paragraph("AI_generated")
    '**AI\\_generated**'
    """
    escaped = _SPECIAL.sub(r"\\\1", shown)
    return f"**{escaped}**"


def body_start(text: str) -> int:
    r"""Where the text begins after a byte order mark and front matter (YAML, TOML).

    >>> body_start("---\ntitle: Lake\n---\nA lake."), body_start("---\nA lake.")
    (20, 0)
    """
    match = _FRONT_MATTER.match(text)
    return match.end() if match else int(text.startswith("\ufeff"))


def insert(text: str, label: str, where: Literal["start", "end"], newline: str) -> str:
    """The text with the label as its first or last paragraph.

    Raises `LabelNotShown` where it would not be one, such as after a comment that does not end.
    """
    start = body_start(text)
    head, body = text[:start], text[start:]
    gap = newline * 2
    if where == "start":
        open_line = "" if not head or head.endswith(("\n", "\ufeff")) else newline
        whole = f"{head}{open_line}{label}{gap if body.strip() else newline}{body}"
        if not _shows(whole, label, first=True):
            raise _not_shown()
        return whole
    for ending in (_to_blank_line(body, newline), *_closings(body, newline)):
        whole = f"{text}{ending}{label}{newline}"
        if _shows(whole, label, first=False):
            return whole
    raise _not_shown()


def insert_corner(text: str, mark: str, newline: str) -> str:
    """The text with a mark, which is HTML, right behind its last word; below a block of code."""
    whole = text + mark
    last = [token for token in _parsed(whole) if token.type == "inline"][-1:]
    inside = [child.content for token in last for child in token.children or ()]
    if inside[-1:] == ["</sup>"]:
        return whole
    return insert(text, mark, "end", newline).removesuffix(newline)


def _to_blank_line(body: str, newline: str) -> str:
    """What brings the end of the text to a blank line."""
    if not body.strip():
        return ""
    ends = body[len(body.rstrip("\r\n")) :].count("\n")
    return newline * max(0, 2 - ends)


def _closings(body: str, newline: str) -> list[str]:
    """The line that ends a block of code which is open at the end; it changes nothing shown."""
    last = _parsed(body)[-1:]
    begin = "" if body.endswith("\n") else newline
    return [f"{begin}{token.markup}{newline * 2}" for token in last if token.type == "fence"]


def _shows(whole: str, label: str, *, first: bool) -> bool:
    tokens = _parsed(whole[body_start(whole) :])
    ends = tokens[:2] if first else tokens[-3:-1]
    kinds = [token.type for token in ends]
    return kinds == ["paragraph_open", "inline"] and ends[1].content == label


def _not_shown() -> LabelNotShown:
    return LabelNotShown(
        "The label would not be shown as a paragraph: something before it does not end, such as a "
        "comment.",
        remedy="Close it, or put the label at the start.",
    )


def _parsed(text: str) -> list[Token]:
    from markdown_it import MarkdownIt  # loaded when it is needed: most programs label no Markdown

    return MarkdownIt("commonmark").parse(text)
