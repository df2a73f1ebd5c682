"""What a file says in its labels, and what is wrong with them: tolerant, for files of others.

Source: GB 45438-2025, 6.1 and annex E.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from countermark.errors import InvalidLabel
from countermark.labels.aigc.label import FIELDS, AigcLabel, Status, is_allowed

MAX_LENGTH: Final = 1 << 16
"""Characters of a label that is looked at."""


class Verdict(Enum):
    """What holds for the labels of a file.

    `INCONCLUSIVE`: something is there that might be a label and cannot be read; never taken for
    `NOT_FOUND`.
    """

    COMPLIANT = "compliant"
    NONCOMPLIANT = "noncompliant"
    NOT_FOUND = "not_found"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: what is wrong, which clause says so, and what to do."""

    problem: str
    clause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A label as it stands in a file: its text, and the name of the place.

    `is_proper`: whether the guides name this place for files of this kind.
    """

    text: str
    place: str
    is_proper: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A label that was read.

    `members`: whatever texts the object holds. `label`: None when it is not as the standard has it.
    """

    carried: Carried
    members: dict[str, str]
    label: AigcLabel | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """All labels of a file, and what is wrong with them as a whole."""

    found: tuple[Found, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict

    @property
    def label(self) -> AigcLabel | None:
        """The one label of the file; None if there is none, or not exactly one."""
        return self.found[0].label if len(self.found) == 1 else None


def judged(carried: tuple[Carried, ...], *, is_complete: bool = True) -> Reading:
    """What the labels of a file amount to.

    `is_complete`: whether the file could be searched as a whole.

    >>> judged(()).verdict.value
    'not_found'
    """
    found = tuple(_parsed(one) for one in carried)
    findings = [finding for one in found for finding in one.findings]
    if len(found) > 1:
        places = ", ".join(one.carried.place for one in found)
        findings.append(
            Finding(
                f"The file holds {len(found)} labels: {places}.",
                "GB 45438-2025, 6.1 c)",
                "Write the label again, which leaves one.",
            )
        )
    if not found:
        verdict = Verdict.NOT_FOUND if is_complete else Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.NONCOMPLIANT if findings else Verdict.COMPLIANT
    return Reading(found, tuple(findings), verdict)


def _parsed(carried: Carried) -> Found:
    findings: list[Finding] = []
    if not carried.is_proper:
        findings.append(
            Finding(
                f"The label is in a place that is not meant for it: {carried.place}.",
                "TC260 practice guides (2025)",
                "Write it again with countermark labels write.",
            )
        )
    members = _members(carried.text, findings)
    _check_members(members, findings)
    label = None
    if members.keys() >= set(FIELDS):
        with contextlib.suppress(InvalidLabel, ValueError):
            label = _label(members)
    return Found(carried, members, label, tuple(findings))


def _members(text: str, findings: list[Finding]) -> dict[str, str]:
    """The texts in the object, whether it is wrapped or not; the rest is found wanting."""
    if len(text) > MAX_LENGTH:
        findings.append(_breach(f"The label has {len(text):,} characters."))
        return {}
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        findings.append(_breach("The label is not JSON."))
        return {}
    if _is_object(pairs) and [name for name, _ in pairs] == ["AIGC"]:
        pairs = pairs[0][1]
    if not _is_object(pairs):
        findings.append(_breach("The label is not a JSON object."))
        return {}
    members: dict[str, str] = {}
    for name, value in pairs:
        if name in members:
            findings.append(_breach(f"The label holds {name!r:.40} twice."))
        elif isinstance(value, str):
            members[name] = value
        else:
            findings.append(_breach(f"The member {name!r:.40} of the label is not a text."))
    return members


def _is_object(value: Any) -> bool:
    """Whether it is an object as the hook above leaves it: a list of pairs."""
    return isinstance(value, list) and all(isinstance(pair, tuple) for pair in value)


def _check_members(members: dict[str, str], findings: list[Finding]) -> None:
    if not members:
        return
    missing = [name for name in FIELDS if name not in members]
    unknown = sorted(members.keys() - set(FIELDS))
    if missing:
        findings.append(_breach(f"The label lacks {', '.join(missing)}."))
    if unknown:
        findings.append(_breach(f"The label holds {', '.join(unknown)!r:.100}."))
    known = [name for name in members if name in FIELDS]
    if known != [name for name in FIELDS if name in members]:
        findings.append(_breach("The members of the label are out of order."))
    if members.get("Label") not in (None, *(status.value for status in Status)):
        findings.append(_breach(f"The member Label is {members['Label']!r:.40}, not 1, 2 or 3."))
    for name in FIELDS:
        value = members.get(name)
        if value is None:
            continue
        if not value and not name.startswith("Reserved"):
            findings.append(_breach(f"The member {name} of the label is empty."))
        if not is_allowed(value):
            findings.append(
                _breach(f"The member {name} of the label holds characters that are not allowed.")
            )


def _label(members: dict[str, str]) -> AigcLabel:
    return AigcLabel(
        status=Status(members["Label"]),
        producer=members["ContentProducer"],
        produce_id=members["ProduceID"],
        producer_reserved=members["ReservedCode1"],
        propagator=members["ContentPropagator"],
        propagate_id=members["PropagateID"],
        propagator_reserved=members["ReservedCode2"],
    )


def _breach(problem: str) -> Finding:
    return Finding(problem, "GB 45438-2025, annex E", "Write the label again as its producer.")
