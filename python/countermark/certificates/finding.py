"""One reason why a certificate chain does not fit a profile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """What a finding keeps the chain from.

    `PROFILE`: the certificate profile of the C2PA specification; such a chain does not sign.
    `LEVEL_1`, `LEVEL_2`: the certificate policy of the C2PA conformance programme, by the level of
    assurance; a chain outside both still signs, and is on nobody's public trust list.
    """

    PROFILE = "c2pa-profile"
    LEVEL_1 = "assurance-level-1"
    LEVEL_2 = "assurance-level-2"


@dataclass(frozen=True, slots=True)
class Finding:
    """A field of a certificate that does not fit, and what to do about it.

    >>> finding = Finding(
    ...     Scope.PROFILE, 1, "extended key usage", "has a leaf without it",
    ...     remedy="Ask for another one.", clause="RFC 5280, 4.2.1.12",
    ... )
    >>> print(finding)
    The chain has a leaf without it. Ask for another one. [RFC 5280, 4.2.1.12]

    `certificate`: its place in the chain; the leaf is 1. `problem`: continues "The chain".
    `required`: False where the standard only recommends it.
    """

    scope: Scope
    certificate: int
    field: str
    problem: str
    remedy: str
    clause: str
    required: bool = True

    def __str__(self) -> str:
        return f"The chain {self.problem}. {self.remedy} [{self.clause}]"

    def as_dict(self) -> dict[str, object]:
        """The finding as JSON objects have it."""
        return {
            "scope": self.scope.value,
            "certificate": self.certificate,
            "field": self.field,
            "problem": f"The chain {self.problem}.",
            "remedy": self.remedy,
            "clause": self.clause,
            "required": self.required,
        }
