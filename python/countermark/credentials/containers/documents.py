"""Stores in SVG and PDF files.

Source: C2PA 2.2, appendix A.3.4 (SVG) and A.4 (PDF).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from countermark.containers import CHUNK_BYTES, Content, Span, too_many_parts
from countermark.credentials import bounds
from countermark.credentials.containers.location import Location, trimmed
from countermark.jumbf import STORE_UUID

_MANIFEST_PATH: Final = ["svg", "metadata", "c2pa:manifest"]
_PDF_STORE: Final = re.compile(
    rb"stream\r?\n(?=....jumb....jumd" + re.escape(STORE_UUID) + rb")", re.DOTALL
)
_PDF_STORE_BYTES: Final = 8 + 32
_PDF_MAX_STREAMS: Final = 12_000
"""Words stream and endstream. Where the table of objects is broken, c2pa-rs 0.91 looks for all of
them: it takes 0.4 s for 8,000, 1.6 s for 16,000, and minutes for 65,000."""
_SVG_MAX_TEXTS: Final = 1 << 8
_SVG_MAX_DEPTH: Final = 1 << 12
_SVG_MAX_ATTRIBUTES: Final = 1 << 16
"""Of one element, which the parser holds as a whole."""


def svg(asset: Content) -> Iterator[Location]:
    """The store in base64, as the text of svg/metadata/c2pa:manifest."""
    for start, end in _svg_texts(asset):
        if end - start > 2 * bounds.MAX_BYTES:  # in base64; no need to decode what is refused
            raise bounds.too_large()
        try:
            store = base64.b64decode(asset[start:end], validate=True)
        except binascii.Error:  # a comment or a reference in the text, or no base64 at all
            continue
        if store:
            yield Location(((start, end),), decoded_bytes=len(store))


def _svg_texts(asset: Content) -> list[Span]:
    """Where the texts of that element lie; those before the place where the XML is damaged."""
    found: list[Span] = []
    path: list[str] = []
    begin: list[int] = []
    parser = expat.ParserCreate()

    def opened(name: str, _: dict[str, str]) -> None:
        if len(path) == _SVG_MAX_DEPTH:
            raise too_many_parts()
        path.append(name)
        begin.clear()

    def text(_: str) -> None:
        if not begin and path == _MANIFEST_PATH:
            begin.append(parser.CurrentByteIndex)

    def closed(_: str) -> None:
        if begin and path == _MANIFEST_PATH:
            if len(found) == _SVG_MAX_TEXTS:
                raise too_many_parts()
            found.append((begin.pop(), parser.CurrentByteIndex))
        path.pop()

    parser.StartElementHandler = opened
    parser.CharacterDataHandler = text
    parser.EndElementHandler = closed
    try:
        attributes = 0
        for at in range(0, len(asset), CHUNK_BYTES):
            chunk = asset[at : at + CHUNK_BYTES]
            # A tag that began before this chunk and is still open is one of many attributes.
            attributes = attributes if parser.CurrentByteIndex < at - CHUNK_BYTES else 0
            attributes += chunk.count(b"=")
            if attributes > _SVG_MAX_ATTRIBUTES:
                raise too_many_parts()
            parser.Parse(chunk, False)
    except (expat.ExpatError, ValueError, LookupError):  # the latter: unknown encodings
        pass
    return found


def pdf(asset: Content) -> Iterator[Location]:
    """The store as the data of a stream object, which is never compressed."""
    found: set[int] = set()
    streams = 0
    for at in range(0, len(asset), CHUNK_BYTES):
        chunk = asset[at : at + CHUNK_BYTES + _PDF_STORE_BYTES]
        found.update(at + match.end() for match in _PDF_STORE.finditer(chunk))
        streams += chunk.count(b"stream")
        if streams > _PDF_MAX_STREAMS:
            raise too_many_parts()
    for start in sorted(found):
        yield Location((trimmed(asset, start, len(asset)),))
