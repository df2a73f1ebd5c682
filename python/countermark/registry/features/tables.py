"""How features stand in the tables of the registry."""

from __future__ import annotations

from typing import Final

FIRST_VERSION: Final = 3
"""Of the registry's tables, from which on they are there."""

TABLES: Final = (
    # authority: empty for features of this house, whose content is their canonical form; for
    # those of a list its public key, and the content is the line in that list.
    """
    CREATE TABLE feature (
        number INTEGER PRIMARY KEY,
        authority TEXT NOT NULL,
        id BLOB NOT NULL CHECK (length(id) = 32),
        content TEXT NOT NULL,
        pdq BLOB,
        payload BLOB,
        salt BLOB NOT NULL,
        UNIQUE (authority, id)
    )
    """,
    "CREATE INDEX feature_by_payload ON feature (payload)",
    """
    CREATE TABLE feature_act (
        feature INTEGER NOT NULL REFERENCES feature (number),
        step TEXT NOT NULL,
        at TEXT NOT NULL,
        reason TEXT,
        signature TEXT NOT NULL,
        position INTEGER NOT NULL UNIQUE,
        PRIMARY KEY (feature, step)
    )
    """,
    """
    CREATE TABLE feature_list (
        authority TEXT PRIMARY KEY,
        note TEXT NOT NULL,
        position INTEGER NOT NULL UNIQUE
    )
    """,
)

_COLUMNS: Final = "number, authority, id, content, pdq, payload, salt"
INSERT: Final = f"INSERT INTO feature ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
NEXT_NUMBER: Final = "SELECT coalesce(max(number), 0) + 1 FROM feature"
ANY: Final = "SELECT 1 FROM feature LIMIT 1"
ANY_PAYLOAD: Final = "SELECT 1 FROM feature WHERE payload IS NOT NULL LIMIT 1"
BY_NUMBER: Final = f"SELECT {_COLUMNS} FROM feature WHERE number = ?"
BY_ID: Final = f"SELECT {_COLUMNS} FROM feature WHERE authority = '' AND id = ?"
BY_START: Final = f"SELECT {_COLUMNS} FROM feature WHERE id >= ? AND id <= ? ORDER BY number"
ALL_BY_ID: Final = f"SELECT {_COLUMNS} FROM feature WHERE id = ? ORDER BY number"
BY_PAYLOAD: Final = "SELECT number FROM feature WHERE payload = ? ORDER BY number"
AFTER: Final = f"SELECT {_COLUMNS} FROM feature WHERE number > ? ORDER BY number LIMIT ?"
CLIPS: Final = """SELECT number, authority, content FROM feature
    WHERE content LIKE ? OR content LIKE ?"""
WITH_CLIP: Final = ('%"sound":"%', '%"video":"%')
"""Of features with the fingerprint of a sound or movie: in texts the quotes would be escaped."""
HASHES: Final = "SELECT number, pdq FROM feature WHERE pdq IS NOT NULL"
# Each step has a leaf of its own, so a higher place in the log tells that something was done.
STATE: Final = """SELECT
    (SELECT max(position) FROM feature_act),
    (SELECT count(*) FROM feature_list),
    (SELECT sum(position) FROM feature_list)"""
ACTS: Final = "SELECT step, at, reason, signature FROM feature_act WHERE feature = ?"
# One that does not count any more, as its reviewer was removed, gives way to one that does.
SET_ACT: Final = """INSERT INTO feature_act (feature, step, at, reason, signature, position)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (feature, step) DO UPDATE
    SET at = excluded.at, reason = excluded.reason, signature = excluded.signature,
        position = excluded.position"""
LINES: Final = "SELECT content FROM feature WHERE authority = ? ORDER BY number"
DELETE_LIST: Final = "DELETE FROM feature WHERE authority = ?"
DELETE_NOTE: Final = "DELETE FROM feature_list WHERE authority = ?"
LIST_NOTE: Final = "SELECT note FROM feature_list WHERE authority = ?"
SET_LIST: Final = """INSERT INTO feature_list (authority, note, position) VALUES (?, ?, ?)
    ON CONFLICT (authority) DO UPDATE SET note = excluded.note, position = excluded.position"""
