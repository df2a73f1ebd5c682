"""What became of each item of a job, on disk beside what it made.

It only spares work and tells people: what is done is what the registry has and what is in its
place.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from countermark.batch.plan import KEY_BYTES
from countermark.errors import DestinationNotWritable, InvalidArgument

FOLDER: Final = ".countermark-batch"
"""In the destination: the journal, and drafts."""

Status: TypeAlias = Literal["done", "failed"]

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS job (key BLOB NOT NULL, policy TEXT);
CREATE TABLE IF NOT EXISTS item (
    name TEXT PRIMARY KEY, stamp TEXT NOT NULL, status TEXT NOT NULL, payload TEXT, reason TEXT
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Line:
    """`stamp`: tells whether the source is as it was. `reason`: why it failed."""

    name: str
    stamp: str
    status: Status
    payload: int | None = None
    reason: str | None = None


class Journal:
    """Of the job whose destination is that folder."""

    def __init__(self, destination: Path) -> None:
        self.folder = destination / FOLDER
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.folder / "journal.sqlite3", isolation_level=None)
            self._database.executescript(f"PRAGMA journal_mode = WAL; {_TABLES}")
        except (OSError, sqlite3.Error) as error:
            raise DestinationNotWritable(
                f"The folder {str(self.folder)!r} cannot be written to ({error}).",
                remedy="Check its rights and the room on the disk.",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def key(self) -> bytes:
        """Of the job, made when it begins."""
        row = self._database.execute("SELECT key FROM job").fetchone()
        if row is not None:
            return bytes(row[0])
        made = secrets.token_bytes(KEY_BYTES)
        self._database.execute("INSERT INTO job VALUES (?, NULL)", (made,))
        return made

    def check_policy(self, policy: str) -> None:
        """Raises `InvalidArgument` when the job was begun with another one."""
        (begun,) = self._database.execute("SELECT policy FROM job").fetchone()
        if begun not in (None, policy):
            raise InvalidArgument(
                "The job was begun with another record, strength or profile.",
                remedy="Go on as it was begun, or name another folder with --out.",
            )
        self._database.execute("UPDATE job SET policy = ?", (policy,))

    def done(self, name: str, stamp: str) -> bool:
        """Whether that source was marked, as it is."""
        found = "SELECT 1 FROM item WHERE name = ? AND stamp = ? AND status = 'done'"
        return self._database.execute(found, (name, stamp)).fetchone() is not None

    def done_names(self) -> frozenset[str]:
        """Of all that was marked."""
        found = self._database.execute("SELECT name FROM item WHERE status = 'done'")
        return frozenset(str(row[0]) for row in found)

    def write(self, lines: Sequence[Line]) -> None:
        """Tell what became of items, in one transaction."""
        rows = [
            (
                one.name,
                one.stamp,
                one.status,
                None if one.payload is None else f"{one.payload:016x}",
                one.reason,
            )
            for one in lines
        ]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        """Items by status."""
        found = self._database.execute("SELECT status, COUNT(*) FROM item GROUP BY status")
        return {"done": 0, "failed": 0, **dict(found)}

    def lines_as_json(self) -> Iterator[str]:
        """Each item, in the order of names."""
        for name, payload, reason in self._database.execute(
            "SELECT name, payload, reason FROM item ORDER BY name"
        ):
            told = {"payload": payload} if reason is None else {"reason": reason}
            yield json.dumps({"name": name, **told}, ensure_ascii=False)
