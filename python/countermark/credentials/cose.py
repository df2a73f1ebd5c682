"""COSE signatures over claims, by the `cryptography` package.

Source: RFC 9052, section 4.4; RFC 9053, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from countermark.certificates import ALGORITHMS
from countermark.credentials import cbor


def to_be_signed(protected: bytes, claim: bytes) -> bytes:
    """The bytes that a COSE_Sign1 signature with a detached payload covers."""
    return cbor.encode(["Signature1", protected, b"", claim])


def to_be_countersigned(protected: bytes, payload: bytes) -> bytes:
    """The bytes that a time stamp of a signature with that protected header covers.

    `payload`: what C2PA 2.2, section 10.3.2.5.2, chooses.
    """
    return cbor.encode(["CounterSignature", protected, b"", payload])


def signature_length_bytes(key: Any) -> int:
    """Length of a signature by the private half of `key`."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 2 * ((key.curve.key_size + 7) // 8)
    return (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else 64


def verify(key: Any, identifier: object, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` is the key's, with the algorithm of that COSE number."""
    algorithm = next((a for a in ALGORITHMS.values() if a.identifier == identifier), None)
    if algorithm is None or not algorithm.fits(key):
        return False
    if len(signature) != signature_length_bytes(key):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm.digest:
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm.digest))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.digest:
            masked = padding.PSS(padding.MGF1(algorithm.digest), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, data, masked, algorithm.digest)
        else:
            key.verify(signature, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
