"""One registry file under ordinary use, contention, crashes and damage."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countermark.errors import (
    CountermarkError,
    DestinationNotWritable,
    InvalidArgument,
    InvalidPayload,
    PayloadTaken,
    RegistryTooNew,
    UnreadableRegistry,
)
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry


def make_entry(payload: int, *, pdq: bytes = bytes(32), quality: int = 100) -> Entry:
    manifest = payload.to_bytes(8, "big") * 1000
    return Entry(
        payload=payload,
        pdq=pdq,
        pdq_quality=quality,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED, title=f"picture {payload}"),
        width=640,
        height=480,
        marked_at=datetime(2026, 11, 23, 12, tzinfo=timezone.utc),
    )


def add(path: Path, *entries: Entry) -> None:
    with Registry.open(path) as registry:
        for entry in entries:
            with registry.adding(entry):
                pass


def test_entries_come_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    add(path, *(make_entry(payload) for payload in (9, 3, 2**64 - 1)))
    with Registry.open(path) as registry:
        found = registry.entries()
        assert [entry.payload for _, entry in found] == [9, 3, 2**64 - 1]
        assert registry.entries(limit=2) == found[:2]
        assert registry.entries(found[1][0]) == found[2:]
        assert registry.entries(found[2][0]) == []


def payloads(path: Path, wanted: range) -> list[int]:
    with Registry.open(path) as registry:
        return [payload for payload in wanted if registry.find_payload(payload) is not None]


def search_all(path: Path) -> list[tuple[Entry, int]]:
    with Registry.open(path) as registry:
        return registry.find_similar([bytes(32)], 256)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite3"


@pytest.mark.parametrize("payload", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_entry_comes_back_whole(path: Path, payload: int) -> None:
    entry = make_entry(payload)
    add(path, entry)
    with Registry.open(path) as registry:
        assert registry.find_payload(payload) == entry


def test_file_is_private_and_in_wal_mode(path: Path) -> None:
    add(path, make_entry(1))
    assert path.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_reading_a_missing_registry_creates_nothing(path: Path) -> None:
    with Registry.open(path) as registry:
        assert registry.find_payload(1) is None
        assert registry.find_similar([bytes(32)]) == []
        assert registry.new_payload() in range(2**64)
    assert list(path.parent.iterdir()) == []


def test_empty_file_is_an_empty_registry(path: Path) -> None:
    path.touch()
    assert payloads(path, range(3)) == []
    add(path, make_entry(1))
    assert payloads(path, range(3)) == [1]


def test_reading_leaves_the_file_as_it_is(path: Path) -> None:
    add(path, make_entry(1))
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert payloads(path, range(3)) == [1]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_taken_payload_is_refused_before_the_body(path: Path) -> None:
    add(path, make_entry(1))
    with Registry.open(path) as registry:
        with pytest.raises(PayloadTaken), registry.adding(make_entry(1)):
            pytest.fail("the body ran")
        with registry.adding(make_entry(2)):
            pass
    assert payloads(path, range(4)) == [1, 2]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_failing_body_leaves_no_entry(path: Path, error: BaseException) -> None:
    with Registry.open(path) as registry:
        with pytest.raises(type(error)), registry.adding(make_entry(1)):
            raise error
        assert registry.find_payload(1) is None
        assert registry.find_similar([bytes(32)]) == []
        with registry.adding(make_entry(1)):
            pass
        assert registry.find_payload(1) is not None


def test_new_payloads_differ(path: Path) -> None:
    with Registry.open(path) as registry:
        assert len({registry.new_payload() for _ in range(100)}) == 100


def test_new_payload_avoids_taken_ones(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path, make_entry(5))
    drawn = iter([5, 5, 6])
    monkeypatch.setattr("secrets.randbits", lambda _: next(drawn))
    with Registry.open(path) as registry:
        assert registry.new_payload() == 6


@pytest.mark.parametrize("payload", [-1, 2**64, "7", 1.0, None])
def test_payload_out_of_range_is_refused(path: Path, payload: Any) -> None:
    with Registry.open(path) as registry, pytest.raises(InvalidPayload):
        registry.find_payload(payload)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": 2**64},
        {"pdq": bytes(31)},
        {"pdq_quality": 101},
        {"manifest": b"other"},
        {"width": 0},
        {"marked_at": datetime(2026, 11, 23)},
    ],
)
def test_contradicting_entry_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        dataclasses.replace(make_entry(1), **change)


def test_search_is_exact_and_orders_by_distance(path: Path) -> None:
    random = np.random.default_rng(1)
    hashes = random.integers(0, 256, (300, 32), np.uint8)
    query = random.integers(0, 256, (8, 32), np.uint8)
    for row in range(60):  # every fifth is near one of the queries, at a growing distance
        near = np.unpackbits(query[row % 8])
        near[random.choice(256, row, replace=False)] ^= 1
        hashes[5 * row] = np.packbits(near)
    qualities = [int(quality) for quality in random.integers(0, 101, 300)]
    add(path, *(make_entry(n, pdq=hashes[n].tobytes(), quality=qualities[n]) for n in range(300)))

    bits = np.unpackbits(hashes[:, None, :] ^ query[None], axis=2).sum(axis=2).min(axis=1)
    expected = sorted((int(bits[n]), n) for n in range(300) if bits[n] <= 31 and qualities[n] >= 50)
    with Registry.open(path) as registry:
        found = registry.find_similar([value.tobytes() for value in query])
        assert registry.find_similar([]) == []
        with pytest.raises(InvalidArgument):
            registry.find_similar([bytes(31)])
    assert [(distance, entry.payload) for entry, distance in found] == expected
    assert len(expected) > 5


def test_search_sees_what_others_have_added(path: Path) -> None:
    add(path, make_entry(1))
    with Registry.open(path) as registry:
        assert len(registry.find_similar([bytes(32)])) == 1
        add(path, make_entry(2))
        assert len(registry.find_similar([bytes(32)])) == 2
        with registry.adding(make_entry(3)):
            pass
        assert len(registry.find_similar([bytes(32)])) == 3


def test_threads_share_one_registry(path: Path) -> None:
    with Registry.open(path) as registry:

        def work(first: int) -> None:
            for payload in range(first, first + 10):
                with registry.adding(make_entry(payload)):
                    assert registry.find_payload(payload) is not None

        threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 40, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert payloads(path, range(50)) == list(range(40))


@contextlib.contextmanager
def worker(verb: str, path: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has come to the point where its verb waits for a line."""
    program = Path(__file__).with_name("worker.py")
    command = [sys.executable, str(program), verb, str(path), str(number)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def test_processes_that_make_the_registry_at_once_all_succeed(path: Path) -> None:
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(worker("add_five", path, n)) for n in range(0, 20, 5)]
        for process in workers:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
    assert [process.returncode for process in workers] == [0] * 4
    assert payloads(path, range(25)) == list(range(20))
    assert len(list(path.parent.glob("*.marked"))) == 20


