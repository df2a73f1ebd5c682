"""The index beside a registry: never a wrong answer, whatever becomes of the file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark import hamming
from countermark.errors import UnreadableRegistry
from countermark.fingerprint import distance
from countermark.hamming import Index
from countermark.record import DigitalSource, Record
from countermark.registry import MIN_QUALITY, Entry, Registry, rows
from countermark.registry import sqlite_search as search
from countermark.registry.sqlite import SqliteDatabase

FEW = 40
MANIFEST = b"manifest"
RECORD = Record(source=DigitalSource.CAPTURED)


@pytest.fixture(autouse=True)
def small_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registries of tests are small: an index is made for more than 40 rows."""
    monkeypatch.setattr(search, "SCANNED_ROWS", FEW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite3"


@pytest.fixture
def file(path: Path) -> Path:
    return path.with_name("registry.sqlite3.search")


def entry(payload: int, pdq: bytes, quality: int = 100) -> Entry:
    return Entry(
        payload=payload,
        pdq=pdq,
        pdq_quality=quality,
        manifest=MANIFEST,
        manifest_sha256=hashlib.sha256(MANIFEST).digest(),
        record=RECORD,
        width=640,
        height=480,
        marked_at=datetime(2026, 11, 26, tzinfo=timezone.utc),
    )


def hash_of(payload: int) -> bytes:
    """The hash of each payload, in clusters of eight: those of 8 n to 8 n + 7 match each other."""
    random = np.random.default_rng(payload // 8)
    bits = np.unpackbits(random.integers(0, 256, 32, np.uint8))
    bits[random.permutation(256)[: 3 * (payload % 8)]] ^= 1
    return np.packbits(bits).tobytes()


def add(path: Path, payloads: range, quality: Callable[[int], int] = lambda _: 100) -> None:
    """Adds many in one transaction, and leaves the log alone."""
    with writing(path) as database:
        for each in (entry(payload, hash_of(payload), quality(payload)) for payload in payloads):
            key = rows.payload_key(each.payload)
            database.run(rows.INSERT, rows.to_row(each))
            database.run(rows.INSERT_LEAF, (key, 0, b"", rows.digest(each)))
            row = database.one(rows.SELECT_ROW, (key,))
            assert row is not None
            if each.pdq_quality >= MIN_QUALITY:
                database.add_hash(row[0], each.pdq)


def delete(path: Path, *payloads: int) -> None:
    with writing(path) as database:
        for payload in payloads:
            key = rows.payload_key(payload)
            row = database.one("SELECT rowid, pdq FROM entry WHERE payload = ?", (key,))
            assert row is not None
            database.drop_hash(*row)
            database.run(rows.DELETE, (key,))
            database.run(rows.DELETE_LEAF, (key,))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[SqliteDatabase]:
    with contextlib.closing(SqliteDatabase(path)) as database:
        database.prepare()
        with database.writing():
            yield database


def expected(path: Path, queries: list[bytes], radius: int) -> list[tuple[int, int]]:
    """Distance and payload by comparing everything."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT payload, pdq FROM entry WHERE pdq_quality >= 50 ORDER BY rowid"
        ).fetchall()
    found = [
        (min(distance(pdq, query) for query in queries), int.from_bytes(payload, "big"))
        for payload, pdq in rows
    ]
    return sorted((each for each in found if each[0] <= radius), key=lambda each: each[0])


def expect_exact(registry: Registry, path: Path) -> None:
    for queries in ([hash_of(3)], [hash_of(8), hash_of(77), bytes(32)], [hash_of(500)]):
        for radius in (0, 12, 31, 100, 256):
            found = registry.find_similar(queries, radius)
            told = [(bits, each.payload) for each, bits in found]
            assert told == expected(path, queries, radius), (len(queries), radius)


def expect_exact_anew(path: Path) -> None:
    with Registry.open(path) as registry:
        expect_exact(registry, path)


def test_small_registry_has_no_index(path: Path, file: Path) -> None:
    add(path, range(FEW))
    expect_exact_anew(path)
    assert not file.exists()


def test_index_is_made_once_private_and_used(path: Path, file: Path) -> None:
    add(path, range(200), lambda payload: payload % 101)
    expect_exact_anew(path)
    assert len(Index.open(file)) == sum(payload % 101 >= 50 for payload in range(200))
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat()
    expect_exact_anew(path)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert {each.name for each in path.parent.iterdir()} == {path.name, file.name}


def test_newer_entries_are_found_and_indexed_when_they_are_many(path: Path, file: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        for start in range(100, 190, 10):
            expect_exact(registry, path)
            expect_exact_anew(path)
            add(path, range(start, start + 10))
    assert 100 < len(Index.open(file)) < 190


def test_deleted_entries_are_not_found(path: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        expect_exact(registry, path)
        delete(path, 3, 5, 8, 77)
        expect_exact(registry, path)
    expect_exact_anew(path)


@pytest.mark.parametrize("change", ["pdq = zeroblob(32)", "pdq_quality = 49"])
def test_entry_changed_by_hand_is_noticed(path: Path, change: str) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        assert registry.find_similar([hash_of(3)])
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            statement = f"UPDATE entry SET {change} WHERE payload = ?"
            connection.execute(statement, (rows.payload_key(3),))
        with pytest.raises(UnreadableRegistry, match="damaged entry"):
            registry.find_similar([hash_of(3)])
    with Registry.open(path) as registry, pytest.raises(UnreadableRegistry):
        registry.find_similar([hash_of(3)])


def test_numbers_given_again_are_noticed(path: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        expect_exact(registry, path)
        delete(path, *range(90, 100))
        add(path, range(500, 510))  # at the same rows
        expect_exact(registry, path)
        expect_exact_anew(path)
        # And among those that are newer than the index.
        delete(path, 509)
        add(path, range(3000, 3003))
        expect_exact(registry, path)
        expect_exact_anew(path)


def test_everything_deleted_finds_nothing(path: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        expect_exact(registry, path)
        delete(path, *range(100))
        assert registry.find_similar([hash_of(3)], 256) == []
        add(path, range(3, 4))
        expect_exact(registry, path)
    expect_exact_anew(path)


def test_restored_backup_that_went_another_way_is_noticed(path: Path, file: Path) -> None:
    add(path, range(80))
    shutil.copy(path, path.with_name("backup"))
    add(path, range(80, 100))
    expect_exact_anew(path)
    assert file.exists()
    shutil.copy(path.with_name("backup"), path)
    expect_exact_anew(path)
    add(path, range(500, 530))
    expect_exact_anew(path)


def test_compacted_registry_is_noticed(path: Path) -> None:
    add(path, range(100))
    delete(path, *range(0, 50, 2))
    expect_exact_anew(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")  # may number the rows anew
    expect_exact_anew(path)


def test_index_of_another_registry_is_not_used(path: Path, file: Path) -> None:
    other = path.with_name("other.sqlite3")
    add(other, range(300, 400))
    expect_exact_anew(other)
    add(path, range(100))
    other.with_name("other.sqlite3.search").rename(file)
    expect_exact_anew(path)


def test_index_of_a_faster_process_is_not_taken_for_our_own(
    path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = path.with_name("other.sqlite3")
    add(other, range(300))
    expect_exact_anew(other)
    newer = other.with_name("other.sqlite3.search").read_bytes()
    write = search._write

    def write_and_lose(target: Path, index: Index) -> None:
        write(target, index)
        target.write_bytes(newer)

    add(path, range(100))
    monkeypatch.setattr(search, "_write", write_and_lose)
    expect_exact_anew(path)
    assert file.read_bytes() == newer


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def forbid(file: Path) -> None:
    file.chmod(0)


@pytest.mark.parametrize(
    "spoil",
    [Path.unlink, truncate, flip, forbid, make_folder, lambda file: file.write_bytes(b"")],
)
def test_spoilt_index_is_made_again(
    path: Path, file: Path, spoil: Callable[[Path], object]
) -> None:
    add(path, range(100))
    expect_exact_anew(path)
    spoil(file)
    expect_exact_anew(path)
    if not file.is_dir():
        assert len(Index.open(file)) == 100


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_of_the_index_gives_the_same_answer(
    path: Path, file: Path, data: st.DataObject
) -> None:
    if not path.exists():
        add(path, range(100))
        expect_exact_anew(path)
    content = bytearray(file.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=9)):
        content[place] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(0, 2 * len(content)))])
    with Registry.open(path) as registry:
        found = registry.find_similar([hash_of(3)])
    assert [(bits, each.payload) for each, bits in found] == expected(path, [hash_of(3)], 31)


def test_deleting_the_index_disturbs_nobody_who_uses_it(path: Path, file: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        expect_exact(registry, path)
        file.unlink()
        expect_exact(registry, path)


def test_index_that_cannot_be_written_is_kept_in_memory(
    path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(path, range(100))

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    expect_exact_anew(path)
    assert {each.name for each in path.parent.iterdir()} == {path.name}


def test_entry_that_is_not_committed_is_found_but_not_indexed(path: Path, file: Path) -> None:
    add(path, range(100))
    with Registry.open(path) as registry:
        with contextlib.suppress(KeyboardInterrupt), registry.adding(entry(3000, hash_of(3))):
            found = registry.find_similar([hash_of(3)])
            assert 3000 in [each.payload for each, _ in found]
            assert not file.exists()
            raise KeyboardInterrupt
        assert registry.find_payload(3000) is None
        expect_exact(registry, path)
        with registry.adding(entry(3001, hash_of(3))):  # at the same row
            pass
        expect_exact(registry, path)


def test_more_than_one_index_holds_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming, "COUNT_MAX", 70)
    add(path, range(100))
    with Registry.open(path) as registry:
        expect_exact(registry, path)
        add(path, range(100, 200))
        expect_exact(registry, path)
    expect_exact_anew(path)


def test_threads_search_one_registry_while_it_grows(path: Path) -> None:
    add(path, range(100))
    truth = expected(path, [hash_of(3)], 31)
    wrong: list[object] = []
    with Registry.open(path) as registry:

        def work() -> None:
            for _ in range(30):
                found = registry.find_similar([hash_of(3)])
                told = [(bits, each.payload) for each, bits in found]
                if told != truth:
                    wrong.append(told)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for payload in range(800, 860):
            with registry.adding(entry(payload, hash_of(payload))):
                pass
        for thread in threads:
            thread.join()
        expect_exact(registry, path)
    assert not wrong


def test_building_the_index_keeps_nobody_from_looking_things_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(path, range(100))
    begun, may_go_on = threading.Event(), threading.Event()
    build = Index.build

    def build_late(*arguments: object, **options: object) -> Index:
        begun.set()
        assert may_go_on.wait(60)
        return build(*arguments, **options)

    monkeypatch.setattr(Index, "build", build_late)
    with Registry.open(path) as registry:
        searching = threading.Thread(target=registry.find_similar, args=([hash_of(3)],))
        searching.start()
        assert begun.wait(60)
        assert registry.find_payload(3) is not None
        assert registry.put(entry(5000, hash_of(3)))
        assert searching.is_alive()
        may_go_on.set()
        searching.join()
        expect_exact(registry, path)


@contextlib.contextmanager
def worker(verb: str, path: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    program = Path(__file__).with_name("search_worker.py")
    command = [sys.executable, str(program), verb, str(path), str(number)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def test_writer_and_readers_in_processes_of_their_own(path: Path, file: Path) -> None:
    add(path, range(100))
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(worker("search", path, FEW)) for _ in range(3)]
        workers.append(stack.enter_context(worker("add", path, 60)))
        for process in workers:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
    assert [process.returncode for process in workers] == [0] * 4
    expect_exact_anew(path)
    assert len(Index.open(file)) > 100


def test_killed_while_it_writes_the_index_leaves_nothing_that_matters(
    path: Path, file: Path
) -> None:
    add(path, range(100))
    with worker("stop_before_replacing", path, FEW) as process:
        process.send_signal(signal.SIGKILL)
    (draft,) = path.parent.glob(".*.countermark")
    assert not file.exists()
    expect_exact_anew(path)
    assert draft.exists()  # its writer may live
    os.utime(draft, (time.time() - 3600,) * 2)
    file.unlink()
    expect_exact_anew(path)
    assert not draft.exists()
    assert file.exists()
