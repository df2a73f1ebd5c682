"""Exact search for similar fingerprints, in an index beside the registry.

The registry's file is the record; the index, a second file whose name ends in `.search`, only makes
searches fast. It is built from the registry once that has grown beyond what is quickly scanned, and
again when it is missing, damaged, of another version or another registry, or has fallen behind.
Deleting it is always safe. Entries that it does not have yet are scanned.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countermark import hamming
from countermark.errors import UnreadableIndex, UnreadableRegistry
from countermark.hamming import Index, Match
from countermark.registry.entry import MIN_QUALITY, PDQ_BYTES

SCANNED_ROWS: Final = 1 << 14
"""Up to so many are scanned rather than indexed, which takes a tenth of a millisecond."""

SCANNED_SHARE: Final = 1 / 128
"""Of a large index: it is built again when the scan of newer rows takes as long as the search."""

_SELECT_HASHES: Final = "SELECT rowid, pdq FROM entry WHERE pdq_quality >= ?"
# What tells that a row is the one that was read before.
_IDENTITY: Final = "rowid, payload, pdq, pdq_quality"
_SELECT_IDENTITY: Final = f"SELECT {_IDENTITY} FROM entry WHERE rowid = ?"
_SELECT_NEWEST: Final = f"SELECT {_IDENTITY} FROM entry ORDER BY rowid DESC LIMIT 1"
_SELECT_NEWER: Final = f"SELECT {_IDENTITY} FROM entry WHERE rowid > ? ORDER BY rowid"

_ABANDONED_SECONDS: Final = 600
_BATCH_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest row that was read; while it stays what it was, so do those before it.

    Rows are added at the end and never changed. A number is given again only when the rows from
    there to the end have been deleted, the newest one with them.
    """

    row: int
    stamp: bytes

    @classmethod
    def of(cls, identity: tuple[int, Any, Any, Any] | None) -> Mark:
        """That of a row of `SELECT_IDENTITY`; of no rows, for None."""
        row = 0 if identity is None else identity[0]
        digest = hashlib.sha256(repr((MIN_QUALITY, identity)).encode()).digest()
        return cls(row, row.to_bytes(8, "big", signed=True) + digest[:24])

    @classmethod
    def from_stamp(cls, stamp: bytes) -> Mark:
        """The mark that an index carries."""
        return cls(int.from_bytes(stamp[:8], "big", signed=True), stamp)

    def stands(self, connection: sqlite3.Connection) -> bool:
        """Whether the row is still there, and the same."""
        found = connection.execute(_SELECT_IDENTITY, (self.row,)).fetchone()
        return self == Mark.of(found)


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of a registry as they were at one moment: those indexed, and the newer ones."""

    mark: Mark
    index: Index | None
    indexed_to: int
    newer: bytes
    newer_rows: NDArray[np.int64]

    def search(self, queries: Sequence[bytes], max_distance: int) -> list[Match]:
        """Every hash within reach of any query, by its row, the nearest first."""
        found = hamming.scan(self.newer, self.newer_rows, queries, max_distance)
        if self.index is not None:
            found += self.index.search(queries, max_distance)
            found.sort(key=lambda match: (match.distance, match.label))
        return found

    def reaches(self, newest: Mark) -> bool:
        """Whether few enough rows are newer than the index."""
        indexed = 0 if self.index is None else len(self.index)
        is_full = indexed == hamming.COUNT_MAX
        behind = newest.row - self.indexed_to
        return is_full or behind <= max(SCANNED_ROWS, indexed * SCANNED_SHARE)

    def with_newer(self, connection: sqlite3.Connection) -> Hashes:
        """Also the rows that were added since."""
        found = connection.execute(_SELECT_NEWER, (self.mark.row,)).fetchall()
        if not found:
            return self
        newer, rows = _columns((row, pdq) for row, _, pdq, quality in found if _is_good(quality))
        return replace(
            self,
            mark=Mark.of(found[-1]),
            newer=self.newer + newer,
            newer_rows=np.concatenate([self.newer_rows, rows]),
        )


EMPTY: Final = Hashes(Mark.of(None), None, 0, b"", np.empty(0, np.int64))
"""Those of a registry without entries."""


class Search:
    """The hashes of one registry, kept up to date; the caller's lock orders the threads."""

    def __init__(self, registry: Path) -> None:
        self._file = registry.with_name(f"{registry.name}.search")
        self._state: tuple[int, int] | None = None
        self._hashes: Hashes | None = None

    def current(self, connection: sqlite3.Connection) -> Hashes:
        """The hashes as the connection sees them, read again only after a change."""
        # Changes by other connections move the first number, our own the second one.
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        state = (version, connection.total_changes)
        if self._hashes is None or self._state != state:
            # A transaction that is open may still be rolled back: nothing is built from it.
            is_settled = not connection.in_transaction
            with _one_moment(connection):
                self._hashes = self._renewed(connection, is_settled)
            self._state = state
        return self._hashes

    def _renewed(self, connection: sqlite3.Connection, is_settled: bool) -> Hashes:
        newest = Mark.of(connection.execute(_SELECT_NEWEST).fetchone())
        for hashes in self._known():
            if hashes.mark.stands(connection) and (hashes.reaches(newest) or not is_settled):
                return hashes.with_newer(connection)
        hashes = _everything(connection, newest)
        if hashes.reaches(newest) or not is_settled:
            return hashes
        return self._indexed(_oldest(connection, hashes)).with_newer(connection)

    def _known(self) -> Iterator[Hashes]:
        """What was read before: by us, or by whoever wrote the index."""
        if self._hashes is not None:
            yield self._hashes
        with contextlib.suppress(UnreadableIndex):
            yield _only(Index.open(self._file))

    def _indexed(self, hashes: Hashes) -> Hashes:
        """The same with an index, in the file if that can be written."""
        index = Index.build(hashes.newer, hashes.newer_rows, stamp=hashes.mark.stamp)
        with contextlib.suppress(OSError, UnreadableIndex):
            _write(self._file, index)
            index = Index.open(self._file)  # memory that processes share
        return _only(index)


