"""What the registry needs of a database, whichever it is.

Statements are written once, with `?` for values; a backend adapts them to its database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]
"""A row of a result."""


class Database(Protocol):
    """A connection to one database, for one thread at a time."""

    def writing(self) -> AbstractContextManager[None]:
        """A transaction that no other writer runs beside; durable when it ends well."""

    def reading(self) -> AbstractContextManager[None]:
        """A transaction that sees one state throughout."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; how many rows it changed."""

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each row of values."""

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a result; None when there is none."""

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a result."""
