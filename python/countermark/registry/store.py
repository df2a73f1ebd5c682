"""The registry: entries, their fingerprints and the log of what happened, written in transactions.

One set of rules for every database: what SQLite and PostgreSQL do differently is behind `Database`.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from countermark.errors import InvalidArgument, PayloadTaken, RegistryError
from countermark.fingerprint import distance
from countermark.registry import events, rows
from countermark.registry.database import Database
from countermark.registry.entry import (
    MAX_DISTANCE,
    MIN_QUALITY,
    PAYLOAD_BYTES,
    Entry,
    check_payload,
)
from countermark.registry.features import Features
from countermark.registry.key_use import KeyUse
from countermark.registry.log import TransparencyLog, journal, leaf
from countermark.registry.postgres import PostgresDatabase
from countermark.registry.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

_URLS: Final = ("postgresql://", "postgres://")
_LONGEST_REASON: Final = 256


class Registry:
    """The entries and the log in one database, for any number of threads and processes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Registry.open(folder + "/registry.sqlite3") as registry:
    ...         payload = registry.new_payload()
    ...         registry.find_payload(payload) is None
    True

    A file is made, readable by its owner only, when something is first written. Tables that an
    earlier version wrote are read as they are, and brought up to date before anything is added.
    The threads of one `Registry` take turns; processes wait for each other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        self.log = TransparencyLog(database, self._lock)
        self.features = Features(database, self._lock)

    @classmethod
    def open(cls, address: str | PathLike[str]) -> Self:
        """The registry at that path; an empty one, without making a file, if there is none.

        `address`: of a SQLite file, or a URL that begins with postgresql:// (extra `postgres`).

        Raises `UnreadableRegistry` for what is damaged, not a registry or not reachable, and
        `RegistryTooNew` for one that a later version wrote; neither is changed.
        """
        name = os.fspath(address)
        if name.startswith(_URLS):
            return cls(PostgresDatabase(name))
        return cls(SqliteDatabase(Path(name)))

    def close(self) -> None:
        """Lets go of the database; closing again does nothing."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def adding(self, entry: Entry) -> Iterator[None]:
        """Adds the entry if the body of the `with` statement succeeds, and nothing otherwise.

        The body puts the marked file in its place: either both exist afterwards or, when it
        raises or the process dies in it, the entry does not. A leaf of the log tells of it.

        Raises `PayloadTaken` before the body is entered when the payload is or was in the
        registry, `DestinationNotWritable` when the folder, its rights or the disk refuse: before
        the body too, except when the disk fills up while the body runs.
        """
        with self._lock:
            self._database.prepare()
            with self._database.writing():
                self._insert(entry)
                yield

    def put(self, entry: Entry) -> bool:
        """Adds the entry unless it is there already; whether it was added.

        So whoever got no answer can ask again. Raises `PayloadTaken` when another one has its
        payload, `DestinationNotWritable`.
        """
        if self.find_payload(entry.payload) == entry:
            return False
        with self.adding(entry):
            return True

    def delete(self, payload: int, *, reason: str) -> None:
        """Takes an entry away for good; the log keeps that it was there, and why it is gone.

        `reason`: a few words, public like the rest of the log. The payload is never given again.

        Raises `InvalidPayload`, `InvalidArgument` when no entry has it or the reason is empty or
        long, `DestinationNotWritable`.
        """
        check_payload(payload)
        if not 0 < len(reason) <= _LONGEST_REASON or not reason.isprintable():
            raise InvalidArgument(
                "The reason for a deletion is empty, too long or not printable.",
                remedy=f"Give one of at most {_LONGEST_REASON} characters.",
            )
        key = rows.payload_key(payload)
        with self._lock:
            self._database.prepare()
            with self._database.writing():
                if not self._database.run(rows.DELETE, (key,)):
                    raise InvalidArgument(
                        f"No entry has the payload {payload:016x}.", remedy="Check the payload."
                    )
                self._database.run(rows.DELETE_LEAF, (key,))
                now = datetime.now(timezone.utc)
                told = events.deleted(payload, reason, now)
                position = journal.append(self._database, [told])
                self._database.run(rows.INSERT_TOMBSTONE, (key, position))

    def record_key_use(self, use: KeyUse) -> None:
        """Appends a use of a key to the log; it is on the disk when this returns.

        Raises `DestinationNotWritable` when the folder, its rights or the disk refuse,
        `UnreadableRegistry`, `RegistryError` in the body of `adding`, with which the leaf would
        be undone.
        """
        with self._lock:
            if self._database.in_transaction():
                raise RegistryError(
                    "The use of a key cannot be recorded while an entry is being added.",
                    remedy="Sign before that.",
                )
            self._database.prepare()
            with self._database.writing():
                journal.append(self._database, [events.key_used(use)])

    def key_uses(self) -> Iterator[KeyUse]:
        """The uses of keys in the log, the oldest first.

        Raises `UnreadableRegistry`.
        """
        for content in self.log.leaves():
            members = leaf.decode(content)
            if members["kind"] == events.KEY_USED:
                yield events.key_use(members)

    def find_payload(self, payload: int) -> Entry | None:
        """The entry with that payload.

        Raises `InvalidPayload`, `UnreadableRegistry`.
        """
        check_payload(payload)
        return self._select(rows.SELECT_BY_PAYLOAD, rows.payload_key(payload))

    def find_leaf(self, payload: int) -> int | None:
        """Where the log tells of the entry with that payload; None when it is not there.

        Raises `InvalidPayload`, `UnreadableRegistry`.
        """
        check_payload(payload)
        with self._lock:
            if not journal.is_there(self._database):
                return None
            row = self._database.one(rows.SELECT_LEAF, (rows.payload_key(payload),))
            return None if row is None else int(row[0])

    def find_similar(
        self, hashes: Sequence[bytes], max_distance: int = MAX_DISTANCE
    ) -> list[tuple[Entry, int]]:
        """Entries whose PDQ hash is within reach of any of the hashes, the nearest first.

        `hashes`: 32 bytes each; the eight of `pdq_dihedral` find turned and mirrored copies.
        `max_distance`: bits. Stored hashes of a quality under `MIN_QUALITY` are passed over;
        whoever asks should pass over such queries too.

        Raises `InvalidArgument` for a hash of another length, `UnreadableRegistry`.
        """
        with self._lock:
            stored = self._database.hashes()
        matches = stored.search(hashes, max_distance)  # other threads may go on meanwhile
        found = [(self._select(rows.SELECT_BY_ROW, m.label), m.distance) for m in matches]
        # What was deleted or given anew since the index was built is not what was found.
        return [
            (entry, bits)
            for entry, bits in found
            if entry is not None
            and entry.pdq_quality >= MIN_QUALITY
            and bits == min(distance(entry.pdq, query) for query in hashes)
        ]

    def entries(self, after: int = 0, limit: int = 100) -> list[tuple[int, Entry]]:
        """Entries in the order in which they were added, each with its place in that order.

        >>> Registry.open("no such file").entries()
        []

        `after`: the place behind which to begin. `limit`: at most so many. Raises
        `UnreadableRegistry`.
        """
        with self._lock:
            if not self._database.version():
                return []
            found = self._database.all(rows.SELECT_AFTER, (after, limit))
            return [(int(place), rows.from_row(tuple(row))) for place, *row in found]

    def all_entries(self) -> Iterator[Entry]:
        """Every entry, in the order in which they were added, while others may add more.

        Raises `UnreadableRegistry`.
        """
        place = 0
        while batch := self.entries(after=place):
            yield from (entry for _, entry in batch)
            place = batch[-1][0]

    def back_up(self, path: str | PathLike[str]) -> None:
        """Copy the registry, its log included, to a file that does not exist yet.

        Others may use it meanwhile; the copy is as it was at one moment, and appears whole or not
        at all. Raises `InvalidArgument` for one in PostgreSQL, which pg_dump copies,
        `DestinationNotWritable` when the file exists or cannot be written, `UnreadableRegistry`.
        """
        with self._lock:
            if not isinstance(self._database, SqliteDatabase):
                raise InvalidArgument(
                    "A registry in PostgreSQL is not a file.", remedy="Copy it by pg_dump."
                )
            self._database.back_up(Path(path))

    def new_payload(self) -> int:
        """A random payload that no entry has or had.

        It is not reserved: `adding` says `PayloadTaken` in the unlikely case that another
        process has added the same one meanwhile.
        """
        while True:
            payload = secrets.randbits(8 * PAYLOAD_BYTES)
            if self.find_payload(payload) is None and not self._was_deleted(payload):
                return payload

    def _insert(self, entry: Entry) -> None:
        key = rows.payload_key(entry.payload)
        taken = not self._database.run(rows.INSERT, rows.to_row(entry))
        if taken or self._database.one(rows.SELECT_TOMBSTONE, (key,)):
            raise PayloadTaken(
                f"The payload {entry.payload} is already in the registry.",
                remedy="Choose another one or leave the choice to countermark.",
            )
        salt = leaf.new_salt()
        position = journal.append(self._database, [events.marked(entry, salt)])
        self._database.run(rows.INSERT_LEAF, (key, position, salt))
        row = self._database.one(rows.SELECT_ROW, (key,))
        if entry.pdq_quality >= MIN_QUALITY and row is not None:
            self._database.add_hash(row[0], entry.pdq)

    def _select(self, statement: str, key: object) -> Entry | None:
        with self._lock:
            if not self._database.version():
                return None
            row = self._database.one(statement, (key,))
            return None if row is None else rows.from_row(row)

    def _was_deleted(self, payload: int) -> bool:
        with self._lock:
            key = rows.payload_key(payload)
            return (
                journal.is_there(self._database)
                and self._database.one(rows.SELECT_TOMBSTONE, (key,)) is not None
            )
