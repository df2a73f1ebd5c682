"""HTML: `<meta name="AIGC" content="...">` in the head, which is practice and no guide's word.

The rest keeps every byte, in whatever encoding that contains ASCII.

Source: HTML Living Standard, 4.2.5 (the meta element) and 13.2.3.2 (how readers find the encoding).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import BinaryIO, Final

from countermark.containers import CHUNK_BYTES
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_NAME: Final = "aigc"
_MAX_BYTES: Final = 1 << 18
"""Of what comes before the body."""

_BOM: Final = b"\xef\xbb\xbf"
_WITH_TEXT: Final = ("title", "script", "style", "noscript", "template")
_EMPTY: Final = ("meta", "link", "base")
_OTHER_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the head."""
    for _, _, content in _head(file).labels:
        yield Carried(content, "meta AIGC")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the page with the label at the end of its head, behind what states the encoding."""
    head = _head(file)
    element = f'<meta name="AIGC" content="{escape(label.to_json())}" />'.encode("ascii")
    places = [(start, end, b"") for start, end, _ in head.labels]
    if places:
        places[0] = (*places[0][:2], element)
    else:
        places = [(head.place, head.place, element)]
    at = 0
    for start, end, content in places:
        file.seek(at)
        out.write(file.read(start - at) + content)
        at = end
    file.seek(at)
    shutil.copyfileobj(file, out, CHUNK_BYTES)


class _Head(HTMLParser):
    """What comes before the body of a page.

    `labels`: where each lies, and its content. `place`: where one would come: at the end of the
    head, or behind what states the encoding, which has to stay among the first 1,024 bytes.
    """

    def __init__(self, text: str, start: int) -> None:
        super().__init__(convert_charrefs=True)
        self.labels: list[tuple[int, int, str]] = []
        self.place = start
        self._inside: str | None = None
        self._lines = [start]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        with contextlib.suppress(_BodyBegins):
            self.feed(text)
            self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins, which ends the head unless it may stand there."""
        start = self._at()
        end = start + len(self.get_starttag_text() or "")
        named = {name: value or "" for name, value in reversed(attrs)}
        if tag in ("html", "head") or (tag == "meta" and named.keys() & {"charset", "http-equiv"}):
            self.place = end
        elif tag == "meta" and named.get("name", "").lower() == _NAME:
            self.labels.append((start, end, _text(named.get("content", ""))))
        elif tag in _WITH_TEXT:
            self._inside = tag
        elif tag not in _EMPTY:
            raise _BodyBegins

    def handle_endtag(self, tag: str) -> None:
        """An element ends: maybe the head."""
        if tag == "head":
            self.place = self._at()
            raise _BodyBegins
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        """Text, which is in the body unless it is in an element of the head."""
        if data.strip() and self._inside is None:
            raise _BodyBegins

    def handle_decl(self, decl: str) -> None:
        """What kind of document it is."""
        self.place = self._at() + len(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        """What comes before that in XHTML."""
        self.place = self._at() + len(f"<?{data}>")

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


class _BodyBegins(Exception):
    """The parser may stop."""


def _head(file: BinaryIO) -> _Head:
    file.seek(0)
    content = file.read(_MAX_BYTES)
    if content.startswith(_OTHER_BOMS) or b"\0" in content:
        raise ValueError("the page is in UTF-16, or is none")
    start = len(_BOM) if content.startswith(_BOM) else 0
    # Each byte is one character, so that places are offsets; what is looked for is ASCII.
    return _Head(content[start:].decode("latin-1"), start)


def _text(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # characters by their numbers
        return value
