"""What has to be computed when older tables become newer ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from countermark.registry import events, manifests, rows
from countermark.registry.database import Database
from countermark.registry.entry import Entry
from countermark.registry.log import journal, leaf

_FIRST_WITH_LOG: Final = 2
_BATCH: Final = 1000


def complete(database: Database, version: int) -> None:
    """Fill the tables that are new since that version, inside the transaction that made them."""
    if not version or rows.has_digests(version):
        return
    for entries, digests in _batches(database, version):
        if version < _FIRST_WITH_LOG:
            _log(database, entries)
        keys = [rows.payload_key(entry.payload) for entry in entries]
        database.run_many(rows.SET_DIGEST, zip(digests, keys, strict=True))
    if version >= _FIRST_WITH_LOG:
        journal.add_digests(database)
    manifests.name_entries(database)


def _batches(database: Database, version: int) -> Iterator[tuple[list[Entry], list[bytes]]]:
    """All entries, some at a time, and the digests over them as they are stored."""
    last = 0
    while found := database.all(rows.select(rows.AFTER, version), (last, _BATCH)):
        entries = [rows.from_row(row, version)[1] for row in found]
        yield entries, [rows.stored_digest(row) for row in found]
        last = found[-1][0]


def _log(database: Database, entries: Sequence[Entry]) -> None:
    """The log of a registry that had none begins with the entries that are there."""
    salts = [leaf.new_salt() for _ in entries]
    salted = list(zip(entries, salts, strict=True))
    first = journal.append(database, [events.marked(entry, salt) for entry, salt in salted])
    database.run_many(
        rows.INSERT_LEAF,
        (
            (rows.payload_key(entry.payload), position, salt, None)
            for position, (entry, salt) in enumerate(salted, first)
        ),
    )
