"""The checks behind the rules: each looks at the evidence and says what it shows of one duty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from countermark.complying.assessment import Outcome, Status
from countermark.complying.evidence import Evidence
from countermark.credentials import TrustStatus
from countermark.errors import InvalidWording
from countermark.labels.aigc import Verdict
from countermark.labels.profiles import Check, Medium, Profile, Rule, Service
from countermark.labels.visible.wordings import Wording
from countermark.record import ExplicitLabel, Sense
from countermark.screening import named_payloads

_Found = tuple[Status, str, str | None]

_SENSES: Final = {
    Medium.IMAGE: (Sense.SEEN,),
    Medium.VIDEO: (Sense.SEEN, Sense.HEARD),
    Medium.AUDIO: (Sense.HEARD,),
    Medium.TEXT: (Sense.READ, Sense.SEEN),
    Medium.SCENE: (Sense.SEEN,),
}
_ROUNDING: Final = 1e-6


def outcome(profile: Profile, rule: Rule, evidence: Evidence) -> Outcome:
    """What the evidence shows of one rule."""
    found = _not_applicable(rule, evidence) or _CHECKS[rule.check](profile, rule, evidence)
    return Outcome(profile, rule, *found)


def _not_applicable(rule: Rule, evidence: Evidence) -> _Found | None:
    reason = None
    service = None if evidence.record is None else evidence.record.service_class
    if evidence.is_generated is False:
        reason = "The signed record says that no machine generated or edited it."
    elif evidence.medium not in rule.media:
        reason = f"The rule does not speak of files of this kind ({evidence.medium.value})."
    elif rule.service is Service.CONFUSING and service is not None and not service.may_confuse:
        reason = f"The record says that the service is {service.value}."
    elif rule.service is Service.BIOMETRIC and service is not None:
        reason = (
            None
            if service.edits_biometrics
            else f"The record says that the service is {service.value}."
        )
    return None if reason is None else (Status.NOT_APPLICABLE, reason, None)


def _implicit_label(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    reading = evidence.labels
    if reading is None:
        return (
            Status.CANNOT_TELL,
            f"Files of type {evidence.media_type} have no place for it that readers know.",
            "Use another format, or a label that people see.",
        )
    if reading.verdict is Verdict.COMPLIANT and reading.label is not None:
        label, found = reading.label, reading.found[0]
        said = (
            f"One label: producer {label.producer}, content {label.produce_id} "
            f"({found.carried.place})."
        )
        said += "".join(f" {each.member} holds {each}." for each in found.unverifiable)
        return Status.SATISFIED, said, None
    if reading.verdict is Verdict.NOT_FOUND:
        remedy = "Write it with countermark labels write, then sign again."
        return Status.MISSING, "The metadata hold no label.", remedy
    problems = " ".join(finding.problem for finding in reading.findings)
    if reading.verdict is Verdict.INCONCLUSIVE:
        return Status.CANNOT_TELL, f"It cannot be read. {problems}".strip(), "Obtain a whole copy."
    return Status.MISSING, problems, reading.findings[0].remedy


def _explicit_label(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    record = evidence.record
    if record is not None and record.grant is not None:
        at = record.grant.at.date()
        return (
            Status.NOT_APPLICABLE,
            f"A copy without it was granted on {at} against an agreement.",
            None,
        )
    if evidence.heard is not None:
        start = evidence.heard.start_seconds
        shown = f"The rhythm short long, short short is heard from second {start:.1f}."
        return Status.SATISFIED, shown, None
    # What the record says of the label is believed while the signature covers the content.
    label = record.label if record is not None and evidence.is_bound else None
    if label is None:
        return (
            Status.CANNOT_TELL,
            "Nobody has signed that there is one, and countermark does not judge by the look.",
            "Put it there with countermark mark --profile or countermark sign --profile; or, where "
            "it is there already, state it as the label of the record and sign.",
        )
    problem = _unfit(label, profile, rule, evidence.medium)
    if problem is not None:
        return Status.MISSING, problem, "Label it again, with countermark mark --profile."
    share = "" if label.height is None else f", its ink {label.height:.1%} of the shortest side"
    return (
        Status.SATISFIED,
        f"The signed record states {label.text!r}, {label.place}{share}.",
        None,
    )


def _unfit(label: ExplicitLabel, profile: Profile, rule: Rule, medium: Medium) -> str | None:
    """What is wrong with a label for this profile."""
    if label.sense not in _SENSES[medium]:
        return f"The label is {label.sense.value}, which does not fit the medium."
    if label.sense is Sense.SEEN and (label.height or 0) < rule.height - _ROUNDING:
        return f"The label {label.text!r} is lower than {rule.height:.0%} of the shortest side."
    if label.sense is not Sense.HEARD and profile.wording is not None:
        try:
            Wording(text=label.text, jurisdiction=profile.wording, language="und")
        except InvalidWording as error:
            return error.problem
    return None


def _manifest(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    found = evidence.manifest
    if found is None:
        return (
            Status.MISSING,
            "The file holds no manifest.",
            "Sign it with countermark mark or countermark sign.",
        )
    if not evidence.is_bound:
        return (
            Status.MISSING,
            f"The manifest does not hold for this file. {found.explanation}",
            "Sign it again, after everything else was done to it.",
        )
    trusted = "whom a trust list names" if found.trust is TrustStatus.TRUSTED else found.trust.value
    return Status.SATISFIED, f"Signed by {found.claim_signer} ({trusted}).", None


def _time_stamp(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    found = evidence.manifest
    if found is not None and evidence.is_bound and found.time_stamped_by is not None:
        return (
            Status.SATISFIED,
            f"{found.time_stamped_by} proves that it was signed by {found.signed_at}.",
            None,
        )
    return (
        Status.MISSING,
        "No authority that is trusted proves the time.",
        "Name a server with countermark keys timestamps, or trust the one that stamped it.",
    )


def _watermark(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    named = named_payloads(evidence.manifest)
    if evidence.payload is not None and (not named or evidence.payload in named):
        leads = "that the manifest names" if named else "that leads to its record"
        return (
            Status.SATISFIED,
            f"The pixels hold the payload {evidence.payload:016x}, {leads}.",
            None,
        )
    if evidence.payload is not None:
        return (
            Status.MISSING,
            "The pixels hold a watermark that belongs to another manifest.",
            "Mark the original again.",
        )
    if not evidence.can_hold_watermark:
        return (
            Status.CANNOT_TELL,
            f"This file of type {evidence.media_type} holds nothing in which countermark reads "
            "watermarks.",
            "Ask whoever made it.",
        )
    bindings = () if evidence.manifest is None else evidence.manifest.soft_bindings
    others = [each for each in bindings if not each.is_fingerprint]
    if others and not named:
        return (
            Status.CANNOT_TELL,
            f"The manifest names a watermark of others ({others[0].algorithm}).",
            "Ask their detector.",
        )
    return Status.MISSING, "None was found.", "Mark it with countermark mark."


def _source_type(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    source = evidence.manifest.digital_source if evidence.manifest is not None else None
    if evidence.is_bound and source is not None and evidence.is_generated:
        return Status.SATISFIED, f"The manifest says {source.rpartition('/')[2]}.", None
    return (
        Status.MISSING,
        "No manifest that holds says that it was generated or edited by AI.",
        "Mark or sign it with --source ai-generated or ai-edited.",
    )


def _statements(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    if evidence.record is None:
        return (
            Status.MISSING,
            "No record of it was found, in the file or by its pixels.",
            "Mark or sign it with a record.",
        )
    absent = [name for name in rule.statements if _stated(evidence.record, name) is None]
    if absent:
        return (
            Status.MISSING,
            f"The record does not state {', '.join(absent)}.",
            "State it in the record and mark again.",
        )
    shown = ", ".join(f"{name} {_stated(evidence.record, name)}" for name in rule.statements)
    through = " (found through its pixels)" if evidence.is_recovered else ""
    return Status.SATISFIED, f"The record states {shown}{through}.", None


def _stated(record: Any, name: str) -> Any:
    """A member of the record, or of a member of it."""
    for part in name.split("."):
        record = getattr(record, part, None)
    return record


def _consent(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    record = evidence.record
    if record is None or record.service_class is None:
        return _unknown_service()
    if record.consents:
        return Status.SATISFIED, f"The record holds {len(record.consents)} receipts.", None
    return (
        Status.MISSING,
        f"The service is {record.service_class.value}, and the record holds no receipt.",
        "Obtain the consent of the persons, and state the receipts in the record.",
    )


def _assessed_model(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    record = evidence.record
    if record is None or record.service_class is None:
        return _unknown_service()
    if record.system is None or record.system.model_sha256 is None:
        return (
            Status.MISSING,
            "The record does not say which model made it.",
            "State the SHA-256 of the model in the record.",
        )
    shown = f"The model {record.system.model_sha256.hex()[:16]}"
    if evidence.is_assessed is None:
        return (
            Status.CANNOT_TELL,
            f"{shown} made it; there is no register of models here.",
            "Ask in the home that marked it.",
        )
    if evidence.is_assessed:
        return Status.SATISFIED, f"{shown} is in the register with its assessment.", None
    return (
        Status.MISSING,
        f"{shown} is not in the register as an assessed one.",
        "Have it assessed, and run countermark models assess.",
    )


def _unknown_service() -> _Found:
    return (
        Status.CANNOT_TELL,
        "The file does not say what kind of service made it.",
        "State the service class in the record.",
    )


def _logged(profile: Profile, rule: Rule, evidence: Evidence) -> _Found:
    if evidence.is_logged is None:
        return (
            Status.CANNOT_TELL,
            "There is no registry here to look into.",
            "Ask in the home that marked it.",
        )
    if evidence.is_logged:
        return Status.SATISFIED, "The log of the registry holds it.", None
    return (
        Status.MISSING,
        "The log of this registry does not hold it.",
        "Mark it with countermark mark, or ask in the home that marked it.",
    )


_CHECKS: Final[dict[Check, Callable[[Profile, Rule, Evidence], _Found]]] = {
    Check.IMPLICIT_LABEL: _implicit_label,
    Check.EXPLICIT_LABEL: _explicit_label,
    Check.MANIFEST: _manifest,
    Check.TIME_STAMP: _time_stamp,
    Check.WATERMARK: _watermark,
    Check.SOURCE_TYPE: _source_type,
    Check.STATEMENTS: _statements,
    Check.CONSENT: _consent,
    Check.ASSESSED_MODEL: _assessed_model,
    Check.LOGGED: _logged,
}
