"""The gate before marking: consent, models and grants, and that nothing is written without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from countermark import duties, errors, keys, mark
from countermark.cli import app
from countermark.duties import Demands, check
from countermark.record import (
    ConsentReceipt,
    DigitalSource,
    Grant,
    Modality,
    Record,
    ServiceClass,
    Subject,
    System,
)
from countermark.registry import DisposalReason, Registry

NOW = datetime.now(timezone.utc)
MODEL, DOCUMENT, AGREEMENT = (bytes([n]) * 32 for n in (1, 2, 3))
ASSESSED = Demands(assessed_models=True)
FACES = [one for one in ServiceClass if one.edits_biometrics]
SUBJECT = Subject.of("account 4711", key=bytes(32), period="2026-11")


def consent(**changes: Any) -> ConsentReceipt:
    stated: dict[str, Any] = {
        "subject": SUBJECT,
        "scope": ServiceClass.FACE_SWAP,
        "modality": Modality.IMAGE,
        "given_at": NOW - timedelta(days=1),
        "evidence_sha256": DOCUMENT,
    }
    return ConsentReceipt(**{**stated, **changes})


def record(service_class: ServiceClass | None = None, **stated: Any) -> Record:
    return Record(source=DigitalSource.AI_EDITED, service_class=service_class, **stated)


@pytest.mark.parametrize("service_class", FACES)
def test_faces_and_voices_need_a_consent_that_covers_them(service_class: ServiceClass) -> None:
    with pytest.raises(errors.ConsentMissing, match=f"No consent for {service_class.value}"):
        check(record(service_class), None, modality=Modality.IMAGE)
    receipt = consent(scope=service_class)
    check(record(service_class, consents=(receipt,)), None, modality=Modality.IMAGE)
    with pytest.raises(errors.ConsentMissing, match="in video is among those stated"):
        check(record(service_class, consents=(receipt,)), None, modality=Modality.VIDEO)
    other = next(one for one in FACES if one is not service_class)
    stated = record(service_class, consents=(consent(scope=other),))
    with pytest.raises(errors.ConsentMissing):
        check(stated, None, modality=Modality.IMAGE)


def test_other_classes_need_none() -> None:
    for service_class in (None, *(one for one in ServiceClass if not one.edits_biometrics)):
        check(record(service_class), None, modality=Modality.IMAGE)


def test_a_consent_is_given_before_the_content_is_made() -> None:
    stated = record(ServiceClass.FACE_SWAP, consents=(consent(given_at=NOW),))
    check(stated, None, modality=Modality.IMAGE)
    check(replace(stated, created=NOW), None, modality=Modality.IMAGE)
    with pytest.raises(errors.ConsentMissing, match="after the content was made"):
        check(replace(stated, created=NOW - timedelta(hours=1)), None, modality=Modality.IMAGE)
    late = replace(stated, consents=(consent(given_at=NOW + timedelta(hours=1)),))
    with pytest.raises(errors.ConsentMissing, match="after the content was made"):
        check(late, None, modality=Modality.IMAGE)


def test_a_profile_says_which_classes_need_a_consent() -> None:
    demands = Demands(consent=frozenset({ServiceClass.VOICE, ServiceClass.OTHER}))
    check(record(ServiceClass.FACE_GENERATION), None, modality=Modality.IMAGE, demands=demands)
    for service_class in (ServiceClass.VOICE, ServiceClass.OTHER):
        with pytest.raises(errors.ConsentMissing):
            check(record(service_class), None, modality=Modality.AUDIO, demands=demands)


def made_by(sha256: bytes | None, service_class: ServiceClass | None = None) -> Record:
    receipt = consent(scope=service_class or ServiceClass.FACE_SWAP)
    system = System(name="Face", model_sha256=sha256)
    return record(service_class, system=system, consents=(receipt,))


def refused(registry: Registry | None, stated: Record) -> str:
    with pytest.raises(errors.UnassessedModel) as caught:
        check(stated, registry, modality=Modality.IMAGE, demands=ASSESSED)
    return str(caught.value)


def allowed(registry: Registry, stated: Record) -> None:
    check(stated, registry, modality=Modality.IMAGE, demands=ASSESSED)


def test_a_model_for_faces_is_refused_until_it_is_assessed(registry: Registry) -> None:
    stated = made_by(MODEL, ServiceClass.FACE_SWAP)
    check(stated, registry, modality=Modality.IMAGE)  # unless that is demanded
    assert "is not in the register" in refused(registry, stated)
    assert "is not in the register" in refused(None, stated)
    registry.models.add(MODEL, name="Face", version="3")
    assert "cannot generate faces" in refused(registry, stated)
    registry.models.retire(MODEL)
    assert "is retired" in refused(registry, stated)
    registry.models.add(MODEL, name="Face", version="3", biometric=True)
    assert "no security assessment" in refused(registry, stated)
    registry.models.assess(MODEL, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    allowed(registry, stated)
    registry.models.retire(MODEL)
    assert "is retired" in refused(registry, stated)


def test_what_makes_faces_has_to_be_named(registry: Registry) -> None:
    for stated in (made_by(None, ServiceClass.VOICE), replace(made_by(None, ServiceClass.VOICE),
                   consents=(consent(scope=ServiceClass.VOICE),), system=None)):  # fmt: skip
        assert "does not say which model" in refused(registry, stated)


def test_a_model_that_can_do_more_is_refused_for_less_too(registry: Registry) -> None:
    registry.models.add(MODEL, name="Sites", version="1", sensitive_scene=True)
    registry.models.add(DOCUMENT, name="Lakes", version="1")
    for service_class in (ServiceClass.IMMERSIVE_SCENE, ServiceClass.OTHER, None):
        assert "no security assessment" in refused(registry, made_by(MODEL, service_class))
        allowed(registry, made_by(DOCUMENT, service_class))
        allowed(registry, made_by(AGREEMENT, service_class))  # which is not in the register


def test_a_stated_grant_is_one_of_the_registry(registry: Registry) -> None:
    grant = Grant(recipient=SUBJECT, agreement_sha256=AGREEMENT, at=NOW)
    stated = record(grant=grant)
    for place, named, why in (
        (registry, stated, "not for which content"),
        (None, replace(stated, content_id="content-1"), "no registry"),
        (registry, replace(stated, content_id="content-1"), "No grant allows"),
    ):
        with pytest.raises(errors.GrantMissing, match=why):
            check(named, place, modality=Modality.IMAGE)
    named = replace(stated, content_id="content-1")
    registry.grants.add("content-1", recipient="Jana", agreement_sha256=DOCUMENT)
    with pytest.raises(errors.GrantMissing, match="other agreements"):
        check(named, registry, modality=Modality.IMAGE)
    kept = registry.grants.add("content-1", recipient="Ben", agreement_sha256=AGREEMENT)
    registry.grants.add("content-1", recipient="Jana", agreement_sha256=DOCUMENT)
    check(named, registry, modality=Modality.IMAGE)
    registry.grants.purge(kept.id, reason=DisposalReason.ORDERED, order="12 O 34/26")
    with pytest.raises(errors.GrantMissing):
        check(named, registry, modality=Modality.IMAGE)


def test_nothing_is_marked_without_what_is_demanded(
    home: keys.Home, registry: Registry, photo: Path
) -> None:
    marked, signer = photo.with_name("marked.jpg"), home.signer()
    bare = made_by(MODEL)
    bare = replace(bare, service_class=ServiceClass.FACE_SWAP, consents=())
    with pytest.raises(errors.ConsentMissing):
        mark(photo, marked, record=bare, signer=signer, registry=registry)
    stated = made_by(MODEL, ServiceClass.FACE_SWAP)
    with pytest.raises(errors.UnassessedModel):
        mark(photo, marked, record=stated, signer=signer, registry=registry, demands=ASSESSED)
    assert (marked.exists(), registry.log.size, registry.entries()) == (False, 0, [])
    registry.models.add(MODEL, name="Face", version="3", biometric=True)
    registry.models.assess(MODEL, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    mark(photo, marked, record=stated, signer=signer, registry=registry, demands=ASSESSED)
    assert marked.exists()


def test_the_command_line_refuses_it_too(home: keys.Home, photo: Path) -> None:
    out = photo.with_name("out.jpg")
    for verb in ("mark", "sign"):
        said = CliRunner().invoke(
            app, [verb, str(photo), "--out", str(out), "--service-class", "face-swap"]
        )
        told = said.output + str(said.exception)
        assert "No consent for face-swap in image is stated" in told
        assert not out.exists()


def test_modalities_follow_the_media_type() -> None:
    found = [duties.modality_of(f"{kind}/x").value for kind in ("image", "audio", "model", "text")]
    assert found == ["image", "audio", "scene", "text"]
