"""The log in a database: held to its checkpoints, and every kind of damage found."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from countermark.errors import InvalidCheckpoint, InvalidProof, UnreadableRegistry
from countermark.registry.database import Database
from countermark.registry.log import exporting, journal, merkle, note, tiles
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.note import COSIGNATURE, NoteKey
from countermark.registry.sqlite import SqliteDatabase

Grow = Callable[[int], None]
KEY = NoteKey.generate("example.org/log")


def test_an_empty_log_is_sound(database: Database) -> None:
    assert journal.size(database) == 0
    assert journal.check(database).size == 0
    assert Checkpoint.open(journal.checkpoint(database, KEY), KEY.verifier).size == 0


def test_leaves_come_back_in_order(database: Database, grow: Grow) -> None:
    grow(3)
    grow(300)
    found = journal.leaves(database, 0, 1000)
    assert len(found) == journal.size(database) == 303
    assert found[5] == journal.leaf(database, 5)
    assert b"0000000000000005" in found[5]
    with pytest.raises(InvalidProof, match="no leaf at 303"):
        journal.leaf(database, 303)


def test_a_failed_transaction_leaves_the_log_as_it_was(database: Database, grow: Grow) -> None:
    grow(257)
    before = journal.check(database)

    def fail() -> None:
        with database.writing():
            journal.append(database, [b"{}"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert journal.check(database) == before


def test_checkpoints_are_kept_and_checked(database: Database, grow: Grow) -> None:
    signed = []
    for count in (1, 255, 1, 300):
        grow(count)
        signed.append(journal.checkpoint(database, KEY))
    assert journal.checkpoints(database) == signed
    assert journal.check(database, KEY.verifier).size == 557
    with pytest.raises(InvalidCheckpoint, match="not signed"):
        journal.check(database, NoteKey.generate("example.org/log").verifier)


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE log_leaf SET content = ? WHERE position = 256", (b'{"kind": 1}',)),
        ("UPDATE log_leaf SET content = ? WHERE position = 0", (b"{}",)),
        ("DELETE FROM log_leaf WHERE position = 100", ()),
        ("UPDATE log_tile SET hashes = ? WHERE level = 0 AND number = 0", (bytes(8192),)),
        ("UPDATE log_tile SET hashes = ? WHERE level = 1", (bytes(32),)),
        ("UPDATE log_tile SET hashes = ? WHERE level = 0 AND number = 1", (bytes(33),)),
        ("DELETE FROM log_tile WHERE level = 0 AND number = 1", ()),
    ],
)
def test_damage_is_found(
    database: Database, grow: Grow, statement: str, values: tuple[bytes, ...]
) -> None:
    grow(300)
    if isinstance(database, SqliteDatabase):  # which keeps ordinary programs from it
        for trigger in ("log_leaf_stays", "log_leaf_remains"):
            database.run(f"DROP TRIGGER {trigger}")
    database.run(statement, values)
    with pytest.raises(UnreadableRegistry, match="damaged"):
        journal.check(database)


@pytest.fixture
def fork(grow: Grow, tmp_path: Path) -> Callable[[], SqliteDatabase]:
    """A copy of the log as it is then."""

    def fork() -> SqliteDatabase:
        with sqlite3.connect(tmp_path / "log.sqlite3") as source:
            source.execute("VACUUM INTO ?", (str(tmp_path / "copy.sqlite3"),))
        source.close()
        return SqliteDatabase(tmp_path / "copy.sqlite3")

    return fork


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_forked_log_raises_an_alarm(
    database: Database, grow: Grow, fork: Callable[[], SqliteDatabase]
) -> None:
    grow(10)
    other = fork()
    grow(5)
    with other.writing():
        journal.append(other, [b'{"kind":"other"}'] * 5)
    remembered = Checkpoint.open(journal.checkpoint(database, KEY), KEY.verifier)
    with pytest.raises(InvalidProof, match="forked or changed"):
        journal.check_past(other, remembered)
    other.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_restored_backup_raises_an_alarm(
    database: Database, grow: Grow, fork: Callable[[], SqliteDatabase]
) -> None:
    grow(10)
    other = fork()
    grow(1)
    remembered = Checkpoint.open(journal.checkpoint(database, KEY), KEY.verifier)
    with pytest.raises(InvalidProof, match="rolled back"):
        journal.check_past(other, remembered)
    other.close()


def test_witnesses_cosign_checkpoints(database: Database, grow: Grow) -> None:
    grow(3)
    witness = NoteKey.generate("witness.example/w1", COSIGNATURE)
    stranger = NoteKey.generate("witness.example/w2", COSIGNATURE)
    at = datetime(2026, 5, 6, tzinfo=timezone.utc)
    signed = note.parse(journal.checkpoint(database, KEY))
    cosigned = signed.with_signatures([note.signature(signed.text, witness, at=at)])
    kept = journal.add_cosignatures(
        database, str(cosigned), KEY.verifier, [witness.verifier, stranger.verifier]
    )
    assert kept == 1
    assert journal.checkpoint(database, KEY)  # signing again keeps what witnesses said
    (stored,) = journal.checkpoints(database)
    assert note.parse(stored).cosigned_at(witness.verifier) == at
    assert note.parse(stored).cosigned_at(stranger.verifier) is None
    with pytest.raises(InvalidCheckpoint, match="None of the known witnesses"):
        journal.add_cosignatures(database, str(cosigned), KEY.verifier, [stranger.verifier])


def test_a_witness_of_another_past_is_refused(database: Database, grow: Grow) -> None:
    grow(3)
    witness = NoteKey.generate("witness.example/w1", COSIGNATURE)
    other = note.parse(Checkpoint("example.org/log", 3, bytes(32)).signed(KEY))
    cosigned = other.with_signatures([note.signature(other.text, witness)])
    with pytest.raises(InvalidProof, match="forked"):
        journal.add_cosignatures(database, str(cosigned), KEY.verifier, [witness.verifier])


def test_what_is_exported_can_be_read_back(database: Database, grow: Grow, tmp_path: Path) -> None:
    grow(600)
    exporting.export(database, journal.checkpoint(database, KEY), tmp_path)
    checkpoint = Checkpoint.open((tmp_path / "checkpoint").read_text(), KEY.verifier)
    read = [
        content
        for number in range(3)
        for content in tiles.unbundle(
            (tmp_path / tiles.entries_path(number, min(256, 600 - 256 * number))).read_bytes()
        )
    ]
    assert read == journal.leaves(database, 0, 600)

    def tile(place: tuple[int, int]) -> bytes:
        (width,) = [w for level, number, w in tiles.tiles_of(600) if (level, number) == place]
        return (tmp_path / tiles.tile_path(*place, width)).read_bytes()

    assert merkle.root(600, tile) == checkpoint.root
