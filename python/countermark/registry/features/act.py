"""What reviewers do with a feature, each signed: one proposes, another approves, any may revoke.

The signature is one of a signed note whose text is the act with the whole feature in it, as
canonical JSON. So an act belongs to one feature and one step, and to no other.

Source: C2SP signed-note; RFC 8785.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Final

import rfc8785

from countermark.errors import InvalidCheckpoint
from countermark.registry.features.feature import Feature, check_code
from countermark.registry.features.signers import Reviewer, Signers
from countermark.registry.key_use import utc
from countermark.registry.log import note
from countermark.registry.log.note import NoteKey, NoteSignature

_TYPE: Final = "org.countermark.feature.1"  # no other note of ours says this


class Step(Enum):
    """The steps of a feature's life."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Act:
    """One step by one reviewer. `reason`: a code; only of a revocation, which needs one."""

    step: Step
    at: datetime
    signature: NoteSignature
    reason: str | None = None

    @classmethod
    def sign(cls, step: Step, feature: Feature, key: NoteKey, reason: str | None = None) -> Act:
        """What the holder of the key does now; raises `InvalidArgument` for the reason."""
        if step is Step.REVOKED:
            check_code(reason or "")
        at = datetime.now(timezone.utc)
        return cls(step, at, note.signature(_text(step, at, feature, reason), key), reason)

    @property
    def by(self) -> str:
        """The reviewer's name, as the signature has it."""
        return self.signature.name

    def holds(self, feature: Feature, signers: Signers) -> Reviewer | None:
        """The reviewer who did this to that feature, if it is one whose word counts."""
        text = _text(self.step, self.at, feature, self.reason)
        signed = note.Note(text, (self.signature,))
        for reviewer in signers.reviewers:
            if signed.signed_by(reviewer.verifier) and reviewer.may_sign(self.at):
                return reviewer
        return None

    @property
    def line(self) -> str:
        """The signature as it stands in a note."""
        return self.signature.line

    @classmethod
    def from_row(cls, step: str, at: str, reason: str | None, line: str) -> Act:
        """The act that a row tells of; raises `ValueError` when it is none."""
        try:
            (signature,) = note.parse(f"-\n\n{line}").signatures
        except InvalidCheckpoint as error:
            raise ValueError(str(error)) from error
        stated = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        return cls(Step(step), stated, signature, reason)


def _text(step: Step, at: datetime, feature: Feature, reason: str | None) -> str:
    members = {
        "type": _TYPE,
        "step": step.value,
        "at": utc(at),
        "feature": feature.members(),
        **({} if reason is None else {"reason": reason}),
    }
    return bytes(rfc8785.dumps(members)).decode() + "\n"
