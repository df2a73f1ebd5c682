"""How entries stand in the tables, whichever database holds them, and what is asked of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.record import Record
from countermark.registry import clips
from countermark.registry.entry import PAYLOAD_BYTES, PDQ_BYTES, Entry

VERSION: Final = 5
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

DIGEST_TABLES: Final = ("ALTER TABLE entry_leaf ADD COLUMN digest BLOB",)
"""By which bits of an entry that turned on the disk are seen; apart from the long manifests."""

_FIRST_WITH_DIGESTS: Final = 3
_COLUMNS: Final = (
    "payload, pdq, pdq_quality, manifest_sha256, width, height, marked_at, record, manifest"
)
_SELECTED: Final = "SELECT entry.rowid, " + ", ".join(
    f"entry.{column}" for column in _COLUMNS.split(", ")
)
_NO_CLIP: Final = "NULL, NULL, NULL"
_SELECT: Final = f"{_SELECTED}, NULL, {_NO_CLIP} FROM entry"
_WITH_LEAF: Final = "FROM entry LEFT JOIN entry_leaf ON entry_leaf.payload = entry.payload"
_SELECT_WITH_DIGEST: Final = f"{_SELECTED}, entry_leaf.digest, {_NO_CLIP} {_WITH_LEAF}"
_SELECT_WITH_CLIP: Final = f"""{_SELECTED}, entry_leaf.digest, {clips.COLUMNS} {_WITH_LEAF}
    {clips.JOIN}"""
_VALUES: Final = slice(1, 1 + len(_COLUMNS.split(", ")))
# What stands for the hash of what has none: tables since version 1 want one of everything.
_NO_HASH: Final = (bytes(PDQ_BYTES), -1)
BY_PAYLOAD: Final = "WHERE entry.payload = ?"
BY_ROW: Final = "WHERE entry.rowid = ?"
AFTER: Final = "WHERE entry.rowid > ? ORDER BY entry.rowid LIMIT ?"

INSERT: Final = f"""INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (payload) DO NOTHING"""
INSERT_LEAF: Final = "INSERT INTO entry_leaf (payload, position, salt, digest) VALUES (?, ?, ?, ?)"
SET_DIGEST: Final = "UPDATE entry_leaf SET digest = ? WHERE payload = ?"
INSERT_TOMBSTONE: Final = "INSERT INTO tombstone (payload, position) VALUES (?, ?)"
DELETE: Final = "DELETE FROM entry WHERE payload = ?"
DELETE_LEAF: Final = "DELETE FROM entry_leaf WHERE payload = ?"
SELECT_ROW: Final = "SELECT rowid FROM entry WHERE payload = ?"
SELECT_TIMES: Final = """SELECT rowid, payload, marked_at FROM entry
    WHERE rowid > ? ORDER BY rowid LIMIT ?"""
SELECT_LEAF: Final = "SELECT position, salt FROM entry_leaf WHERE payload = ?"
SELECT_TOMBSTONE: Final = "SELECT position FROM tombstone WHERE payload = ?"


def has_digests(version: int) -> bool:
    """Whether tables of that version have them."""
    return version >= _FIRST_WITH_DIGESTS


def select(which: str, version: int) -> str:
    """What reads the entries for `from_row` out of tables of that version."""
    if version >= clips.FIRST_VERSION:
        return f"{_SELECT_WITH_CLIP} {which}"
    return f"{_SELECT_WITH_DIGEST if has_digests(version) else _SELECT} {which}"


def stored_digest(row: Sequence[Any]) -> bytes:
    """The `digest` of what stands in a row of `select`."""
    return _digest(row[_VALUES], row[_VALUES.stop + 1 :])


def digest(entry: Entry) -> bytes:
    """Over an entry as it is stored; the manifest counts by its own digest."""
    return _digest(to_row(entry), () if entry.clip is None else clips.columns(entry.clip))


def _digest(values: Sequence[Any], clip: Sequence[Any]) -> bytes:
    counted = [*values[:-1], *(value for value in clip if value is not None)]
    texts = [value if isinstance(value, bytes) else str(value).encode() for value in counted]
    framed = b"".join(b"%d:%b" % (len(text), text) for text in texts)
    return hashlib.sha256(framed).digest()


def to_row(entry: Entry) -> tuple[Any, ...]:
    """The values for `INSERT`; the time in UTC."""
    return (
        payload_key(entry.payload),
        *(_NO_HASH if entry.clip is not None else (entry.pdq, entry.pdq_quality)),
        entry.manifest_sha256,
        entry.width,
        entry.height,
        entry.marked_at.astimezone(timezone.utc).isoformat(),
        entry.record.to_json(),
        entry.manifest,
    )


def from_row(row: tuple[Any, ...], version: int) -> tuple[int, Entry]:
    """The place and the entry in a row of `select`.

    Raises `UnreadableRegistry` when the values contradict each other or the digest.
    """
    values, sealed, stored = row[_VALUES], row[_VALUES.stop], row[_VALUES.stop + 1 :]
    payload, pdq, quality, manifest_sha256, width, height, marked_at, record, manifest = values
    try:
        clip = clips.from_columns(stored)
        has_hash = clip is None or (pdq, quality) != _NO_HASH
        entry = Entry(
            payload=int.from_bytes(payload, "big"),
            pdq=pdq if has_hash else None,
            pdq_quality=quality if has_hash else None,
            clip=clip,
            manifest=manifest,
            manifest_sha256=manifest_sha256,
            record=Record.from_json(record),
            width=width,
            height=height,
            marked_at=datetime.fromisoformat(marked_at),
        )
    except (InvalidArgument, TypeError, ValueError) as error:
        raise damaged() from error
    if has_digests(version) and stored_digest(row) != sealed:
        raise damaged()
    return int(row[0]), entry


def damaged() -> UnreadableRegistry:
    """What is said of an entry that is not as it was written."""
    return UnreadableRegistry("The registry holds a damaged entry.", remedy="Restore a backup.")


def payload_key(payload: int) -> bytes:
    """The payload as it stands in the tables."""
    return payload.to_bytes(PAYLOAD_BYTES, "big")
