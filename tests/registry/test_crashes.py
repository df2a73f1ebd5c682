"""Processes killed at any moment: what was acknowledged is there, readable and provable."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import credentials, files, keys, mark, verify
from countermark.credentials import Signer, Trust
from countermark.errors import UnreadableRegistry
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Registry, rows, sqlite_search
from countermark.registry.log import Checkpoint, NoteKey, journal, leaf
from countermark.registry.postgres import PostgresDatabase
from countermark.registry.sqlite import SqliteDatabase
from countermark.report import Verdict

SEED = 20261126
KEY = NoteKey.generate("example.org/log")
RECORD = Record(source=DigitalSource.CAPTURED)

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


@dataclass(frozen=True, slots=True)
class Step:
    """A call that marking makes. `statement`: the one among its arguments, where they tell."""

    owner: Any
    name: str
    statement: str | None = None
    databases: tuple[str, ...] = ("sqlite", "postgres")

    def dying_in(
        self, work: Callable[[int], None], call: int, acknowledge: int, *, before: bool
    ) -> None:
        """The work, until this process kills itself just before or after so many calls."""
        real = getattr(self.owner, self.name)

        def dying(*arguments: object, **options: object) -> object:
            nonlocal call
            call -= self.statement is None or self.statement in arguments
            if call == 0 and before:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*arguments, **options)
            if call == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(self.owner, self.name, dying)
        work(acknowledge)


BOTH = (SqliteDatabase, PostgresDatabase)
ONLY_SQLITE = ("sqlite",)
STEPS = (
    Step(files, "_open"),  # the draft of the file
    Step(files, "_sync"),
    Step(Path, "replace"),
    Step(files, "sync_folder"),
    *(Step(database, "run", rows.INSERT) for database in BOTH),
    Step(journal, "append"),
    *(Step(database, "run", rows.INSERT_LEAF) for database in BOTH),
    *(Step(database, "run", "COMMIT") for database in BOTH),
    *(Step(database, "run", rows.INSERT_TOMBSTONE) for database in BOTH),
    Step(journal, "checkpoint"),
    Step(PostgresDatabase, "add_hash"),
    Step(sqlite_search, "_write", databases=ONLY_SQLITE),
    Step(os, "replace", databases=ONLY_SQLITE),  # the index, into its place
)


def points(database: str) -> list[tuple[Step, bool]]:
    """Before and after each step that is taken with such a database."""
    other = {"sqlite": PostgresDatabase, "postgres": SqliteDatabase}[database]
    taken = [step for step in STEPS if database in step.databases and step.owner is not other]
    return [(step, before) for step in taken for before in (True, False)]


def mark_for_ever(address: str, signer: Signer, folder: Path, acknowledge: int) -> None:
    """Marks, looks for likes, signs checkpoints and deletes; tells what is done."""
    sqlite_search.SCANNED_ROWS = 0  # the index is built from the first entry on
    with Registry.open(address) as registry:
        for number in range(10_000):
            path = folder / f"{number}.png"
            done = mark(folder / "source", path, record=RECORD, signer=signer, registry=registry)
            os.write(acknowledge, done.payload.to_bytes(8, "big"))
            entry = registry.find_payload(done.payload)
            assert entry is not None
            assert registry.find_similar([entry.pdq])
            registry.log.checkpoint(KEY)
            if number % 2:
                registry.delete(done.payload, reason=DisposalReason.WITHDRAWN)


def killed(
    work: Callable[[int], None],
    after_seconds: float | None = None,
    *,
    first: Callable[[], None] | None = None,
) -> list[int]:
    """What a process had acknowledged when it was killed; by itself, without a time.

    `first`: what happens before, once something was acknowledged.
    """
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reader)
            work(writer)
        except UnreadableRegistry:  # the server was stopped
            signal.pause()
        finally:
            os._exit(1)
    os.close(writer)
    if after_seconds is not None:
        if first is not None:  # there is something to lose
            select.select([reader], [], [])
        time.sleep(after_seconds)
        if first is not None:
            first()
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), os.WEXITSTATUS(status)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    return [int.from_bytes(told[at : at + 8], "big") for at in range(0, len(told), 8)]


@dataclass
class Witness:
    """What outside of the registry is remembered of it."""

    address: str
    checkpoint: Checkpoint | None = None

    def look(self, folder: Path, acknowledged: list[int]) -> None:
        """Holds registry, log and the files of one round to what was promised."""
        marked = {intact_payload(path) for path in folder.glob("*.png")}
        with Registry.open(self.address) as registry:
            known = [] if self.checkpoint is None else [self.checkpoint]
            registry.log.check(KEY.verifier, known)
            now = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
            kinds = leaves(registry)
            for payload in acknowledged:
                assert payload in marked
                assert payload in kinds["marked"]
                if payload in kinds["deleted"]:
                    assert registry.find_payload(payload) is None
                    continue
                entry = registry.find_payload(payload)
                assert entry is not None
                position = registry.find_leaf(payload)
                assert position is not None
                registry.log.prove(position, now).check(now)
                assert entry in [found for found, _ in registry.find_similar([entry.pdq])]
            # And nothing but what the log tells of is there, each with its file.
            entries = {entry.payload for entry in registry.all_entries()}
            assert entries == kinds["marked"] - kinds["deleted"]
            newer = kinds["marked"] if known == [] else leaves(registry, known[0].size)["marked"]
            assert newer <= marked
        self.checkpoint = now


def intact_payload(path: Path) -> int:
    """The payload of a file that is whole and verifies."""
    with Registry.open(path.with_name("none")) as nothing:
        assert verify(path, registry=nothing).verdict is Verdict.INTACT
    with path.open("rb") as file:
        manifest = credentials.read(file, "image/png", trust=Trust.nobody())
    assert manifest is not None
    (binding,) = manifest.soft_bindings
    return int.from_bytes(binding.value, "big")


def leaves(registry: Registry, start: int = 0) -> dict[str, set[int]]:
    """The payloads of which the log tells, by what it tells."""
    kinds: dict[str, set[int]] = {"marked": set(), "deleted": set()}
    for content in registry.log.leaves(start):
        members = leaf.decode(content)
        if members["kind"] in kinds:
            kinds[members["kind"]].add(int(members["payload"], 16))
    return kinds


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(SEED).integers(60, 200, (256, 256, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def new_folder(parent: Path, number: int, picture: Path) -> Path:
    """Of one round, with the picture in it."""
    folder = parent / f"{number}"
    folder.mkdir()
    (folder / "source").symlink_to(picture)
    return folder


@pytest.mark.parametrize("rounds", [32, pytest.param(1000, marks=pytest.mark.slow)])
def test_what_was_acknowledged_outlives_kills(
    address: str, rounds: int, tmp_path: Path, picture: Path, home: keys.Home
) -> None:
    """At random moments, and in turn before and after each step."""
    generator = random.Random(SEED)
    named = points("postgres" if "://" in address else "sqlite")
    assert len(named) <= rounds * 3 / 4
    signer = home.signer()
    witness = Witness(address)
    total = 0
    for number in range(rounds):
        is_random = number % 4 == 0
        step, before = named[(number - number // 4 - 1) % len(named)]
        call = generator.randint(1, 3)
        folder = new_folder(tmp_path, number, picture)
        work = partial(mark_for_ever, address, signer, folder)
        if is_random:
            acknowledged = killed(work, generator.uniform(0.01, 0.3))
        else:
            acknowledged = killed(partial(step.dying_in, work, call, before=before))
        witness.look(folder, acknowledged)
        total += len(acknowledged)
    assert total > rounds / 8


def test_what_was_acknowledged_outlives_the_server(
    own_postgres: Any, tmp_path: Path, picture: Path, home: keys.Home
) -> None:
    """Which ends at once, without a farewell, and recovers when it is started again."""
    witness = Witness(own_postgres.url)
    signer = home.signer()
    for number in range(3):
        folder = new_folder(tmp_path, number, picture)
        work = partial(mark_for_ever, witness.address, signer, folder)
        acknowledged = killed(work, 0.2, first=own_postgres.stop)
        own_postgres.start()
        assert acknowledged
        witness.look(folder, acknowledged)
