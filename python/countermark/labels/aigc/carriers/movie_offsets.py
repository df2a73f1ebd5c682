"""Offsets in MP4 and MOV files that count from the beginning of the file, put right.

Source: ISO/IEC 14496-12, clauses 8.7.2 (data references), 8.7.5 (chunks), 8.7.9 (auxiliary
information), 8.8.7 (fragments), 8.8.10 (random access) and 8.11.3 (items).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from countermark.containers import Content, Splice, boxes, moved, unpack
from countermark.errors import LabelNotWritten

_WITH_OFFSETS_INSIDE: Final = frozenset(
    (
        *(b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"),
        *(b"moof", b"traf", b"mfra"),
    )
)
_SELF_CONTAINED: Final = 1  # flag of a data reference
_BASE_PRESENT: Final = 1  # flag of a fragment's header
_TYPE_PRESENT: Final = 1  # flag of auxiliary information
_AT_A_TIME: Final = 1 << 15


class _Table(NamedTuple):
    """Offsets of `width` bytes, one at the beginning of each `stride` bytes."""

    at: int
    entries: int
    width: int
    stride: int


def correct(asset: Content, out: BinaryIO, splices: Sequence[Splice]) -> None:
    """In `out`, which was spliced from the file, let the offsets lead where they led before.

    Raises `LabelNotWritten` where that cannot be.
    """
    if moved(splices, len(asset)) == len(asset):
        return
    for table in _tables(asset, 0, len(asset)):
        for first in range(0, table.entries, _AT_A_TIME):
            at = table.at + first * table.stride
            count = min(_AT_A_TIME, table.entries - first)
            _shift(asset, out, table._replace(at=at, entries=count), splices)


def _tables(asset: Content, start: int, end: int, parent: bytes = b"") -> Iterator[_Table]:
    for kind, (_, body, stop) in boxes(asset, start, end):
        if kind in _WITH_OFFSETS_INSIDE:
            yield from _tables(asset, body, stop, kind)
        elif kind == b"dref":
            _check_references(asset, body, stop)
        elif kind == b"meta":
            _check_items(asset, body, stop)
        elif kind in (b"stco", b"co64"):
            (count,) = unpack(">4xI", asset, body)
            width = 4 if kind == b"stco" else 8
            yield _whole(_Table(body + 8, count, width, width), stop)
        elif kind == b"saio" and parent == b"stbl":  # in fragments, they count from these
            yield _whole(_auxiliary(asset, body), stop)
        elif kind == b"tfhd" and unpack(">I", asset, body)[0] & _BASE_PRESENT:
            yield _whole(_Table(body + 8, 1, 8, 8), stop)
        elif kind == b"tfra":
            yield _whole(_random_access(asset, body), stop)


def _auxiliary(asset: Content, body: int) -> _Table:
    (head,) = unpack(">I", asset, body)
    at = body + (12 if head & _TYPE_PRESENT else 4)
    width = 8 if head >> 24 else 4
    return _Table(at + 4, unpack(">I", asset, at)[0], width, width)


def _random_access(asset: Content, body: int) -> _Table:
    version, sizes, count = unpack(">B3x4xII", asset, body)
    width = 8 if version else 4
    numbers = sum((sizes >> shift & 3) + 1 for shift in (4, 2, 0))
    return _Table(body + 16 + width, count, width, 2 * width + numbers)


def _whole(table: _Table, stop: int) -> _Table:
    if table.entries and table.at + (table.entries - 1) * table.stride + table.width > stop:
        raise ValueError("a table of offsets is longer than its box")
    return table


def _check_references(asset: Content, body: int, stop: int) -> None:
    for _, (_, inner, _) in boxes(asset, body + 8, stop):
        if not unpack(">I", asset, inner)[0] & _SELF_CONTAINED:
            raise LabelNotWritten(
                "The movie refers to media in other files.", remedy="Save it as one file first."
            )


def _check_items(asset: Content, body: int, stop: int) -> None:
    start = body if asset[body + 4 : body + 8] == b"hdlr" else body + 4
    if any(kind == b"iloc" for kind, _ in boxes(asset, start, stop)):
        raise LabelNotWritten(
            "The movie holds items beside its tracks, which would have to move.",
            remedy="Save the movie without its pictures first.",
        )


def _shift(asset: Content, out: BinaryIO, table: _Table, splices: Sequence[Splice]) -> None:
    at, count, width, stride = table
    held = asset[at : at + (count - 1) * stride + width].ljust(count * stride, b"\0")
    rows = np.frombuffer(held, np.uint8).reshape(count, stride).copy()
    former = rows[:, :width].copy().view(f">u{width}").astype(np.int64)[:, 0]
    now = former + _shifts(former, splices)
    if width == 4 and now.max(initial=0) >= 1 << 32:
        raise LabelNotWritten(
            "The media lie so far behind that offsets of 32 bits do not reach them any more.",
            remedy="Save the movie with its header (moov) at the end, or with offsets of 64 bits.",
        )
    rows[:, :width] = now.astype(f">u{width}").view(np.uint8).reshape(count, width)
    out.seek(moved(splices, at))
    out.write(rows.tobytes()[: (count - 1) * stride + width])


def _shifts(offsets: NDArray[np.int64], splices: Sequence[Splice]) -> NDArray[np.int64]:
    """By how much each moves, as `moved` has it."""
    ends = np.array([end for _, end, _ in splices], np.int64)
    growths = [len(content) - (end - start) for start, end, content in splices]
    total = np.cumsum([0, *growths])
    shifts: NDArray[np.int64] = total[np.searchsorted(ends, offsets, side="right")]
    return shifts
