"""Entries in a database: added, found, held to their leaves, and taken away.

What changes something runs inside a transaction of the caller's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

from countermark.errors import PayloadTaken
from countermark.fingerprint import distance
from countermark.registry import clips, events, manifests, rows
from countermark.registry.database import Database, Row, changing
from countermark.registry.disposal import BATCH, DisposalReason
from countermark.registry.entry import Entry
from countermark.registry.log import journal, leaf
from countermark.registry.retention import RetentionClass


def insert(database: Database, entry: Entry) -> None:
    """Add an entry and its leaf; raises `PayloadTaken`."""
    key = rows.payload_key(entry.payload)
    taken = not database.run(rows.INSERT, rows.to_row(entry))
    if taken or database.one(rows.SELECT_TOMBSTONE, (key,)):
        raise PayloadTaken(
            f"The payload {entry.payload} is already in the registry.",
            remedy="Choose another one or leave the choice to countermark.",
        )
    salt = leaf.new_salt()
    position = journal.append(database, [events.marked(entry, salt)])
    database.run(rows.INSERT_LEAF, (key, position, salt, rows.digest(entry)))
    manifests.insert(database, position, entry.manifest, key)
    if entry.clip is not None:
        clips.insert(database, position, key, entry.clip)
    row = database.one(rows.SELECT_ROW, (key,))
    if entry.searched_hash is not None and row is not None:
        database.add_hash(row[0], entry.searched_hash)


def delete(
    database: Database,
    found: Sequence[tuple[int, Entry]],
    reason: DisposalReason,
    order: str | None = None,
) -> None:
    """Take away entries in their places; `order`: the record of the order for it."""
    now = datetime.now(timezone.utc)
    leaves = [events.deleted(entry.payload, reason, order, now) for _, entry in found]
    first = journal.append(database, leaves)
    for position, (place, entry) in enumerate(found, first):
        key = rows.payload_key(entry.payload)
        if entry.searched_hash is not None:
            database.drop_hash(place, entry.searched_hash)
        if entry.clip is not None:
            clips.forget(database, key, entry.clip)
        database.run(rows.DELETE, (key,))
        database.run(rows.DELETE_LEAF, (key,))
        manifests.forget(database, key)
        database.run(rows.INSERT_TOMBSTONE, (key, position))


def delete_payloads(database: Database, keys: Sequence[bytes], reason: DisposalReason) -> None:
    """Take away the entries with these payloads; those that are gone already are passed over."""
    found = (find(database, rows.BY_PAYLOAD, key) for key in keys)
    delete(database, [placed for placed in found if placed is not None], reason)


def dispose(database: Database, kind: RetentionClass, at: datetime, *, dry_run: bool) -> int:
    """Take away those past their maximum, in batches between which others may write; how many."""
    before, disposed, place = kind.ended(at), 0, 0
    if before is None:
        return 0
    while True:
        with database.lock:
            there = database.version() > 0
            batch = database.all(rows.SELECT_TIMES, (place, BATCH)) if there else []
            ended = [bytes(r[1]) for r in batch if datetime.fromisoformat(r[2]) <= before]
            if ended and not dry_run:
                with changing(database):
                    delete_payloads(database, ended, DisposalReason.EXPIRED)
        if not batch:
            return disposed
        disposed, place = disposed + len(ended), batch[-1][0]


def find(database: Database, which: str, key: object) -> tuple[int, Entry] | None:
    """The place and the entry, as it was added."""
    with database.lock:
        version = database.version()
        if not version:
            return None
        row = database.one(rows.select(which, version), (key,))
        return None if row is None else rows.from_row(row, version)


def added(database: Database, key: bytes) -> Entry | None:
    """The entry with that payload, as it was added; where there is a leaf, there is one."""
    found = find(database, rows.BY_PAYLOAD, key)
    if found is None and _leaf(database, key) is not None:
        with database.reading():  # unless another process has just added it
            found = find(database, rows.BY_PAYLOAD, key)
            if found is None and _leaf(database, key) is not None:
                raise rows.damaged()
    return None if found is None else found[1]


def latest(database: Database, entry: Entry) -> Entry:
    """The entry with its latest manifest."""
    with database.lock:
        store = manifests.later(database, rows.payload_key(entry.payload))
    if store is None:
        return entry
    return replace(entry, manifest=store, manifest_sha256=hashlib.sha256(store).digest())


def told(database: Database, payload: int) -> tuple[Entry, int, bytes] | None:
    """The entry as it was added, the position of its leaf, and the salt of that."""
    key = rows.payload_key(payload)
    with database.lock:
        if not journal.is_there(database):
            return None
        with database.reading():
            entry, row = added(database, key), _leaf(database, key)
            if entry is None:
                return None
            if row is None:
                raise rows.damaged()
            position, salt = int(row[0]), bytes(row[1])
            if journal.leaf(database, position) != events.marked(entry, salt):
                raise rows.damaged()
            return entry, position, salt


def near(
    database: Database, hashes: Sequence[bytes], max_distance: int, limit: int | None, *, anew: bool
) -> list[tuple[Entry, int]] | None:
    """The entries nearest to any of the hashes; None when one of them is not what was found."""
    matches = database.hashes(anew=anew).search(hashes, max_distance)[:limit]
    found: list[tuple[Entry, int]] = []
    for match in matches:
        placed = find(database, rows.BY_ROW, match.label)
        if placed is None:
            return None
        entry = placed[1]
        if entry.searched_hash is None:
            return None
        nearest = min(distance(entry.searched_hash, query) for query in hashes)
        if nearest != match.distance:
            return None
        found.append((latest(database, entry), nearest))
    return found


def is_taken(database: Database, payload: int) -> bool:
    """Whether an entry has or had that payload."""
    key = rows.payload_key(payload)
    with database.lock:
        if added(database, key) is not None:
            return True
        is_there = journal.is_there(database)
        return is_there and database.one(rows.SELECT_TOMBSTONE, (key,)) is not None


def _leaf(database: Database, key: bytes) -> Row | None:
    if not journal.is_there(database):
        return None
    return database.one(rows.SELECT_LEAF, (key,))
