"""Ingesting: the platform's decision, its members in the label, and nothing lost on the way."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from countermark import credentials, keys, mark, verify
from countermark.complying import Evidence
from countermark.credentials import Trust
from countermark.errors import (
    DestinationNotWritable,
    InvalidLabel,
    LabelNotWritten,
    MarkLost,
    UnreadableRegistry,
    UnsupportedContainer,
)
from countermark.ingesting import EDITED_METADATA, Decision, Ingested, decided, ingest, restated
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Status
from countermark.labels.aigc.reading import Carried, judged
from countermark.preserving import Marks, compare
from countermark.record import DigitalSource, Producer, ProviderCode, Record, Service
from countermark.registry import IngestDecision, Registry
from countermark.report import Verdict

Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]
Run = Callable[..., subprocess.CompletedProcess[str]]

PRODUCER = ProviderCode.of("91350100M000100Y43")
PLATFORM = ProviderCode.of("91350100M000100Y43", service=Service.PROPAGATION, application="8705")
RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=PRODUCER),
    content_id="picture-7",
)


@pytest.fixture
def photo_file(photograph: Photograph, as_file: AsFile, tmp_path: Path) -> Path:
    path = tmp_path / "in.jpg"
    path.write_bytes(as_file(photograph(long_edge=640)))
    return path


def published(source: Path, home: keys.Home, **options: object) -> tuple[Ingested, Path]:
    out = source.with_name("published.jpg")
    with Registry.open(home.registry_path) as registry:
        done = ingest(
            source,
            out,
            propagator=PLATFORM,
            propagate_id="post-42",
            signer=home.signer(),
            trust=home.trust_store().trust() if hasattr(home, "trust_store") else None,
            registry=registry,
            **options,  # type: ignore[arg-type]
        )
    return done, out


def test_label_of_the_producer_is_kept_and_the_manifest_becomes_the_parent(
    photo_file: Path, home: keys.Home, trust: Trust
) -> None:
    marked = photo_file.with_name("marked.jpg")
    payload = mark(photo_file, marked, record=RECORD, signer=home.signer()).payload
    before = credentials.read(marked, "image/jpeg", trust=trust)
    out = photo_file.with_name("published.jpg")
    with Registry.open(home.registry_path) as registry:
        done = ingest(
            marked,
            out,
            propagator=PLATFORM,
            propagate_id="post-42",
            signer=home.signer(),
            trust=trust,
            registry=registry,
        )
        assert done.manifest is not None
        assert registry.manifests.find(done.manifest) is not None
        assert registry.manifests.payload_of(done.manifest) == payload
    assert done.decision is Decision.IS
    assert aigc.read(out).label == AigcLabel.produced(str(PRODUCER), "picture-7").spread(
        str(PLATFORM), "post-42"
    )
    after = credentials.read(out, "image/jpeg", trust=trust)
    assert before is not None
    assert after is not None
    assert (after.hard_binding, after.failures) == ("match", ())
    assert [one.label for one in after.ingredients] == [before.label]
    assert after.actions[-1] == EDITED_METADATA
    assert after.soft_bindings == before.soft_bindings
    assert after.record == before.record
    report = verify(out, trust=trust)
    assert (report.verdict, report.record) == (Verdict.INTACT, before.record)


def test_statements_of_a_signer_whom_nobody_trusts_are_not_repeated(
    photo_file: Path, home: keys.Home
) -> None:
    marked = photo_file.with_name("marked.jpg")
    mark(photo_file, marked, record=RECORD, signer=home.signer())
    out = photo_file.with_name("published.jpg")
    ingest(
        marked,
        out,
        propagator=PLATFORM,
        propagate_id="post-42",
        signer=home.signer(),
        trust=Trust.nobody(),
    )
    found = credentials.read(out, "image/jpeg", trust=Trust.nobody())
    assert found is not None
    assert found.record == Record(source=DigitalSource.AI_GENERATED)


@pytest.mark.parametrize(
    ("options", "decision", "status"),
    [
        ({"is_declared": True}, Decision.POSSIBLE, Status.POSSIBLE),
        ({"is_suspected": True}, Decision.SUSPECTED, Status.SUSPECTED),
        ({"is_declared": True, "is_suspected": True}, Decision.POSSIBLE, Status.POSSIBLE),
    ],
)
def test_without_a_label_the_platform_says_what_it_was_told_or_thinks(
    options: dict[str, bool], decision: Decision, status: Status, photo_file: Path, home: keys.Home
) -> None:
    done, out = published(photo_file, home, **options)
    label = aigc.read(out).label
    assert done == Ingested(decision, label, None)
    assert label is not None
    assert (label.status, label.producer, label.produce_id) == (status, "", "")
    assert (label.propagator, label.propagate_id) == (str(PLATFORM), "post-42")
    with Image.open(photo_file) as before, Image.open(out) as after:
        assert before.tobytes() == after.tobytes()


def test_watermark_alone_is_a_trace(photo_file: Path, home: keys.Home) -> None:
    marked, stripped = photo_file.with_name("marked.jpg"), photo_file.with_name("stripped.jpg")
    mark(photo_file, marked, record=RECORD, signer=home.signer())
    with Image.open(marked) as picture:
        picture.save(stripped, quality=92)
    assert aigc.read(stripped).found == ()
    done, _ = published(stripped, home)
    assert done.decision is Decision.SUSPECTED


def test_nothing_to_say_leaves_every_byte(photo_file: Path, home: keys.Home) -> None:
    done, out = published(photo_file, home)
    assert done == Ingested(Decision.NONE, None, None)
    assert out.read_bytes() == photo_file.read_bytes()


def test_manifest_needs_a_signer(photo_file: Path, home: keys.Home, trust: Trust) -> None:
    marked, out = photo_file.with_name("marked.jpg"), photo_file.with_name("published.jpg")
    mark(photo_file, marked, record=RECORD, signer=home.signer())
    with pytest.raises(LabelNotWritten, match="signer"):
        ingest(marked, out, propagator=PLATFORM, propagate_id="post-42", trust=trust)
    assert not out.exists()


@pytest.mark.parametrize("is_declared", [False, True])
def test_manifest_beside_a_picture_goes_along(
    photo_file: Path, home: keys.Home, trust: Trust, is_declared: bool
) -> None:
    """Beside the copy that stays as it is, in the one that is labelled."""
    record = Record(source=DigitalSource.CAPTURED)
    store = credentials.sign_detached(photo_file, record=record, signer=home.signer())
    photo_file.with_suffix(".c2pa").write_bytes(store)
    _, out = published(photo_file, home, is_declared=is_declared)
    report = verify(out, trust=trust, registry=Registry.open("no such registry"))
    assert (report.verdict, report.record) == (Verdict.INTACT, record)
    assert out.with_suffix(".c2pa").exists() is not is_declared
    if is_declared:
        found = credentials.read(out, "image/jpeg", trust=trust)
        assert found is not None
        assert [one.label for one in found.ingredients] == [credentials.active_label(store)]


def test_manifest_of_other_bytes_beside_a_picture_is_none(
    photo_file: Path, home: keys.Home
) -> None:
    record = Record(source=DigitalSource.AI_GENERATED)
    store = credentials.sign_detached(io.BytesIO(b"other"), record=record, signer=home.signer())
    photo_file.with_suffix(".c2pa").write_bytes(store)
    done, out = published(photo_file, home)
    assert (done.decision, done.manifest) == (Decision.NONE, None)
    assert not out.with_suffix(".c2pa").exists()


def decisions(home: keys.Home) -> list[dict[str, object]]:
    with Registry.open(home.registry_path) as registry:
        told = [json.loads(leaf) for leaf in registry.log.leaves()]
    return [one for one in told if one["kind"] == "ingest-decided"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "none"),
        ({"is_declared": True}, "possible"),
        ({"is_suspected": True}, "suspected"),
    ],
)
def test_each_decision_is_a_leaf_without_names_or_content(
    options: dict[str, bool], code: str, photo_file: Path, home: keys.Home
) -> None:
    _, out = published(photo_file, home, **options)
    [told] = decisions(home)
    assert told.pop("at")
    assert told == {
        "schema": 1,
        "kind": "ingest-decided",
        "decision": code,
        "source_sha256": hashlib.sha256(photo_file.read_bytes()).hexdigest(),
        "published_sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }


def test_label_of_a_producer_is_logged_as_such(photo_file: Path, home: keys.Home) -> None:
    aigc.write(photo_file, photo_file, AigcLabel.produced(str(PRODUCER), "picture-7"))
    published(photo_file, home)
    assert [one["decision"] for one in decisions(home)] == ["is"]


class ForgetfulRegistry(Registry):
    """Whatever is decided is lost at the very end."""

    @contextmanager
    def deciding(self, decision: IngestDecision) -> Iterator[None]:
        with super().deciding(decision):
            yield
            raise UnreadableRegistry("The disk broke.", remedy="Buy another one.")


def test_decision_and_file_are_there_together_or_not_at_all(
    photo_file: Path, home: keys.Home
) -> None:
    out = photo_file.with_name("published.jpg")
    told = {"propagator": PLATFORM, "propagate_id": "post-42", "is_declared": True}
    with (
        ForgetfulRegistry.open(home.registry_path) as registry,
        pytest.raises(UnreadableRegistry),
    ):
        ingest(photo_file, out, registry=registry, **told)
    assert not out.exists()
    with Registry.open(home.registry_path) as registry, pytest.raises(DestinationNotWritable):
        ingest(photo_file, out.with_name("nowhere") / "out.jpg", registry=registry, **told)
    assert decisions(home) == []


def test_in_place(photo_file: Path, home: keys.Home) -> None:
    with Registry.open(home.registry_path) as registry:
        ingest(
            photo_file,
            photo_file,
            propagator=PLATFORM,
            propagate_id="post-42",
            is_declared=True,
            registry=registry,
        )
    assert aigc.read(photo_file).label is not None


def test_bad_id_and_files_without_a_place_are_refused(photo_file: Path, home: keys.Home) -> None:
    content = photo_file.read_bytes()
    with pytest.raises(InvalidLabel):
        ingest(
            photo_file,
            photo_file,
            propagator=PLATFORM,
            propagate_id="编号",
            is_declared=True,
        )
    assert photo_file.read_bytes() == content
    notes = photo_file.with_suffix(".txt")
    notes.write_text("a note", encoding="utf-8")
    with pytest.raises(UnsupportedContainer):
        ingest(notes, notes, propagator=PLATFORM, propagate_id="post-42", is_declared=True)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (['{"Label":"3"}'], Decision.SUSPECTED),
        (['{"Label":"2"}', '{"Label":"1"}'], Decision.IS),
        (["{not JSON"], Decision.IS),
    ],
)
def test_labels_that_are_not_as_the_standard_has_them_still_count(
    texts: list[str], expected: Decision
) -> None:
    reading = judged(tuple(Carried(text, "somewhere") for text in texts))
    assert decided(reading, is_declared=False, has_traces=False) is expected


def test_what_cannot_be_searched_is_not_taken_for_unlabelled() -> None:
    reading = judged((), is_complete=False)
    with pytest.raises(LabelNotWritten):
        decided(reading, is_declared=True, has_traces=True)


def test_marking_keeps_the_label_that_came_in(photo_file: Path, home: keys.Home) -> None:
    labelled = io.BytesIO()
    label = AigcLabel.produced(str(PRODUCER), "picture-7")
    aigc.write(photo_file, labelled, label)
    source = photo_file.with_name("labelled.jpg")
    source.write_bytes(labelled.getvalue())
    out = photo_file.with_name("out.jpg")
    mark(source, out, record=Record(source=DigitalSource.AI_GENERATED), signer=home.signer())
    assert aigc.read(out).label == label
    assert verify(out).verdict is Verdict.INTACT


def test_each_kind_of_mark_is_missed() -> None:
    label = AigcLabel.produced(str(PRODUCER), "picture-7")
    whole = Marks(label=label, manifests=frozenset({"urn:c2pa:1"}), payloads=frozenset({7}))
    compare(whole, whole)
    bare = Marks(label=None, manifests=frozenset(), payloads=frozenset({7}))
    for before, after in (
        (whole, Marks(label=label, manifests=frozenset(), payloads=frozenset({7}))),
        (whole, Marks(label=None, manifests=whole.manifests, payloads=frozenset({7}))),
        (bare, Marks.NONE),
    ):
        with pytest.raises(MarkLost):
            compare(before, after)


def test_origin_that_nobody_states_is_not_made_up() -> None:
    """A manifest without a digital source, and no label by which the content was generated."""
    silent = Evidence(
        media_type="image/jpeg",
        labels=judged(()),
        manifest=credentials.Manifest(b"", label="urn:c2pa:1"),
        record=None,
        is_recovered=False,
        trust=credentials.TrustStatus.NONE,
        heard=None,
        payload=None,
        can_hold_watermark=True,
        is_assessed=None,
        is_logged=None,
    )
    with pytest.raises(LabelNotWritten, match="--source"):
        restated(silent, Decision.POSSIBLE, None)
    known = restated(silent, Decision.POSSIBLE, DigitalSource.CAPTURED)
    assert known == Record(source=DigitalSource.CAPTURED)
    assert restated(silent, Decision.IS, None).source is DigitalSource.AI_GENERATED
