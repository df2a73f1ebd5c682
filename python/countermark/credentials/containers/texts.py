"""Stores in texts: in a run of variation selectors, between delimiters, in the head of a page.

Texts do not show what they are. One that holds no manifest is none for us, and what only speaks
of manifests, without one that could be read, holds none.

Source: C2PA 2.4, appendices A.7 (HTML), A.8 (unstructured text), A.9 (structured text).
"""

from __future__ import annotations

import base64
import binascii
import codecs
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from countermark.containers import CHUNK_BYTES, Content, Span, counted, pieces
from countermark.containers.text_types import MAX_TEXT_BYTES
from countermark.credentials.containers.location import Location, is_store
from countermark.errors import UnreadableManifest

BEGIN: Final = b"-----BEGIN C2PA MANIFEST-----"
END: Final = b"-----END C2PA MANIFEST-----"
DATA_URI: Final = b"data:application/c2pa;base64,"

ELSEWHERE: Final = "manifest.inaccessible"
"""Why a manifest may not be read that the text only links to."""

_SELECTORS: Final = (
    *(chr(code).encode() for code in range(0xFE00, 0xFE10)),
    *(chr(code).encode() for code in range(0xE0100, 0xE01F0)),
)
"""One for each value of a byte, in UTF-8: three bytes for the first 16, four for the others."""

_MARKER: Final = b"\xef\xbb\xbf"
_MAGIC: Final = b"C2PATXT\0"
_VERSION: Final = 1
_HEADER_BYTES: Final = len(_MAGIC) + 1 + 4
Kind: TypeAlias = Literal["unstructured", "structured", "html"]
"""Where a manifest lies in a text, as the standard calls it."""

WRAPPER: Final = _MARKER + b"".join(_SELECTORS[byte] for byte in _MAGIC)
"""How every wrapper begins."""

