"""COSE signatures over claims.

Source: RFC 9052, section 4.4; RFC 9053, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from countermark.certificates import ALGORITHMS, signature_verifies
from countermark.credentials import cbor


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
