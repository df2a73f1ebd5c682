"""TIFF directories, in which EXIF is written and TIFF files describe themselves.

Fields are kept as the bytes that they are, so that copying one changes nothing in it.
Source: TIFF 6.0, section 2; EXIF 2.32 (CIPA DC-008), section 4.6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from countermark.errors import UnreadableImage

ORIENTATION: Final = 0x0112

# Tags whose value is the place of a further directory: EXIF, GPS, interoperability.
_CHILD_TAGS: Final = frozenset((0x8769, 0x8825, 0xA005))
# Type -> bytes of one value and of the unit that the byte order applies to.
_SIZES: Final = {
    1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (4, 4), 5: (8, 4), 6: (1, 1), 7: (1, 1),
    8: (2, 2), 9: (4, 4), 10: (8, 4), 11: (4, 4), 12: (8, 8), 13: (4, 4),
}  # fmt: skip
_LONG: Final = 4
_ENTRY_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a directory: its type, its bytes in little-endian order, or a directory."""

    type: int
    data: bytes = b""
    children: Directory | None = None

    def numbers(self) -> tuple[int, ...]:
        """The values of an unsigned integer field; empty for other types."""
        code = {1: "B", 3: "H", 4: "I", 13: "I"}.get(self.type)
        if code is None:
            return ()
        return struct.unpack(f"<{len(self.data) // _SIZES[self.type][0]}{code}", self.data)


Directory = dict[int, Field]


def parse(data: bytes) -> tuple[Directory, int]:
    """The first directory of a TIFF structure and the place of the next one, 0 if there is none.

    >>> fields, following = parse(serialise({ORIENTATION: Field(3, bytes([6, 0]))}))
    >>> fields[ORIENTATION].numbers(), following
    ((6,), 0)

    Fields of unknown type or beyond the end of the data are left out. Raises `UnreadableImage`
    when there is no directory.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    try:
        if order is None:
            raise ValueError("no TIFF header")
        (offset,) = struct.unpack_from(order + "I", data, 4)
        return _parse_at(data, offset, order, depth=0)
    except (ValueError, struct.error) as error:
        raise UnreadableImage(
            "The TIFF directory is truncated or damaged.", remedy="Obtain a whole copy."
        ) from error


def serialise(directory: Directory, *, start: int | None = None) -> bytes:
    """The directory as bytes: a TIFF structure of its own, or to be placed at `start` in one."""
    if start is None:
        return b"II*\0" + struct.pack("<I", 8) + serialise(directory, start=8)
    entries = bytearray(struct.pack("<H", len(directory)))
    heap = bytearray()
    heap_start = start + 2 + _ENTRY_BYTES * len(directory) + 4
    for tag, field in sorted(directory.items()):
        place = heap_start + len(heap)
        if field.children is not None:
            heap += serialise(field.children, start=place)
            value, count, kind = struct.pack("<I", place), 1, _LONG
        else:
            value, count, kind = field.data, len(field.data) // _SIZES[field.type][0], field.type
        if len(value) > 4:
            heap += value
            value = struct.pack("<I", place)
        heap += bytes(len(heap) % 2)  # every value begins on a word boundary
        entries += struct.pack("<HHI4s", tag, kind, count, value)
    return bytes(entries + bytes(4) + heap)


def orientation(exif: bytes | None) -> int:
    """The orientation that EXIF states, 1..8; 1 where it is missing or damaged.

    >>> orientation(None)
    1
    """
    if exif is None:
        return 1
    try:
        field = parse(exif)[0].get(ORIENTATION)
    except UnreadableImage:
        return 1
    stated = field.numbers() if field is not None else ()
    return stated[0] if stated and 1 <= stated[0] <= 8 else 1


def _parse_at(data: bytes, offset: int, order: str, *, depth: int) -> tuple[Directory, int]:
    (count,) = struct.unpack_from(order + "H", data, offset)
    directory: Directory = {}
    for place in range(offset + 2, offset + 2 + _ENTRY_BYTES * count, _ENTRY_BYTES):
        tag, kind, length = struct.unpack_from(order + "HHI", data, place)
        field = _parse_field(data, place + 8, order, kind, length)
        if field is not None and tag in _CHILD_TAGS and depth < 2:
            field = _parse_child(data, order, field, depth=depth)
        if field is not None:
            directory.setdefault(tag, field)
    end = offset + 2 + _ENTRY_BYTES * count
    (following,) = struct.unpack_from(order + "I", data, end) if end + 4 <= len(data) else (0,)
    return directory, following


def _parse_field(data: bytes, place: int, order: str, kind: int, count: int) -> Field | None:
    if kind not in _SIZES:
        return None
    value_bytes, unit_bytes = _SIZES[kind]
    length = count * value_bytes
    if length > 4:
        (place,) = struct.unpack_from(order + "I", data, place)
    value = data[place : place + length]
    if len(value) < length:
        return None
    if order == ">" and unit_bytes > 1:
        value = np.frombuffer(value, f"u{unit_bytes}").byteswap().tobytes()
    return Field(kind, value)


def _parse_child(data: bytes, order: str, pointer: Field, *, depth: int) -> Field | None:
    place = pointer.numbers()
    if not place:
        return None
    try:
        return Field(_LONG, children=_parse_at(data, place[0], order, depth=depth + 1)[0])
    except struct.error:
        return None
