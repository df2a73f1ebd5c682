"""How entries stand in the tables, whichever database holds them, and what is asked of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.record import Record
from countermark.registry.entry import PAYLOAD_BYTES, Entry

VERSION: Final = 3
"""Of the tables; a change of them raises it."""

ENTRY_LOG_TABLES: Final = (
    """
    CREATE TABLE entry_leaf (
        payload BLOB PRIMARY KEY,
        position INTEGER NOT NULL,
        salt BLOB NOT NULL
    )
    """,
    "CREATE TABLE tombstone (payload BLOB PRIMARY KEY, position INTEGER NOT NULL)",
)
"""What ties entries, and those that were deleted, to the log."""

_COLUMNS: Final = (
    "payload, pdq, pdq_quality, manifest_sha256, width, height, marked_at, record, manifest"
)
INSERT: Final = f"""INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (payload) DO NOTHING"""
INSERT_LEAF: Final = "INSERT INTO entry_leaf (payload, position, salt) VALUES (?, ?, ?)"
INSERT_TOMBSTONE: Final = "INSERT INTO tombstone (payload, position) VALUES (?, ?)"
DELETE: Final = "DELETE FROM entry WHERE payload = ?"
DELETE_LEAF: Final = "DELETE FROM entry_leaf WHERE payload = ?"
SELECT_ROW: Final = "SELECT rowid FROM entry WHERE payload = ?"
SELECT_BY_PAYLOAD: Final = f"SELECT {_COLUMNS} FROM entry WHERE payload = ?"
SELECT_BY_ROW: Final = f"SELECT {_COLUMNS} FROM entry WHERE rowid = ?"
SELECT_AFTER: Final = f"SELECT rowid, {_COLUMNS} FROM entry WHERE rowid > ? ORDER BY rowid LIMIT ?"
SELECT_LEAF: Final = "SELECT position, salt FROM entry_leaf WHERE payload = ?"
SELECT_TOMBSTONE: Final = "SELECT position FROM tombstone WHERE payload = ?"


def to_row(entry: Entry) -> tuple[Any, ...]:
    """The values for `INSERT`; the time in UTC."""
    return (
        payload_key(entry.payload),
        entry.pdq,
        entry.pdq_quality,
        entry.manifest_sha256,
        entry.width,
        entry.height,
        entry.marked_at.astimezone(timezone.utc).isoformat(),
        entry.record.to_json(),
        entry.manifest,
    )


def from_row(row: tuple[Any, ...]) -> Entry:
    """The entry in a row of `SELECT_BY_PAYLOAD` or `SELECT_BY_ROW`.

    Raises `UnreadableRegistry` when the values contradict each other.
    """
    payload, pdq, pdq_quality, manifest_sha256, width, height, marked_at, record, manifest = row
    try:
        return Entry(
            payload=int.from_bytes(payload, "big"),
            pdq=pdq,
            pdq_quality=pdq_quality,
            manifest=manifest,
            manifest_sha256=manifest_sha256,
            record=Record.from_json(record),
            width=width,
            height=height,
            marked_at=datetime.fromisoformat(marked_at),
        )
    except (InvalidArgument, TypeError, ValueError) as error:
        raise UnreadableRegistry(
            "The registry holds a damaged entry.", remedy="Restore a backup."
        ) from error


def payload_key(payload: int) -> bytes:
    """The payload as it stands in the tables."""
    return payload.to_bytes(PAYLOAD_BYTES, "big")
