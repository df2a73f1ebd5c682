"""Where properties stand in XMP packets, by a parser that fetches nothing (expat).

Source: ISO 16684-1 (XMP, part 1), clause 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_BYTES: Final = 1 << 24
"""Of a packet that is looked at."""

TAG: Final = re.compile(rb"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
ATTRIBUTE: Final = re.compile(rb"\s+([^\s=<>/\"']+)\s*=\s*(\"[^\"]*\"|'[^']*')")
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NO_UTF_8: Final = "it is not in UTF-8"
_RDF: Final = (RDF, "RDF")
_FRAME: Final = (RDF, "adobe:ns:meta/", "http://www.w3.org/XML/1998/namespace", "")
"""Namespaces of what is around the properties."""

_MAX_DEPTH: Final = 1 << 10
_MAX_ELEMENTS: Final = 1 << 20


class BrokenPacket(ValueError):
    """The packet is not XML, or nothing that XMP is made of."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"its XMP cannot be added to: {reason}")


@dataclass(slots=True)
class Occurrence:
    """Where a property stands in a packet.

    `is_proper`: whether it is a property of what the packet is about, not of a part of that.
    `start`, `end`: its element, or the attribute with the space before it.
    """

    namespace: str
    name: str
    qualified: bytes
    is_attribute: bool
    is_proper: bool
    start: int
    end: int = 0
    value: str = ""


@dataclass(slots=True)
class Scan:
    """What stands where in a packet.

    `about`: what the packet is about, as it stands there. `closing`: where the element rdf:RDF
    ends, and whether it is empty; None without one. `root_end`: behind the first tag.
    """

    found: list[Occurrence] = field(default_factory=list)
    about: bytes = b'""'
    rdf: bytes = b""
    closing: tuple[int, bool] | None = None
    root_end: int = 0


def scan(packet: bytes, *, may_have_type: bool = False) -> Scan:
    """Every simple property in a packet, those inside of others left out.

    Raises `BrokenPacket`.
    """
    if len(packet) > MAX_BYTES:
        raise BrokenPacket(f"it has {len(packet):,} bytes")
    return _Scanner(packet.rstrip(b"\0"), may_have_type).scanned()


class _Scanner:
    """One pass of the parser over a packet."""

    def __init__(self, packet: bytes, may_have_type: bool) -> None:
        self._packet = packet
        self._scan = Scan()
        self._names: list[tuple[str, str]] = []
        self._tags: list[tuple[int, int]] = []
        self._elements = 0
        self._has_about = False
        self._is_in_rdf = False
        self._open: Occurrence | None = None  # of elements, the outermost
        self._open_depth = 0
        self._texts: list[str] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._texts.append
        if not may_have_type:
            parser.StartDoctypeDeclHandler = _refuse_type
        self._parser = parser

    def scanned(self) -> Scan:
        try:
            self._parser.Parse(self._packet, True)
        except BrokenPacket:
            raise
        except (expat.ExpatError, ValueError, LookupError) as error:
            # LookupError: an encoding that nobody knows.
            raise BrokenPacket(str(error)) from error
        return self._scan

    def _start(self, expanded: str, attributes: list[str]) -> None:
        self._elements += 1
        if max(len(self._names), len(attributes)) > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise BrokenPacket("it has more elements than countermark goes through")
        namespace, name, qualified = _split(expanded)
        at = self._parser.CurrentByteIndex
        tag = TAG.match(self._packet, at)
        if tag is None:
            raise BrokenPacket(NO_UTF_8)
        if not self._names:
            self._scan.root_end = tag.end()
        if (namespace, name) == _RDF:
            self._is_in_rdf = True
            self._scan.rdf = self._scan.rdf or qualified.rpartition(b":")[0]
        if self._is_in_rdf and self._open is None and namespace not in _FRAME:
            is_proper = len(self._names) > 1 and self._names[-2] == _RDF
            self._open = Occurrence(namespace, name, qualified, False, is_proper, at)
            self._open_depth = len(self._names)
            self._texts.clear()
        places = {found[1]: found for found in ATTRIBUTE.finditer(tag[0])} if attributes else {}
        for whole, value in zip(attributes[::2], attributes[1::2], strict=True):
            names = _split(whole)
            if names[2] not in places:
                raise BrokenPacket(NO_UTF_8)
            self._attribute(at, names, value, places[names[2]])
        self._names.append((namespace, name))
        self._tags.append(tag.span())

    def _attribute(
        self, at: int, names: tuple[str, str, bytes], value: str, found: re.Match[bytes]
    ) -> None:
        namespace, name, qualified = names
        is_description = self._names[-1:] == [_RDF]
        if (namespace, name) == (RDF, "about") and is_description and not self._has_about:
            self._has_about = True
            self._scan.about = found[2]
        elif (namespace, name) == (RDF, "resource") and self._open is not None:
            self._texts.append(value)
        elif self._is_in_rdf and self._open is None and namespace not in _FRAME:
            start, end = at + found.start(), at + found.end()
            self._scan.found.append(
                Occurrence(namespace, name, qualified, True, is_description, start, end, value)
            )

    def _end(self, _: str) -> None:
        at, (start, tag_end), names = (
            self._parser.CurrentByteIndex,
            self._tags.pop(),
            self._names.pop(),
        )
        is_empty = self._packet[tag_end - 2 : tag_end] == b"/>"
        if self._open is not None and self._open_depth == len(self._names):
            self._open.end = tag_end if is_empty else self._packet.index(b">", at) + 1
            self._open.value = "".join(self._texts).strip()
            self._scan.found.append(self._open)
            self._open = None
        if names == _RDF:
            self._is_in_rdf = False
        if names == _RDF and self._scan.closing is None:
            self._scan.closing = (start if is_empty else at), is_empty


def _refuse_type(*_: object) -> None:
    raise BrokenPacket("it declares a document type")


def _split(expanded: str) -> tuple[str, str, bytes]:
    """Namespace, name, and the name as it stands there, of what the parser calls an element."""
    parts = expanded.split(" ")
    if len(parts) == 1:
        return "", parts[0], parts[0].encode()
    namespace, name, *prefix = parts
    return namespace, name, ":".join([*prefix, name]).encode()
