"""The search in PostgreSQL: exact, by the index, and clear when the server is not there."""

import random
import secrets
from collections.abc import Iterator

import numpy as np
import pytest

from countermark.errors import UnreadableRegistry
from countermark.registry.postgres import PostgresDatabase

SEED = 20261126


def turned(value: bytes, bits: int, generator: random.Random) -> bytes:
    number = int.from_bytes(value, "big")
    for bit in generator.sample(range(256), bits):
        number ^= 1 << bit
    return number.to_bytes(32, "big")


@pytest.fixture
def database(postgres: str) -> Iterator[PostgresDatabase]:
    schema = f"s{secrets.token_hex(8)}"
    database = PostgresDatabase(postgres, schema)
    database.prepare()
    # Hashes without their entries: whole ones are the matter of test_registry.
    database.run("ALTER TABLE hash DROP CONSTRAINT hash_entry_fkey")
    yield database
    database.run(f"DROP SCHEMA {schema} CASCADE")
    database.close()


@pytest.fixture
def hashes(database: PostgresDatabase) -> list[bytes]:
    """Clusters around a few hashes, at every distance, and strangers."""
    generator = random.Random(SEED)
    centres = [generator.randbytes(32) for _ in range(20)] + [bytes(32), b"\xff" * 32]
    values = [turned(centre, bits, generator) for centre in centres for bits in range(0, 60, 2)]
    values += [generator.randbytes(32) for _ in range(2000)]
    with database.writing():
        for row, value in enumerate(values):
            database.add_hash(row, value)
    return values


@pytest.mark.parametrize("radius", [0, 1, 15, 30, 31, 32, 60, 256])
def test_search_is_exact(database: PostgresDatabase, hashes: list[bytes], radius: int) -> None:
    generator = random.Random(radius)
    stored = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)
    queries = [turned(generator.choice(hashes), bits, generator) for bits in (0, 1, 7, 20, 31)]
    for query in [*queries, bytes(32), b"\xff" * 32]:
        distances = np.bitwise_count(stored ^ np.frombuffer(query, np.uint8)).sum(axis=1)
        expected = {(int(row), int(distances[row])) for row in np.flatnonzero(distances <= radius)}
        found = database.near(query, radius)
        assert len(found) == len(set(found))
        assert set(found) == expected


def test_distances_just_within_the_pigeonhole_are_found(database: PostgresDatabase) -> None:
    """31 bits spread so that fifteen bands differ in two bits and one in a single one."""
    for single in range(16):
        number = 0
        for band in range(16):
            number |= (1 if band == single else 3) << (16 * band)
        with database.writing():
            database.add_hash(single, number.to_bytes(32, "big"))
    assert sorted(database.near(bytes(32), 31)) == [(single, 31) for single in range(16)]


def test_search_takes_the_index(database: PostgresDatabase, hashes: list[bytes]) -> None:
    plan = database.explain_near(hashes[0], 31)
    assert "Bitmap Index Scan on hash_by_band" in plan
    assert "Seq Scan" not in plan


def test_search_sees_what_its_own_transaction_wrote(database: PostgresDatabase) -> None:
    with database.writing():
        database.add_hash(7, bytes(32))
        assert database.near(bytes(32), 31) == [(7, 0)]


def test_a_failed_transaction_writes_nothing(database: PostgresDatabase) -> None:
    def fail() -> None:
        with database.writing():
            database.add_hash(7, bytes(32))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.near(bytes(32), 31) == []


def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UnreadableRegistry, match="PostgreSQL server refuses"):
        PostgresDatabase("host=/nowhere dbname=none")


def test_a_lost_connection_is_said_so(database: PostgresDatabase, postgres: str) -> None:
    other = PostgresDatabase(postgres)
    row = other.one("SELECT pg_backend_pid()")
    assert row is not None
    database.run("SELECT pg_terminate_backend(?)", (row[0],))
    with pytest.raises(UnreadableRegistry, match="PostgreSQL server refuses"):
        other.one("SELECT 1")
    other.close()