@pytest.mark.parametrize("existing", [[], [1]])
def test_killed_process_leaves_a_whole_registry_without_its_entry(
    path: Path, existing: list[int]
) -> None:
    add(path, *map(make_entry, existing))
    with worker("stop_inside", path, 2) as process:
        process.send_signal(signal.SIGKILL)
    assert payloads(path, range(5)) == existing
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    add(path, make_entry(2))
    assert payloads(path, range(5)) == [*existing, 2]


def test_writer_that_never_ends_makes_others_give_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(path, make_entry(1))
    monkeypatch.setattr("countermark.registry.sqlite.BUSY_TIMEOUT_SECONDS", 0.1)
    with Registry.open(path) as first, first.adding(make_entry(2)):
        assert payloads(path, range(5)) == [1]  # readers are not held up
        with pytest.raises(UnreadableRegistry, match="locked"):
            add(path, make_entry(3))


def test_newer_registry_is_left_alone(path: Path) -> None:
    add(path, make_entry(1))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    with pytest.raises(RegistryTooNew):
        Registry.open(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entry (x)")
    connection.close()


def cut_off(path: Path) -> None:
    add(path, make_entry(1))
    path.write_bytes(path.read_bytes()[:700])


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.write_bytes(b"no database" * 100), Path.mkdir, foreign_database, cut_off],
)
def test_what_is_no_registry_is_refused(path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(path)
    with pytest.raises(UnreadableRegistry):
        payloads(path, range(3))
    with pytest.raises(UnreadableRegistry):
        add(path, make_entry(1))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("manifest", b"other"),
        ("record", '{"source":"painted"}'),
        ("marked_at", "yesterday"),
        ("width", "wide"),
    ],
)
def test_changed_entry_is_reported(path: Path, column: str, value: object) -> None:
    add(path, make_entry(1))
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE entry SET {column} = ?", (value,))
    connection.commit()
    connection.close()
    with Registry.open(path) as registry, pytest.raises(UnreadableRegistry, match="damaged"):
        registry.find_payload(1)


def test_byte_damage_never_leaks_a_foreign_error(path: Path) -> None:
    add(path, *(make_entry(n, pdq=bytes([n] * 32)) for n in range(3)))
    whole = path.read_bytes()
    random = np.random.default_rng(2)
    for _ in range(100):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 8):
            damaged[place] = int(random.integers(0, 256))
        path.write_bytes(damaged)
        for use in (
            lambda: payloads(path, range(3)),
            lambda: search_all(path),
            lambda: add(path, make_entry(7)),
        ):
            with contextlib.suppress(CountermarkError):
                use()
        for leftover in path.parent.glob("*-*"):
            leftover.unlink()


def test_closed_registry_says_so(path: Path) -> None:
    add(path, make_entry(1))
    registry = Registry.open(path)
    registry.close()
    registry.close()
    with pytest.raises(CountermarkError):
        registry.find_payload(1)


def test_missing_folder_is_not_writable(tmp_path: Path) -> None:
    with pytest.raises(DestinationNotWritable):
        add(tmp_path / "missing" / "registry.sqlite3", make_entry(1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [4_096, 100_000])  # too little for SQLite, for the entry
def test_full_disk_changes_nothing(path: Path, room: int) -> None:
    add(path, make_entry(1))
    before = path.read_bytes()
    with worker("fill_the_disk", path, len(before) + room) as process:
        process.communicate("\n")
    assert process.returncode == 0
    assert path.read_bytes() == before
    assert payloads(path, range(3)) == [1]


def test_read_only_folder_can_be_read_but_not_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.sqlite3"
        add(path, make_entry(1))
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        with worker("write_read_only", path, 2) as process:
            process.communicate("\n")
        Path(folder).chmod(0o755)
        assert process.returncode == 0
        assert [file.name for file in Path(folder).iterdir()] == [path.name]
