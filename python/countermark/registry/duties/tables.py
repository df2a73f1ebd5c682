"""How models, grants and complaints stand in the tables of the registry."""

from __future__ import annotations

from typing import Final

FIRST_VERSION: Final = 4
"""Of the registry's tables, from which on they are there."""

TABLES: Final = (
    # position: of the leaf that told last of what is in the row; salt: of the commitment in it.
    """
    CREATE TABLE model (
        sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        biometric INTEGER NOT NULL,
        sensitive_scene INTEGER NOT NULL,
        assessment_sha256 BLOB,
        assessed_on TEXT,
        retired INTEGER NOT NULL,
        salt BLOB NOT NULL,
        position INTEGER NOT NULL UNIQUE
    )
    """,
    # record: the personal record with the recipient, whose ID is the grant's.
    """
    CREATE TABLE unlabelled_grant (
        record BLOB PRIMARY KEY,
        content TEXT NOT NULL,
        payload BLOB,
        agreement_sha256 BLOB NOT NULL CHECK (length(agreement_sha256) = 32),
        granted_at TEXT NOT NULL,
        salt BLOB NOT NULL,
        position INTEGER NOT NULL UNIQUE
    )
    """,
    "CREATE INDEX unlabelled_grant_by_content ON unlabelled_grant (content)",
    "CREATE INDEX unlabelled_grant_by_payload ON unlabelled_grant (payload)",
    # record: the personal record with contact and words; NULL when there is none any more.
    """
    CREATE TABLE complaint (
        ticket TEXT PRIMARY KEY,
        secret_sha256 BLOB NOT NULL,
        kind TEXT NOT NULL,
        payload BLOB,
        pdq BLOB,
        url_sha256 BLOB,
        received_at TEXT NOT NULL,
        deadline TEXT NOT NULL,
        state TEXT NOT NULL,
        answer_sha256 BLOB,
        record BLOB,
        salt BLOB NOT NULL,
        position INTEGER NOT NULL UNIQUE
    )
    """,
    "CREATE INDEX complaint_by_deadline ON complaint (state, deadline)",
    "CREATE INDEX complaint_by_record ON complaint (record)",
)

WITH_PERSONAL: Final = (
    "DELETE FROM unlabelled_grant WHERE record = ?",
    "UPDATE complaint SET record = NULL WHERE record = ?",
)
"""What goes with a personal record when that is erased."""
