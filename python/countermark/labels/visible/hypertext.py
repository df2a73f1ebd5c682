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
    *("noscript", "object", "optgroup", "option", "plaintext", "script", "select", "style"),
    *("svg", "template", "textarea", "title", "video", "xmp"),
}
_VOID: Final = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
    *("track", "wbr"),
}
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"""[\s/]*[^\s"'>=/][^\s>=/]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>][^\s>]*))?"""
)
_UNFINISHED: Final = re.compile(r"<[A-Za-z/!?]")  # which a browser takes for a tag or a comment
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
    if label in _own(text, place, where):
        return text
    return _inserted(text, outline, place, label)


def insert_corner(text: str, mark: str) -> str:
    """The document with a mark right behind its last word.

    >>> insert_corner("<p>A <b>lake</b>.</p>", "<sup>AI</sup>")
    '<p>A <b>lake</b>.<sup>AI</sup></p>'

    Raises `LabelNotShown` as `insert` does.
    """
    outline = _Outline(text)
    place = outline.last
    closing = mark[mark.rindex("</") :]
    if text[place:].startswith(closing) and text[: place + len(closing)].endswith(mark):
        return text
    return _inserted(text, outline, place, mark)


def _inserted(text: str, outline: _Outline, place: int, label: str) -> str:
    whole = text[:place] + label + text[place:]
    after = _Outline(whole)  # in which the label must be what it was meant to be
    if outline.is_framed or outline.hides(place) or place not in after.tags or after.hides(place):
        raise LabelNotShown(
            "The label would not be shown: the HTML has frames, or an element or a comment that "
            "does not end.",
            remedy="Close it, or put the label at the start of an ordinary page.",
        )
    return whole


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

    # Also those that older versions of Python take for markup.
    CDATA_CONTENT_ELEMENTS = (  # type: ignore[misc]
        *("script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"),
    )

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.start, self.end = -1, len(text)
        self.is_framed = False
        self.last = 0  # behind the last word
        self.shown: list[str] = []
        self.tags: set[int] = set()  # where start tags are
        self._text = text
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._hiding: list[tuple[str, int]] = []  # what is open, and where it begins
        self._hidden: list[tuple[int, int]] = []
        self._broken = len(text)  # from here on browsers may see something else
        self.feed(text)
        self.close()
        if self.start < 0:
            self.start = self.end
        self.last = self.last or self.start

    def hides(self, place: int) -> bool:
        """Whether a place lies in what is not shown, or behind a tag or comment without an end."""
        still_open = [(begin, len(self._text)) for _, begin in self._hiding]
        hidden = any(begin < place <= end for begin, end in self._hidden + still_open)
        return hidden or place > self._broken

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(self._offset())
        self.is_framed |= tag == "frameset"
        text = self.get_starttag_text() or ""
        if not _is_whole(text):
            self._break_off(self._offset())
        if tag == "body" and not self._hiding:
            self.start = self._offset() + len(text)
        elif tag not in _IN_HEAD:
            self._begin_body()
        hides = tag in _HIDING or _is_hidden(attrs)
        if (hides or self._hiding) and tag not in _VOID:
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
            self._hidden.append((self._hiding[place][1], self._offset()))
            del self._hiding[place:]
        elif tag in ("body", "html") and not self._hiding and self.end == len(self._text):
            self.end = self._offset()
        self._break(tag)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """`<![` begins a comment that the next `>` ends, which older versions of Python dislike."""
        return self._text.find(">", i) + 1 or -1

    def handle_comment(self, data: str) -> None:
        end = self._offset() + len("<!--") + len(data)
        if self._text.startswith("<!--", self._offset()) and not self._text.startswith(
            ("-->", "--!>"), end
        ):
            self._break_off(self._offset())

    def handle_data(self, data: str) -> None:
        if not self.cdata_elem:
            for match in re.finditer("<", data):
                if _UNFINISHED.match(self._text, self._offset() + match.start()):
                    self._break_off(self._offset() + match.start())
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

    def _break_off(self, place: int) -> None:
        self._broken = min(self._broken, place)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.shown.append("\n")

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column


def _is_whole(tag: str) -> bool:
    """Whether the quotes in a start tag end in it, and nothing else is left over."""
    place = re.match(r"<[^\s/>]+", tag)
    at = place.end() if place else 0
    while match := _ATTRIBUTE.match(tag, at):
        at = match.end()
    return tag[at:].strip(" \t\r\n\f/") == ">"


def _is_hidden(attributes: list[tuple[str, str | None]]) -> bool:
    return any(
        name == "hidden" or (name == "style" and _HIDDEN.search(value or ""))
        for name, value in attributes
    )
