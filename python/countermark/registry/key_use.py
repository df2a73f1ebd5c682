"""What the registry remembers of one use of a private key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Final

from countermark.errors import InvalidArgument

DIGEST_BYTES: Final = 32
_LONGEST_TEXT: Final = 256
_REMEDY: Final = "Correct the line and try again."


class Purpose(Enum):
    """What a key was used for: the kind of thing that was signed."""

    CLAIM = "claim"
    CERTIFICATE = "certificate"
    CERTIFICATE_REQUEST = "certificate-request"
    REVOCATION_LIST = "revocation-list"


class Outcome(Enum):
    """What came of it.

    `SIGNED`: there was a signature; what became of it afterwards is another question.
    `FAILED`: the signer was asked and gave none.
    """

    SIGNED = "signed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One line of the log: when, for what, with which key, over which bytes.

    >>> from datetime import datetime, timezone
    >>> use = KeyUse(
    ...     at=datetime(2026, 11, 23, 12, tzinfo=timezone.utc), purpose=Purpose.CLAIM,
    ...     key_sha256=bytes(32), algorithm="es256", signed_sha256=bytes(32), manifest="urn:c2pa:1",
    ... )
    >>> use.to_json()[:75]
    '{"algorithm":"es256","at":"2026-11-23T12:00:00.000000Z","key_sha256":"00000'

    `at`: with a time zone. `key_sha256`: SHA-256 of the key's certificate (DER), or of its public
    key (SubjectPublicKeyInfo) while it has none. `signed_sha256`: of the signed bytes, which for a
    claim are the Sig_structure of RFC 9052, section 4.4. `manifest`: the label of the manifest
    whose claim it is.

    There are no names in it, of files, persons or pictures, and nothing that is secret.

    Raises `InvalidArgument` for a member out of its range.
    """

    at: datetime
    purpose: Purpose
    key_sha256: bytes
    algorithm: str
    signed_sha256: bytes
    manifest: str | None = None
    outcome: Outcome = Outcome.SIGNED

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise InvalidArgument("The time of use has no time zone.", remedy=_REMEDY)
        if any(len(d) != DIGEST_BYTES for d in (self.key_sha256, self.signed_sha256)):
            raise InvalidArgument("A SHA-256 does not have 32 bytes.", remedy=_REMEDY)
        texts = (self.algorithm, self.manifest or "none")
        if not all(0 < len(text) <= _LONGEST_TEXT and text.isprintable() for text in texts):
            raise InvalidArgument("A text of the line is empty or too long.", remedy=_REMEDY)

    def to_json(self) -> str:
        """The line in its one canonical form, of which digests can be taken.

        Members in alphabetical order, no spaces, digests in hexadecimal, the time in UTC with
        microseconds, null where there is no manifest. Source: RFC 8785.
        """
        members = {
            "algorithm": self.algorithm,
            "at": utc(self.at),
            "key_sha256": self.key_sha256.hex(),
            "manifest": self.manifest,
            "outcome": self.outcome.value,
            "purpose": self.purpose.value,
            "signed_sha256": self.signed_sha256.hex(),
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def utc(at: datetime) -> str:
    """The time as it stands in the log."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
