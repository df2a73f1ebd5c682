"""The side store: what is kept comes back, what is erased does not, whoever holds a copy."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest

from countermark.errors import (
    InvalidArgument,
    InvalidPayload,
    RecordErased,
    RegistryError,
    RetentionNotOver,
    UnreadableRegistry,
)
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, Registry
from countermark.registry.log import leaf

VERSION_2 = Path(__file__).parents[1] / "vectors" / "registry-2.sql"
SECRET = {"prompt": "Träume von Jana Müller", "account": "jana@example.org", "n": [1, None, 0.5]}
NOW = datetime.now(timezone.utc)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def entry(payload: int, marked_at: datetime = NOW) -> Entry:
    manifest = payload.to_bytes(8, "big")
    return Entry(
        payload=payload,
        pdq=hashlib.sha256(manifest).digest(),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED),
        width=640,
        height=480,
        marked_at=marked_at,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the classes and the keys are."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def registry(address: str, folder: Path) -> Iterator[Registry]:
    with Registry.open(address, folder=folder) as registry:
        yield registry


def leaves(registry: Registry, kind: str) -> list[dict[str, object]]:
    found = (leaf.decode(content) for content in registry.log.leaves())
    return [members for members in found if members["kind"] == kind]


def stored(address: str) -> bytes:
    """Everything that the database holds of personal records."""
    if not address.startswith("postgresql"):
        return b"".join(path.read_bytes() for path in Path(address).parent.glob("*.sqlite3*"))
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT * FROM countermark.personal").fetchall()
    return b"".join(value for row in rows for value in row if isinstance(value, bytes))


def test_a_record_comes_back(registry: Registry, address: str, folder: Path) -> None:
    record = registry.personal.keep(
        SECRET, retention_class="personal", payload=2**64 - 1, subject="jana", since=days_ago(3)
    )
    with Registry.open(address, folder=folder) as other:
        found = other.personal.recall(record)
    assert (found.values, found.payload) == (SECRET, 2**64 - 1)
    assert found.since == days_ago(3).replace(microsecond=0)
    (told,) = leaves(registry, "kept")
    assert told["commitment"] == leaf.commitment(found.salt, found.content)
    assert (told["record"], told["payload"]) == (record, "f" * 16)
    assert found.position == 0
    assert registry.log.check().size == 1


def test_nothing_of_it_is_readable_without_the_key(registry: Registry, address: str) -> None:
    registry.personal.keep(SECRET, retention_class="personal", subject="jana@example.org")
    everything = stored(address) + b"".join(registry.log.leaves())
    for word in (b"Jana", b"jana", b"prompt", "Träume".encode()):
        assert word not in everything


def test_the_subject_stands_nowhere_in_the_clear(registry: Registry, folder: Path) -> None:
    record = registry.personal.keep({"a": 1}, retention_class="personal", subject="jana@example")
    assert registry.personal.find(subject="jana@example") == [record]
    assert registry.personal.find(subject="jana") == []
    for path in folder.iterdir():
        assert b"jana" not in path.read_bytes()


def test_erasing_leaves_a_commitment_that_says_nothing(
    registry: Registry, address: str, folder: Path
) -> None:
    record = registry.personal.keep(SECRET, retention_class="personal", payload=7)
    before = registry.personal.recall(record)
    registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    with pytest.raises(InvalidArgument, match="no personal record"):
        registry.personal.recall(record)
    assert registry.personal.find() == []
    (told,) = leaves(registry, "erased")
    assert (told["record"], told["payload"]) == (record, f"{7:016x}")
    assert (told["class"], told["reason"]) == ("personal", "requested")
    assert before.salt not in stored(address)
    # What is in the leaf is a hash over 32 bytes that are nowhere any more.
    (kept,) = leaves(registry, "kept")
    assert kept["commitment"] != hashlib.sha256(before.content).hexdigest()


def test_a_copy_of_the_database_is_unreadable_after_erasing(tmp_path: Path, folder: Path) -> None:
    path, copy = folder / "registry.sqlite3", tmp_path / "copy.sqlite3"
    with Registry.open(path) as registry:
        record = registry.personal.keep(SECRET, retention_class="personal")
        registry.back_up(copy)
    with Registry.open(copy, folder=folder) as backup:
        assert backup.personal.recall(record).values == SECRET
    with Registry.open(copy) as stranger, pytest.raises(RecordErased):
        stranger.personal.recall(record)  # whoever has the backup alone
    with Registry.open(path) as registry:
        registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    with Registry.open(copy, folder=folder) as backup, pytest.raises(RecordErased):
        backup.personal.recall(record)


def test_destroyed_keys_are_in_no_file_any_more(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        records = [registry.personal.keep({"n": n}, retention_class="personal") for n in range(120)]
        path = tmp_path / "personal-keys.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            secrets = dict(connection.execute("SELECT record, secret FROM key").fetchall())
        assert all(secret in path.read_bytes() for secret in secrets.values())
        for record in records[::2]:
            registry.personal.erase(record, reason=DisposalReason.WITHDRAWN)
        files = [file.read_bytes() for file in tmp_path.glob("personal-keys*")]
        assert len(files) == 2
        gone = [secrets[bytes.fromhex(record)] for record in records[::2]]
        assert not any(secret in content for secret in gone for content in files)
        for n, record in enumerate(records):
            if n % 2:
                assert registry.personal.recall(record).values == {"n": n}


@pytest.mark.parametrize("column", ["class", "since", "payload", "position", "sealed"])
def test_a_record_that_was_changed_does_not_open(tmp_path: Path, column: str) -> None:
    path = tmp_path / "registry.sqlite3"
    with Registry.open(path) as registry:
        one = registry.personal.keep(SECRET, retention_class="personal", payload=1)
        registry.personal.keep(
            {"b": 2}, retention_class="network-log", payload=2, since=days_ago(1)
        )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"UPDATE personal SET {column} = (SELECT {column} FROM personal WHERE id != ?)"
            " WHERE id = ?",
            (bytes.fromhex(one),) * 2,
        )
    with Registry.open(path) as registry, pytest.raises(UnreadableRegistry, match="changed"):
        registry.personal.recall(one)


def test_before_the_minimum_only_an_order_erases(registry: Registry) -> None:
    record = registry.personal.keep(SECRET, retention_class="unlabelled-grant", since=days_ago(183))
    for reason in (DisposalReason.REQUESTED, DisposalReason.MISTAKEN):
        with pytest.raises(RetentionNotOver, match="184 days"):
            registry.personal.erase(record, reason=reason)
    with pytest.raises(InvalidArgument, match="can be given"):
        registry.personal.erase(record, reason=DisposalReason.EXPIRED)
    assert registry.personal.recall(record).values == SECRET
    registry.personal.erase(record, reason=DisposalReason.ORDERED, order="LG Example 12 O 34/26")
    (told,) = leaves(registry, "erased")
    order = str(told["order"])
    assert registry.personal.recall(order).values == {"order": "LG Example 12 O 34/26"}
    assert registry.personal.find() == [order]
    assert b"12 O 34" not in b"".join(registry.log.leaves())


def test_after_the_minimum_it_can_be_erased(registry: Registry) -> None:
    record = registry.personal.keep(SECRET, retention_class="unlabelled-grant", since=days_ago(185))
    registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    assert registry.personal.find() == []


def test_entries_obey_their_class(registry: Registry, folder: Path) -> None:
    (folder / "retention.toml").write_text("[entry]\nminimum_days = 30\nmaximum_days = 60\n")
    for payload, age in enumerate((10, 40, 70, 80)):
        registry.put(entry(payload, days_ago(age)))
    with pytest.raises(RetentionNotOver):
        registry.delete(0, reason=DisposalReason.WITHDRAWN)
    registry.delete(0, reason=DisposalReason.ORDERED, order="12 O 34/26")
    registry.delete(1, reason=DisposalReason.WITHDRAWN)
    assert registry.dispose(dry_run=True)["entry"] == 2
    assert registry.find_payload(3) is not None
    assert registry.dispose()["entry"] == 2
    assert registry.entries() == []
    told = [(members["payload"], members["reason"]) for members in leaves(registry, "deleted")]
    expected = [(0, "ordered"), (1, "withdrawn"), (2, "expired"), (3, "expired")]
    assert told == [(f"{payload:016x}", reason) for payload, reason in expected]
    assert registry.dispose()["entry"] == 0


def test_dispose_erases_what_is_past_its_maximum(registry: Registry, folder: Path) -> None:
    (folder / "retention.toml").write_text("[personal]\nmaximum_days = 30\n")
    old = [
        registry.personal.keep({"n": n}, retention_class="personal", since=days_ago(31))
        for n in range(3)
    ]
    new = registry.personal.keep(SECRET, retention_class="personal", since=days_ago(29))
    other = registry.personal.keep(SECRET, retention_class="network-log", since=days_ago(300))
    assert registry.dispose(dry_run=True)["personal"] == 3
    assert set(registry.personal.find()) == {*old, new, other}
    found = registry.dispose()
    assert {name: count for name, count in found.items() if count} == {"personal": 3}
    assert registry.personal.find() == [new, other]
    assert [members["record"] for members in leaves(registry, "erased")] == old
    assert {members["reason"] for members in leaves(registry, "erased")} == {"expired"}
    registry.log.check()


def test_records_of_a_class_that_is_gone_are_not_forgotten(
    registry: Registry, folder: Path
) -> None:
    (folder / "retention.toml").write_text("[invoice]\nmaximum_days = 30\n")
    registry.personal.keep(SECRET, retention_class="invoice")
    (folder / "retention.toml").unlink()
    with pytest.raises(InvalidArgument, match="invoice"):
        registry.dispose()


def test_a_record_and_an_entry_are_kept_together_or_not_at_all(registry: Registry) -> None:

    def fail() -> None:
        with registry.adding(entry(1)):
            registry.personal.keep(SECRET, retention_class="personal", payload=1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert registry.personal.find() == []
    assert registry.log.size == 0
    with registry.adding(entry(1)):
        record = registry.personal.keep(SECRET, retention_class="personal", payload=1)
        with pytest.raises(RegistryError, match="while an entry"):
            registry.personal.erase(record, reason=DisposalReason.WITHDRAWN)
    assert registry.personal.find(payload=1) == [record]
    assert registry.personal.find(payload=2) == []
    registry.delete(1, reason=DisposalReason.WITHDRAWN)
    assert registry.personal.recall(record).payload == 1  # its class decides, not the entry


def test_an_erasure_that_was_cut_off_is_finished(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = registry.personal.keep(SECRET, retention_class="personal")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("countermark.registry.log.journal.append", cut_off)
        with pytest.raises(KeyboardInterrupt):
            registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    with pytest.raises(RecordErased):
        registry.personal.recall(record)  # erased it is, and the log says so when it is finished
    assert leaves(registry, "erased") == []
    registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    assert registry.personal.find() == []
    assert len(leaves(registry, "erased")) == 1


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({}, {}),
        ([1], {}),
        ({"a": object()}, {}),
        ({"a": "x" * 70_000}, {}),
        ({"telephone": 49_176_5550_0001_2345_678}, {}),  # which JSON elsewhere would round
        ({"a": "\ud800"}, {}),
        ([("a", 1)] * 2 + ["Jana"], {}),
        (SECRET, {"retention_class": "no-such-class"}),
        (SECRET, {"retention_class": "entry"}),
        (SECRET, {"retention_class": "disposal-order"}),
        (SECRET, {"subject": ""}),
        (SECRET, {"subject": "Jana\ud800"}),
        (SECRET, {"since": datetime(2026, 1, 1)}),
        (SECRET, {"since": NOW + timedelta(days=1)}),
    ],
)
def test_what_cannot_be_kept_is_refused(
    registry: Registry, values: object, options: dict[str, object]
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        registry.personal.keep(values, **{"retention_class": "personal", **options})  # type: ignore[arg-type]
    assert not any(word in str(raised.value) for word in ("Jana", "49176", "176_555"))
    assert raised.value.__cause__ is None
    assert registry.log.size == 0


def test_payloads_and_records_are_checked(registry: Registry) -> None:
    with pytest.raises(InvalidPayload):
        registry.personal.keep(SECRET, retention_class="personal", payload=-1)
    with pytest.raises(InvalidPayload):
        registry.personal.find(payload=2**64)
    for record in ("", "xyz", "00" * 16):
        with pytest.raises(InvalidArgument, match="no personal record"):
            registry.personal.recall(record)
        with pytest.raises(InvalidArgument, match="no personal record"):
            registry.personal.erase(record, reason=DisposalReason.WITHDRAWN)


def test_without_a_folder_nothing_is_kept(postgres: str) -> None:
    folder = postgres.split()[0].removeprefix("host=")
    with Registry.open(f"postgresql://tests@/postgres?host={folder}") as registry:
        with pytest.raises(InvalidArgument, match="folder"):
            registry.personal.keep(SECRET, retention_class="personal")
        assert registry.log.size == 0


def test_keys_that_are_open_to_others_are_refused(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        record = registry.personal.keep(SECRET, retention_class="personal")
        path = tmp_path / "personal-keys.sqlite3"
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)
        with pytest.raises(UnreadableRegistry, match="open to others"):
            registry.personal.recall(record)


@pytest.mark.parametrize("content", [b"precious, and no database at all" * 40, b""])
def test_a_file_that_holds_no_keys(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "personal-keys.sqlite3"
    path.write_bytes(content)
    path.chmod(0o600)
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        if content:
            with pytest.raises(UnreadableRegistry):
                registry.personal.keep(SECRET, retention_class="personal")
            assert path.read_bytes() == content
        else:
            assert registry.personal.find(subject="jana") == []
            registry.personal.recall(registry.personal.keep(SECRET, retention_class="personal"))


def test_version_2_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_2.read_text("utf-8"))
    os.chmod(path, 0o600)
    before = path.read_bytes()
    with Registry.open(path) as registry:
        assert registry.personal.find() == []
        assert registry.dispose(dry_run=True)["entry"] == 0
        assert (registry.log.size, len(registry.entries())) == (5, 2)
        assert path.read_bytes() == before
        record = registry.personal.keep(SECRET, retention_class="personal")
        assert registry.personal.recall(record).values == SECRET
        assert registry.log.check().size == 6
        assert [json.loads(c)["kind"] for c in registry.log.leaves()][4:] == ["deleted", "kept"]
