"""Two processes write and eight read: no error, nothing lost, and every answer exact meanwhile."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from multiprocessing.sharedctypes import Synchronized

import pytest

from countermark.fingerprint import distance
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, Registry, sqlite_search
from countermark.registry.log import Checkpoint, NoteKey, leaf

KEY = NoteKey.generate("example.org/log")
WRITERS, READERS = 2, 8
FORK = multiprocessing.get_context("fork")

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def make_entry(writer: int, number: int) -> Entry:
    manifest = f"{writer} {number}".encode() * 100
    return Entry(
        payload=writer << 32 | number,
        pdq=hash_of(number),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED),
        width=640,
        height=480,
        marked_at=datetime(2026, 11, 26, tzinfo=timezone.utc),
    )


def hash_of(number: int) -> bytes:
    """One of eight that are strangers, with a few bits turned."""
    value = int.from_bytes(hashlib.sha256(bytes([number % 8])).digest(), "big")
    return (value ^ (1 << number % 40) - 1).to_bytes(32, "big")


def is_deleted(number: int) -> bool:
    return number % 5 == 2


@dataclass
class Progress:
    """How many entries a writer has begun with, and how many were acknowledged."""

    begun: Synchronized[int]
    acknowledged: Synchronized[int]


def write(address: str, writer: int, progress: Progress, until: float) -> None:
    with Registry.open(address) as registry:
        number = 0
        while time.monotonic() < until:
            progress.begun.value = number + 1
            assert registry.put(make_entry(writer, number))
            if is_deleted(number):
                registry.delete(writer << 32 | number, reason=DisposalReason.MISTAKEN)
            progress.acknowledged.value = number + 1
            number += 1
            if number % 10 == 0:
                registry.log.checkpoint(KEY)


def read(
    address: str, reader: int, progresses: list[Progress], rounds: Synchronized[int], until: float
) -> None:
    generator = random.Random(reader)
    remembered: list[Checkpoint] = []
    with Registry.open(address) as registry:
        while not rounds.value or time.monotonic() < until:
            expect_entry(registry, generator, progresses)
            expect_near(registry, generator, progresses)
            if rounds.value % 8 == 0:
                found = registry.log.check(KEY.verifier, remembered[-1:])
                remembered.append(found)
            rounds.value += 1


def expect_entry(registry: Registry, generator: random.Random, progresses: list[Progress]) -> None:
    """Entry and leaf are there together, from the acknowledgement on."""
    writer = generator.randrange(WRITERS)
    number = generator.randrange(progresses[writer].acknowledged.value or 1)
    was_acknowledged = number < progresses[writer].acknowledged.value
    expected = make_entry(writer, number)
    if not was_acknowledged:
        return
    found = registry.find_payload(expected.payload)
    position = registry.find_leaf(expected.payload)
    if is_deleted(number):
        assert (found, position) == (None, None)
        return
    assert found == expected
    assert position is not None
    (content, *_) = registry.log.leaves(position)
    assert leaf.decode(content)["payload"] == f"{expected.payload:016x}"


def expect_near(registry: Registry, generator: random.Random, progresses: list[Progress]) -> None:
    """What was acknowledged before is found, and nothing that was not begun with after."""
    query = hash_of(generator.randrange(320))
    surely = set(within(query, [progress.acknowledged.value for progress in progresses]))
    found = {(entry.payload, bits) for entry, bits in registry.find_similar([query])}
    perhaps = set(within(query, [progress.begun.value for progress in progresses]))
    assert {(p, bits) for p, bits in surely if not is_deleted(p & 0xFFFFFFFF)} <= found
    assert found <= perhaps
    gone = {(p, bits) for p, bits in surely if is_deleted(p & 0xFFFFFFFF)}
    assert not gone & found


def within(query: bytes, counts: list[int]) -> Iterator[tuple[int, int]]:
    """Payload and distance of each entry within reach, by comparing all."""
    for writer, count in enumerate(counts):
        for number in range(count):
            bits = distance(hash_of(number), query)
            if bits <= 31:
                yield writer << 32 | number, bits


@pytest.mark.parametrize("seconds", [1.5, pytest.param(30, marks=pytest.mark.slow)])
def test_two_write_and_eight_read(
    address: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_search, "SCANNED_ROWS", 50)
    until = time.monotonic() + seconds
    progresses = [Progress(FORK.Value("q", 0), FORK.Value("q", 0)) for _ in range(WRITERS)]
    rounds = [FORK.Value("q", 0) for _ in range(READERS)]
    processes = [
        FORK.Process(target=write, args=(address, number, progress, until))
        for number, progress in enumerate(progresses)
    ]
    processes += [
        FORK.Process(target=read, args=(address, number, progresses, done, until))
        for number, done in enumerate(rounds)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)
    assert all(done.value for done in rounds)
    counts = [progress.acknowledged.value for progress in progresses]
    assert all(counts)
    with Registry.open(address) as registry:
        registry.log.check(KEY.verifier)
        expected = {
            make_entry(writer, number).payload
            for writer, count in enumerate(counts)
            for number in range(count)
            if not is_deleted(number)
        }
        assert {entry.payload for entry in registry.all_entries()} == expected
        assert all(registry.find_leaf(payload) is not None for payload in expected)
