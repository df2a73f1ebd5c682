"""What has to be computed when older tables become newer ones."""

from __future__ import annotations

from typing import Final

from countermark.registry import events, manifests, rows
from countermark.registry.database import Database
from countermark.registry.log import journal, leaf

_FIRST_WITH_LOG: Final = 2
_BATCH: Final = 1000


def complete(database: Database, version: int) -> None:
    """Fill the tables that are new since that version, inside the transaction that made them."""
    if 0 < version < _FIRST_WITH_LOG:
        _log_entries(database)
    if 0 < version < manifests.FIRST_VERSION:
        manifests.name_entries(database)


def _log_entries(database: Database) -> None:
    """The log of a registry that had none begins with the entries that are there."""
    last = 0
    while found := database.all(rows.SELECT_AFTER, (last, _BATCH)):
        last = found[-1][0]
        entries = [rows.from_row(tuple(row)) for _, *row in found]
        salts = [leaf.new_salt() for _ in entries]
        leaves = [events.marked(*pair) for pair in zip(entries, salts, strict=True)]
        first = journal.append(database, leaves)
        database.run_many(
            rows.INSERT_LEAF,
            (
                (rows.payload_key(entry.payload), position, salt)
                for position, (entry, salt) in enumerate(zip(entries, salts, strict=True), first)
            ),
        )
