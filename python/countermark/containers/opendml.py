"""The indexes of AVI files above 1 GB, whose offsets count from the beginning of the file.

Players that follow them would seek to wrong places once a manifest was put in between; the C2PA
library leaves them as they are.

Source: OpenDML AVI File Format Extensions 1.02, "AVI Index Locations and Types".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final

from countermark.containers.chunks import chunks
from countermark.containers.content import Content, unpack

_HEADER: Final = "<8xHBBI"  # of the chunk; then words per entry, kind and subkind, entries
_BASE: Final = 20  # where an index of chunks has the offset that its entries count from
_ENTRIES: Final = 32
_ENTRY_BYTES: Final = 16
_MOST_ENTRIES: Final = 4096
_OF_INDEXES, _OF_CHUNKS = 0, 1


def moved(asset: Content, place: Callable[[int], int]) -> dict[int, bytes]:
    """The eight bytes to write at which offset, when what lay at n will lie at `place(n)`."""
    found: dict[int, bytes] = {}
    try:
        for at in _offsets(asset):
            (offset,) = unpack("<Q", asset, at)
            if place(offset) != offset:
                found[at] = struct.pack("<Q", place(offset))
    except struct.error:  # an index that leads beyond the file: nobody can follow it
        return found
    return found


def _offsets(asset: Content) -> Iterator[int]:
    """Where offsets lie: in the index of each stream, and in the indexes that it leads to."""
    for header in _lists(asset, 12, len(asset), b"hdrl"):
        for stream in _lists(asset, *header, b"strl"):
            for kind, (at, _) in chunks(asset, *stream):
                if kind == b"indx":
                    yield from _offsets_of(asset, at)


def _offsets_of(asset: Content, at: int) -> Iterator[int]:
    _, _, kind, count = unpack(_HEADER, asset, at)
    if kind == _OF_CHUNKS:
        yield at + _BASE
    if kind == _OF_INDEXES:
        for number in range(min(count, _MOST_ENTRIES)):
            entry = at + _ENTRIES + number * _ENTRY_BYTES
            yield entry
            (index,) = unpack("<Q", asset, entry)
            _, _, inner, _ = unpack(_HEADER, asset, index)
            if inner == _OF_CHUNKS:
                yield index + _BASE


def _lists(asset: Content, start: int, end: int, form: bytes) -> Iterator[tuple[int, int]]:
    """Where the chunks of each list of that form lie."""
    for kind, (at, stop) in chunks(asset, start, end):
        if kind == b"LIST" and asset[at + 8 : at + 12] == form:
            yield at + 12, stop
