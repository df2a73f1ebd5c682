"""Items of HEIF, HEIC and AVIF files: pictures, and what is said about them.

Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, clause 6.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from countermark.containers.boxes import boxes
from countermark.containers.content import Content, DamagedFile, Span

IN_FILE, IN_BOX = 0, 1
"""Where an item lies: construction methods."""

_MAX_BYTES: Final = 1 << 24
_MAX_EXTENTS: Final = 1 << 17
_MAX_METAS: Final = 32


class Extent(NamedTuple):
    """A part of an item: its index among the parts of another item, offset and length."""

    reference: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where an item lies. `source`: 0 for this file."""

    item: int
    method: int
    source: int
    extents: tuple[Extent, ...]


class Item(NamedTuple):
    """What an item is: its kind, and of kind mime its media type and encoding."""

    number: int
    kind: bytes
    media_type: bytes
    encoding: bytes


@dataclass(frozen=True, slots=True)
class Meta:
    """The box meta of a file.

    `at`, `end`: where it lies. `children`: offset, offset of the content and end of each box in it.
    """

    at: int
    start: int
    end: int
    children: dict[bytes, tuple[int, int, int]]
    primary: int
    items: tuple[Item, ...]
    locations: dict[int, Location]

    def data_start(self) -> int:
        """Where the data lies that items in this box have."""
        if b"idat" not in self.children:
            raise DamagedFile("an item lies in a box that is missing")
        return self.children[b"idat"][1]

    def spans(self, item: int) -> tuple[Span, ...]:
        """Where an item lies in the file; raises `DamagedFile` where it is made of others."""
        location = self.locations.get(item)
        if location is None or location.source or location.method not in (IN_FILE, IN_BOX):
            raise DamagedFile(f"the item {item} does not lie in the file itself")
        base = self.data_start() if location.method == IN_BOX else 0
        starts = [(base + one.offset, one.length) for one in location.extents]
        return tuple((start, start + length) for start, length in starts)


def metas(asset: Content) -> list[Meta]:
    """The items of a file, and behind them those of its tracks.

    Raises `DamagedFile`.
    """
    places = list(itertools.islice(_boxes_meta(asset, 0, len(asset)), _MAX_METAS + 1))
    if len(places) > _MAX_METAS:
        raise DamagedFile("the file has more boxes meta than countermark goes through")
    try:
        found = [_meta(asset, *where) for where in places]
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise DamagedFile("a box meta of the file is damaged") from error
    return [one for one in found if one is not None]


