"""Tables that are not as they were written are noticed, whichever database holds them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from countermark.errors import UnreadableRegistry
from countermark.registry import Entry, Registry
from countermark.registry.log import Checkpoint, NoteKey
from countermark.registry.rows import payload_key

KEY = NoteKey.generate("example.org/log")
COLUMNS = {
    "pdq": bytes(32),
    "pdq_quality": 99,
    "manifest_sha256": bytes(32),
    "width": 641,
    "height": 481,
    "marked_at": "2026-11-26T00:00:01+00:00",
    "record": '{"source":"captured"}',
    "manifest": b"another manifest",
}
MakeEntry = Callable[[int], Entry]


def change(address: str, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """What no program of ours does."""
    with Registry.open(address) as registry:
        database = registry._database
        with database.writing():
            if "://" not in address:
                database.run("DROP TRIGGER log_leaf_stays")
            for statement, values in statements:
                assert database.run(statement, values) == 1


def expect_damage(registry: Registry, *asks: Callable[[Registry], Any]) -> None:
    for ask in asks:
        with pytest.raises(UnreadableRegistry, match="damaged"):
            ask(registry)


@pytest.fixture
def filled(address: str, make_entry: MakeEntry) -> str:
    with Registry.open(address) as registry:
        for payload in range(1, 6):
            registry.put(make_entry(payload))
    return address


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_entry(filled: str, column: str, make_entry: MakeEntry) -> None:
    values = (COLUMNS[column], payload_key(3))
    change(filled, (f"UPDATE entry SET {column} = ? WHERE payload = ?", values))
    with Registry.open(filled) as registry:
        expect_damage(
            registry,
            lambda registry: registry.find_payload(3),
            lambda registry: registry.find_leaf(3),
            lambda registry: registry.find_similar([make_entry(3).pdq]),
            lambda registry: registry.entries(),
            lambda registry: registry.put(make_entry(3)),
        )
        assert registry.find_payload(2) == make_entry(2)


def test_a_lost_entry(filled: str, make_entry: MakeEntry) -> None:
    change(filled, ("DELETE FROM entry WHERE payload = ?", (payload_key(3),)))
    with Registry.open(filled) as registry:
        expect_damage(registry, lambda registry: registry.find_payload(3))
        with pytest.raises(UnreadableRegistry):
            registry.put(make_entry(3))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("DELETE FROM entry_leaf WHERE position = 2", ()),
        ("UPDATE entry_leaf SET position = 1 WHERE position = 2", ()),
        ("UPDATE entry_leaf SET salt = ? WHERE position = 2", (bytes(32),)),
        ("UPDATE entry_leaf SET payload = ? WHERE position = 2", (bytes(8),)),
    ],
)
def test_a_changed_tie_to_the_log(filled: str, statement: str, values: tuple[Any, ...]) -> None:
    change(filled, (statement, values))
    with Registry.open(filled) as registry:
        expect_damage(registry, lambda registry: registry.find_leaf(3))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE log_leaf SET content = ? WHERE position = 2", (b"{}",)),
        ("UPDATE log_leaf SET position = 9 WHERE position = 4", ()),
        ("UPDATE log_tile SET hashes = ?", (bytes(5 * 32),)),
        ("UPDATE log_tile SET hashes = ?", (bytes(4 * 32),)),
        ("UPDATE log_tile SET number = 1", ()),
    ],
)
def test_a_changed_log(filled: str, statement: str, values: tuple[Any, ...]) -> None:
    with Registry.open(filled) as registry:
        checkpoint = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
    change(filled, (statement, values))
    with Registry.open(filled) as registry:
        expect_damage(
            registry,
            lambda registry: list(registry.log.leaves()),
            lambda registry: list(registry.key_uses()),
            lambda registry: registry.log.prove(2, checkpoint),
            lambda registry: registry.log.check(),
        )
        if "log_tile" in statement:
            expect_damage(registry, lambda registry: registry.log.checkpoint(KEY))


@pytest.mark.parametrize("own_postgres", [["--data-checksums"]], indirect=True)
def test_turned_bits_below_postgres(own_postgres: Any, make_entry: MakeEntry) -> None:
    """Its pages have checksums; what they find is said as an error of ours."""
    generator = random.Random(20261126)
    entries = [make_entry(payload) for payload in range(1, 30)]
    with Registry.open(own_postgres.url) as registry:
        for entry in entries:
            registry.put(entry)
        leaves = list(registry.log.leaves())
    files = relation_files(own_postgres)
    own_postgres.stop()
    noticed = set()
    for table, file in files.items():
        healthy = file.read_bytes()
        content = bytearray(healthy)
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        file.write_bytes(content)
        own_postgres.start()
        for entry in entries:
            try:
                with Registry.open(own_postgres.url) as registry:
                    assert registry.find_payload(entry.payload) == entry
                    assert registry.find_similar([entry.pdq], 0) == [(entry, 0)]
                    assert list(registry.log.leaves()) == leaves
            except UnreadableRegistry:
                noticed.add(table)
        own_postgres.stop()
        file.write_bytes(healthy)
    own_postgres.start()
    assert len(noticed) >= 4


def relation_files(server: Any) -> dict[str, Path]:
    """Where the tables and indices lie, with all that was written in them."""
    tables = ("entry", "entry_payload_key", "hash", "hash_by_band", "log_leaf", "log_tile")
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        asked = "SELECT pg_relation_filepath(%s)"
        rows = [connection.execute(asked, (f"countermark.{name}",)).fetchone() for name in tables]
    return {name: server.data / row[0] for name, row in zip(tables, rows, strict=True) if row}
