"""SQLite as the registry's database: one file, written ahead to a log beside it.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from countermark import files
from countermark.errors import DestinationNotWritable, RegistryTooNew, UnreadableRegistry
from countermark.registry import migration, sqlite_search
from countermark.registry.database import Hashes, Row
from countermark.registry.rows import VERSION
from countermark.registry.sqlite_search import EMPTY, Search
from countermark.registry.sqlite_tables import APPLICATION_ID, ONE_OF_EACH, STEPS

BUSY_TIMEOUT_SECONDS: Final = 30.0
"""How long a writer waits for another one."""

_FILE_MODE: Final = 0o600
# SQLite's words for what the folder, its rights or the disk refuse (Python 3.10 has no codes).
_NOT_WRITABLE: Final = ("readonly", "disk is full", "disk I/O error", "unable to open")
_STATE: Final = f"""SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    (SELECT count(*) FROM sqlite_master),
    (SELECT count(*) FROM sqlite_master WHERE name IN {ONE_OF_EACH})"""


class SqliteDatabase:
    """The file at a path, in the manner of `Database`; made when something is first written."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._path = path
        self._search = Search(path)
        self._search_lock = threading.Lock()
        self._search_connection: sqlite3.Connection | None = None
        self._is_writing = False
        self._inside: int | None = None  # the thread that has a transaction
        self._known_version: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        with self._errors():
            if path.exists():
                self._connection = self._connect()

    def close(self) -> None:
        with self._errors(), self._search_lock:
            for connection in (self._search_connection, self._connection):
                if connection is not None:
                    connection.close()

    def version(self) -> int:
        with self._errors():
            if self._connection is None and self._path.exists():  # another process has made it
                self._connection = self._connect()
            return 0 if self._connection is None else self._version(self._connection)

    def prepare(self) -> None:
        with self._errors(writing=True):
            if self._connection is None:
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
                self._connection = self._connect()
            connection = self._connection
            if self._version(connection) == VERSION:
                return
            with self.writing():
                version = self._version(connection)  # another process may have been faster
                for statement in (s for step in STEPS[version:] for s in step):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                migration.complete(self, version)
                if 0 < version < sqlite_search.FIRST_WITH_SUMS:
                    sqlite_search.add_all(connection)
            _use_write_ahead_log(connection)

    def in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._is_writing, self._inside = True, threading.get_ident()
        try:
            # Without a page cache what is written goes to the disk now and not with COMMIT: a
            # full disk says so before the body has replaced a file.
            self.run("PRAGMA cache_size = 0")
            self.run("BEGIN IMMEDIATE")
            yield
            self.run("COMMIT")
        finally:
            self._roll_back()
            self._is_writing, self._inside = False, None

    @contextmanager
    def reading(self) -> Iterator[None]:
        if self.in_transaction():
            yield
            return
        self.run("BEGIN")
        self._inside = threading.get_ident()
        try:
            yield
        finally:
            self._roll_back()
            self._inside = None

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        with self._errors():
            return self._there().execute(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        with self._errors():
            self._there().executemany(statement, values)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        with self._errors():
            row: Row | None = self._there().execute(statement, values).fetchone()
            return row

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._errors():
            return self._there().execute(statement, values).fetchall()

    def add_hash(self, row: int, value: bytes) -> None:
        """Only counts it: the search reads the entries themselves."""
        self.run(sqlite_search.ADD, (sqlite_search.checksum([value]),))

    def drop_hash(self, row: int, value: bytes) -> None:
        self.run(sqlite_search.REMOVE, (sqlite_search.checksum([value]),))

    def hashes(self, *, anew: bool = False) -> Hashes:
        """As `Database`. Building an index takes time, in which other threads look things up."""
        with self._errors(), self._search_lock:
            is_inside = self._inside == threading.get_ident()
            connection = self._connection if is_inside else self._searching()
            version = 0 if connection is None else self._version(connection)
            if connection is None or not version:
                return EMPTY
            # A transaction that writes may still be rolled back: nothing is built from it.
            return self._search.current(
                connection,
                has_sums=version >= sqlite_search.FIRST_WITH_SUMS,
                is_settled=not (is_inside and self._is_writing),
                anew=anew,
            )

    def _searching(self) -> sqlite3.Connection | None:
        """A connection of its own, without which searches and lookups would wait for each other."""
        if self._search_connection is None and self._path.exists():
            self._search_connection = self._connect()
        return self._search_connection

    def back_up(self, path: Path) -> None:
        """Copy the file as it is at one moment; raises `DestinationNotWritable`."""
        place = files.target(path)
        if place.exists():
            raise DestinationNotWritable(
                f"The file {str(path)!r} exists already.", remedy="Name one that does not."
            )
        draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}.countermark")
        try:
            with self._errors(writing=True):
                os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, _FILE_MODE))
                copy = sqlite3.connect(draft)
                try:
                    copy.execute("PRAGMA synchronous = FULL")
                    self._there().backup(copy)
                finally:
                    copy.close()
                draft.replace(place)
                files.sync_folder(place.parent)
        finally:
            draft.unlink(missing_ok=True)

    def _there(self) -> sqlite3.Connection:
        if self._connection is None:
            raise UnreadableRegistry(
                f"There is no registry at {str(self._path)!r}.", remedy="Check the path."
            )
        return self._connection

    def _roll_back(self) -> None:
        if self.in_transaction():
            self.run("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        """An open connection whose file was found to be a registry or empty."""
        try:
            return self._connect_as("mode=rw")
        except sqlite3.OperationalError as error:
            # A full disk or a folder without write access has no room for the shared memory of
            # the WAL; without a log beside it the file is complete and can be read alone.
            log = Path(f"{self._path}-wal")
            is_complete = not (log.exists() and log.stat().st_size > 0)
            if not _refused(error) or self._path.is_dir() or not is_complete:
                raise
            return self._connect_as("mode=ro&immutable=1")

    def _connect_as(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,  # transactions begin and end where we say
            check_same_thread=False,  # the lock of the registry orders the threads
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            self._version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        # Every change of the tables moves this number, and asking for it alone is fast.
        (schema,) = connection.execute("PRAGMA schema_version").fetchone()
        if self._known_version is None or self._known_version[0] != schema:
            self._known_version = (schema, self._stated_version(connection))
        return self._known_version[1]

    def _stated_version(self, connection: sqlite3.Connection) -> int:
        # One statement sees one state, also while another process makes the tables.
        application_id, version, tables, known = connection.execute(_STATE).fetchone()
        if application_id == APPLICATION_ID and version > VERSION:
            raise RegistryTooNew(
                f"The registry has version {version}, this countermark knows {VERSION}.",
                remedy="Update countermark.",
            )
        if application_id == APPLICATION_ID and version == known > 0:
            return int(version)
        if known == len(ONE_OF_EACH):
            raise UnreadableRegistry(
                "The header of the registry is damaged.", remedy="Restore a backup."
            )
        if tables or application_id or version:
            raise UnreadableRegistry(
                "The file is a database, but not a countermark registry.",
                remedy="Use the path of a registry, or of a file that does not exist yet.",
            )
        return 0

    @contextmanager
    def _errors(self, *, writing: bool = False) -> Iterator[None]:
        """Turn what SQLite and the file system raise into errors of ours."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            is_refusal = isinstance(error, OSError) or _refused(error)
            if is_refusal and (writing or self._is_writing):
                raise DestinationNotWritable(
                    f"The registry {str(self._path)!r} cannot be written ({error}).",
                    remedy="Check the folder, its rights and the space on the disk.",
                ) from error
            locked = isinstance(error, sqlite3.Error) and "locked" in str(error)
            reason = f"{'is locked' if locked else 'cannot be read'} ({error})"
            raise UnreadableRegistry(
                f"The registry {str(self._path)!r} {reason}.",
                remedy="Wait for the other program and try again."
                if locked
                else "Check the path and the rights, or restore a backup.",
            ) from error


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Waits while others use the file: for this one statement SQLite itself does not."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _refused(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and any(text in str(error) for text in _NOT_WRITABLE)
