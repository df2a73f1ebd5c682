"""The tables of a registry file, and how an entry stands in them."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, RegistryTooNew, UnreadableRegistry
from countermark.record import Record
from countermark.registry.entry import PAYLOAD_BYTES, Entry

VERSION: Final = 1
"""In the file's user_version; a change of the tables raises it."""

APPLICATION_ID: Final = int.from_bytes(b"CMKR", "big")
"""In the file's header, so that other SQLite files are told apart."""

# SQLite integers are signed, therefore the payload is 8 bytes, big-endian. The manifest stands
# last: the small columns are then read without its pages. The index holds all a search reads.
_STATEMENTS: Final = (
    """
    CREATE TABLE entry (
        payload BLOB NOT NULL UNIQUE CHECK (length(payload) = 8),
        pdq BLOB NOT NULL CHECK (length(pdq) = 32),
        pdq_quality INTEGER NOT NULL,
        manifest_sha256 BLOB NOT NULL CHECK (length(manifest_sha256) = 32),
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        marked_at TEXT NOT NULL,
        record TEXT NOT NULL,
        manifest BLOB NOT NULL
    )
    """,
    "CREATE INDEX entry_by_pdq ON entry (pdq_quality, pdq)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
_COLUMNS: Final = (
    "payload, pdq, pdq_quality, manifest_sha256, width, height, marked_at, record, manifest"
)
INSERT: Final = f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_STATE: Final = """SELECT
    (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version),
    (SELECT count(*) FROM sqlite_master)"""
SELECT_BY_PAYLOAD: Final = f"SELECT {_COLUMNS} FROM entry WHERE payload = ?"
SELECT_BY_ROW: Final = f"SELECT {_COLUMNS} FROM entry WHERE rowid = ?"
SELECT_AFTER: Final = f"SELECT rowid, {_COLUMNS} FROM entry WHERE rowid > ? ORDER BY rowid LIMIT ?"
SELECT_HASHES: Final = "SELECT rowid, pdq FROM entry WHERE pdq_quality >= ?"


def is_prepared(connection: sqlite3.Connection) -> bool:
    """Whether the tables are there; False for an empty file.

    Raises `RegistryTooNew` for the tables of a later version and `UnreadableRegistry` for
    those of another program.
    """
    # One statement sees one state, also while another process makes the tables.
    application_id, version, tables = connection.execute(_STATE).fetchone()
    if application_id == APPLICATION_ID and version > VERSION:
        raise RegistryTooNew(
            f"The registry has version {version}, this countermark knows {VERSION}.",
            remedy="Update countermark.",
        )
    if application_id == APPLICATION_ID and version == VERSION:
        return True
    if tables or application_id or version:
        raise UnreadableRegistry(
            "The file is a database, but not a countermark registry.",
            remedy="Use the path of a registry, or of a file that does not exist yet.",
        )
    return False


def prepare(connection: sqlite3.Connection) -> None:
    """Makes the tables in an empty file, inside the transaction that is open."""
    for statement in _STATEMENTS:
        connection.execute(statement)


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
    """The payload as it stands in the table."""
    return payload.to_bytes(PAYLOAD_BYTES, "big")
