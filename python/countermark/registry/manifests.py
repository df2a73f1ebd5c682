"""Manifests by identifier: those of entries, later ones of the same pictures, and deposited ones.

An identifier is the label of a store's active manifest, a URN. Each manifest has a leaf in the
log. What is found here is a lead and no proof: whoever uses a manifest checks it.

>>> import tempfile
>>> from countermark.registry import Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         registry.manifests.find("urn:c2pa:1") is None
True

Source: C2PA 2.2, section "Unique identifiers".
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

from countermark import jumbf
from countermark.errors import InvalidArgument, UnreadableManifest
from countermark.registry import events, rows
from countermark.registry.database import Database, Row, changing
from countermark.registry.entry import Entry, check_payload
from countermark.registry.log import journal, leaf

FIRST_VERSION: Final = 3
"""Of the tables, with `TABLES` among them."""

TABLES: Final = (
    # By the leaf that tells of it. `payload`: of its entry, NULL when it was deposited; `store`:
    # NULL when it stands in the entry; `id`: NULL when there is none to be read in it.
    """
    CREATE TABLE manifest (
        position INTEGER PRIMARY KEY,
        id TEXT,
        payload BLOB,
        store BLOB
    )
    """,
    "CREATE INDEX manifest_by_id ON manifest (id)",
    "CREATE INDEX manifest_by_payload ON manifest (payload)",
    """
    CREATE TABLE binding (
        algorithm TEXT NOT NULL,
        value BLOB NOT NULL,
        id TEXT NOT NULL,
        UNIQUE (algorithm, value, id)
    )
    """,
    "CREATE INDEX binding_by_id ON binding (id)",
)

_BATCH: Final = 200
_INSERT: Final = "INSERT INTO manifest (position, id, payload, store) VALUES (?, ?, ?, ?)"
_STORES: Final = """SELECT manifest.position, COALESCE(manifest.store, entry.manifest)
    FROM manifest LEFT JOIN entry ON entry.payload = manifest.payload"""
# What was marked here goes before what others have deposited, and the latest before the earlier.
_BY_ID: Final = f"""{_STORES} WHERE manifest.id = ?
    ORDER BY manifest.payload IS NULL, manifest.position DESC"""
_BY_PAYLOAD: Final = f"{_STORES} WHERE manifest.payload = ? ORDER BY manifest.position"
_LATER: Final = """SELECT position, store FROM manifest WHERE payload = ? AND store IS NOT NULL
    ORDER BY position DESC LIMIT 1"""
_NAME: Final = """SELECT id FROM manifest WHERE payload = ? AND id IS NOT NULL
    ORDER BY position DESC LIMIT 1"""
_NAME_AT: Final = "SELECT id FROM manifest WHERE position = ?"
_UNNAMED: Final = """SELECT entry.rowid, entry.payload, entry_leaf.position, entry.manifest
    FROM entry JOIN entry_leaf ON entry_leaf.payload = entry.payload
    WHERE entry.rowid > ? ORDER BY entry.rowid LIMIT ?"""
_PAYLOAD: Final = "SELECT payload FROM manifest WHERE id = ? AND payload IS NOT NULL LIMIT 1"
_DEPOSIT: Final = "SELECT position, store FROM manifest WHERE id = ? AND payload IS NULL"
_REMOVE: Final = "DELETE FROM manifest WHERE position = ?"
_FORGET: Final = "DELETE FROM manifest WHERE payload = ?"
_UNBIND: Final = "DELETE FROM binding WHERE algorithm = ? AND value = ?"
_UNBIND_ID: Final = "DELETE FROM binding WHERE id = ?"
_UNBIND_ENTRY: Final = """DELETE FROM binding
    WHERE id IN (SELECT id FROM manifest WHERE payload = ?)"""
_BIND: Final = """INSERT INTO binding (algorithm, value, id) VALUES (?, ?, ?)
    ON CONFLICT (algorithm, value, id) DO NOTHING"""
_BOUND: Final = "SELECT id FROM binding WHERE algorithm = ? AND value = ? LIMIT ?"


class Manifests:
    """The manifests of a registry. Each method raises `UnreadableRegistry` for damage.

    Those that write raise `DestinationNotWritable` when the folder, its rights or the disk
    refuse.
    """

    def __init__(self, database: Database, lock: threading.RLock) -> None:
        self._database = database
        self._lock = lock

    def find(self, identifier: str) -> bytes | None:
        """The manifest store with that active manifest; the latest one when there are several."""
        found = self._find(identifier)
        return None if found is None else found[1]

    def find_leaf(self, identifier: str) -> int | None:
        """Where the log tells of the manifest that `find` gives."""
        found = self._find(identifier)
        return None if found is None else found[0]

    def leaf_of(self, store: bytes) -> int | None:
        """Where the log tells of exactly this manifest store, while it is here."""
        with self._lock:
            if not is_there(self._database):
                return None
            found = self._database.all(_BY_ID, (name_of(store),))
            return next((int(at) for at, known in found if bytes(known) == store), None)

    def identifier(self, payload: int) -> str | None:
        """Of the latest manifest of the entry with that payload.

        Raises `InvalidPayload`.
        """
        check_payload(payload)
        key = rows.payload_key(payload)
        with self._lock:
            if is_there(self._database):
                row = self._database.one(_NAME, (key,))
                return None if row is None else str(row[0])
            return next((name_of(store) for store in self._old_stores(payload)), None)

    def identifier_at(self, position: int) -> str | None:
        """Of the manifest of which the leaf at that position tells, while it is here."""
        with self._lock:
            if not is_there(self._database):
                return None
            row = self._database.one(_NAME_AT, (position,))
            return None if row is None else row[0]

    def payload_of(self, identifier: str) -> int | None:
        """The payload of the entry that has a manifest of that identifier."""
        if not identifier.isprintable():
            return None
        with self._lock:
            if is_there(self._database):
                row = self._database.one(_PAYLOAD, (identifier,))
                return None if row is None else int.from_bytes(row[0], "big")
            return next((e.payload for e in self._old_entries() if _is(e, identifier)), None)

    def all_of(self, payload: int) -> list[bytes]:
        """The manifest stores of the entry with that payload, the latest last.

        Raises `InvalidPayload`.
        """
        check_payload(payload)
        with self._lock:
            if is_there(self._database):
                found = self._database.all(_BY_PAYLOAD, (rows.payload_key(payload),))
                return [_held(self._database, row) for row in found]
            return self._old_stores(payload)

    def add(self, payload: int, store: bytes) -> bool:
        """Keep a later manifest of an entry beside the first; False when it is there already.

        From then on the entry is given with it, and the log tells of it. Raises `InvalidPayload`,
        `InvalidArgument` when no entry has that payload.
        """
        with self.adding(payload, store) as is_new:
            return is_new

    @contextmanager
    def adding(self, payload: int, store: bytes) -> Iterator[bool]:
        """As `add`, if the body of the `with` statement succeeds, which puts a file in its place.

        Gives what `add` gives, and raises alike, before the body is entered.
        """
        check_payload(payload)
        key = rows.payload_key(payload)
        with changing(self._database):
            known = self._database.all(_BY_PAYLOAD, (key,))
            if not known:
                raise InvalidArgument(
                    f"No entry has the payload {payload:016x}.", remedy="Check the payload."
                )
            is_new = all(bytes(found) != store for _, found in known)
            if is_new:
                told = events.manifest_added(payload, hashlib.sha256(store).digest(), _now())
                position = journal.append(self._database, [told])
                insert(self._database, position, store, key, apart=True)
            yield is_new

    def deposit(self, store: bytes) -> str:
        """Keep a manifest store of somebody else; its identifier. Doing so again does nothing.

        Raises `UnreadableManifest` for anything else, `InvalidArgument` when another one has
        that identifier.
        """
        identifier = _label(store)
        with changing(self._database):
            known = self._database.all(_BY_ID, (identifier,))
            if any(bytes(found) == store for _, found in known):
                return identifier
            if known:
                raise InvalidArgument(
                    "Another manifest store with that identifier is here.",
                    remedy="Deposit only what has an identifier of its own.",
                )
            told = events.deposited(hashlib.sha256(store).digest(), _now())
            insert(self._database, journal.append(self._database, [told]), store)
            return identifier

    def remove(self, identifier: str) -> bool:
        """Drop a deposited manifest store and what leads to it; False when there is none."""
        if not identifier.isprintable():
            return False
        with changing(self._database):
            row = self._database.one(_DEPOSIT, (identifier,))
            if row is None:
                return False
            self._database.run(_REMOVE, (row[0],))
            self._database.run(_UNBIND_ID, (identifier,))
            told = events.deposit_removed(hashlib.sha256(row[1]).digest(), _now())
            journal.append(self._database, [told])
            return True

    def bind(self, algorithm: str, value: bytes, identifier: str) -> None:
        """Let a soft binding lead to a manifest that is here, beside others.

        Raises `InvalidArgument` when it is not here.
        """
        with changing(self._database):
            self._bind(algorithm, value, identifier)

    def rebind(self, algorithm: str, value: bytes, identifier: str) -> bool:
        """Let a soft binding lead to this manifest alone; False when it led nowhere.

        Raises `InvalidArgument` when it is not here.
        """
        with changing(self._database):
            if not self._database.run(_UNBIND, (algorithm, value)):
                return False
            self._bind(algorithm, value, identifier)
            return True

    def bound_to(self, algorithm: str, value: bytes, *, limit: int) -> list[str]:
        """Identifiers of the manifests to which a soft binding was made to lead."""
        with self._lock:
            if not is_there(self._database):
                return []
            return [str(row[0]) for row in self._database.all(_BOUND, (algorithm, value, limit))]

    def _bind(self, algorithm: str, value: bytes, identifier: str) -> None:
        if self._find(identifier) is None:
            raise InvalidArgument(
                "No manifest of that identifier is here.", remedy="Deposit it first."
            )
        self._database.run(_BIND, (algorithm, value, identifier))

    def _find(self, identifier: str) -> tuple[int | None, bytes] | None:
        if not identifier.isprintable():  # not every database could even be asked for it
            return None
        with self._lock:
            if is_there(self._database):
                row = self._database.one(f"{_BY_ID} LIMIT 1", (identifier,))
                return None if row is None else (int(row[0]), _held(self._database, row))
            old = (e.manifest for e in self._old_entries() if _is(e, identifier))
            return next(((None, store) for store in old), None)

    def _old_stores(self, payload: int) -> list[bytes]:
        return [entry.manifest for entry in self._old_entries() if entry.payload == payload]

    def _old_entries(self) -> Iterator[Entry]:
        """Tables of an earlier version name no manifests: all entries are looked at."""
        place = 0
        while self._database.version():
            statement = rows.select(rows.AFTER, self._database.version())
            batch = self._database.all(statement, (place, _BATCH))
            for row in batch:
                place, entry = rows.from_row(row, self._database.version())
                yield entry
            if not batch:
                return


def is_there(database: Database) -> bool:
    """Whether the tables of the database are of a version that names manifests."""
    return database.version() >= FIRST_VERSION


def insert(
    database: Database,
    position: int,
    store: bytes,
    payload: bytes | None = None,
    *,
    apart: bool = False,
) -> None:
    """Name a manifest store inside the transaction that writes its leaf at that position.

    `payload`: the key of its entry, which holds the store itself unless it is kept `apart`.
    """
    kept = store if apart or payload is None else None
    database.run(_INSERT, (position, name_of(store), payload, kept))


def later(database: Database, payload: bytes) -> bytes | None:
    """The latest manifest store that came after that in the entry; None when none did."""
    row = database.one(_LATER, (payload,)) if is_there(database) else None
    return None if row is None else _held(database, row)


def _held(database: Database, row: Row) -> bytes:
    """The store in a row of position and store, held to the leaf that tells of it."""
    position, store = row
    members = leaf.decode(journal.leaf(database, position))
    if store is None or members.get("manifest_sha256") != hashlib.sha256(store).hexdigest():
        raise rows.damaged()
    return bytes(store)


def forget(database: Database, payload: bytes) -> None:
    """Drop the manifests of an entry, and what leads to them, with the entry."""
    database.run(_UNBIND_ENTRY, (payload,))
    database.run(_FORGET, (payload,))


def name_entries(database: Database) -> None:
    """Name the manifests of the entries that were there before the tables were."""
    last = 0
    while found := database.all(_UNNAMED, (last, _BATCH)):
        last = found[-1][0]
        database.run_many(
            _INSERT,
            [
                (position, name_of(bytes(store)), payload, None)
                for _, payload, position, store in found
            ],
        )


def name_of(store: bytes) -> str | None:
    """The identifier of a store; None when there is none to be read."""
    try:
        return _label(store)
    except UnreadableManifest:
        return None


def _is(entry: Entry, identifier: str) -> bool:
    return name_of(entry.manifest) == identifier


def _label(store: bytes) -> str:
    label = list(jumbf.manifests_of(store))[-1]
    if not label or not label.isprintable():
        raise jumbf.damaged("The active manifest has no usable label")
    return label


def _now() -> datetime:
    return datetime.now(timezone.utc)
