"""Processes killed at any moment: what was acknowledged is there, resolvable and provable."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, Registry
from countermark.registry.log import Checkpoint, NoteKey, leaf

Killed = Callable[[Callable[[int], None], float], bytes]
ROUNDS = 40
KEY = NoteKey.generate("example.org/log")
RECORD = Record(source=DigitalSource.CAPTURED)


def entry(payload: int) -> Entry:
    manifest = payload.to_bytes(8, "big") * 2000
    return Entry(
        payload=payload,
        pdq=hashlib.sha256(manifest).digest(),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=RECORD,
        width=640,
        height=480,
        marked_at=datetime.now(timezone.utc),
    )


def add_for_ever(folder: Path, first: int, acknowledge: int) -> None:
    """Files and entries together, as `mark` does it; each is told when both are there."""
    with Registry.open(folder / "registry.sqlite3") as registry:
        for payload in range(first, first + 10_000):
            draft = folder / f"{payload}.draft"
            with registry.adding(entry(payload)):
                draft.write_bytes(b"picture")
                draft.replace(folder / f"{payload}.marked")
            os.write(acknowledge, payload.to_bytes(8, "big"))
            if payload % 7 == 0:
                registry.log.checkpoint(KEY)
            if payload % 11 == 5:
                registry.delete(payload - 1, reason=DisposalReason.WITHDRAWN)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_was_acknowledged_outlives_kills(tmp_path: Path, killed: Killed) -> None:
    generator = random.Random(20261126)
    acknowledged: set[int] = set()
    size = number = 0
    while number < ROUNDS or len(acknowledged) <= ROUNDS:  # more of them where the disk is slow
        first = number * 10_000
        number += 1

        def work(writer: int, first: int = first) -> None:
            add_for_ever(tmp_path, first, writer)

        told = killed(work, generator.uniform(0.005, 0.15))
        acknowledged.update(int.from_bytes(told[n : n + 8], "big") for n in range(0, len(told), 8))
        with Registry.open(tmp_path / "registry.sqlite3") as registry:
            found = registry.log.check(KEY.verifier)
            assert found.size >= size
            size = found.size
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        kinds: dict[str, set[str]] = {"marked": set(), "deleted": set()}
        for content in registry.log.leaves():
            members = leaf.decode(content)
            kinds[members["kind"]].add(members["payload"])
        checkpoint = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
        entries = {found.payload for found in registry.all_entries()}
        for payload in acknowledged:
            assert (tmp_path / f"{payload}.marked").read_bytes() == b"picture"
            if f"{payload:016x}" in kinds["deleted"]:
                continue
            assert registry.find_payload(payload) is not None
            position = registry.find_leaf(payload)
            assert position is not None
            registry.log.prove(position, checkpoint).check(checkpoint)
        # And nothing but what the log tells of is there.
        assert {f"{payload:016x}" for payload in entries} == kinds["marked"] - kinds["deleted"]
        assert registry.find_similar([entry(0).pdq]) or 0 not in entries
