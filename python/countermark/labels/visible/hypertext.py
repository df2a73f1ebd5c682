"""Where a label goes in an HTML page or fragment; all else in it stays byte for byte."""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser
from typing import Final, Literal

from countermark.errors import LabelNotShown
from countermark.labels.visible.wordings import Wording

_LOOK: Final = (
    "display:block!important;visibility:visible!important;opacity:1!important;margin:.5em 0;"
    "padding:.3em .6em;font:600 1rem/1.4 sans-serif;color:#111;background:#f4f4f4;"
    "border:1px solid #6b6b6b"
)
_OWN: Final = re.compile(r'\s*<p class="countermark-label".*?</p>', re.DOTALL)
_IN_HEAD: Final = {
    *("base", "head", "html", "link", "meta", "noscript", "script", "style", "template", "title"),
}
# What is in these is not shown as text, or not always.
_HIDING: Final = {
    *("audio", "canvas", "datalist", "details", "dialog", "iframe", "math", "noembed", "noframes"),
    *("noscript", "object", "plaintext", "script", "select", "style", "svg", "template"),
    *("textarea", "title", "video", "xmp"),
}
_INLINE: Final = {
    *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "kbd", "mark", "q", "s"),
    *("small", "span", "strong", "sub", "sup", "u", "wbr"),
}


def element(wording: Wording, shown: str) -> str:
    """The label as a paragraph of its own, with a name for those who do not see it."""
    return (
        f'<p class="countermark-label" role="note" lang="{escape(wording.language)}" '
        f'aria-label="{escape(wording.spoken)}" style="{_LOOK}">{escape(shown)}</p>'
    )


def corner(wording: Wording, shown: str) -> str:
    """The label as a mark beside text, which HTML and Markdown show raised."""
    return f'<sup lang="{escape(wording.language)}">{escape(shown)}</sup>'


def insert(text: str, label: str, where: Literal["start", "end"]) -> str:
    """The document with the label first or last in its body; as it is when it is there already.

    >>> insert("<title>Lake</title><p>A lake.", "<p>AI</p>", "start")
    '<title>Lake</title><p>AI</p><p>A lake.'

    Raises `LabelNotShown` where it would lie in something that is not shown.
    """
    outline = _Outline(text)
    place = outline.start if where == "start" else outline.end
    _check_shown(outline, place)
    if label in _own(text, place, where):
        return text
    return text[:place] + label + text[place:]


def insert_corner(text: str, mark: str) -> str:
    """The document with a mark right behind its last word.

    >>> insert_corner("<p>A <b>lake</b>.</p>", "<sup>AI</sup>")
    '<p>A <b>lake</b>.<sup>AI</sup></p>'

    Raises `LabelNotShown` as `insert` does.
    """
    outline = _Outline(text)
    place = outline.last
    _check_shown(outline, place)
    closing = mark[mark.rindex("</") :]
    if text[place:].startswith(closing) and text[: place + len(closing)].endswith(mark):
        return text
    return text[:place] + mark + text[place:]


def _check_shown(outline: _Outline, place: int) -> None:
    if outline.is_framed or outline.hides(place):
        raise LabelNotShown(
            "The label would not be shown: the HTML has frames, or an element or a comment that "
            "does not end.",
            remedy="Close it, or put the label at the start of an ordinary page.",
        )


def lines(text: str) -> list[str]:
    """What the body shows as text, line by line as its blocks break it.

    >>> lines("<h1>A <b>lake</b></h1><p>lies still<script>x</script>")
    ['A lake', 'lies still']
    """
    shown = "".join(_Outline(text).shown).split("\n")
    return [line for each in shown if (line := " ".join(each.split()))]


def _own(text: str, place: int, where: str) -> list[str]:
    """The labels of ours that stand at a place already, one after the other."""
    found: list[str] = []
    if where == "start":
        while match := _OWN.match(text, place):
            found.append(match[0].strip())
            place = match.end()
        return found
    for match in reversed(list(_OWN.finditer(text[:place].rstrip()))):
        if text[match.end() : place].strip():
            break
        found.append(match[0].strip())
        place = match.start()
    return found


class _Outline(HTMLParser):
    """Where the body of a document begins and ends, tags left out being implied."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.start, self.end = -1, len(text)
        self.is_framed = False
        self.last = 0  # behind the last word
        self.shown: list[str] = []
        self._text = text
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._hiding: list[tuple[str, int]] = []
        self._ended: list[tuple[int, int]] = []
        self.feed(text)
        self.close()
        if self.start < 0:
            self.start = self.end
        self.last = self.last or self.start

    def hides(self, place: int) -> bool:
        """Whether a place lies in an element whose content is not shown, or in a comment."""
        open_ones = [(begin, len(self._text)) for _, begin in self._hiding]
        is_comment = self._text.rfind("<!--", 0, place) > self._text.rfind("-->", 0, place)
        at_end = place == len(self._text)
        return (is_comment and at_end) or any(a < place <= b for a, b in self._ended + open_ones)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_framed |= tag == "frameset"
        if tag == "body" and not self._hiding:
            self.start = self._offset() + len(self.get_starttag_text() or "")
        elif tag not in _IN_HEAD:
            self._begin_body()
        if tag in _HIDING:
            self._hiding.append((tag, self._offset()))
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _IN_HEAD:
            self._begin_body()
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._hiding]
        if tag in names:  # and with it what was left open in it
            place = len(names) - 1 - names[::-1].index(tag)
            self._ended.append((self._hiding[place][1], self._offset()))
            del self._hiding[place:]
        elif tag in ("body", "html") and not self._hiding and self.end == len(self._text):
            self.end = self._offset()
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._hiding:
            return
        if data.strip():
            self._begin_body(len(data) - len(data.lstrip()))
            self.last = self._offset() + len(data.rstrip())
        self.shown.append(data.replace("\n", " "))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, text: str) -> None:
        if not self._hiding:
            self._begin_body()
            end = self._offset() + len(text)
            self.last = end + (self._text[end : end + 1] == ";")
            self.shown.append(unescape(f"{text};"))

    def _begin_body(self, skipped: int = 0) -> None:
        if self.start < 0 and not self._hiding:
            self.start = self._offset() + skipped

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.shown.append("\n")

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column
