"""What the law wants before content is made or marked: consent, an assessed model, a grant.

>>> from countermark.record import DigitalSource, Modality, Record, ServiceClass
>>> record = Record(source=DigitalSource.AI_EDITED, service_class=ServiceClass.FACE_SWAP)
>>> check(record, None, modality=Modality.IMAGE)
Traceback (most recent call last):
...
countermark.errors.ConsentMissing: No consent for face-swap in image is stated. Tell the person \
who is edited, obtain their separate consent, and state its receipt in the record.

It reads what is stated and what the registry holds, and writes nothing: marking asks it first.

Source: Deep Synthesis Provisions of the PRC, articles 14 and 15; Measures for Labeling of
AI-Generated Synthetic Content (2025), article 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from countermark.errors import ConsentMissing, GrantMissing, UnassessedModel
from countermark.record import Modality, Record, ServiceClass
from countermark.registry import Registry
from countermark.registry.duties import Model

BIOMETRIC: Final = frozenset(one for one in ServiceClass if one.edits_biometrics)
"""The classes of service that generate or edit faces or voices."""

_SLACK: Final = timedelta(minutes=5)  # clocks of two machines differ
_MODALITIES: Final = {
    "image": Modality.IMAGE,
    "video": Modality.VIDEO,
    "audio": Modality.AUDIO,
    "model": Modality.SCENE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is demanded of a record before anything is written; profiles fill it in.

    >>> Demands().assessed_models
    False

    `consent`: the classes of service for which receipts are demanded, by default all that
    generate or edit faces or voices. Article 14 speaks of editing: who generates faces that are
    nobody's leaves `FACE_GENERATION` out. `assessed_models`: models that can do what article 15
    names are refused until they are in the register and assessed.
    """

    consent: frozenset[ServiceClass] = BIOMETRIC
    assessed_models: bool = False


def check(
    record: Record,
    registry: Registry | None,
    *,
    modality: Modality,
    demands: Demands | None = None,
) -> None:
    """Whether content with that record may be made and marked.

    `registry`: with the register of models and the grants. `modality`: of the content. `demands`:
    by default `Demands()`. A record that states a grant (`Record.grant`) needs one in the
    registry, of the same agreement.

    Raises `ConsentMissing`, `UnassessedModel`, `GrantMissing`, `UnreadableRegistry`.
    """
    demands = Demands() if demands is None else demands
    if record.service_class in demands.consent:
        assert record.service_class is not None
        check_consent(record, record.service_class, modality)
    if demands.assessed_models:
        model = None if record.system is None else record.system.model_sha256
        check_model(model, record.service_class, registry)
    if record.grant is not None:
        _check_grant(record, record.grant.agreement_sha256, registry)


def check_consent(record: Record, service_class: ServiceClass, modality: Modality) -> None:
    """Whether somebody has consented to this class in this modality before it was made.

    Raises `ConsentMissing`. Whether it is everybody who is edited, only the host can know.
    """
    made_at = record.created or datetime.now(timezone.utc)
    fitting = [one for one in record.consents if one.covers(service_class, modality)]
    if any(one.given_at <= made_at + _SLACK for one in fitting):
        return
    what = f"{service_class.value} in {modality.value}"
    if fitting:
        raise ConsentMissing(
            f"The consent for {what} was given after the content was made.",
            remedy="Obtain it before, and correct the time in the record if that is wrong.",
        )
    others = "is stated" if not record.consents else "is among those stated"
    raise ConsentMissing(
        f"No consent for {what} {others}.",
        remedy="Tell the person who is edited, obtain their separate consent, and state its "
        "receipt in the record.",
    )


def check_model(
    model_sha256: bytes | None, service_class: ServiceClass | None, registry: Registry | None
) -> None:
    """Whether a model may be used for that class of service.

    For faces and voices it must be in the register as `biometric`. Whatever the class, a model
    that is `biometric` or `sensitive_scene` must be assessed; one that is retired is refused.

    Raises `UnassessedModel`, `UnreadableRegistry`.
    """
    is_biometric = service_class is not None and service_class.edits_biometrics
    if model_sha256 is None:
        if is_biometric:
            raise UnassessedModel(
                "The record does not say which model generates faces or voices.",
                remedy="State the model_sha256 of its system.",
            )
        return
    model = None if registry is None else registry.models.find(model_sha256)
    problem = _problem(model, is_biometric)
    if problem is not None:
        raise UnassessedModel(
            f"The model {model_sha256.hex()[:16]} {problem[0]}.", remedy=problem[1]
        )


def modality_of(media_type: str) -> Modality:
    """In what a file of that type shows a person.

    >>> modality_of("video/mp4").value, modality_of("application/pdf").value
    ('video', 'text')
    """
    return _MODALITIES.get(media_type.partition("/")[0], Modality.TEXT)


def _problem(model: Model | None, is_biometric: bool) -> tuple[str, str] | None:
    """What keeps a model from being used, and the remedy."""
    if model is None:
        if not is_biometric:
            return None
        return "is not in the register of models", "Run countermark models add, then assess."
    if model.is_retired:
        return "is retired", "Use another one, or add it again and have it assessed."
    if is_biometric and not model.biometric:
        return (
            "is registered as one that cannot generate faces or voices",
            "Retire it, and add it again with --biometric.",
        )
    if model.needs_assessment and model.assessment is None:
        return (
            "has no security assessment",
            "Have it assessed, and run countermark models assess with the document.",
        )
    return None


def _check_grant(record: Record, agreement_sha256: bytes, registry: Registry | None) -> None:
    if record.content_id is None:
        raise GrantMissing(
            "The record states a grant, and not for which content.",
            remedy="State its content id too.",
        )
    if registry is None:
        raise GrantMissing(
            "The record states a grant, and there is no registry in which it would be.",
            remedy="Mark with a registry, in which the grant was recorded.",
        )
    registry.grants.require(record.content_id)
    granted = registry.grants.find(content=record.content_id)
    if all(grant.agreement_sha256 != agreement_sha256 for grant in granted):
        raise GrantMissing(
            "The grants for this content in the registry are of other agreements.",
            remedy="State the agreement under which the copy is given.",
        )
