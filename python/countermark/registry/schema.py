"""The tables of a registry file, and how entries and uses of keys stand in them."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, RegistryTooNew, UnreadableRegistry
from countermark.record import Record
from countermark.registry.entry import PAYLOAD_BYTES, Entry
from countermark.registry.key_use import KeyUse, Outcome, Purpose, utc

APPLICATION_ID: Final = int.from_bytes(b"CMKR", "big")
"""In the file's header, so that other SQLite files are told apart."""

# What makes the tables of each version out of those of the one before; never changed afterwards.
#
# 1: SQLite integers are signed, therefore the payload is 8 bytes, big-endian. The manifest stands
# last: the small columns are then read without its pages. The index holds all a search reads.
# 2: the log of key uses. Its triggers keep programs from what a log must not suffer; whoever may
# write the file can still do anything to it.
_STEPS: Final = (
    (
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
    ),
    (
        """
        CREATE TABLE key_use (
            number INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            purpose TEXT NOT NULL,
            key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
            algorithm TEXT NOT NULL,
            signed_sha256 BLOB NOT NULL CHECK (length(signed_sha256) = 32),
            manifest TEXT,
            outcome TEXT NOT NULL
        )
        """,
        """
        CREATE TRIGGER key_use_stays BEFORE UPDATE ON key_use
        BEGIN SELECT RAISE(ABORT, 'a line of the log never changes'); END
        """,
        """
        CREATE TRIGGER key_use_remains BEFORE DELETE ON key_use
        BEGIN SELECT RAISE(ABORT, 'a line of the log is never taken away'); END
        """,
        """
        CREATE TRIGGER key_use_yields_to_none BEFORE INSERT ON key_use
        WHEN EXISTS (SELECT 1 FROM key_use WHERE number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'a line of the log is never replaced'); END
        """,
    ),
)

VERSION: Final = len(_STEPS)
"""In the file's user_version; a change of the tables raises it."""

LOGGING_SINCE: Final = 2
"""The version that first has the log."""

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
_LINE: Final = "at, purpose, key_sha256, algorithm, signed_sha256, manifest, outcome"
INSERT_KEY_USE: Final = f"INSERT INTO key_use ({_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_KEY_USES: Final = (
    f"SELECT number, {_LINE} FROM key_use WHERE number > ? ORDER BY number LIMIT ?"
)
SELECT_HASHES: Final = "SELECT rowid, pdq FROM entry WHERE pdq_quality >= ?"


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 for an empty file.

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
    if application_id == APPLICATION_ID and version > 0:
        return int(version)
    if tables or application_id or version:
        raise UnreadableRegistry(
            "The file is a database, but not a countermark registry.",
            remedy="Use the path of a registry, or of a file that does not exist yet.",
        )
    return 0


def prepare(connection: sqlite3.Connection) -> None:
    """Makes the tables of this version, inside the transaction that is open."""
    for step in _STEPS[version_of(connection) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


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


def to_line(use: KeyUse) -> tuple[Any, ...]:
    """The values for `INSERT_KEY_USE`."""
    return (
        utc(use.at),
        use.purpose.value,
        use.key_sha256,
        use.algorithm,
        use.signed_sha256,
        use.manifest,
        use.outcome.value,
    )


def from_line(row: tuple[Any, ...]) -> KeyUse:
    """The use in a row of `SELECT_KEY_USES`, without its number.

    Raises `UnreadableRegistry` when a value is none that could have been written.
    """
    at, purpose, key_sha256, algorithm, signed_sha256, manifest, outcome = row
    try:
        return KeyUse(
            at=datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc),
            purpose=Purpose(purpose),
            key_sha256=key_sha256,
            algorithm=algorithm,
            signed_sha256=signed_sha256,
            manifest=manifest,
            outcome=Outcome(outcome),
        )
    except (InvalidArgument, TypeError, ValueError, AttributeError) as error:
        raise UnreadableRegistry(
            "The registry holds a damaged line in its log of key uses.", remedy="Restore a backup."
        ) from error