_NO_SELECTOR: Final = re.compile("[^\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_DELIMITERS: Final = re.compile(re.escape(BEGIN) + b"|" + re.escape(END))
_REFERENCE: Final = re.compile(rb"https?://[^\s<>\"]+\Z")
# Bounded, so that a page of unclosed tags is read once and not once for each.
_SCRIPT: Final = re.compile(
    rb"<script\b(?=[^<>]{0,512}?\stype\s*=\s*[\"']?application/c2pa[\"'\s>])[^<>]{0,512}>"
    rb"([^<]*)</script\s*>",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    rb"<link\b(?=[^<>]{0,2048}?\srel\s*=\s*[\"']?c2pa-manifest[\"'\s>])[^<>]{0,2048}>",
    re.IGNORECASE,
)
_TRACE: Final = re.compile(re.escape(BEGIN) + rb"|(?i:application/c2pa|c2pa-manifest)")
_TRACE_BYTES: Final = 64
"""More than what is looked for is long."""


class UnusableText(UnreadableManifest):
    """The text holds something of a manifest, but not one that may be read; `code`: why."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem, remedy="Use the text as first signed.")
        self.code = code


@dataclass(frozen=True, slots=True)
class Wrapper(Location):
    """A wrapper of variation selectors; its span is all of it, `decoded_bytes` those of the store.

    What stands in it behind the store fills it up to the length that was signed.
    """

    def extract(self, asset: Content) -> bytes:
        """The store's bytes."""
        (start, end) = self.spans[0]
        return _decoded(asset[start + len(_MARKER) : end])[_HEADER_BYTES:][: self.length_bytes]

    def pieces(self, store: bytes) -> Iterator[tuple[int, bytes]]:
        """As of any location; raises `ValueError` where the length cannot be kept."""
        (start, end) = self.spans[0]
        content = _MAGIC + bytes([_VERSION]) + len(store).to_bytes(4, "big") + store
        wrapper = _MARKER + b"".join(map(_SELECTORS.__getitem__, content))
        gap = end - start - len(wrapper)
        threes = next((n for n in range(4) if (gap - 3 * n) % 4 == 0), 0)
        fours = (gap - 3 * threes) // 4
        if len(store) != self.length_bytes or fours < 0:
            raise ValueError("a store can only be replaced by one of its length")
        yield start, wrapper + _SELECTORS[0] * threes + _SELECTORS[255] * fours


def holds_trace(asset: Content) -> bool:
    """Whether this is a text with something that looks like a manifest in it.

    >>> holds_trace(b"Nothing."), holds_trace(WRAPPER)
    (False, True)
    """
    if len(asset) > MAX_TEXT_BYTES or b"\0" in asset[:CHUNK_BYTES]:
        return False
    for at in range(0, len(asset), CHUNK_BYTES):
        piece = asset[at : at + CHUNK_BYTES + _TRACE_BYTES]
        if WRAPPER in piece or (b"c2pa" in piece.lower() and _TRACE.search(piece)):
            return True
    return False


def find(asset: Content) -> Location | None:
    """Where the store of a text lies; None when it holds none.

    >>> find(b"<!-- -----BEGIN C2PA MANIFEST----- somewhere -----END C2PA MANIFEST----- -->")

    Raises `UnusableText` for several, a broken one, and one that is elsewhere.
    """
    if not holds_trace(asset):
        return None
    text = asset[: len(asset)]
    found: list[Location] = []
    unusable: list[UnusableText] = []
    walks = itertools.chain(_wrappers(text), _blocks(text), _scripts(text))
    for one, _ in zip(walks, counted(), strict=False):
        if isinstance(one, Location):
            found.append(one)
        else:
            unusable.append(one)
        if len(found) > 1:
            raise _several(text, found)
    if unusable and not found:
        raise unusable[0]
    return found[0] if found else None


def kind(location: Location, asset: Content) -> Kind:
    """Where a store lies in a text.

    >>> block = BEGIN + b" data:application/c2pa;base64,QUJD " + END
    >>> kind(Location(((59, 63),), decoded_bytes=3), block)
    'structured'
    """
    if isinstance(location, Wrapper):
        return "unstructured"
    start = location.spans[0][0]
    return "structured" if asset[max(0, start - len(DATA_URI)) : start] == DATA_URI else "html"


def is_utf8(asset: Content) -> bool:
    """Whether the whole content is text in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces(asset, 0, len(asset)):
            decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _several(text: bytes, found: list[Location]) -> UnusableText:
    codes: dict[Kind, str] = {
        "unstructured": "manifest.text.multipleWrappers",
        "structured": "manifest.structuredText.multipleReferences",
        "html": "manifest.html.multipleManifests",
    }
    return UnusableText(
        codes[kind(found[1], text)], "The text holds more than one C2PA manifest store."
    )


def _wrappers(text: bytes) -> Iterator[Location | UnusableText]:
    """Each run of selectors that begins as a wrapper does."""
    at = text.find(WRAPPER)
    if at < 0 or not is_utf8(text):
        return
    while at >= 0:
        end = _run_end(text, at + len(WRAPPER))
        yield _wrapper(text, at, end)
        at = text.find(WRAPPER, end)


def _run_end(text: bytes, at: int) -> int:
    """Where the selectors end that go on at that offset, a few at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = len(WRAPPER)
    while at < len(text):
        piece = decoder.decode(text[at : at + size])
        stop = _NO_SELECTOR.search(piece)
        if stop is not None:
            return at + len(piece[: stop.start()].encode())
        at += len(piece.encode())
        decoder.reset()
        size = min(2 * size, CHUNK_BYTES)
    return at


def _wrapper(text: bytes, start: int, end: int) -> Location | UnusableText:
    header_end = start + len(_MARKER) + 4 * _HEADER_BYTES
    header = _decoded_start(text[start + len(_MARKER) : min(end, header_end)])
    length = int.from_bytes(header[len(_MAGIC) + 1 : _HEADER_BYTES], "big")
    room = _count(text, start + len(_MARKER), end) - _HEADER_BYTES
    if len(header) < _HEADER_BYTES or header[len(_MAGIC)] != _VERSION or not 0 < length <= room:
        return UnusableText(
            "manifest.text.corruptedWrapper",
            "The variation selectors that hold the manifest are damaged or incomplete.",
        )
    return Wrapper(((start, end),), decoded_bytes=length)


def _count(text: bytes, start: int, end: int) -> int:
    """How many selectors there are: each has one byte that begins it."""
    return text.count(b"\xef", start, end) + text.count(b"\xf3", start, end)


def _decoded_start(run: bytes) -> bytes:
    """Of a run that may be cut in the middle of a selector."""
    return _decoded(run.decode("utf-8", "ignore").encode())[:_HEADER_BYTES]


def _decoded(run: bytes) -> bytes:
    codes = np.frombuffer(run.decode().encode("utf-32-le"), "<u4")
    return np.where(codes < 0xE0000, codes - 0xFE00, codes - 0xE0100 + 16).astype("u1").tobytes()


def _blocks(text: bytes) -> Iterator[Location | UnusableText]:
    """What stands between two delimiters."""
    begin: int | None = None
    for match in _DELIMITERS.finditer(text):
        if match.group() == BEGIN:
            begin = match.end()
        elif begin is not None:
            yield from _block(text, begin, match.start())
            begin = None
    if begin is not None and text[begin : begin + CHUNK_BYTES].lstrip().startswith(DATA_URI):
        yield UnusableText(
            "manifest.structuredText.noManifest", "The end of the manifest in the text is missing."
        )


def _block(text: bytes, begin: int, end: int) -> Iterator[Location | UnusableText]:
    inner = text[begin:end]
    reference = inner.strip()
    if reference.startswith(DATA_URI):
        start = begin + inner.index(DATA_URI) + len(DATA_URI)
        found = _in_base64(text, start, start + len(reference) - len(DATA_URI))
        if found is not None:
            found = _around(found, _line(text, begin - len(BEGIN), end + len(END)))
        yield found or UnusableText(
            "manifest.structuredText.malformedReference",
            "What stands between the delimiters of the manifest is not one.",
        )
    elif _REFERENCE.match(reference):
        yield _elsewhere()


def _line(text: bytes, start: int, end: int) -> Span:
    """The lines of a block with the end of the last one, or that of the one before."""
    start = text.rfind(b"\n", 0, start) + 1
    newline = text.find(b"\n", end)
    if newline >= 0:
        return start, newline + 1
    if start:
        start -= 2 if text[start - 2 : start] == b"\r\n" else 1
    return start, len(text)


def _scripts(text: bytes) -> Iterator[Location | UnusableText]:
    """The elements of a page that hold a manifest, or say where it is."""
    for match in _SCRIPT.finditer(text):
        content = match.group(1)
        start = match.start(1) + len(content) - len(content.lstrip())
        found = _in_base64(text, start, start + len(content.strip()))
        if found is not None:
            found = _around(found, match.span())
        yield found or UnusableText(
            "claim.malformed", "The element of the page that should hold a manifest does not."
        )
    for _ in _LINK.finditer(text):
        yield _elsewhere()


def _elsewhere() -> UnusableText:
    return UnusableText(
        ELSEWHERE, "The text only links to a manifest elsewhere; it was not fetched."
    )


def _around(location: Location, span: Span) -> Location:
    ((start, end),) = location.spans
    return replace(location, around=(start - span[0], span[1] - end))


def _in_base64(text: bytes, start: int, end: int) -> Location | None:
    try:
        store = base64.b64decode(b"".join(text[start:end].split()), validate=True)
    except binascii.Error:
        return None
    if not is_store(store[:32]):
        return None
    return Location(((start, end),), decoded_bytes=len(store))
