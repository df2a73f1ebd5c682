"""Where a record ends up: the manifest, the registry and its log, the export, the report."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermark import keys, mark, verify
from countermark.credentials import Manifest, Trust, build, read, sign_file
from countermark.errors import UnreadableRegistry
from countermark.record import DigitalSource, Record, System
from countermark.registry import Registry, lines, rows
from countermark.registry.log import leaf
from countermark.verifying import conclusion

PERSONAL = ("account 4711", "person 0", "person 1")


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "drawing.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    return path


def signed(path: Path, record: Record, home: keys.Home, trust: Trust, **parent: Any) -> Manifest:
    sign_file(path, path, "image/svg+xml", record=record, signer=home.signer(), **parent)
    manifest = read(path, "image/svg+xml", trust=trust)
    assert manifest is not None
    return manifest


def test_marking_puts_it_everywhere_and_nobody_into_the_log(
    full: Record, photo: Path, home: keys.Home, registry: Registry
) -> None:
    done = mark(photo, photo, record=full, signer=home.signer(), registry=registry)
    entry = registry.find_payload(done.payload)
    assert entry is not None
    assert entry.record == full
    assert lines.from_line(lines.to_line(entry)) == entry
    assert json.loads(lines.to_line(entry))["record"] == json.loads(full.to_json())
    told = leaf.decode(list(registry.log.leaves())[-1])
    assert full.consents_sha256 is not None
    assert told["kind"] == "marked"
    assert told["consents_sha256"] == full.consents_sha256.hex()
    assert told.keys() == {
        "at", "kind", "schema", "payload", "manifest_sha256", "pdq_commitment", "consents_sha256",
    }  # fmt: skip
    manifest = read(photo, "image/jpeg", trust=Trust.nobody())
    assert manifest is not None
    assert manifest.record == full
    assert not [name for name in PERSONAL if name.encode() in manifest.bytes]
    for receipt in full.consents:
        assert receipt.sha256.hex().encode() in manifest.bytes
    assert registry.find_fingerprint(done.payload) is not None  # entry and leaf agree


def test_marking_without_consents_says_nothing_of_them(
    photo: Path, home: keys.Home, registry: Registry
) -> None:
    mark(photo, photo, record=Record(source=DigitalSource.CAPTURED), signer=home.signer())
    assert "consents_sha256" not in leaf.decode(list(registry.log.leaves())[-1])


def test_consents_that_were_changed_no_longer_fit_the_log(
    full: Record, photo: Path, home: keys.Home
) -> None:
    done = mark(photo, photo, record=full, signer=home.signer())
    fewer = replace(full, consents=full.consents[:1])
    with closing(sqlite3.connect(home.registry_path)) as connection, connection:
        connection.execute("UPDATE entry SET record = ?", (fewer.to_json(),))
        _forge_digests(connection)
    with Registry.open(home.registry_path) as changed:
        assert changed.find_payload(done.payload) is not None
        with pytest.raises(UnreadableRegistry):
            changed.find_fingerprint(done.payload)


def _forge_digests(connection: sqlite3.Connection) -> None:
    """As whoever writes to the file could: the digests of rows are no secret."""
    for row in connection.execute(rows.select("", rows.VERSION)).fetchall():
        _place, payload, *_ = row
        connection.execute(rows.SET_DIGEST, (rows.stored_digest(row), payload))


def test_report_says_who_provides_it_and_under_which_number(
    full: Record, drawing: Path, home: keys.Home, trust: Trust
) -> None:
    manifest = signed(drawing, full, home, trust)
    assert manifest.record == full
    assert manifest.generator == "Example Model 3.1"
    report = verify(drawing)
    assert report.record == full
    said = str(report)
    for line in (
        "  provided by  示例公司 (001191350100M000100Y431MDL1)",
        "  filed as     示例备案110000000000000000001号, https://example.org/filing",
        "  made with    Example Model 3.1",
        "  service      face swap",
        "  content ID   2026-11/4711{A}",
        "  consents     2 on record",
        "  label        a copy without a visible label was refused, 2026-11-23 12:00:00+00:00: no",
    ):
        assert line in said.splitlines(), said
    assert json.loads(report.to_json())["record"] == json.loads(full.to_json())


def test_software_agent_has_name_and_version(
    full: Record, drawing: Path, home: keys.Home, trust: Trust
) -> None:
    assert full.system is not None
    for system, agent in (
        (full.system, {"name": "Example Model", "version": "3.1"}),
        (System(name="Example Model"), {"name": "Example Model"}),
    ):
        stated = build.definition(replace(full, system=system), (), has_thumbnail=False)
        (action,) = stated["assertions"][0]["data"]["actions"]
        assert action["softwareAgent"] == agent
        assert action["digitalSourceType"] == full.source.uri


def test_what_the_standard_has_a_place_for_has_the_last_word(
    full: Record, drawing: Path, home: keys.Home, trust: Trust
) -> None:
    """A manifest that tells us something else than everybody is not believed in that."""
    manifest = signed(drawing, full, home, trust)
    report = verify(drawing)
    told = replace(
        manifest,
        digital_source=DigitalSource.CAPTURED.uri,
        creator=None,
        title="A lake",
        generator="Camera 5",
    )
    found = conclusion.by_manifest(
        report.verdict, told, report.evidence, media_type=report.media_type
    )
    assert found.record == replace(
        full,
        source=DigitalSource.CAPTURED,
        creator=None,
        title="A lake",
        system=System(name="Camera 5"),
    )


def test_second_signature_still_tells_what_it_states(
    full: Record, drawing: Path, home: keys.Home, trust: Trust
) -> None:
    """An opening states no origin in the terms of the standard; our own assertion does."""
    signed(drawing, Record(source=DigitalSource.CAPTURED), home, trust)
    manifest = signed(drawing, full, home, trust, parent=(drawing, "image/svg+xml"))
    assert manifest.digital_source is None
    assert verify(drawing).record == full


def test_manifest_of_others_is_told_as_before(
    full: Record, drawing: Path, home: keys.Home, trust: Trust
) -> None:
    manifest = signed(drawing, full, home, trust)
    report = verify(drawing)
    others = replace(manifest, record=None)
    found = conclusion.by_manifest(
        report.verdict, others, report.evidence, media_type=report.media_type
    )
    assert found.record == Record(
        source=full.source,
        creator=full.creator,
        title=full.title,
        created=full.created,
        system=System(name="Example Model 3.1"),
    )
