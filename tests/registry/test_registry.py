"""What a registry promises, whichever database holds it; brute force is the truth."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from countermark.errors import (
    CountermarkError,
    InvalidArgument,
    InvalidProof,
    PayloadTaken,
    RegistryTooNew,
)
from countermark.record import DigitalSource, Record
from countermark.registry import (
    Disclosure,
    DisclosureReason,
    DisposalReason,
    Entry,
    KeyUse,
    Purpose,
    Registry,
)
from countermark.registry.log import Checkpoint, InclusionProof, NoteKey, journal, leaf

KEY = NoteKey.generate("example.org/log")
AT = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


def entry(payload: int, *, pdq: bytes = bytes(32), quality: int = 100) -> Entry:
    manifest = payload.to_bytes(8, "big") * 100
    return Entry(
        payload=payload,
        pdq=pdq,
        pdq_quality=quality,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED, title="Ein Bild, 一幅画"),
        width=640,
        height=480,
        marked_at=AT,
    )


def members(registry: Registry) -> list[dict[str, object]]:
    return [leaf.decode(content) for content in registry.log.leaves()]


def test_an_empty_registry_has_nothing(registry: Registry) -> None:
    assert registry.find_payload(1) is None
    assert registry.find_similar([bytes(32)]) == []
    assert registry.find_leaf(1) is None
    assert registry.entries() == []
    assert list(registry.key_uses()) == []
    assert registry.log.size == 0
    assert registry.log.checkpoints() == []
    assert registry.log.check().size == 0


@pytest.mark.parametrize("payload", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_an_entry_comes_back_whole(registry: Registry, payload: int) -> None:
    with registry.adding(entry(payload)):
        pass
    assert registry.find_payload(payload) == entry(payload)
    assert [found for _, found in registry.entries()] == [entry(payload)]


def test_other_connections_see_what_was_added(registry: Registry, address: str) -> None:
    with registry.adding(entry(1)), Registry.open(address) as other:
        assert other.find_payload(1) is None
    with Registry.open(address) as other:
        assert other.find_payload(1) == entry(1)


def test_whoever_was_there_before_the_registry_sees_it(address: str) -> None:
    with Registry.open(address) as early, Registry.open(address) as other:
        assert early.find_payload(1) is None
        assert early.find_similar([bytes(32)]) == []
        assert other.put(entry(1))
        assert early.find_payload(1) == entry(1)
        assert early.find_similar([bytes(32)]) == [(entry(1), 0)]
        assert early.log.size == 1


def test_a_failing_body_leaves_no_entry_and_no_leaf(registry: Registry) -> None:
    with registry.adding(entry(1)):
        pass
    with pytest.raises(KeyboardInterrupt), registry.adding(entry(2)):
        raise KeyboardInterrupt
    assert registry.find_payload(2) is None
    assert registry.log.size == 1


def test_a_taken_payload_is_refused_before_the_body(registry: Registry) -> None:
    with registry.adding(entry(1)):
        pass
    with pytest.raises(PayloadTaken), registry.adding(entry(1)):
        pytest.fail("the body ran")
    assert registry.log.size == 1


def test_putting_again_does_nothing(registry: Registry) -> None:
    assert registry.put(entry(1))
    assert not registry.put(entry(1))
    with pytest.raises(PayloadTaken):
        registry.put(entry(1, quality=60))
    assert registry.log.size == 1


def test_several_manifests_may_be_of_the_same_picture(registry: Registry) -> None:
    for payload in (1, 2):
        registry.put(entry(payload))
    assert {found.payload for found, _ in registry.find_similar([bytes(32)])} == {1, 2}


def test_a_deleted_entry_is_gone_and_its_payload_never_given_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.put(entry(1))
    registry.put(entry(2))
    registry.delete(1, reason=DisposalReason.WITHDRAWN)
    assert registry.find_payload(1) is None
    assert [found.payload for found, _ in registry.find_similar([bytes(32)])] == [2]
    assert registry.find_leaf(1) is None
    with pytest.raises(PayloadTaken):
        registry.put(entry(1))
    drawn = iter([1, 2, 3])
    monkeypatch.setattr("secrets.randbits", lambda _: next(drawn))
    assert registry.new_payload() == 3
    last = members(registry)[-1]
    assert (last["kind"], last["payload"]) == ("deleted", f"{1:016x}")
    assert (last["reason"], last["class"]) == ("withdrawn", "entry")


@pytest.mark.parametrize(
    ("reason", "order"),
    [
        ("gone, said the person", None),  # the public log takes no free text
        (DisposalReason.ORDERED, None),
        (DisposalReason.WITHDRAWN, "12 O 34/26"),
    ],
)
def test_a_deletion_needs_a_reason(registry: Registry, reason: object, order: str | None) -> None:
    registry.put(entry(1))
    with pytest.raises(InvalidArgument, match=r"reason|order"):
        registry.delete(1, reason=reason, order=order)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="No entry"):
        registry.delete(2, reason=DisposalReason.MISTAKEN)
    assert registry.find_payload(1) is not None


def test_a_fingerprint_opens_the_commitment_in_its_leaf(registry: Registry) -> None:
    assert registry.find_fingerprint(1) is None
    for payload in (1, 2):
        registry.put(entry(payload, pdq=bytes([payload] * 32), quality=payload))
    found = registry.find_fingerprint(2)
    assert found is not None
    assert (found.payload, found.pdq, found.pdq_quality) == (2, bytes([2] * 32), 2)
    told = members(registry)[found.position]
    assert told["pdq_commitment"] == leaf.commitment(found.salt, found.pdq)
    registry.delete(2, reason=DisposalReason.MISTAKEN)
    assert registry.find_fingerprint(2) is None


def test_tiles_lead_from_spans_of_leaves_to_the_root(registry: Registry) -> None:
    database = registry._database
    database.prepare()
    with database.writing():
        journal.append(database, [b"%d" % number for number in range(600)])
    at, size = 580, 600
    tiles = dict(registry.log.tiles_to_root(at, [(250, 260), (300, 301)]))
    names = ["tile/0/000", "tile/0/001", "tile/0/002.p/68", "tile/1/000.p/2"]
    assert list(tiles) == names
    assert [len(tile) for tile in tiles.values()] == [8192, 8192, 68 * 32, 64]
    assert list(dict(registry.log.tiles_to_root(at, []))) == names[2:]
    assert list(registry.log.leaves(250, 260)) == list(registry.log.leaves())[250:260]
    assert list(registry.log.leaves(590, 700)) == list(registry.log.leaves())[590:]
    assert list(registry.log.leaves(5, 5)) == []
    assert registry.log.size == size


def test_a_report_is_logged_if_it_is_given_out(registry: Registry) -> None:
    disclosure = Disclosure(
        reason=DisclosureReason.RUMOUR,
        start=AT,
        end=AT + timedelta(days=1),
        leaves=3,
        personal=0,
        recipient_sha256=bytes(32),
        bundle_sha256=bytes(32),
    )
    with pytest.raises(KeyboardInterrupt), registry.disclosing(disclosure):
        raise KeyboardInterrupt
    assert registry.log.size == 0
    with registry.disclosing(disclosure):
        pass
    (told,) = members(registry)
    assert (told["kind"], told["reason"], told["leaves"]) == ("disclosed", "rumour", 3)
    assert told["from"] == "2026-11-23T12:00:00.000000Z"
    with pytest.raises(InvalidArgument, match="no time"):
        dataclasses.replace(disclosure, end=AT)


@pytest.mark.parametrize("radius", [0, 10, 31, 60, 256])
def test_search_is_exact(registry: Registry, radius: int) -> None:
    random = np.random.default_rng(radius)
    hashes = random.integers(0, 256, (80, 32), np.uint8)
    queries = random.integers(0, 256, (8, 32), np.uint8)
    for row in range(40):  # half are near one of the queries, at a growing distance
        near = np.unpackbits(queries[row % 8])
        near[random.choice(256, row, replace=False)] ^= 1
        hashes[2 * row] = np.packbits(near)
    qualities = random.integers(0, 101, 80)
    for number in range(80):
        pdq, quality = hashes[number].tobytes(), int(qualities[number])
        registry.put(entry(number, pdq=pdq, quality=quality))
    bits = np.unpackbits(hashes[:, None] ^ queries[None], axis=2).sum(axis=2).min(axis=1)
    good = [n for n in range(80) if qualities[n] >= 50 and bits[n] <= radius]
    found = registry.find_similar([query.tobytes() for query in queries], radius)
    assert [(d, e.payload) for e, d in found] == sorted((int(bits[n]), n) for n in good)


def test_a_hash_of_another_length_is_refused(registry: Registry) -> None:
    registry.put(entry(1))
    with pytest.raises(InvalidArgument):
        registry.find_similar([bytes(31)])


def test_entries_are_read_in_pieces(registry: Registry) -> None:
    for payload in range(7):
        registry.put(entry(payload))
    place, found = 0, []
    while batch := registry.entries(after=place, limit=3):
        assert len(batch) <= 3
        place = batch[-1][0]
        found += [one.payload for _, one in batch]
    assert found == list(range(7))


def test_every_event_has_a_leaf_without_names(registry: Registry) -> None:
    registry.put(entry(1, pdq=b"\x5a" * 32))
    use = KeyUse(
        at=AT, purpose=Purpose.CLAIM, key_sha256=bytes(32), algorithm="es256",
        signed_sha256=bytes(32), manifest="urn:c2pa:1",
    )  # fmt: skip
    registry.record_key_use(use)
    registry.delete(1, reason=DisposalReason.WITHDRAWN)
    assert [found["kind"] for found in members(registry)] == ["marked", "key-used", "deleted"]
    assert list(registry.key_uses()) == [use]
    everything = b"".join(registry.log.leaves())
    for private in ("Bild", "画", "5a" * 32):
        assert private.encode() not in everything


def test_the_same_fingerprint_has_another_commitment_in_each_leaf(registry: Registry) -> None:
    for payload in (1, 2):
        registry.put(entry(payload))
    first, second = (found["pdq_commitment"] for found in members(registry))
    assert first != second
    assert hashlib.sha256(bytes(32)).hexdigest() not in (first, second)


def test_an_entry_is_proven(registry: Registry) -> None:
    for payload in range(5):
        registry.put(entry(payload))
    checkpoint = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
    registry.put(entry(9))
    position = registry.find_leaf(3)
    assert position is not None
    proof = InclusionProof.from_json(registry.log.prove(position, checkpoint).to_json())
    proof.check(checkpoint)
    assert leaf.decode(proof.leaf)["manifest_sha256"] == entry(3).manifest_sha256.hex()
    later = Checkpoint.open(registry.log.checkpoint(KEY), KEY.verifier)
    with pytest.raises(InvalidProof):
        proof.check(later)
    with pytest.raises(InvalidProof, match="6 leaves"):
        registry.log.prove_consistency(5, 7)
    assert registry.log.check(KEY.verifier, [checkpoint, later]) == later


def test_a_log_that_was_exported_can_be_held_to_it(registry: Registry, tmp_path: Path) -> None:
    registry.put(entry(1))
    checkpoint = registry.log.export(tmp_path / "log", registry.log.checkpoint(KEY))
    found = Checkpoint.open((tmp_path / "log/checkpoint").read_text(), KEY.verifier)
    assert found == checkpoint == registry.log.check(KEY.verifier)
    forged = Checkpoint(found.origin, found.size, bytes(32))
    with pytest.raises(InvalidProof):
        registry.log.check(KEY.verifier, [forged])


def test_a_hostile_proof_is_refused() -> None:
    for text in ("", "{}", "[]", "[" * 100000, json.dumps({"position": 0, "size": 1})):
        with pytest.raises(InvalidProof):
            InclusionProof.from_json(text)


def test_threads_take_turns(registry: Registry) -> None:
    def work(first: int) -> None:
        for payload in range(first, first + 5):
            registry.put(entry(payload))
            assert registry.find_payload(payload) is not None

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 20, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found.payload for _, found in registry.entries()) == list(range(20))
    assert registry.log.check().size == 20


def test_processes_that_make_the_registry_at_once_all_succeed(address: str, warm: Path) -> None:
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
sys.path.insert(0, {os.fspath(Path(__file__).parent)!r})
from test_registry import entry
from countermark.registry import Registry
with Registry.open(sys.argv[1]) as registry:
    for payload in range(int(sys.argv[2]), int(sys.argv[2]) + 5):
        registry.put(entry(payload))
"""
    command = [warm / "python", "-c", program, address]
    processes = [subprocess.Popen([*command, str(first)]) for first in range(0, 15, 5)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with Registry.open(address) as registry:
        assert sorted(found.payload for _, found in registry.entries()) == list(range(15))
        assert registry.log.check().size == 15


def test_a_newer_registry_is_left_alone(registry: Registry, address: str) -> None:
    registry.put(entry(1))
    database = registry._database
    if address.startswith("postgresql"):
        database.run("UPDATE version SET number = 99")
    else:
        database.run("PRAGMA user_version = 99")
    with pytest.raises(RegistryTooNew), Registry.open(address) as other:
        other.find_payload(1)


def test_a_closed_registry_says_so(registry: Registry) -> None:
    registry.put(entry(1))
    registry.close()
    registry.close()
    with pytest.raises(CountermarkError):
        registry.find_payload(1)


def test_threads_search_while_another_adds(registry: Registry) -> None:
    """And each of them sees what was added before it asked."""
    registry.put(entry(0))
    failures: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(30):
                size = registry.log.size
                found = registry.find_similar([bytes(32)])
                assert len(found) >= size
                assert [bits for _, bits in found] == [0] * len(found)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for payload in range(1, 30):
        registry.put(entry(payload))
    for thread in threads:
        thread.join()
    assert not failures
    assert len(registry.find_similar([bytes(32)])) == 30


def test_the_nearest_come_first_and_no_more_than_asked_for(registry: Registry) -> None:
    """Of those as near as each other the ones that were added first."""
    near = [bytes(31) + bytes([255 >> bits]) for bits in (3, 6, 1, 6, 8, 3)]
    for payload, pdq in enumerate(near):
        registry.put(entry(payload, pdq=pdq))
    order = [4, 1, 3, 0, 5, 2]
    for limit in range(8):
        found = registry.find_similar([bytes(32)], limit=limit)
        assert [each.payload for each, _ in found] == order[:limit]
    registry.delete(4, reason=DisposalReason.MISTAKEN)
    assert [each.payload for each, _ in registry.find_similar([bytes(32)], limit=2)] == [1, 3]
    assert [each.payload for each, _ in registry.find_similar([bytes(32)])] == order[1:]
