"""Personal records under kills and contention: kept is kept, erased is erased, the log knows."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark.errors import InvalidArgument, RecordErased
from countermark.registry import DisposalReason, Registry
from countermark.registry.log import leaf

ROUNDS = 15
LINE = 33  # a letter and the ID of a record


def keep_and_erase(folder: Path, acknowledge: int) -> None:
    """For ever; each is told when it is done: k for kept, e for erased."""
    with Registry.open(folder / "registry.sqlite3") as registry:
        for number in range(10_000):
            record = registry.personal.keep({"n": number}, retention_class="personal")
            os.write(acknowledge, f"k{record}".encode())
            if number % 2:
                registry.personal.erase(record, reason=DisposalReason.REQUESTED)
                os.write(acknowledge, f"e{record}".encode())


def leaves(registry: Registry, kind: str) -> list[str]:
    found = (leaf.decode(content) for content in registry.log.leaves())
    return [str(members["record"]) for members in found if members["kind"] == kind]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_kills_leave_no_record_half_kept_and_none_half_erased(
    tmp_path: Path, killed: Callable[[Callable[[int], None], float], bytes]
) -> None:
    generator = random.Random(20261126)
    kept: set[str] = set()
    erased: set[str] = set()
    rounds = 0
    while rounds < ROUNDS or len(kept) < 2 * ROUNDS:  # more of them where the disk is slow
        rounds += 1
        seconds = generator.uniform(0.03, 0.3)
        told = killed(lambda writer: keep_and_erase(tmp_path, writer), seconds).decode()
        for line in (told[at : at + LINE] for at in range(0, len(told), LINE)):
            (kept if line[0] == "k" else erased).add(line[1:])
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        registry.log.check()
        there = set(registry.personal.find())
        assert not erased & there
        assert erased <= set(leaves(registry, "erased"))
        unfinished = set()
        for record in there:
            try:
                registry.personal.recall(record)
            except RecordErased:  # killed between key and leaf: asking again finishes
                unfinished.add(record)
                registry.personal.erase(record, reason=DisposalReason.REQUESTED)
        assert len(unfinished) <= rounds
        assert kept <= there | set(leaves(registry, "erased"))
        left = set(registry.personal.find())
        assert left == there - unfinished
        # What is there or gone is what the log tells of, each once.
        assert sorted(leaves(registry, "kept")) == sorted(left | set(leaves(registry, "erased")))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_do_not_harm_each_others_keys(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        registry.personal.keep({"n": -1}, retention_class="personal")
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with Registry.open(tmp_path / "registry.sqlite3") as registry:
                    records = [
                        registry.personal.keep({"n": n}, retention_class="personal")
                        for n in range(8)
                    ]
                    for record in records[::2]:
                        registry.personal.erase(record, reason=DisposalReason.MISTAKEN)
                    for record in records[1::2]:
                        registry.personal.recall(record)
                    for record in records[::2]:
                        with pytest.raises(InvalidArgument):
                            registry.personal.recall(record)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        found = [registry.personal.recall(record) for record in registry.personal.find()]
        assert len(found) == 1 + 3 * 4
        assert registry.log.check().size == 1 + 3 * 12
