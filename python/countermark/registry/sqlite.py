"""SQLite as the registry's database: one file, written ahead to a log beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from countermark.registry.database import Row


class SqliteDatabase:
    """A connection in the manner of `Database`; it has isolation_level None."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        finally:
            self._roll_back()

    @contextmanager
    def reading(self) -> Iterator[None]:
        self.run("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return self.connection.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self.connection.executemany(statement, rows)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        row: Row | None = self.connection.execute(statement, values).fetchone()
        return row

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(statement, values).fetchall()

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.run("ROLLBACK")
