"""A log in a database of its own."""

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark.registry.database import Database
from countermark.registry.log import journal, leaf
from countermark.registry.postgres import PostgresDatabase
from countermark.registry.sqlite import SqliteDatabase

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Each kind of database, with the tables of a registry."""
    found: Database
    if request.param == "sqlite":
        found = SqliteDatabase(tmp_path / "log.sqlite3")
    else:
        schema = f"s{secrets.token_hex(8)}"
        found = PostgresDatabase(request.getfixturevalue("postgres"), schema)
    found.prepare()
    yield found
    if request.param == "postgres":
        found.run(f"DROP SCHEMA {schema} CASCADE")
    found.close()


@pytest.fixture
def grow(database: Database) -> Callable[[int], None]:
    """Appends that many leaves in one transaction."""

    def grow(count: int) -> None:
        with database.writing():
            first = journal.size(database)
            journal.append(database, [event(number) for number in range(first, first + count)])

    return grow


def event(number: int) -> bytes:
    at = (START + timedelta(seconds=number)).isoformat()
    return leaf.encode("marked", at, {"payload": f"{number:016x}"})
