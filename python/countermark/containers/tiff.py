"""Directories of TIFF files, of DNG and BigTIFF, and of the Exif blocks in other pictures.

Source: TIFF 6.0, section 2; "The BigTIFF File Format" (AWare Systems); Exif 3.0 (CIPA DC-008).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from countermark.containers.content import Content, unpack

MAX_ENTRIES: Final = 1 << 18
"""Of all directories, which may overlap."""

_TYPE_BYTES: Final = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}


class Layout(NamedTuple):
    """How numbers lie in a file, as its header says: their formats in `struct`.

    `offset`, `number`, `entry`: of an offset, of the number of entries, and of an entry.
    `header_end`: where the offset of the first directory ends, counted from the header.
    """

    offset: str
    number: str
    entry: str
    header_end: int

    @property
    def offset_bytes(self) -> int:
        """Length of an offset, of a value's count, and of what an entry holds itself."""
        return struct.calcsize(self.offset)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory.

    `at`: its offset. `start`, `end`: where its value lies, which need not be inside the file.
    """

    tag: int
    kind: int
    count: int
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: a page, or what an entry leads to.

    `start`, `end`: where it lies, its count of entries and the offset of the next one included.
    """

    start: int
    end: int
    entries: tuple[Entry, ...]
    next_offset: int


def layout(asset: Content, base: int = 0) -> Layout:
    """How the numbers behind the header at `base` lie.

    Raises `struct.error` where there is no such header.
    """
    head = asset[base : base + 4]
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 4:
        raise struct.error("no header of TIFF")
    (version,) = struct.unpack(f"{order}H", head[2:])
    if version == 43:
        return Layout(f"{order}Q", f"{order}Q", f"{order}HHQQ", 16)
    return Layout(f"{order}I", f"{order}H", f"{order}HHII", 8)


def first_offset(asset: Content, form: Layout, base: int = 0) -> int:
    """The offset of the first directory, counted from the header."""
    (offset,) = unpack(form.offset, asset, base + form.header_end - form.offset_bytes)
    return int(offset)


def directory(asset: Content, form: Layout, offset: int, base: int = 0) -> Directory:
    """The directory at an offset, both counted from the header at `base`.

    Raises `struct.error` where the file ends before, `ValueError` for one beyond all bounds.
    """
    at = base + offset
    (count,) = unpack(form.number, asset, at)
    if count > MAX_ENTRIES:
        raise ValueError(f"a directory of {count:,} entries")
    first = at + struct.calcsize(form.number)
    width = struct.calcsize(form.entry)
    end = first + count * width
    (next_offset,) = unpack(form.offset, asset, end)
    entries = []
    for number, (tag, kind, length, value) in enumerate(
        struct.iter_unpack(form.entry, asset[first:end])
    ):
        entry = first + number * width
        size = length * _TYPE_BYTES.get(kind, 1)
        start = base + value if size > form.offset_bytes else entry + width - form.offset_bytes
        entries.append(Entry(tag, kind, length, entry, start, start + size))
    return Directory(at, end + form.offset_bytes, tuple(entries), next_offset)


def pages(asset: Content, form: Layout, base: int = 0) -> Iterator[Directory]:
    """The directories that follow one another; raises as `directory`."""
    offset = first_offset(asset, form, base)
    seen: set[int] = set()
    left = MAX_ENTRIES
    while offset and offset not in seen:
        seen.add(offset)
        page = directory(asset, form, offset, base)
        left -= len(page.entries) + 1
        if left < 0:
            raise ValueError("more entries than countermark goes through")
        yield page
        offset = page.next_offset
