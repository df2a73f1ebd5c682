"""COSE signatures over claims.

Source: RFC 9052, section 4.4; RFC 9053, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from countermark.certificates import ALGORITHMS, signature_verifies
from countermark.credentials import cbor
from countermark.jumbf import damaged

_SIGN1_TAG: Final = 18


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 with a detached payload, of which nothing was checked yet.

    `encoded`: the protected header, as it is signed. `is_tagged`: whether the tag of a COSE_Sign1
    announces it.
    """

    encoded: bytes
    protected: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    signature: bytes
    is_tagged: bool


def read_sign1(data: bytes) -> Sign1:
    """The parts of a COSE_Sign1 with a detached payload.

    Raises `UnreadableManifest` for anything else. Source: RFC 9052, section 4.2.
    """
    item = cbor.decode(data)
    # C2PA demands the tag, files before 1.3 lack it.
    parts = getattr(item, "value", item)
    if not isinstance(parts, (list, tuple)) or len(parts) != 4:
        raise damaged("The signature is not a COSE_Sign1")
    encoded, unprotected, payload, signature = parts
    if not isinstance(encoded, bytes) or not isinstance(signature, bytes) or payload is not None:
        raise damaged("The signature is not a detached COSE_Sign1")
    protected = cbor.decode(encoded) if encoded else {}
    if not isinstance(protected, Mapping) or not isinstance(unprotected, Mapping):
        raise damaged("The signature has headers that are not maps")
    is_tagged = getattr(item, "tag", None) == _SIGN1_TAG
    return Sign1(encoded, protected, unprotected, signature, is_tagged)


def to_be_signed(protected: bytes, claim: bytes) -> bytes:
    """The bytes that a COSE_Sign1 signature with a detached payload covers."""
    return cbor.encode(["Signature1", protected, b"", claim])


def to_be_countersigned(protected: bytes, payload: bytes) -> bytes:
    """The bytes that a time stamp of a signature with that protected header covers.

    `payload`: what C2PA 2.2, section 10.3.2.5.2, chooses.
    """
    return cbor.encode(["CounterSignature", protected, b"", payload])


def verify(key: object, identifier: object, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` is the key's, with the algorithm of that COSE number."""
    algorithm = next((a for a in ALGORITHMS.values() if a.identifier == identifier), None)
    return algorithm is not None and signature_verifies(key, algorithm, signature, data)
