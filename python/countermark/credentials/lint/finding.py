"""A rule of the linter, and what it makes of a breach."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

_MAX_LENGTH: Final = 300


class Severity(Enum):
    """How grave a finding is.

    `ERROR`: against a "shall" of the standard or a rule of the conformance programme; readers may
    refuse the manifest. `WARNING`: deprecated or discouraged. `NOTE`: allowed, and worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `found` makes a finding of a breach."""

    id: str
    severity: Severity
    clause: str
    remedy: str

    def found(self, where: str, problem: str) -> Finding:
        """A breach: `where` is a JUMBF URI, or "file"; `problem` is a sentence.

        Both may hold what a hostile file says: no more than a line of it, and nothing that a
        terminal would obey.
        """
        where, problem = _harmless(where), _harmless(problem)
        return Finding(self.id, self.severity, where, problem, self.clause, self.remedy)


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule.

    `rule`: its name. `where`: the JUMBF URI of the box, or "file". `problem`: what is wrong.
    `clause`: where the rule is written. `remedy`: what the maker of the manifest can do.
    """

    rule: str
    severity: Severity
    where: str
    problem: str
    clause: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """The finding as data for JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "where": self.where,
            "problem": self.problem,
            "clause": self.clause,
            "remedy": self.remedy,
        }


def _harmless(text: str) -> str:
    shown = text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
