"""The registry: entries and uses of keys in one SQLite file, written in transactions.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from countermark.errors import (
    DestinationNotWritable,
    PayloadTaken,
    RegistryError,
    UnreadableRegistry,
)
from countermark.registry import schema
from countermark.registry.entry import PAYLOAD_BYTES, Entry, check_payload
from countermark.registry.key_use import KeyUse
from countermark.registry.search import MAX_DISTANCE, MIN_QUALITY, nearest, pack

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

BUSY_TIMEOUT_SECONDS: Final = 30.0
"""How long a writer waits for another one."""

_FILE_MODE: Final = 0o600
_BATCH: Final = 1000  # lines of the log at a time, between which others may write
# SQLite's words for what the folder, its rights or the disk refuse (Python 3.10 has no codes).
_NOT_WRITABLE: Final = ("readonly", "disk is full", "disk I/O error", "unable to open")


class Registry:
    """The entries and the log in one file, for any number of threads and processes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Registry.open(folder + "/registry.sqlite3") as registry:
    ...         payload = registry.new_payload()
    ...         registry.find_payload(payload) is None
    True

    The file is made, readable by its owner only, when something is first written. One that an
    earlier version wrote is read as it is, and brought up to date before anything is added. The
    threads of one `Registry` take turns; processes wait for each other up to
    `BUSY_TIMEOUT_SECONDS`.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._hashes: _Hashes | None = None

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Self:
        """The registry at that path; an empty one, without making a file, if there is none.

        Raises `UnreadableRegistry` for a file that is damaged or not a registry and
        `RegistryTooNew` for one that a later version wrote; neither is changed.
        """
        place = Path(path)
        with _reading(place):
            return cls(place, _connect(place) if place.exists() else None)

    def close(self) -> None:
        """Lets go of the file; closing again does nothing."""
        with self._lock, _reading(self._path):
            if self._connection is not None:
                self._connection.close()

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
        raises or the process dies in it, the entry does not.

        Raises `PayloadTaken` before the body is entered when the payload is in the registry
        already, `DestinationNotWritable` when the folder, its rights or the disk refuse: before
        the body too, except when the disk fills up while the body runs.
        """
        with self._lock:
            with _writing(self._path):
                connection = self._writable()
                connection.execute("BEGIN IMMEDIATE")
            try:
                with _writing(self._path):
                    self._insert(connection, entry)
                yield
                with _writing(self._path):
                    connection.execute("COMMIT")
            finally:
                self._hashes = None
                with _writing(self._path):
                    _roll_back(connection)

    def record_key_use(self, use: KeyUse) -> None:
        """Adds a line to the log; it is on the disk when this returns.

        Lines are never changed or taken away. Raises `DestinationNotWritable` when the folder,
        its rights or the disk refuse, `UnreadableRegistry`, `RegistryError` in the body of
        `adding`, with which the line would be undone.
        """
        with self._lock, _writing(self._path):
            connection = self._writable()
            if connection.in_transaction:
                raise RegistryError(
                    "The use of a key cannot be recorded while an entry is being added.",
                    remedy="Sign before that.",
                )
            connection.execute(schema.INSERT_KEY_USE, schema.to_line(use))

    def key_uses(self) -> Iterator[KeyUse]:
        """The lines of the log, the oldest first.

        Raises `UnreadableRegistry`.
        """
        last, batch = 0, _BATCH
        while batch == _BATCH:
            with self._lock, _reading(self._path):
                rows = self._lines_after(last)
            for number, *line in rows:
                last = number
                yield schema.from_line(tuple(line))
            batch = len(rows)

    def find_payload(self, payload: int) -> Entry | None:
        """The entry with that payload.

        Raises `InvalidPayload`, `UnreadableRegistry`.
        """
        check_payload(payload)
        with self._lock, _reading(self._path):
            return self._select(schema.SELECT_BY_PAYLOAD, schema.payload_key(payload))

    def find_similar(
        self, hashes: Sequence[bytes], max_distance: int = MAX_DISTANCE
    ) -> list[tuple[Entry, int]]:
        """Entries whose PDQ hash is within reach of any of the hashes, the nearest first.

        `hashes`: 32 bytes each; the eight of `pdq_dihedral` find turned and mirrored copies.
        `max_distance`: bits. Stored hashes of a quality under `MIN_QUALITY` are passed over;
        whoever asks should pass over such queries too.

        Raises `InvalidArgument` for a hash of another length, `UnreadableRegistry`.
        """
        queries = pack(hashes)
        with self._lock, _reading(self._path):
            stored = self._stored_hashes()
            found = nearest(stored.words, queries, max_distance)
            entries = [
                (self._select(schema.SELECT_BY_ROW, int(stored.rows[row])), distance)
                for row, distance in found
            ]
        return [(entry, distance) for entry, distance in entries if entry is not None]

    def entries(self, after: int = 0, limit: int = 100) -> list[tuple[int, Entry]]:
        """Entries in the order in which they were added, each with its place in that order.

        >>> Registry.open("no such file").entries()
        []

        `after`: the place behind which to begin. `limit`: at most so many. Raises
        `UnreadableRegistry`.
        """
        with self._lock, _reading(self._path):
            if self._connection is None or not schema.version_of(self._connection):
                return []
            rows = self._connection.execute(schema.SELECT_AFTER, (after, limit)).fetchall()
            return [(int(place), schema.from_row(tuple(row))) for place, *row in rows]

    def new_payload(self) -> int:
        """A random payload that no entry has.

        It is not reserved: `adding` says `PayloadTaken` in the unlikely case that another
        process has added the same one meanwhile.
        """
        while True:
            payload = secrets.randbits(8 * PAYLOAD_BYTES)
            if self.find_payload(payload) is None:
                return payload

    def _writable(self) -> sqlite3.Connection:
        """The connection, with the tables made if they are not there yet, or of old."""
        if self._connection is None:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
            self._connection = _connect(self._path)
        connection = self._connection
        if schema.version_of(connection) < schema.VERSION:
            _prepare(connection)
        return connection

    def _insert(self, connection: sqlite3.Connection, entry: Entry) -> None:
        # Without a page cache the entry goes to the disk now and not with COMMIT: a full disk
        # says so before the body has replaced a file.
        connection.execute("PRAGMA cache_size = 0")
        try:
            connection.execute(schema.INSERT, schema.to_row(entry))
        except sqlite3.IntegrityError as error:
            raise PayloadTaken(
                f"The payload {entry.payload} is already in the registry.",
                remedy="Choose another one or leave the choice to countermark.",
            ) from error

    def _select(self, statement: str, key: object) -> Entry | None:
        if self._connection is None or not schema.version_of(self._connection):
            return None
        row = self._connection.execute(statement, (key,)).fetchone()
        return None if row is None else schema.from_row(row)

    def _lines_after(self, number: int) -> list[tuple[Any, ...]]:
        connection = self._connection
        if connection is None or schema.version_of(connection) < schema.LOGGING_SINCE:
            return []
        return connection.execute(schema.SELECT_KEY_USES, (number, _BATCH)).fetchall()

    def _stored_hashes(self) -> _Hashes:
        """The hashes to search in, read again only after the file has changed."""
        if self._connection is None or not schema.version_of(self._connection):
            return _Hashes([], None)
        # Changes by other connections move data_version; our own clear the hashes.
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if self._hashes is None or self._hashes.version != version:
            rows = self._connection.execute(schema.SELECT_HASHES, (MIN_QUALITY,)).fetchall()
            self._hashes = _Hashes(rows, version)
        return self._hashes


class _Hashes:
    """Row numbers and packed hashes, in the order of the rows."""

    def __init__(self, rows: list[tuple[int, bytes]], version: int | None) -> None:
        rows.sort()
        self.version = version
        self.rows: NDArray[np.int64] = np.array([row for row, _ in rows], np.int64)
        self.words = pack([value for _, value in rows])


def _connect(path: Path) -> sqlite3.Connection:
    """An open connection whose file was found to be a registry or empty."""
    try:
        return _connect_as(path, "mode=rw")
    except sqlite3.OperationalError as error:
        # A full disk or a folder without write access has no room for the shared memory of the
        # WAL; without a log beside it the file is complete and can be read alone.
        log = Path(f"{path}-wal")
        if not _refused(error) or path.is_dir() or (log.exists() and log.stat().st_size > 0):
            raise
        return _connect_as(path, "mode=ro&immutable=1")


def _connect_as(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,  # transactions begin and end where we say
        check_same_thread=False,  # the lock of the registry orders the threads
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        schema.version_of(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema.prepare(connection)  # or nothing, when another process was faster
        connection.execute("COMMIT")
    finally:
        _roll_back(connection)
    connection.execute("PRAGMA journal_mode = WAL")


def _roll_back(connection: sqlite3.Connection) -> None:
    """Ends the transaction if it is still open."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what SQLite and the file system raise into `UnreadableRegistry`."""
    try:
        yield
    except sqlite3.Error as error:
        locked = "locked" in str(error)
        raise UnreadableRegistry(
            f"The registry {str(path)!r} {'is locked' if locked else 'cannot be read'} ({error}).",
            remedy="Wait for the other program and try again."
            if locked
            else "Check the path and the rights, or restore a backup.",
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableRegistry(
            f"The registry {str(path)!r} cannot be read ({error}).",
            remedy="Check the path and the rights, or restore a backup.",
        ) from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """As `_reading`, but tells a refusal to write apart."""
    try:
        with _reading(path):
            yield
    except UnreadableRegistry as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) and not _refused(cause):
            raise
        raise DestinationNotWritable(
            f"The registry {str(path)!r} cannot be written ({cause}).",
            remedy="Check the folder, its rights and the space on the disk.",
        ) from cause


def _refused(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.Error) and any(text in str(error) for text in _NOT_WRITABLE)
