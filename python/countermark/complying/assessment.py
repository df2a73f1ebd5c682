"""What was found rule by rule, for people and machines.

>>> from countermark.labels.profiles import profile
>>> eu = profile("eu")
>>> one = Outcome(eu, eu.rules[0], Status.MISSING, "There is no manifest.", "Sign it.")
>>> assessment = Assessment("image/png", True, (one,))
>>> assessment.complies
False
>>> print(str(assessment).splitlines()[2])
  missing         eu-manifest
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from countermark.labels.profiles import Certainty, Level, Profile, Rule

_WIDTH: Final = 88
_INDENT: Final = 18


class Status(Enum):
    """Whether a duty was met, as far as the file shows it."""

    SATISFIED = "satisfied"
    MISSING = "missing"
    NOT_APPLICABLE = "not applicable"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule of one profile.

    `evidence`: what was seen, in a sentence. `remedy`: what to do; None where nothing is to be
    done.
    """

    profile: Profile
    rule: Rule
    status: Status
    evidence: str
    remedy: str | None = None

    def members(self) -> dict[str, Any]:
        """The outcome for JSON."""
        return {
            "profile": self.profile.id,
            "rule": self.rule.id,
            "status": self.status.value,
            "level": self.rule.level.value,
            "duty": self.rule.duty,
            "duty_zh": self.rule.duty_zh,
            "clause": self.rule.clause,
            "certainty": self.rule.certainty.value,
            "evidence": self.evidence,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a file shows of the duties of some profiles; `str` gives a text.

    `is_generated`: whether a machine made it, as the file says; None when it does not say, and the
    duties then count all the same. It is no legal advice: what a law asks of a company beyond the
    file is not in it.
    """

    media_type: str | None
    is_generated: bool | None
    outcomes: tuple[Outcome, ...]

    @property
    def missing(self) -> tuple[Outcome, ...]:
        """Duties of every file that were not met."""
        return self._demanded(Status.MISSING)

    @property
    def unknown(self) -> tuple[Outcome, ...]:
        """Duties of every file of which it does not show whether they were met."""
        return self._demanded(Status.CANNOT_TELL)

    @property
    def complies(self) -> bool:
        """Whether the file shows that every duty was met."""
        return not self.missing and not self.unknown

    def to_json(self) -> str:
        """The assessment as one line of JSON."""
        return json.dumps(
            {
                "complies": self.complies,
                "media_type": self.media_type,
                "is_generated": self.is_generated,
                "rules": [outcome.members() for outcome in self.outcomes],
            },
            ensure_ascii=False,
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _demanded(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(
            one for one in self.outcomes if one.status is status and one.rule.level is Level.SHALL
        )

    def _lines(self) -> Iterator[str]:
        if self.is_generated is False:
            yield "No duty below applies: a signer whom a trust list names says how it was made."
        elif self.complies:
            yield "The file shows that every duty below was met."
        else:
            yield (
                f"{len(self.missing)} of the duties below were not met, "
                f"and of {len(self.unknown)} the file does not show it."
            )
        if self.is_generated is None:
            yield "Nobody who is trusted says how it was made; it is taken as generated."
        profile = None
        for one in self.outcomes:
            if one.profile is not profile:
                profile = one.profile
                yield f"{profile.title} (as of {profile.as_of})"
            yield f"  {one.status.value:{_INDENT - 2}}{one.rule.id}{_remark(one.rule)}"
            if one.status is not Status.NOT_APPLICABLE:
                yield from _wrapped(one.rule.duty)
            yield from _wrapped(one.evidence)
            if one.remedy is not None:
                yield from _wrapped(f"-> {one.remedy}")
            yield from _wrapped(f"[{one.rule.clause}]")


def _remark(rule: Rule) -> str:
    remarks = ["advice"] * (rule.level is Level.SHOULD)
    if rule.certainty is not Certainty.HIGH:
        remarks.append(f"our certainty of the rule: {rule.certainty.value}")
    return f" ({'; '.join(remarks)})" if remarks else ""


def _wrapped(text: str) -> list[str]:
    indent = " " * _INDENT
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
