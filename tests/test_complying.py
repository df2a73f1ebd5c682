"""Complying: rule by rule, on files that were made for it and on files that were not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

from countermark import keys, mark
from countermark.complying import Assessment, Status, comply, profile
from countermark.credentials import Trust
from countermark.errors import ConsentMissing, GrantMissing, ProfileNotMet, UnassessedModel
from countermark.labels import aigc
from countermark.labels.profiles import NAMES
from countermark.record import (
    ConsentReceipt,
    DigitalSource,
    Filing,
    Grant,
    Modality,
    Producer,
    ProviderCode,
    Record,
    ServiceClass,
    Subject,
    System,
)
from countermark.registry import Registry

Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]

CODE = ProviderCode.of("91350100M000100Y43")
MADE = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=CODE),
    system=System(name="Example Model", version="3", model_sha256=bytes(range(32))),
    service_class=ServiceClass.IMMERSIVE_SCENE,
    filing=Filing(number="Filing 1234567890", url="https://example.org/filing"),
)


def statuses(found: Assessment) -> dict[str, str]:
    return {one.rule.id: one.status.value for one in found.outcomes}


@pytest.fixture
def source(photograph: Photograph, as_file: AsFile, tmp_path: Path) -> Path:
    path = tmp_path / "in.jpg"
    path.write_bytes(as_file(photograph(long_edge=640)))
    return path


@pytest.fixture
def made(source: Path, home: keys.Home) -> Path:
    """A picture that meets the Chinese profile."""
    path = source.with_name("out.jpg")
    mark(source, path, record=RECORD, signer=home.signer(), profiles=[profile("cn")])
    return path


def test_marked_with_a_profile_meets_it(made: Path) -> None:
    found = comply(made, [profile("cn")])
    assert found.complies
    assert statuses(found) == {
        "cn-implicit-label": "satisfied",
        "cn-explicit-label": "satisfied",
        "cn-consent": "not applicable",
        "cn-assessed-model": "not applicable",
        "cn-logged": "satisfied",
        "cn-filing": "satisfied",
        "cn-watermark": "satisfied",
    }
    label = aigc.read(made).label
    assert label is not None
    assert label.producer == label.propagator == str(CODE)


def test_every_outcome_has_clause_evidence_and_a_remedy_where_one_is_due(source: Path) -> None:
    found = comply(source, [profile(name) for name in NAMES])
    assert not found.complies
    assert found.is_generated is None
    assert {one.profile.id for one in found.outcomes} == set(NAMES)
    for one in found.outcomes:
        assert one.rule.clause
        assert one.evidence.endswith(".")
        due = one.status in (Status.MISSING, Status.CANNOT_TELL)
        assert (one.remedy is not None) == due, one
    members = json.loads(found.to_json())
    assert members["complies"] is False
    assert len(members["rules"]) == len(found.outcomes)
    assert "it is taken as generated" in str(found)


def test_photograph_that_says_so_is_not_asked_for_labels(source: Path, home: keys.Home) -> None:
    out = source.with_name("out.jpg")
    record = Record(source=DigitalSource.CAPTURED)
    mark(source, out, record=record, signer=home.signer(), profiles=[profile("cn"), profile("kr")])
    found = comply(out, [profile("cn"), profile("kr")])
    assert found.complies
    assert set(statuses(found).values()) == {"not applicable"}
    assert aigc.read(out).found == ()


def test_another_byte_in_the_file_takes_the_labels_word_for_it_away(made: Path) -> None:
    """What the record states of the label counts only while the signature covers the pixels."""
    with Image.open(made) as picture:
        stripped = io.BytesIO()
        picture.save(stripped, "JPEG", quality=92)
    made.write_bytes(stripped.getvalue())
    found = statuses(comply(made, [profile("cn"), profile("eu")]))
    assert found["cn-implicit-label"] == "missing"
    assert found["cn-explicit-label"] == "cannot tell"
    assert found["eu-manifest"] == "missing"
    assert found["eu-watermark"] == "satisfied"


def test_stripped_copy_still_leads_to_what_california_asks_for(made: Path) -> None:
    with Image.open(made) as picture:
        stripped = io.BytesIO()
        picture.save(stripped, "PNG")
    found = comply(stripped.getvalue(), [profile("us-ca")])
    latent = next(one for one in found.outcomes if one.rule.id == "us-ca-latent")
    assert latent.status is Status.SATISFIED
    assert "through its pixels" in latent.evidence


def test_two_labels_are_missing_as_none(made: Path) -> None:
    content = made.read_bytes()
    second = b'AIGC{"Label":"1"}'
    segment = b"\xff\xeb" + (len(second) + 2).to_bytes(2, "big") + second
    found = comply(content[:2] + segment + content[2:], [profile("cn")])
    implicit = next(one for one in found.outcomes if one.rule.id == "cn-implicit-label")
    assert implicit.status is Status.MISSING
    assert "2 labels" in implicit.evidence


@pytest.mark.parametrize("name", ["cn", "in", "us-ca"])
def test_what_the_record_lacks_is_said_and_nothing_is_written(
    name: str, source: Path, home: keys.Home
) -> None:
    out = source.with_name("out.jpg")
    record = Record(source=DigitalSource.AI_GENERATED)
    with Registry.open(home.registry_path) as registry:
        with pytest.raises(ProfileNotMet) as raised:
            mark(
                source,
                out,
                record=record,
                signer=home.signer(),
                registry=registry,
                profiles=[profile(name)],
            )
        assert list(registry.all_entries()) == []
    assert f"{name}-" in raised.value.problem
    assert not out.exists()


def test_europe_asks_for_a_time_stamp(source: Path, home: keys.Home) -> None:
    with pytest.raises(ProfileNotMet, match="eu-time-stamp"):
        mark(
            source,
            source.with_name("out.jpg"),
            record=RECORD,
            signer=home.signer(),
            profiles=[profile("eu")],
        )


def test_faces_need_consent_and_an_assessed_model(source: Path, home: keys.Home) -> None:
    out = source.with_name("out.jpg")
    receipt = ConsentReceipt(
        subject=Subject.of("account 4711", key=bytes(32), period="2026-11"),
        scope=ServiceClass.FACE_SWAP,
        modality=Modality.IMAGE,
        given_at=datetime.now(timezone.utc) - timedelta(days=1),
        evidence_sha256=bytes(32),
    )
    swapped = {"source": DigitalSource.AI_GENERATED, "service_class": ServiceClass.FACE_SWAP}
    stated = {"producer": RECORD.producer, "system": RECORD.system, **swapped}
    model = RECORD.system.model_sha256 if RECORD.system else None
    assert model is not None
    with Registry.open(home.registry_path) as registry:

        def attempt(record: Record) -> None:
            mark(
                source,
                out,
                record=record,
                signer=home.signer(),
                registry=registry,
                profiles=[profile("cn")],
            )

        with pytest.raises(ConsentMissing):
            attempt(Record(**stated))
        agreed = Record(**stated, consents=(receipt,))
        with pytest.raises(UnassessedModel):
            attempt(agreed)
        registry.models.add(model, name="Example Model", version="3", biometric=True)
        with pytest.raises(UnassessedModel):
            attempt(agreed)
        registry.models.assess(model, document_sha256=bytes(32), on=MADE.date())
        attempt(agreed)
        found = statuses(comply(out, [profile("cn")], registry=registry))
    assert found["cn-consent"] == found["cn-assessed-model"] == "satisfied"


def test_two_profiles_share_one_label(source: Path, home: keys.Home) -> None:
    out = source.with_name("out.jpg")
    both = [profile("cn"), profile("kr")]
    mark(source, out, record=RECORD, signer=home.signer(), profiles=both)
    found = comply(out, both)
    assert found.complies
    assert "AI生成" in next(
        one.evidence for one in found.outcomes if one.rule.id == "kr-explicit-label"
    )


def test_stranger_is_not_believed_that_no_machine_made_it(source: Path, home: keys.Home) -> None:
    out = source.with_name("out.jpg")
    mark(source, out, record=Record(source=DigitalSource.CAPTURED), signer=home.signer())
    assert comply(out, [profile("cn")]).is_generated is False
    stranger = comply(out, [profile("cn")], trust=Trust.nobody())
    assert stranger.is_generated is None
    assert not stranger.complies


def test_granted_copy_has_no_label_for_people_and_one_for_machines(
    source: Path, home: keys.Home
) -> None:
    out = source.with_name("out.jpg")
    agreement = bytes(range(32))
    grant = Grant(
        recipient=Subject.of("account 4711", key=bytes(32), period="2026-11"),
        agreement_sha256=agreement,
        at=MADE,
    )
    record = replace(RECORD, content_id="content-47", grant=grant)
    with Registry.open(home.registry_path) as registry:
        with pytest.raises(GrantMissing):
            mark(source, out, record=record, signer=home.signer(), registry=registry)
        registry.grants.add("content-47", recipient="account 4711", agreement_sha256=agreement)
        mark(
            source,
            out,
            record=record,
            signer=home.signer(),
            registry=registry,
            profiles=[profile("cn")],
        )
        found = statuses(comply(out, [profile("cn")], registry=registry))
    assert found["cn-explicit-label"] == "not applicable"
    assert found["cn-implicit-label"] == "satisfied"
