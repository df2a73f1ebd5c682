"""The tables of a registry in SQLite, and how each version became the next."""

from __future__ import annotations

from typing import Final

from countermark.registry import clips, manifests, personal, rows, sqlite_search
from countermark.registry.duties import tables as duties
from countermark.registry.features import tables as features
from countermark.registry.log import journal
from countermark.registry.rows import ENTRY_LOG_TABLES

APPLICATION_ID: Final = int.from_bytes(b"CMKR", "big")
"""In the file's header, so that other SQLite files are told apart."""

# What makes the tables of each version out of those of the one before; never changed afterwards.
#
# 1: SQLite integers are signed, therefore the payload is 8 bytes, big-endian. The manifest stands
# last: the small columns are then read without its pages. The index holds all a search reads.
# 2: the transparency log. Its triggers keep programs from what a log must not suffer; whoever may
# write the file can still do anything to it, which `log check` then finds.
# 3: what shows that bits have turned on the disk, for SQLite's pages have no checksums; manifests
# by identifier; personal records; features of known content.
# 4: what laws want kept: models, grants of copies without visible label, complaints.
# 5: sounds and movies.
STEPS: Final = (
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
        *journal.TABLES,
        *ENTRY_LOG_TABLES,
        """
        CREATE TRIGGER log_leaf_stays BEFORE UPDATE ON log_leaf
        BEGIN SELECT RAISE(ABORT, 'a leaf of the log never changes'); END
        """,
        """
        CREATE TRIGGER log_leaf_remains BEFORE DELETE ON log_leaf
        BEGIN SELECT RAISE(ABORT, 'a leaf of the log is never taken away'); END
        """,
        """
        CREATE TRIGGER log_leaf_yields_to_none BEFORE INSERT ON log_leaf
        WHEN EXISTS (SELECT 1 FROM log_leaf WHERE position = NEW.position)
        BEGIN SELECT RAISE(ABORT, 'a leaf of the log is never replaced'); END
        """,
    ),
    (
        *rows.DIGEST_TABLES,
        *journal.DIGEST_TABLES,
        *sqlite_search.TABLES,
        *manifests.TABLES,
        *personal.TABLES,
        *features.TABLES,
    ),
    duties.TABLES,
    clips.TABLES,
)

ONE_OF_EACH: Final = ("entry", "log_leaf", "hash_sum", "complaint", "clip")
"""A table of each version: by them a version that is not true is noticed."""
