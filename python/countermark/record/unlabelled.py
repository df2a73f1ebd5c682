"""What was answered to a request for a copy without a visible label.

Source: Measures for Labeling Synthetic Content, in force 2025-09-01, Art. 9: such a copy needs an
agreement on the user's duties, and a log kept for six months or more. It never goes without the
label in its metadata.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from countermark.record.members import opened, parse_digest, parse_time, time_text
from countermark.record.subject import Subject
from countermark.record.texts import check_digest, check_kind, check_text, check_time

_GRANT: Final = "The grant"
_AGREEMENT: Final = "The grant's agreement_sha256"
_REFUSAL: Final = "The refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A copy without a visible label was asked for and given: this one.

    >>> import hashlib
    >>> from datetime import datetime, timezone
    >>> grant = Grant(
    ...     recipient=Subject.of("account 4711", key=bytes(32), period="2026-11"),
    ...     agreement_sha256=hashlib.sha256(b"the agreement").digest(),
    ...     at=datetime(2026, 11, 23, 12, tzinfo=timezone.utc),
    ... )

    `recipient`: who asked for it, as a hash under the host's key. `agreement_sha256`: the 32 bytes
    over the agreement in which they took the duty on themselves. `at`: when, with a time zone.

    Raises `InvalidRecord`.
    """

    recipient: Subject
    agreement_sha256: bytes
    at: datetime

    def __post_init__(self) -> None:
        check_kind(f"{_GRANT}'s recipient", self.recipient, Subject, remedy="Give a Subject.")
        check_digest(_AGREEMENT, self.agreement_sha256)
        check_time(f"{_GRANT}'s time", self.at)

    def __str__(self) -> str:
        return f"a copy without a visible label was granted by agreement, {self.at}"

    def members(self) -> dict[str, Any]:
        """The grant for JSON."""
        return {
            "recipient": self.recipient.members(),
            "agreement_sha256": self.agreement_sha256.hex(),
            "at": time_text(self.at),
        }

    @classmethod
    def parse(cls, value: object) -> Grant:
        """The grant that `members` wrote; raises `InvalidRecord`."""
        members = opened(_GRANT, value, ("recipient", "agreement_sha256", "at"))
        return cls(
            recipient=Subject.parse(members.get("recipient")),
            agreement_sha256=parse_digest(_AGREEMENT, members.get("agreement_sha256")),
            at=parse_time(f"{_GRANT}'s time", members.get("at")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A copy without a visible label was asked for and not given: this one has its label.

    >>> from datetime import datetime, timezone
    >>> at = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
    >>> Refusal(reason="no agreement was signed", at=at).reason
    'no agreement was signed'

    `reason`: why, without a name of a person. `at`: when, with a time zone.

    Raises `InvalidRecord`.
    """

    reason: str
    at: datetime

    def __post_init__(self) -> None:
        check_text(f"{_REFUSAL}'s reason", self.reason)
        check_time(f"{_REFUSAL}'s time", self.at)

    def __str__(self) -> str:
        return f"a copy without a visible label was refused, {self.at}: {self.reason}"

    def members(self) -> dict[str, Any]:
        """The refusal for JSON."""
        return {"reason": self.reason, "at": time_text(self.at)}

    @classmethod
    def parse(cls, value: object) -> Refusal:
        """The refusal that `members` wrote; raises `InvalidRecord`."""
        members = opened(_REFUSAL, value, ("reason", "at"))
        at = parse_time(f"{_REFUSAL}'s time", members.get("at"))
        return cls(**{"reason": None, **members, "at": at})
