"""The keys of personal records, in a file of their own, so that a key can be destroyed for good.

Whoever has the registry, or a backup of it, has ciphertext. This file stands in no backup of ours;
what is deleted from it is overwritten, in the journal that SQLite keeps beside it too.

Source: https://www.sqlite.org/pragma.html#pragma_secure_delete,
https://www.sqlite.org/fileformat2.html#the_rollback_journal.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from countermark import files
from countermark.errors import DestinationNotWritable, UnreadableRegistry

FILE: Final = "personal-keys.sqlite3"
KEY_BYTES: Final = 32

_APPLICATION_ID: Final = int.from_bytes(b"CMPK", "big")
_VERSION: Final = 1
_BUSY_TIMEOUT_SECONDS: Final = 30.0
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_STATE: Final = """SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    (SELECT count(*) FROM sqlite_master)"""
# A subject is found again by a hash under the pepper: its name stands nowhere in the clear.
_TABLES: Final = (
    "CREATE TABLE key (record BLOB PRIMARY KEY, secret BLOB NOT NULL, subject BLOB)",
    "CREATE INDEX key_by_subject ON key (subject) WHERE subject IS NOT NULL",
    "CREATE TABLE pepper (value BLOB NOT NULL)",
)


class PersonalKeys:
    """One key for each record, in the file at a path; made when the first one is added.

    Every method raises `UnreadableRegistry` for a file that is damaged, of another kind or open
    to others; those that write raise `DestinationNotWritable` too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, record: bytes, secret: bytes, subject: str | None) -> None:
        """Keep the key of a record; it is on the disk when this returns."""
        with self._errors(writing=True):
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            with self._connected() as connection:
                connection.execute("BEGIN IMMEDIATE")
                if not self._is_made(connection):
                    self._make(connection)
                    files.sync_folder(self._path.parent)
                hashed = None if subject is None else _hashed(connection, subject)
                connection.execute("INSERT INTO key VALUES (?, ?, ?)", (record, secret, hashed))
                connection.execute("COMMIT")

    def find(self, record: bytes) -> bytes | None:
        """The key of a record; None when it was destroyed, or never here."""
        with self._errors(), self._opened() as connection:
            if connection is None:
                return None
            found = connection.execute("SELECT secret FROM key WHERE record = ?", (record,))
            row = found.fetchone()
            return None if row is None else bytes(row[0])

    def of_subject(self, subject: str) -> list[bytes]:
        """The records about a subject whose keys are here, in no order."""
        with self._errors(), self._opened() as connection:
            if connection is None:
                return []
            hashed = _hashed(connection, subject)
            found = connection.execute("SELECT record FROM key WHERE subject = ?", (hashed,))
            return [bytes(record) for (record,) in found]

    def destroy(self, records: Sequence[bytes]) -> None:
        """Overwrite these keys; those that are gone already are passed over."""
        with self._errors(writing=True), self._opened() as connection:
            if connection is None:
                return
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM key WHERE record = ?", [(r,) for r in records])
            connection.execute("COMMIT")
            self._scrub_journal(connection)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to the file; None when no key was ever added."""
        if not self._path.exists():
            yield None
            return
        with self._connected() as connection:
            yield connection if self._is_made(connection) else None

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._check_mode()
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,  # transactions begin and end where we say
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            # The journal stays where it is, so that it can be overwritten.
            connection.execute("PRAGMA journal_mode = PERSIST")
            yield connection
        finally:
            connection.close()

    def _check_mode(self) -> None:
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if os.name == "posix" and mode & _OTHERS:
            raise UnreadableRegistry(
                f"The keys of personal records {str(self._path)!r} are open to others "
                f"(mode {mode:04o}).",
                remedy="Run chmod 600 on the file.",
            )

    def _is_made(self, connection: sqlite3.Connection) -> bool:
        identity, version, tables = connection.execute(_STATE).fetchone()
        if (identity, version) == (_APPLICATION_ID, _VERSION):
            return True
        if identity or version or tables:
            raise UnreadableRegistry(
                f"{str(self._path)!r} does not hold the keys of personal records, or is of "
                "another version.",
                remedy="Update countermark, or restore the file.",
            )
        return False

    def _make(self, connection: sqlite3.Connection) -> None:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO pepper VALUES (?)", (secrets.token_bytes(KEY_BYTES),))
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _scrub_journal(self, connection: sqlite3.Connection) -> None:
        """Zeros over the pages that SQLite saved before they changed: the keys stand there too.

        In an exclusive transaction that changes nothing no other process has a journal. There is
        none when nothing changed since SQLite undid, and removed, that of a killed process.
        """
        journal = Path(f"{self._path}-journal")
        connection.execute("BEGIN EXCLUSIVE")
        try:
            with suppress(FileNotFoundError), journal.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                file.write(bytes(size))
                file.flush()
                os.fsync(file.fileno())
        finally:
            connection.execute("ROLLBACK")

    @contextmanager
    def _errors(self, *, writing: bool = False) -> Iterator[None]:
        """Turn what SQLite and the file system raise into errors of ours."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(
                error, sqlite3.OperationalError
            )
            kind, what = (
                (DestinationNotWritable, "written")
                if writing and not damaged
                else (UnreadableRegistry, "read")
            )
            raise kind(
                f"The keys of personal records {str(self._path)!r} cannot be {what} ({error}).",
                remedy="Check the folder, its rights and the space on the disk.",
            ) from error


def _hashed(connection: sqlite3.Connection, subject: str) -> bytes:
    (pepper,) = connection.execute("SELECT value FROM pepper").fetchone()
    return hmac.digest(pepper, subject.encode(), hashlib.sha256)
