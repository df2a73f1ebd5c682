"""What the log says of features: which step, by which key, and nothing by which they are known.

All leaves of one feature carry the same commitment, so that its life can be followed; it shows
neither fingerprint nor payload.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countermark.registry.features.act import Act
from countermark.registry.features.feature import Feature
from countermark.registry.key_use import utc
from countermark.registry.log import leaf
from countermark.registry.log.note import NoteVerifier

MATCHED: Final = "feature-matched"
IMPORTED: Final = "features-imported"
DROPPED: Final = "features-dropped"


def acted(feature: Feature, act: Act, by: NoteVerifier, salt: bytes) -> bytes:
    """The leaf of a step by a reviewer."""
    members = {
        "feature_commitment": leaf.commitment(salt, feature.id),
        "feature_kind": feature.kind.value,
        "reason": act.reason or feature.reason,
        "key_sha256": key_sha256(by),
    }
    return leaf.encode(f"feature-{act.step.value}", utc(act.at), members)


def matched(feature: Feature, salt: bytes, use: str, at: datetime) -> bytes:
    """The leaf of content that was recognised when it was marked or verified."""
    members = {
        "feature_commitment": leaf.commitment(salt, feature.id),
        "feature_kind": feature.kind.value,
        "reason": feature.reason,
        "use": use,
    }
    return leaf.encode(MATCHED, utc(at), members)


def imported(authority: NoteVerifier, count: int, list_sha256: bytes, at: datetime) -> bytes:
    """The leaf of a list that was taken over."""
    members: dict[str, str | int] = {
        "key_sha256": key_sha256(authority),
        "count": count,
        "list_sha256": list_sha256.hex(),
    }
    return leaf.encode(IMPORTED, utc(at), members)


def dropped(authority: NoteVerifier, at: datetime) -> bytes:
    """The leaf of a list that is not heeded any more."""
    return leaf.encode(DROPPED, utc(at), {"key_sha256": key_sha256(authority)})


def key_sha256(verifier: NoteVerifier) -> str:
    """SHA-256 of a public key (SubjectPublicKeyInfo), as for the use of keys."""
    key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()
