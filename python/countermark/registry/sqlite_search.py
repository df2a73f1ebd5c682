"""Exact search for similar fingerprints, in an index beside the registry.

The registry's file is the record; the index, a second file whose name ends in `.search`, only makes
searches fast. It is built from the registry once that has grown beyond what is quickly scanned, and
again when it is missing, damaged, of another version or another registry, or has fallen behind.
Deleting it is always safe. Entries that it does not have yet are scanned.

The pages of SQLite have no checksums. So the registry keeps two sums over the fingerprints, those
that were ever added and those ever taken away, to which everything that is read here is held.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countermark import hamming
from countermark.errors import UnreadableIndex
from countermark.hamming import Index, Match
from countermark.registry.entry import MIN_QUALITY, PDQ_BYTES
from countermark.registry.rows import damaged

SCANNED_ROWS: Final = 1 << 14
"""Up to so many are scanned rather than indexed, which takes a tenth of a millisecond."""

SCANNED_SHARE: Final = 1 / 128
"""Of a large index: it is built again when the scan of newer rows takes as long as the search."""

FIRST_WITH_SUMS: Final = 3
TABLES: Final = (
    "CREATE TABLE hash_sum (added INTEGER NOT NULL, removed INTEGER NOT NULL)",
    "INSERT INTO hash_sum (added, removed) VALUES (0, 0)",
)
ADD: Final = "UPDATE hash_sum SET added = added + ?"
REMOVE: Final = "UPDATE hash_sum SET removed = removed + ?"
_SUMS: Final = "SELECT added, removed FROM hash_sum"

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

    `added`: the sum over all that were ever added up to that row.
    """

    row: int
    added: int
    digest: bytes

    @classmethod
    def of(cls, identity: tuple[int, Any, Any, Any] | None, added: int) -> Mark:
        """That of a row of `SELECT_IDENTITY`; of no rows, for None."""
        row = 0 if identity is None else identity[0]
        return cls(row, added, hashlib.sha256(repr((MIN_QUALITY, identity)).encode()).digest()[:16])

    @classmethod
    def from_stamp(cls, stamp: bytes) -> Mark:
        """The mark that an index carries."""
        row, added = (int.from_bytes(stamp[at : at + 8], "big", signed=True) for at in (0, 8))
        return cls(row, added, stamp[16:])

    @property
    def stamp(self) -> bytes:
        """The 32 bytes by which an index carries it."""
        numbers = (number.to_bytes(8, "big", signed=True) for number in (self.row, self.added))
        return b"".join(numbers) + self.digest

    def stands(self, connection: sqlite3.Connection) -> bool:
        """Whether the row is still there, and the same."""
        found = connection.execute(_SELECT_IDENTITY, (self.row,)).fetchone()
        return self == Mark.of(found, self.added)


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

    def reaches(self, newest: int) -> bool:
        """Whether few enough rows are newer than the index."""
        indexed = 0 if self.index is None else len(self.index)
        is_full = indexed == hamming.COUNT_MAX
        behind = newest - self.indexed_to
        return is_full or behind <= max(SCANNED_ROWS, indexed * SCANNED_SHARE)

    def with_newer(self, connection: sqlite3.Connection, added: int | None) -> Hashes | None:
        """Also the rows that were added since; None unless these are all of them.

        `added`: the sum over all that were ever added; None in tables without it.
        """
        found = connection.execute(_SELECT_NEWER, (self.mark.row,)).fetchall()
        newer, rows, sum_ = _columns(
            (row, pdq) for row, _, pdq, quality in found if quality >= MIN_QUALITY
        )
        now = self.mark.added + sum_
        if added not in (None, now):
            return None
        if not found:
            return self
        return replace(
            self,
            mark=Mark.of(found[-1], now),
            newer=self.newer + newer,
            newer_rows=np.concatenate([self.newer_rows, rows]),
        )


EMPTY: Final = Hashes(Mark.of(None, 0), None, 0, b"", np.empty(0, np.int64))
"""Those of a registry without entries."""


