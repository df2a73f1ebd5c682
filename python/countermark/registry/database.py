"""What the registry needs of a database, whichever it is.

Statements are written once, with `?` for values; a backend adapts them to its database.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeAlias

from countermark.hamming import Match

Row: TypeAlias = tuple[Any, ...]
"""A row of a result."""


class Hashes(Protocol):
    """The fingerprints of the entries, as they were when they were asked for."""

    def search(self, queries: Sequence[bytes], max_distance: int) -> list[Match]:
        """Every hash within reach of any query, by its entry's row, the nearest first."""


class Database(Protocol):
    """A connection to one database, for one thread at a time: that which holds its lock.

    Only `hashes`, and searching what it gives, are for any thread that does not.

    Each call raises `UnreadableRegistry` for damage, `RegistryTooNew` for tables of a later
    version; in a transaction that writes, `DestinationNotWritable` when that is refused.
    """

    lock: threading.RLock

    def close(self) -> None:
        """Let go of it; closing again does nothing."""

    def version(self) -> int:
        """The version of the tables; 0 when there are none yet."""

    def prepare(self) -> None:
        """Make the tables, or bring them up to date."""

    def in_transaction(self) -> bool:
        """Whether one is open."""

    def writing(self) -> AbstractContextManager[None]:
        """A transaction that no other writer runs beside; durable when it ends well."""

    def reading(self) -> AbstractContextManager[None]:
        """A transaction that sees one state throughout, or the one that is open."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; how many rows it changed."""

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each row of values."""

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a result; None when there is none."""

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a result."""

    def add_hash(self, row: int, value: bytes) -> None:
        """Let the fingerprint of the entry in that row be found."""

    def drop_hash(self, row: int, value: bytes) -> None:
        """Let it be found no longer."""

    def hashes(self, *, anew: bool = False) -> Hashes:
        """The fingerprints that can be found; inside a transaction, as that sees them.

        `anew`: without those that were read before and may have been deleted since.
        """


@contextmanager
def changing(database: Database) -> Iterator[None]:
    """A transaction that writes, in tables that are up to date; other threads wait meanwhile."""
    with database.lock:
        database.prepare()
        with database.writing():
            yield
