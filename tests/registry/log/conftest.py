"""A log in a database of its own."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark.registry.log import journal, leaf
from countermark.registry.sqlite import SqliteDatabase

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    connection = sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)
    database = SqliteDatabase(connection)
    for statement in journal.TABLES:
        database.run(statement)
    yield database
    connection.close()


@pytest.fixture
def grow(database: SqliteDatabase) -> Callable[[int], None]:
    """Appends that many leaves in one transaction."""

    def grow(count: int) -> None:
        with database.writing():
            first = journal.size(database)
            journal.append(database, [event(number) for number in range(first, first + count)])

    return grow


def event(number: int) -> bytes:
    at = START + timedelta(seconds=number)
    return leaf.encode("marked", at, {"payload": f"{number:016x}"})
