"""Manifests beside their files: found by name, believed by hash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from countermark import Verdict, keys, mark, verify
from countermark.complying import Status, comply, profile
from countermark.credentials import Trust, TrustStatus, sign_detached
from countermark.errors import SourceNotFound
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import ManifestEvidence, Report

RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
NOWHERE = Registry.open("no such registry")


@pytest.fixture
def trust(home: keys.Home) -> Trust:
    return Trust.from_file(home.trust_path)


@pytest.fixture
def stored(home: keys.Home) -> Callable[[Path], bytes]:
    """A manifest of a file."""
    return lambda path: sign_detached(path, record=RECORD, signer=home.signer())


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "lake.docx"
    path.write_bytes(b"a file of no kind that holds manifests")
    return path


def manifest_of(report: Report) -> ManifestEvidence:
    found = report.evidence[0]
    assert isinstance(found, ManifestEvidence)
    return found


@pytest.mark.parametrize("name", ["lake.c2pa", "lake.docx.c2pa"])
def test_manifest_is_found_by_either_name(
    text: Path, trust: Trust, stored: Callable[[Path], bytes], name: str
) -> None:
    text.with_name(name).write_bytes(stored(text))
    report = verify(text, trust=trust, registry=NOWHERE)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert report.record is not None
    assert report.record.creator == "Ada Example"
    found = manifest_of(report)
    assert (found.origin, found.sidecar) == ("sidecar", str(text.with_name(name)))
    assert f"lie beside the file, in {text.with_name(name)}" in found.explanation
    members = json.loads(report.to_json())["evidence"][0]
    assert (members["origin"], members["sidecar"]) == ("sidecar", found.sidecar)
    assert "The Content Credentials beside the file were signed for exactly these bytes." in str(
        report
    )


def test_manifest_of_another_file_is_not_trusted(
    text: Path, trust: Trust, stored: Callable[[Path], bytes], tmp_path: Path
) -> None:
    other = tmp_path / "other.docx"
    other.write_bytes(b"another file")
    text.with_suffix(".c2pa").write_bytes(stored(other))
    report = verify(text, trust=trust, registry=NOWHERE)
    assert (report.verdict, report.trust) == (Verdict.UNMARKED, TrustStatus.NONE)
    assert (report.record, report.claim_signer, report.trusted_by) == (None, None, None)
    assert "not of these bytes" in report.summary
    found = manifest_of(report)
    assert (found.confidence.value, found.hard_binding) == ("none", "mismatch")
    assessed = comply(text, [profile("eu")], trust=trust, registry=NOWHERE)
    assert assessed.outcomes[0].status is Status.MISSING
    assert assessed.is_generated is None  # what that one says of its own file counts for nothing
    text.with_name("lake.docx.c2pa").write_bytes(stored(text))  # of two, the one that fits
    assert verify(text, trust=trust, registry=NOWHERE).verdict is Verdict.INTACT
    text.with_name("lake.docx.c2pa").rename(text.with_name("spare"))
    text.with_name("lake.c2pa").rename(text.with_name("lake.docx.c2pa"))
    text.with_name("spare").rename(text.with_name("lake.c2pa"))
    assert verify(text, trust=trust, registry=NOWHERE).verdict is Verdict.INTACT


@pytest.mark.parametrize("at", [0, 40, -1])
def test_damaged_manifest_proves_nothing(
    text: Path, trust: Trust, stored: Callable[[Path], bytes], at: int
) -> None:
    store = bytearray(stored(text))
    store[at] ^= 0xFF
    text.with_suffix(".c2pa").write_bytes(store)
    report = verify(text, trust=trust, registry=NOWHERE)
    assert (report.verdict, report.trust, report.record) == (
        Verdict.UNMARKED,
        TrustStatus.NONE,
        None,
    )


def test_one_changed_byte_of_the_file_breaks_it(
    text: Path, trust: Trust, stored: Callable[[Path], bytes]
) -> None:
    text.with_suffix(".c2pa").write_bytes(stored(text))
    text.write_bytes(text.read_bytes() + b" ")
    report = verify(text, trust=trust, registry=NOWHERE)
    assert (report.verdict, report.record) == (Verdict.UNMARKED, None)
    assert "The file was changed since" in manifest_of(report).explanation


def test_named_manifest_is_judged_wherever_it_lies(
    text: Path, trust: Trust, stored: Callable[[Path], bytes], tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    place = tmp_path / "archive" / "of-the-lake"
    place.write_bytes(stored(text))
    assert verify(text, trust=trust, registry=NOWHERE).verdict is Verdict.UNREADABLE
    report = verify(text, manifest=place, trust=trust, registry=NOWHERE)
    assert (report.verdict, manifest_of(report).sidecar) == (Verdict.INTACT, str(place))
    with text.open("rb") as stream:  # which lies nowhere
        streamed = verify(stream, manifest=str(place), trust=trust, registry=NOWHERE)
    assert streamed.verdict is Verdict.INTACT
    assessed = comply(text, [profile("eu")], manifest=place, trust=trust, registry=NOWHERE)
    assert assessed.outcomes[0].status is Status.SATISFIED
    with pytest.raises(SourceNotFound):
        verify(text, manifest=tmp_path / "nowhere", trust=trust, registry=NOWHERE)


def test_manifest_in_the_file_comes_first(
    home: keys.Home,
    trust: Trust,
    stored: Callable[[Path], bytes],
    photograph: Callable[..., Image.Image],
    tmp_path: Path,
) -> None:
    photo, marked = tmp_path / "photo.png", tmp_path / "marked.png"
    photograph(long_edge=320).save(photo)
    photo.with_suffix(".c2pa").write_bytes(stored(photo))
    beside = verify(photo, trust=trust, registry=NOWHERE)
    assert (beside.verdict, manifest_of(beside).origin) == (Verdict.INTACT, "sidecar")
    assert beside.media_type == "image/png"
    photo.with_suffix(".c2pa").rename(tmp_path / "elsewhere.c2pa")
    record = Record(source=DigitalSource.CAPTURED)
    mark(photo, marked, record=record, signer=home.signer())
    marked.with_suffix(".c2pa").write_bytes((tmp_path / "elsewhere.c2pa").read_bytes())
    inside = verify(marked, trust=trust, registry=NOWHERE)
    assert (inside.verdict, manifest_of(inside).origin) == (Verdict.INTACT, "file")
    assert inside.record is not None
    assert inside.record.source is DigitalSource.CAPTURED
    named = verify(marked, manifest=tmp_path / "elsewhere.c2pa", trust=trust, registry=NOWHERE)
    assert (named.verdict, named.record) == (Verdict.UNMARKED, None)


def test_pixels_lead_to_the_registry_past_a_strange_manifest(
    home: keys.Home,
    trust: Trust,
    stored: Callable[[Path], bytes],
    photograph: Callable[..., Image.Image],
    tmp_path: Path,
) -> None:
    photo, marked, copy = (tmp_path / f"{name}.png" for name in ("photo", "marked", "copy"))
    photograph(long_edge=640).save(photo)
    mark(photo, marked, record=RECORD, signer=home.signer())
    with Image.open(marked) as picture:
        picture.save(copy)
    copy.with_suffix(".c2pa").write_bytes(stored(photo))
    with Registry.open(home.registry_path) as registry:
        report = verify(copy, trust=trust, registry=registry)
    assert report.verdict is Verdict.RECOVERED
    assert manifest_of(report).origin == "sidecar"
    assert [one.origin for one in report.evidence if one.kind == "manifest" and one.found] == [  # type: ignore[union-attr]
        "sidecar",
        "registry",
    ]
