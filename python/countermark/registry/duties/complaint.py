"""A complaint: about what it is, by when it is to be answered, and where it stands.

Source: Deep Synthesis Provisions of the PRC, article 12.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Final

from countermark.errors import InvalidArgument
from countermark.registry.duties.logged import canonical
from countermark.registry.entry import PDQ_BYTES, check_payload
from countermark.registry.key_use import DIGEST_BYTES

_LONGEST_URL: Final = 2048


class ComplaintKind(Enum):
    """Why somebody turns to the service.

    `APPEAL`: against a decision of it, such as a refusal. `COMPLAINT`: about content or its use,
    by whom it concerns. `REPORT`: of content that breaks rules, by anybody.
    """

    APPEAL = "appeal"
    COMPLAINT = "complaint"
    REPORT = "report"


class ComplaintState(Enum):
    """`RECEIVED`, `ACCEPTED` (somebody handles it), `ANSWERED`, `CLOSED`."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a complaint is about, one of these or several.

    >>> About.of(url="https://example.org/a.jpg").url_sha256.hex()[:16]
    '700caca5ae8f856f'

    `payload`: of a watermark. `pdq`: the fingerprint of a picture. `url_sha256`: SHA-256 of an
    address, as UTF-8.

    Raises `InvalidArgument` when it is none of these, `InvalidPayload`.
    """

    payload: int | None = None
    pdq: bytes | None = None
    url_sha256: bytes | None = None

    def __post_init__(self) -> None:
        if self.payload is not None:
            check_payload(self.payload)
        if self.pdq is not None and len(self.pdq) != PDQ_BYTES:
            raise InvalidArgument(
                "A PDQ hash does not have 32 bytes.", remedy="Use the bits that pdq() gives."
            )
        if self.url_sha256 is not None and len(self.url_sha256) != DIGEST_BYTES:
            raise InvalidArgument(
                "The SHA-256 of the address does not have 32 bytes.", remedy="Use About.of()."
            )
        if self.payload is None and self.pdq is None and self.url_sha256 is None:
            raise InvalidArgument(
                "It is not said what the complaint is about.",
                remedy="Name a payload, a fingerprint or an address.",
            )

    @classmethod
    def of(
        cls, *, payload: int | None = None, pdq: bytes | None = None, url: str | None = None
    ) -> About:
        """With the address itself; raises as the class does."""
        if url is None:
            return cls(payload=payload, pdq=pdq)
        if not (0 < len(url) <= _LONGEST_URL and url.isprintable()):
            raise InvalidArgument(
                "The address is empty, too long or not printable.",
                remedy=f"Use at most {_LONGEST_URL} characters.",
            )
        digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()
        return cls(payload=payload, pdq=pdq, url_sha256=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint as the registry holds it; whose it is, and in which words, is elsewhere.

    `ticket`: 16 hexadecimal digits, public. `secret_sha256`: of the secret that shows its state.
    `received_at`, `deadline`: by when it is to be answered. `since`: when it came into its state.
    `answer_sha256`: of the answer. `record`: the personal record with contact and words, while
    there is one. `salt`: opens the commitment to `about` in the leaf at `position`.
    """

    ticket: str
    secret_sha256: bytes
    kind: ComplaintKind
    about: About
    received_at: datetime
    deadline: datetime
    state: ComplaintState
    since: datetime
    answer_sha256: bytes | None = None
    record: str | None = None
    salt: bytes
    position: int

    def is_overdue(self, at: datetime | None = None) -> bool:
        """Whether its time is over, now or at that time, and it is not answered."""
        open_states = (ComplaintState.RECEIVED, ComplaintState.ACCEPTED)
        return self.state in open_states and self.deadline < (at or datetime.now(timezone.utc))

    @property
    def described(self) -> str:
        """What the commitment in the leaves is over."""
        about = self.about
        return canonical(
            {
                "payload": None if about.payload is None else f"{about.payload:016x}",
                "pdq": None if about.pdq is None else about.pdq.hex(),
                "url_sha256": None if about.url_sha256 is None else about.url_sha256.hex(),
            }
        )