def _only(index: Index) -> Hashes:
    mark = Mark.from_stamp(index.stamp)
    return Hashes(mark, index, mark.row, b"", np.empty(0, np.int64))


def _everything(connection: sqlite3.Connection, newest: Mark) -> Hashes:
    cursor = connection.execute(_SELECT_HASHES, (MIN_QUALITY,))
    batches = iter(lambda: cursor.fetchmany(_BATCH_ROWS), [])
    columns = [_columns(batch) for batch in batches] or [_columns([])]
    hashes = b"".join(part for part, _ in columns)
    return Hashes(newest, None, 0, hashes, np.concatenate([rows for _, rows in columns]))


def _oldest(connection: sqlite3.Connection, hashes: Hashes) -> Hashes:
    """As many as one index holds."""
    if len(hashes.newer_rows) <= hamming.COUNT_MAX:
        return hashes
    order = np.argsort(hashes.newer_rows)[: hamming.COUNT_MAX]
    rows = hashes.newer_rows[order]
    last = connection.execute(_SELECT_IDENTITY, (int(rows[-1]),)).fetchone()
    words = np.frombuffer(hashes.newer, np.uint64).reshape(len(hashes.newer_rows), -1)
    return replace(hashes, mark=Mark.of(last), newer=words[order].tobytes(), newer_rows=rows)


def _columns(rows: Iterable[tuple[int, bytes]]) -> tuple[bytes, NDArray[np.int64]]:
    pairs = list(rows)
    numbers = np.fromiter((row for row, _ in pairs), np.int64, len(pairs))
    hashes = b"".join(pdq for _, pdq in pairs)
    if len(hashes) != PDQ_BYTES * len(pairs):
        raise UnreadableRegistry("The registry holds a damaged entry.", remedy="Restore a backup.")
    return hashes, numbers


def _is_good(quality: int) -> bool:
    return quality >= MIN_QUALITY


@contextlib.contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements of the body see the same state of the registry."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _write(file: Path, index: Index) -> None:
    """Puts the index in its place in one step; a power cut leaves what the checksum finds."""
    _clear(file)
    descriptor, draft = tempfile.mkstemp(".countermark", f".{file.name}.", file.parent)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(index.block)
        os.replace(draft, file)
    except BaseException:
        os.unlink(draft)
        raise


def _clear(file: Path) -> None:
    """Removes what processes that were killed have left."""
    for draft in file.parent.glob(f".{glob.escape(file.name)}.*.countermark"):
        if time.time() - draft.stat().st_mtime > _ABANDONED_SECONDS:
            draft.unlink(missing_ok=True)