class Search:
    """The hashes of one registry, kept up to date; the caller orders the threads."""

    def __init__(self, registry: Path) -> None:
        self._file = registry.with_name(f"{registry.name}.search")
        self._state: tuple[int, int, int] | None = None
        self._hashes: Hashes | None = None

    def current(
        self, connection: sqlite3.Connection, *, has_sums: bool, is_settled: bool, anew: bool
    ) -> Hashes:
        """The hashes as the connection sees them, read again only after a change.

        `is_settled`: that what it sees is not undone any more. `anew`: without what was read
        before. Raises `UnreadableRegistry` for damage.
        """
        # Changes by other connections move the first number, our own the second one.
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        state = (id(connection), version, connection.total_changes)
        if self._hashes is None or self._state != state or anew:
            with _one_moment(connection):
                sums = connection.execute(_SUMS).fetchone() if has_sums else None
                known = () if anew else self._known()
                self._hashes = self._renewed(connection, known, sums, is_settled)
            self._state = state
        return self._hashes

    def _renewed(
        self,
        connection: sqlite3.Connection,
        known: Iterable[Hashes],
        sums: tuple[int, int] | None,
        is_settled: bool,
    ) -> Hashes:
        identity = connection.execute(_SELECT_NEWEST).fetchone()
        newest = 0 if identity is None else identity[0]
        added = None if sums is None else sums[0]
        for hashes in known:
            if hashes.mark.stands(connection) and (hashes.reaches(newest) or not is_settled):
                renewed = hashes.with_newer(connection, added)
                if renewed is not None:
                    return renewed
        hashes = _everything(connection, identity, sums)
        if hashes.reaches(newest) or not is_settled:
            return hashes
        renewed = self._indexed(_oldest(connection, hashes)).with_newer(connection, added)
        if renewed is None:
            raise damaged()
        return renewed

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
            shared = Index.open(self._file)  # memory that processes share
            if shared.stamp == index.stamp:  # unless another process was faster
                index = shared
        return _only(index)


def _only(index: Index) -> Hashes:
    mark = Mark.from_stamp(index.stamp)
    return Hashes(mark, index, mark.row, b"", np.empty(0, np.int64))


def _everything(
    connection: sqlite3.Connection,
    newest: tuple[int, Any, Any, Any] | None,
    sums: tuple[int, int] | None,
) -> Hashes:
    """All that there is, as the sums say."""
    cursor = connection.execute(_SELECT_HASHES, (MIN_QUALITY,))
    batches = iter(lambda: cursor.fetchmany(_BATCH_ROWS), [])
    columns = [_columns(batch) for batch in batches] or [_columns([])]
    added, removed = sums or (0, 0)
    if sums is not None and sum(part for _, _, part in columns) != added - removed:
        raise damaged()
    hashes = b"".join(part for part, _, _ in columns)
    rows = np.concatenate([rows for _, rows, _ in columns])
    if len(np.unique(rows)) != len(rows):  # one of them stands for another one
        raise damaged()
    return Hashes(Mark.of(newest, added), None, 0, hashes, rows)


def _oldest(connection: sqlite3.Connection, hashes: Hashes) -> Hashes:
    """As many as one index holds."""
    if len(hashes.newer_rows) <= hamming.COUNT_MAX:
        return hashes
    order = np.argsort(hashes.newer_rows)
    words = np.frombuffer(hashes.newer, np.uint64).reshape(len(hashes.newer_rows), -1)
    oldest, others = order[: hamming.COUNT_MAX], order[hamming.COUNT_MAX :]
    rows = hashes.newer_rows[oldest]
    last = connection.execute(_SELECT_IDENTITY, (int(rows[-1]),)).fetchone()
    later = checksum(word.tobytes() for word in words[others])
    mark = Mark.of(last, hashes.mark.added - later)
    return replace(hashes, mark=mark, newer=words[oldest].tobytes(), newer_rows=rows)


def add_all(connection: sqlite3.Connection) -> None:
    """Count the fingerprints that were there before the sums."""
    cursor = connection.execute(_SELECT_HASHES, (MIN_QUALITY,))
    for batch in iter(lambda: cursor.fetchmany(_BATCH_ROWS), []):
        connection.execute(ADD, (_columns(batch)[2],))


def checksum(hashes: Iterable[bytes]) -> int:
    """The sum over fingerprints, in any order: of the CRC-32 of each.

    Their rows do not count, for SQLite may number them anew.
    """
    return sum(map(zlib.crc32, hashes))


def _columns(rows: Iterable[tuple[int, bytes]]) -> tuple[bytes, NDArray[np.int64], int]:
    """Fingerprints, rows and the sum over them."""
    pairs = list(rows)
    hashes = [pdq for _, pdq in pairs]
    numbers = [row for row, _ in pairs]
    try:
        joined = b"".join(hashes)
        sum_ = checksum(hashes)
    except TypeError as error:
        raise damaged() from error
    if len(joined) != PDQ_BYTES * len(pairs):
        raise damaged()
    return joined, np.array(numbers, np.int64), sum_


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
