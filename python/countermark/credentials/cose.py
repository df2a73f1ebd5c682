"""COSE signatures over claims, by the `cryptography` package.

Source: RFC 9052, section 4.4; RFC 9053, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from countermark.credentials import cbor


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm that C2PA allows.

    `identifier`: its number in COSE. `digest` and `curve` are None where it has none.
    """

    identifier: int
    digest: hashes.HashAlgorithm | None = None
    curve: type[ec.EllipticCurve] | None = None

    def fits(self, key: object) -> bool:
        """Whether a public key is of the kind that this algorithm uses."""
        if self.curve is not None:
            return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, self.curve)
        if self.digest is not None:
            return isinstance(key, rsa.RSAPublicKey)
        return isinstance(key, ed25519.Ed25519PublicKey)


ALGORITHMS: Final = {
    "es256": Algorithm(-7, hashes.SHA256(), ec.SECP256R1),
    "es384": Algorithm(-35, hashes.SHA384(), ec.SECP384R1),
    "es512": Algorithm(-36, hashes.SHA512(), ec.SECP521R1),
    "ps256": Algorithm(-37, hashes.SHA256()),
    "ps384": Algorithm(-38, hashes.SHA384()),
    "ps512": Algorithm(-39, hashes.SHA512()),
    "ed25519": Algorithm(-8),
}
"""The algorithms by their names in C2PA."""


def to_be_signed(protected: bytes, claim: bytes) -> bytes:
    """The bytes that a COSE_Sign1 signature with a detached payload covers."""
    return cbor.encode(["Signature1", protected, b"", claim])


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
