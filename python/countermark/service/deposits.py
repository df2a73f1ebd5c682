"""Manifests that others have deposited, the soft bindings that lead to them, and an index.

The index says which entry of the registry a manifest's identifier belongs to; it is only a cache
and never believed: what is found by it is looked at again. All of it is one SQLite file beside
the registry, which may be deleted when nothing was deposited.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from countermark.errors import RegistryTooNew, UnreadableRegistry

_VERSION: Final = 1
_APPLICATION_ID: Final = int.from_bytes(b"CMKD", "big")
_TABLES: Final = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS manifest (id TEXT PRIMARY KEY, store BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS binding (
        algorithm TEXT NOT NULL,
        value BLOB NOT NULL,
        id TEXT NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
        PRIMARY KEY (algorithm, value, id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS binding_by_id ON binding (id);
    CREATE TABLE IF NOT EXISTS registered (id TEXT PRIMARY KEY, payload BLOB NOT NULL, place INTEGER);
    CREATE INDEX IF NOT EXISTS registered_by_place ON registered (place);
    PRAGMA application_id = {_APPLICATION_ID};
    PRAGMA user_version = {_VERSION};
    COMMIT;
"""  # noqa: E501


class Deposits:
    """The deposited manifests in one file; for any number of threads of one process.

    >>> deposits = Deposits(Path(":memory:"))
    >>> deposits.add("urn:c2pa:1", b"store")
    True
    >>> deposits.bind("com.example.1", b"value", "urn:c2pa:1")
    >>> deposits.bound_to("com.example.1", b"value", limit=10)
    ['urn:c2pa:1']
    >>> deposits.remove("urn:c2pa:1"), deposits.bound_to("com.example.1", b"value", limit=10)
    (True, [])

    Raises `UnreadableRegistry`, here and in each method, when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        with _storing(path):
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=30
            )
            self._prepare()

    def _prepare(self) -> None:
        run = self._connection.execute
        ((version,),) = run("PRAGMA user_version").fetchall()
        ((application_id,),) = run("PRAGMA application_id").fetchall()
        if application_id == _APPLICATION_ID and version > _VERSION:
            raise RegistryTooNew(
                f"The deposits have version {version}, this countermark knows {_VERSION}.",
                remedy="Update countermark.",
            )
        if application_id not in (0, _APPLICATION_ID):
            raise sqlite3.DatabaseError("it is the file of another program")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA foreign_keys = ON")
        if version < _VERSION:
            self._connection.executescript(_TABLES)
        if self._path.exists():
            self._path.chmod(0o600)

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._connection.close()

    def add(self, identifier: str, store: bytes) -> bool:
        """Keep a manifest store; False when another one has that identifier."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO manifest VALUES (?, ?) ON CONFLICT DO NOTHING", (identifier, store)
            )
            found = connection.execute(
                "SELECT store = ? FROM manifest WHERE id = ?", (store, identifier)
            )
            return bool(found.fetchone()[0])

    def remove(self, identifier: str) -> bool:
        """Drop a manifest store and its bindings; False when there was none."""
        with self._writing() as connection:
            done = connection.execute("DELETE FROM manifest WHERE id = ?", (identifier,))
            return done.rowcount > 0

    def manifest(self, identifier: str) -> bytes | None:
        """The manifest store of that identifier."""
        row = self._row("SELECT store FROM manifest WHERE id = ?", identifier)
        return None if row is None else bytes(row[0])

    def bind(self, algorithm: str, value: bytes, identifier: str) -> None:
        """Let a soft binding lead to a manifest store that is here."""
        with self._writing() as connection:
            connection.execute(_BIND, (algorithm, value, identifier))

    def rebind(self, algorithm: str, value: bytes, identifier: str) -> bool:
        """Let a soft binding lead to this manifest store alone; False when it led nowhere."""
        with self._writing() as connection:
            done = connection.execute(
                "DELETE FROM binding WHERE algorithm = ? AND value = ?", (algorithm, value)
            )
            if done.rowcount == 0:
                return False
            connection.execute(_BIND, (algorithm, value, identifier))
            return True

    def bound_to(self, algorithm: str, value: bytes, *, limit: int) -> list[str]:
        """Identifiers of the manifest stores to which a soft binding leads."""
        with self._lock, _storing(self._path):
            rows = self._connection.execute(
                "SELECT id FROM binding WHERE algorithm = ? AND value = ? LIMIT ?",
                (algorithm, value, limit),
            ).fetchall()
        return [identifier for (identifier,) in rows]

    # ---- the index of the registry ----
    def payload_of(self, identifier: str) -> int | None:
        """The payload of the entry in the registry that had that manifest."""
        row = self._row("SELECT payload FROM registered WHERE id = ?", identifier)
        return None if row is None else int.from_bytes(row[0], "big")

    def last_place(self) -> int:
        """Up to where the registry has been read."""
        row = self._row("SELECT max(place) FROM registered")
        return 0 if row is None or row[0] is None else int(row[0])

    def index(self, found: Iterable[tuple[str, int, int]]) -> None:
        """Remember identifier, payload and place of entries."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO registered VALUES (?, ?, ?)",
                [(name, payload.to_bytes(8, "big"), place) for name, payload, place in found],
            )

    def _row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        with self._lock, _storing(self._path):
            row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
            return row

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _storing(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


_BIND: Final = "INSERT INTO binding VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise UnreadableRegistry(
            f"The deposits {str(path)!r} cannot be used ({error}).",
            remedy="Check the path, the rights and the disk, or restore a backup.",
        ) from error
