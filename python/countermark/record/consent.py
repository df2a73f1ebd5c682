"""That a person agreed to have face or voice edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

import rfc8785

from countermark.errors import InvalidRecord
from countermark.record.members import (
    opened,
    parse_digest,
    parse_name,
    parse_time,
    time_text,
)
from countermark.record.service_class import ServiceClass
from countermark.record.subject import Subject
from countermark.record.texts import check_digest, check_kind, check_time

_WHAT: Final = "The consent"
_EVIDENCE: Final = "The consent's evidence_sha256"
_SHA256: Final = "sha256"
_MEMBERS: Final = ("subject", "scope", "modality", "given_at", "evidence_sha256", _SHA256)


class Modality(Enum):
    """In what a person appears."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    SCENE = "scene"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentReceipt:
    """That a person was told of an edit of face or voice, and agreed to it on its own.

    >>> import hashlib
    >>> from datetime import datetime, timezone
    >>> receipt = ConsentReceipt(
    ...     subject=Subject.of("account 4711", key=bytes(32), period="2026-11"),
    ...     scope=ServiceClass.FACE_SWAP,
    ...     modality=Modality.VIDEO,
    ...     given_at=datetime(2026, 11, 23, 12, tzinfo=timezone.utc),
    ...     evidence_sha256=hashlib.sha256(b"the signed form").digest(),
    ... )
    >>> receipt.covers(ServiceClass.FACE_SWAP, Modality.VIDEO)
    True

    `subject`: the person, as a hash under the host's key. `scope`: what may be done.
    `modality`: in what. `given_at`: when, with a time zone. `evidence_sha256`: the 32 bytes over
    what the host keeps as evidence: a form, a recording, with all further conditions.

    Raises `InvalidRecord`.

    Source: Deep Synthesis Provisions, Art. 14: separate consent of whoever is edited.
    """

    subject: Subject
    scope: ServiceClass
    modality: Modality
    given_at: datetime
    evidence_sha256: bytes

    def __post_init__(self) -> None:
        for name, kind in (("subject", Subject), ("scope", ServiceClass), ("modality", Modality)):
            remedy = f"Give a {kind.__name__}."
            check_kind(f"{_WHAT}'s {name}", getattr(self, name), kind, remedy=remedy)
        check_time(f"{_WHAT}'s time", self.given_at)
        check_digest(_EVIDENCE, self.evidence_sha256)

    def covers(self, scope: ServiceClass, modality: Modality) -> bool:
        """Whether this was agreed to; another class, or another modality, was not."""
        return (self.scope, self.modality) == (scope, modality)

    @property
    def sha256(self) -> bytes:
        """The digest by which manifests name the receipt: SHA-256 over its canonical JSON.

        Source: RFC 8785.
        """
        return hashlib.sha256(rfc8785.dumps(self._stated())).digest()

    def members(self) -> dict[str, Any]:
        """The receipt for JSON, with its own digest."""
        return {**self._stated(), _SHA256: self.sha256.hex()}

    def _stated(self) -> dict[str, Any]:
        return {
            "subject": self.subject.members(),
            "scope": self.scope.value,
            "modality": self.modality.value,
            "given_at": time_text(self.given_at),
            "evidence_sha256": self.evidence_sha256.hex(),
        }

    @classmethod
    def parse(cls, value: object) -> ConsentReceipt:
        """The receipt that `members` wrote, whose digest may be left out.

        Raises `InvalidRecord`, also for a digest of another receipt.
        """
        members = opened(_WHAT, value, _MEMBERS)
        sha256 = parse_digest(f"{_WHAT}'s sha256", members.get(_SHA256))
        receipt = cls(
            subject=Subject.parse(members.get("subject")),
            scope=parse_name(f"{_WHAT}'s scope", ServiceClass, members.get("scope")),
            modality=parse_name(f"{_WHAT}'s modality", Modality, members.get("modality")),
            given_at=parse_time(f"{_WHAT}'s time", members.get("given_at")),
            evidence_sha256=parse_digest(_EVIDENCE, members.get("evidence_sha256")),
        )
        if sha256 not in (None, receipt.sha256):
            raise InvalidRecord(
                f"{_WHAT}'s sha256 is not the digest of its other members.",
                remedy="Leave it out, or take the receipt as it was written.",
            )
        return receipt
