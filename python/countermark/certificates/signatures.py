"""Signatures in the form that COSE gives them, checked by the `cryptography` package.

Source: RFC 9053, section 2; RFC 8230, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from countermark.certificates.signature_algorithms import Algorithm

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


def signature_length_bytes(key: object) -> int:
    """Length of a signature by the private half of a public key."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 2 * ((key.curve.key_size + 7) // 8)
    return (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else 64


def signature_from_der(key: ec.EllipticCurvePublicKey, signature: bytes) -> bytes:
    """An ECDSA signature in DER as r and s of equal length. Raises `ValueError`."""
    r, s = decode_dss_signature(signature)
    half = signature_length_bytes(key) // 2
    try:
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")
    except OverflowError as error:
        raise ValueError("beyond the curve's order") from error


def signature_to_der(signature: bytes) -> bytes:
    """An ECDSA signature of r and s as X.509 writes it."""
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    return encode_dss_signature(r, s)


def signature_verifies(key: object, algorithm: Algorithm, signature: bytes, data: bytes) -> bool:
    """Whether the signature over `data` is that of the public key, by that algorithm.

    >>> from cryptography.hazmat.primitives import hashes
    >>> from countermark.certificates import ALGORITHMS
    >>> key = ec.generate_private_key(ec.SECP256R1())
    >>> der = key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    >>> signature = signature_from_der(key.public_key(), der)
    >>> signature_verifies(key.public_key(), ALGORITHMS["es256"], signature, b"data")
    True
    """
    if not algorithm.fits(key) or len(signature) != signature_length_bytes(key):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm.digest:
            key.verify(signature_to_der(signature), data, ec.ECDSA(algorithm.digest))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.digest:
            masked = padding.PSS(padding.MGF1(algorithm.digest), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, data, masked, algorithm.digest)
        else:
            assert isinstance(key, ed25519.Ed25519PublicKey)
            key.verify(signature, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