def _boxes_meta(asset: Content, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    inner: list[tuple[int, int]] = []
    for kind, where in boxes(asset, at, end):
        if kind == b"meta":
            yield where
        elif kind in (b"moov", b"trak"):
            inner.append(where[1:])
    for start, stop in inner:
        yield from _boxes_meta(asset, start, stop)


def _meta(asset: Content, at: int, start: int, end: int) -> Meta | None:
    """The items that a box describes; None for a box about other things."""
    children: dict[bytes, tuple[int, int, int]] = {}
    last = start + 4
    for kind, where in boxes(asset, start + 4, end):
        children.setdefault(kind, where)
        last = where[2]
    if b"iloc" not in children and b"iinf" not in children and last == end:
        return None
    if last != end or b"iinf" not in children or b"iloc" not in children:
        raise DamagedFile("a box meta of the file is damaged")
    primary = 0
    if b"pitm" in children:
        pitm = _content(asset, children[b"pitm"])
        primary = int.from_bytes(pitm[4:8] if pitm[0] else pitm[4:6], "big")
    items = _items(asset, children[b"iinf"])
    locations = locations_in(_content(asset, children[b"iloc"]))
    return Meta(at, start, end, children, primary, items, locations)


def _content(asset: Content, box: tuple[int, int, int]) -> bytes:
    _, start, end = box
    if end - start > _MAX_BYTES:
        raise DamagedFile("a box of the file is too long")
    return asset[start:end]


def _items(asset: Content, box: tuple[int, int, int]) -> tuple[Item, ...]:
    _, start, end = box
    first = start + (8 if asset[start : start + 1][0] else 6)
    return tuple(
        _item(_content(asset, where)) for kind, where in boxes(asset, first, end) if kind == b"infe"
    )


def _item(entry: bytes) -> Item:
    version = entry[0]
    width = 4 if version >= 3 else 2
    number = int.from_bytes(entry[4 : 4 + width], "big")
    if version < 2:
        return Item(number, b"", b"", b"")
    at = 4 + width + 2
    kind = entry[at : at + 4]
    _, _, rest = entry[at + 4 :].partition(b"\0")
    if kind != b"mime":
        return Item(number, kind, b"", b"")
    media_type, _, rest = rest.partition(b"\0")
    return Item(number, kind, media_type, rest.partition(b"\0")[0])


class _Numbers:
    """Big-endian numbers, one after the other."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at

    def next(self, length: int) -> int:
        if self._at + length > len(self._content):
            raise DamagedFile("a box of the file is too short")
        self._at += length
        return int.from_bytes(self._content[self._at - length : self._at], "big")


class Sizes(NamedTuple):
    """How long the numbers in a box iloc are, in bytes, and its version."""

    version: int
    offset: int
    length: int
    base: int
    reference: int

    @property
    def item(self) -> int:
        """Of the number of an item."""
        return 4 if self.version >= 2 else 2


def sizes_of(content: bytes) -> Sizes:
    """Those in the content of a box iloc."""
    version, (first, second) = content[0], content[4:6]
    return Sizes(version, first >> 4, first & 15, second >> 4, second & 15 if version else 0)


def sizes_for(locations: Sequence[Location], *, length: int) -> Sizes:
    """Those that these locations need in a file of a length."""
    size = 8 if length >= 1 << 32 else 4
    has_reference = any(extent.reference for one in locations for extent in one.extents)
    wide = len(locations) > 0xFFFF or any(one.item > 0xFFFF for one in locations)
    version = 2 if wide else int(has_reference or any(one.method for one in locations))
    return Sizes(version, size, size, 0, size if has_reference else 0)


def locations_in(content: bytes) -> dict[int, Location]:
    """By item, where each lies, from the content of a box iloc; raises `DamagedFile`."""
    sizes = sizes_of(content)
    numbers = _Numbers(content, 6)
    found: dict[int, Location] = {}
    left = _MAX_EXTENTS
    for _ in range(numbers.next(sizes.item)):
        item = numbers.next(sizes.item)
        method = numbers.next(2) & 15 if sizes.version else IN_FILE
        source = numbers.next(2)
        base = numbers.next(sizes.base)
        extents = []
        number = numbers.next(2)
        left -= number + 1  # they may take no bytes at all
        if left < 0:
            raise DamagedFile("the file has more items than countermark goes through")
        for _ in range(number):
            reference, offset = numbers.next(sizes.reference), numbers.next(sizes.offset)
            extents.append(Extent(reference, base + offset, numbers.next(sizes.length)))
        if item in found:
            raise DamagedFile(f"the item {item} lies in two places")
        found[item] = Location(item, method, source, tuple(extents))
    return found


def packed(locations: Sequence[Location], sizes: Sizes) -> bytes:
    """A box iloc; raises `OverflowError` for numbers that are too long."""
    nibbles = bytes((sizes.offset << 4 | sizes.length, sizes.base << 4 | sizes.reference))
    parts = [bytes((sizes.version, 0, 0, 0)), nibbles, len(locations).to_bytes(sizes.item, "big")]
    for one in locations:
        parts.append(one.item.to_bytes(sizes.item, "big"))
        if sizes.version:
            parts.append(one.method.to_bytes(2, "big"))
        parts.append(one.source.to_bytes(2, "big") + bytes(sizes.base))
        parts.append(len(one.extents).to_bytes(2, "big"))
        for extent in one.extents:
            lengths = (sizes.reference, sizes.offset, sizes.length)
            parts += (n.to_bytes(length, "big") for n, length in zip(extent, lengths, strict=True))
    return box(b"iloc", b"".join(parts))


def moved(location: Location, start: int, distance: int) -> Location:
    """The location when all that lies behind an offset of the file lies farther back."""
    if location.method != IN_FILE or location.source:
        return location
    extents = tuple(
        extent._replace(offset=extent.offset + (distance if extent.offset >= start else 0))
        for extent in location.extents
    )
    return replace(location, extents=extents)


def box(kind: bytes, content: bytes) -> bytes:
    """A box with its length."""
    return struct.pack(">I4s", 8 + len(content), kind) + content
