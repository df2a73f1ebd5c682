"""Bits that turn on the disk: an answer is right or an error of ours, and never a wrong one."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import CountermarkError, InvalidCheckpoint, InvalidProof
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, KeyUse, Purpose, Registry
from countermark.registry.duties import About, ComplaintKind
from countermark.registry.log import Checkpoint, InclusionProof, NoteKey, check_exported

SEED = 20261126
KEY = NoteKey.generate("example.org/log")
START = datetime(2026, 11, 26, tzinfo=timezone.utc)
COUNT = 48
DELETED = range(20, 26)
ABSENT = (10**6, 10**6 + 1)
SMALL_PAGE = 512  # so that a small registry has pages of every kind


def payload_of(number: int) -> int:
    return number * 0x0123456789ABCDEF % 2**64


def make_entry(number: int) -> Entry:
    """Neighbours look alike; every tenth manifest needs pages of its own."""
    payload = payload_of(number)
    manifest = payload.to_bytes(8, "big") * (400 if number % 10 == 0 else 5)
    pdq = bytearray(hashlib.sha256(f"{number // 4}".encode()).digest())
    pdq[0] ^= number % 4
    return Entry(
        payload=payload,
        pdq=bytes(pdq),
        pdq_quality=100 if number % 7 else 40,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED, title=f"Picture {number}"),
        width=640 + number,
        height=480,
        marked_at=START + timedelta(seconds=number),
    )


def make_use(number: int) -> KeyUse:
    digest = hashlib.sha256(f"{number}".encode()).digest()
    return KeyUse(
        at=START, purpose=Purpose.CLAIM, key_sha256=digest, algorithm="es256", signed_sha256=digest
    )


def fill(path: Path) -> Checkpoint:
    """A registry with entries, deletions and more leaves than a tile has hashes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {SMALL_PAGE}")
        connection.execute("VACUUM")
    with Registry.open(path) as registry:
        for number in range(COUNT):
            registry.put(make_entry(number))
        for number in DELETED:
            registry.delete(payload_of(number), reason=DisposalReason.MISTAKEN)
        for number in range(6):
            digest = bytes([number]) * 32
            registry.models.add(digest, name=f"Model {number}", version="1", biometric=True)
            registry.complaints.receive(ComplaintKind.REPORT, About(pdq=digest), received_at=START)
        for number in range(280 - registry.log.size):
            registry.record_key_use(make_use(number))
        return Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)


@dataclass(frozen=True, slots=True)
class Truth:
    """What an undamaged registry answers to each question."""

    file: bytes
    questions: list[Callable[[Registry], Any]]
    answers: list[Any]
    checkpoint: Checkpoint


def questions(checkpoint: Checkpoint) -> list[Callable[[Registry], Any]]:
    """Whatever a registry can be asked."""
    payloads = [payload_of(number) for number in range(COUNT)]
    hashes = [make_entry(number).pdq for number in range(0, COUNT, 2)]
    return [
        lambda registry: list(registry.all_entries()),
        lambda registry: list(registry.key_uses()),
        lambda registry: list(registry.log.leaves()),
        lambda registry: registry.models.all(),
        lambda registry: registry.complaints.all(),
        lambda registry: registry.complaints.overdue(START + timedelta(days=100)),
        lambda registry: registry.log.check(KEY.verifier),
        lambda registry: registry.log.prove_consistency(255, checkpoint.size),
        *(partial(Registry.find_payload, payload=payload) for payload in [*payloads, *ABSENT]),
        *(partial(Registry.find_leaf, payload=payload) for payload in [*payloads, *ABSENT]),
        *(partial(Registry.find_similar, hashes=[value]) for value in hashes),
        partial(Registry.find_similar, hashes=[bytes(32)], max_distance=256, limit=5),
        *(partial(prove, checkpoint=checkpoint, position=at) for at in range(0, 280, 9)),
    ]


def prove(registry: Registry, *, checkpoint: Checkpoint, position: int) -> InclusionProof:
    return registry.log.prove(position, checkpoint)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    path = tmp_path_factory.mktemp("turned") / "registry.sqlite3"
    checkpoint = fill(path)
    asked = questions(checkpoint)
    with Registry.open(path) as registry:
        return Truth(path.read_bytes(), asked, [ask(registry) for ask in asked], checkpoint)


@pytest.mark.parametrize("flips", [200, pytest.param(5_000, marks=pytest.mark.slow)])
def test_no_bit_of_the_database_changes_an_answer(truth: Truth, tmp_path: Path, flips: int) -> None:
    generator = random.Random(SEED)
    path = tmp_path / "registry.sqlite3"
    noticed = 0
    for number in range(flips):
        place, bit = generator.randrange(len(truth.file)), generator.randrange(8)
        content = bytearray(truth.file)
        content[place] ^= 1 << bit
        path.write_bytes(content)
        try:
            noticed += expect_truth(path, truth, generator)
            if number % 4 == 0:
                noticed += write(path, truth, generator)
        except Exception as error:
            raise AssertionError(f"Flip {number}: bit {bit} of byte {place}") from error
        for file in path.parent.iterdir():
            file.unlink()
    assert flips / 20 < noticed < flips


@pytest.mark.parametrize("flips", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_bit_of_an_exported_log_counts(truth: Truth, tmp_path: Path, flips: int) -> None:
    path, folder = tmp_path / "registry.sqlite3", tmp_path / "public"
    path.write_bytes(truth.file)
    with Registry.open(path) as registry:
        registry.log.export(folder, registry.log.checkpoint(KEY))
    assert check_exported(folder, KEY.verifier) == truth.checkpoint
    generator = random.Random(SEED)
    exported = sorted(file for file in folder.rglob("*") if file.is_file())
    assert len(exported) == 6  # two bundles, three tiles, and the checkpoint
    for _ in range(flips):
        file = generator.choice(exported)
        content = file.read_bytes()
        place = generator.randrange(len(content))
        turned = content[place] ^ 1 << generator.randrange(8)
        file.write_bytes(content[:place] + bytes([turned]) + content[place + 1 :])
        with pytest.raises((InvalidProof, InvalidCheckpoint)):
            check_exported(folder, KEY.verifier)
        file.write_bytes(content)
    assert check_exported(folder, KEY.verifier) == truth.checkpoint


def expect_truth(path: Path, truth: Truth, generator: random.Random) -> bool:
    """Asks some questions; whether an answer was refused."""
    refused = False
    asked = [*range(8), *generator.sample(range(8, len(truth.questions)), 10)]
    try:
        with Registry.open(path) as registry:
            for number in asked:
                try:
                    answer = truth.questions[number](registry)
                except CountermarkError:
                    refused = True
                    continue
                assert answer == truth.answers[number], truth.questions[number]
    except CountermarkError:
        return True
    return refused


def write(path: Path, truth: Truth, generator: random.Random) -> bool:
    """Neither a second entry for a payload, nor a signature on a root that is none."""
    known = make_entry(generator.choice([n for n in range(COUNT) if n not in DELETED]))
    try:
        with Registry.open(path) as registry:
            now = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
            assert now == truth.checkpoint
            assert not registry.put(known)
            new = make_entry(ABSENT[0])
            assert registry.put(new)
            assert registry.find_payload(new.payload) == new
            assert (new, 0) in registry.find_similar([new.pdq])
    except CountermarkError:
        return True
    return False
