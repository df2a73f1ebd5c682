"""What a file says in its labels, and what is wrong with them: tolerant, for files of others.

Source: GB 45438-2025, 6.1 and annex E.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from countermark.errors import InvalidLabel
from countermark.labels.aigc.label import FIELDS, AigcLabel, Status, code_problem, is_allowed
from countermark.labels.aigc.parsing import Finding, breach, parsed
from countermark.labels.aigc.protection import Protection, protection

_RESERVED: Final = ("ReservedCode1", "ReservedCode2")


_OF_PRODUCER: Final = ("ContentProducer", "ProduceID")
_LOOSE: Final = (Status.POSSIBLE.value, Status.SUSPECTED.value)
"""Who spreads what somebody else made may not know the producer."""


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

    `members`: whatever the object holds, what is no text as JSON. `label`: None when members are
    missing or hold what the standard does not allow.
    """

    carried: Carried
    members: dict[str, str]
    label: AigcLabel | None
    findings: tuple[Finding, ...]

    @property
    def unverifiable(self) -> tuple[Protection, ...]:
        """The data for the label's protection, which is never said to be false."""
        stated = ((name, self.members.get(name)) for name in _RESERVED)
        return tuple(protection(name, value) for name, value in stated if value)


@dataclass(frozen=True, slots=True)
class Reading:
    """All labels of a file, and what is wrong with them as a whole.

    `is_complete`: whether the file could be searched as a whole.
    """

    found: tuple[Found, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    is_complete: bool = True

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
    found = tuple(_found(one) for one in carried)
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
    if findings:
        verdict = Verdict.NONCOMPLIANT
    elif not is_complete:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.COMPLIANT if found else Verdict.NOT_FOUND
    return Reading(found, tuple(findings), verdict, is_complete)


def _found(carried: Carried) -> Found:
    findings: list[Finding] = []
    if not carried.is_proper:
        findings.append(
            Finding(
                f"The label is in a place that is not meant for it: {carried.place}.",
                "TC260 practice guides (2025)",
                "Write it again with countermark labels write.",
            )
        )
    members, problems = parsed(carried.text)
    findings += problems
    findings += (breach(problem) for name in FIELDS for problem in _wrong(name, members))
    label = None
    if members.keys() >= set(FIELDS):
        with contextlib.suppress(InvalidLabel, ValueError):
            label = _label(members)
    return Found(carried, members, label, tuple(findings))


def _wrong(name: str, members: dict[str, str]) -> list[str]:
    """What is wrong with the value of one member; that it is missing was said before."""
    value = members.get(name)
    if value is None:
        return []
    if name == "Label":
        known = [status.value for status in Status]
        return [] if value in known else [f"The member Label is {value!r:.40}, not 1, 2 or 3."]
    if not is_allowed(value):
        return [f"The member {name} of the label holds characters that are not allowed."]
    if name in _RESERVED:
        return []
    if not value:
        is_unknown = name in _OF_PRODUCER and members.get("Label") in _LOOSE
        return [] if is_unknown else [f"The member {name} of the label is empty."]
    problem = code_problem(value) if name in ("ContentProducer", "ContentPropagator") else None
    return [] if problem is None else [f"The member {name} of the label is wrong: {problem}"]


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
