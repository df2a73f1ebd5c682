"""Manifests by identifier, in both databases: of entries, later ones, and deposited ones."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import InvalidArgument, UnreadableManifest
from countermark.jumbf import type_uuid
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, Registry, manifests, postgres, rows
from countermark.registry.log import leaf

VERSION_2 = Path(__file__).parents[1] / "vectors" / "registry-2.sql"
AT = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
OTHER = "com.example.watermark"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def superbox(code: bytes, label: str, content: bytes = b"") -> bytes:
    description = box(b"jumd", type_uuid(code) + b"\x03" + label.encode() + b"\0")
    return box(b"jumb", description + content)


def store(*labels: str, more: bytes = b"") -> bytes:
    """A manifest store with empty manifests of these labels, the last one active."""
    content = b"".join(superbox(b"c2ma", label, box(b"free", more)) for label in labels)
    return superbox(b"c2pa", "c2pa", content)


def entry(payload: int, manifest: bytes) -> Entry:
    return Entry(
        payload=payload,
        pdq=bytes(range(32)),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED),
        width=640,
        height=480,
        marked_at=AT,
    )


def told(registry: Registry) -> list[dict[str, Any]]:
    """The leaves without what all of them have."""
    common = {"at", "schema", "pdq_commitment"}
    leaves = map(leaf.decode, registry.log.leaves())
    return [{k: v for k, v in members.items() if k not in common} for members in leaves]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_an_empty_registry_has_no_manifests(registry: Registry) -> None:
    found = registry.manifests
    assert found.find("urn:c2pa:1") is None
    assert found.find_leaf("urn:c2pa:1") is None
    assert found.identifier(1) is None
    assert found.all_of(1) == []
    assert found.bound_to(OTHER, b"1", limit=9) == []
    assert not found.remove("urn:c2pa:1")


def test_a_manifest_is_found_by_the_label_of_the_active_one(registry: Registry) -> None:
    one, two = store("urn:c2pa:1"), store("urn:c2pa:1", "urn:c2pa:2")
    registry.put(entry(1, one))
    registry.put(entry(2**64 - 1, two))
    registry.put(entry(3, b"no manifest store"))
    assert registry.manifests.find("urn:c2pa:1") == one
    assert registry.manifests.find("urn:c2pa:2") == two
    assert registry.manifests.identifier(2**64 - 1) == "urn:c2pa:2"
    assert registry.manifests.identifier(3) is None
    for strange in ("urn:c2pa:3", "", "urn\0c2pa", "\ud800"):
        assert registry.manifests.find(strange) is None
    position = registry.manifests.find_leaf("urn:c2pa:2")
    assert position == registry.find_leaf(2**64 - 1) == 1


def test_a_later_manifest_stands_beside_the_first_and_is_given(registry: Registry) -> None:
    first, later = store("urn:c2pa:1"), store("urn:c2pa:1", "urn:c2pa:1-stamped")
    original = entry(1, first)
    registry.put(original)
    assert registry.manifests.add(1, later)
    assert not registry.manifests.add(1, later)
    assert not registry.manifests.add(1, first)
    found = registry.find_payload(1)
    assert found == replace(
        original, manifest=later, manifest_sha256=hashlib.sha256(later).digest()
    )
    assert [similar for similar, _ in registry.find_similar([bytes(range(32))])] == [found]
    assert registry.manifests.find("urn:c2pa:1") == first
    assert registry.manifests.find("urn:c2pa:1-stamped") == later
    assert registry.manifests.identifier(1) == "urn:c2pa:1-stamped"
    assert registry.manifests.all_of(1) == [first, later]
    assert registry.manifests.find_leaf("urn:c2pa:1-stamped") == 1
    assert told(registry)[1] == {
        "kind": "manifest-added",
        "payload": f"{1:016x}",
        "manifest_sha256": digest(later),
    }
    assert not registry.put(original)  # as it was added, it is there
    assert [added for _, added in registry.entries()] == [original]
    assert registry.log.check().size == 2


def test_the_latest_of_several_with_one_identifier_is_given(registry: Registry) -> None:
    first, later = store("urn:c2pa:1"), store("urn:c2pa:1", more=b"time stamp")
    registry.put(entry(1, first))
    registry.manifests.add(1, later)
    assert registry.manifests.find("urn:c2pa:1") == later
    assert registry.manifests.find_leaf("urn:c2pa:1") == 1


def test_there_is_no_later_manifest_without_an_entry(registry: Registry) -> None:
    with pytest.raises(InvalidArgument, match="No entry has the payload"):
        registry.manifests.add(1, store("urn:c2pa:1"))
    assert registry.log.size == 0


def test_manifests_go_with_their_entry(registry: Registry) -> None:
    registry.put(entry(1, store("urn:c2pa:1")))
    registry.manifests.add(1, store("urn:c2pa:2"))
    registry.manifests.bind(OTHER, b"value", "urn:c2pa:2")
    registry.delete(1, reason=DisposalReason.WITHDRAWN)
    assert registry.manifests.find("urn:c2pa:1") is None
    assert registry.manifests.find("urn:c2pa:2") is None
    assert registry.manifests.all_of(1) == []
    assert registry.manifests.bound_to(OTHER, b"value", limit=9) == []


def test_a_deposit_is_found_until_it_is_removed(registry: Registry, address: str) -> None:
    given = store("urn:c2pa:9")
    assert registry.manifests.deposit(given) == "urn:c2pa:9"
    assert registry.manifests.deposit(given) == "urn:c2pa:9"
    with Registry.open(address) as other:
        assert other.manifests.find("urn:c2pa:9") == given
    assert registry.manifests.remove("urn:c2pa:9")
    assert not registry.manifests.remove("urn:c2pa:9")
    assert registry.manifests.find("urn:c2pa:9") is None
    assert told(registry) == [
        {"kind": "deposited", "manifest_sha256": digest(given)},
        {"kind": "deposit-removed", "manifest_sha256": digest(given)},
    ]


def test_a_deposit_replaces_nothing(registry: Registry) -> None:
    marked, deposited = store("urn:c2pa:1"), store("urn:c2pa:9")
    registry.put(entry(1, marked))
    registry.manifests.deposit(deposited)
    for taken in ("urn:c2pa:1", "urn:c2pa:9"):
        with pytest.raises(InvalidArgument, match="Another manifest store"):
            registry.manifests.deposit(store(taken, more=b"forged"))
    assert registry.manifests.deposit(marked) == "urn:c2pa:1"
    assert not registry.manifests.remove("urn:c2pa:1")
    assert registry.manifests.find("urn:c2pa:1") == marked
    assert registry.manifests.find("urn:c2pa:9") == deposited
    assert registry.log.size == 2


@pytest.mark.parametrize("content", [b"", b"no store", store(), store("a\nb"), store("")])
def test_only_a_manifest_store_with_a_name_is_deposited(registry: Registry, content: bytes) -> None:
    with pytest.raises(UnreadableManifest):
        registry.manifests.deposit(content)
    assert registry.log.size == 0


def test_bindings_lead_to_deposits(registry: Registry) -> None:
    found = registry.manifests
    for number in (1, 2):
        found.deposit(store(f"urn:c2pa:{number}"))
        for _ in range(2):
            found.bind(OTHER, b"\0value", f"urn:c2pa:{number}")
    assert found.bound_to(OTHER, b"\0value", limit=9) == ["urn:c2pa:1", "urn:c2pa:2"]
    assert len(found.bound_to(OTHER, b"\0value", limit=1)) == 1
    assert found.bound_to("another", b"\0value", limit=9) == []
    assert found.rebind(OTHER, b"\0value", "urn:c2pa:2")
    assert found.bound_to(OTHER, b"\0value", limit=9) == ["urn:c2pa:2"]
    assert not found.rebind(OTHER, b"bound to nothing", "urn:c2pa:2")
    with pytest.raises(InvalidArgument, match="No manifest of that identifier"):
        found.bind(OTHER, b"\0value", "urn:c2pa:none")
    with pytest.raises(InvalidArgument):
        found.rebind(OTHER, b"\0value", "urn:c2pa:none")
    assert found.bound_to(OTHER, b"\0value", limit=9) == ["urn:c2pa:2"]
    found.remove("urn:c2pa:2")
    assert found.bound_to(OTHER, b"\0value", limit=9) == []


# ---- tables of version 2 ----


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_2.read_text(encoding="utf-8"))
    return path


def test_old_tables_are_read_as_they_are(old: Path) -> None:
    before = old.read_bytes()
    with Registry.open(old) as registry:
        found = registry.find_payload(5)
        assert found is not None
        assert registry.manifests.find("urn:c2pa:5") == found.manifest
        assert registry.manifests.find("urn:c2pa:7") is None
        assert registry.manifests.identifier(2**63 + 6) == "urn:c2pa:6"
        assert registry.manifests.all_of(5) == [found.manifest]
        assert registry.manifests.bound_to(OTHER, b"1", limit=9) == []
    assert old.read_bytes() == before


def test_old_entries_are_named_when_something_is_written(old: Path) -> None:
    with Registry.open(old) as registry:
        size = registry.log.size
        leaves = {payload: registry.find_leaf(payload) for payload in (5, 2**63 + 6)}
        registry.put(entry(8, store("urn:c2pa:8")))
        assert registry.log.size == size + 1
        assert registry.manifests.find_leaf("urn:c2pa:5") == leaves[5]
        assert registry.manifests.find_leaf("urn:c2pa:6") == leaves[2**63 + 6]
        assert registry.manifests.find_leaf("urn:c2pa:8") == size
        assert registry.manifests.all_of(5) == [registry.manifests.find("urn:c2pa:5")]
        assert registry.log.check().size == size + 1


def test_old_entries_in_postgres_are_named_too(
    old: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, Registry.open(postgres_address) as registry:
        patch.setattr(postgres, "VERSION", 2)
        patch.setattr(postgres, "_STEPS", postgres._STEPS[:1])
        database = registry._database
        database.prepare()
        with closing(sqlite3.connect(old)) as connection, database.writing():
            for table in ("entry", "entry_leaf", "log_leaf", "log_tile", "log_checkpoint"):
                rows_of = connection.execute(f"SELECT * FROM {table}")
                names = [column[0] for column in rows_of.description]
                values = ", ".join("?" * len(names))
                statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"
                database.run_many(statement, rows_of.fetchall())
        assert registry.manifests.identifier(5) == "urn:c2pa:5"
    with Registry.open(postgres_address) as registry:
        registry.put(entry(8, store("urn:c2pa:8")))
        leaves = [registry.manifests.find_leaf(f"urn:c2pa:{number}") for number in (5, 6, 8)]
        assert leaves == [0, 1, 5]
        assert registry.log.check().size == 6
        database = registry._database
        assert database.version() == rows.VERSION
        database.prepare()


def test_the_search_for_identifiers_and_payloads_uses_indexes(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        registry.put(entry(1, store("urn:c2pa:1")))
        for statement in (manifests._BY_ID, manifests._BY_PAYLOAD, manifests._LATER):
            plan = registry._database.all(f"EXPLAIN QUERY PLAN {statement}", ("x",))
            steps = [str(step[-1]) for step in plan]
            assert any("USING INDEX manifest_by_" in step for step in steps)
            assert not any(step.startswith("SCAN") for step in steps)
