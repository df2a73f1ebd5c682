"""Signatures by keys that are elsewhere: brought into the form of COSE, and checked.

Source: RFC 9053, section 2; RFC 8230, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from countermark.certificates import ALGORITHMS, Algorithm
from countermark.errors import SigningFailed, UnusableCertificate

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


def leaf_key(certificate_chain: bytes, algorithm: str) -> Any:
    """The public key of a chain's leaf, when it is one for this algorithm.

    >>> leaf_key(b"", "es256")
    Traceback (most recent call last):
    ...
    countermark.errors.UnusableCertificate: The certificate chain holds no readable certificate. \
Give the leaf and its issuers in PEM.

    Raises `UnusableCertificate`.
    """
    known = ALGORITHMS.get(algorithm)
    if known is None:
        raise UnusableCertificate(
            f"{algorithm!r:.40} is no signature algorithm of C2PA.",
            remedy=f"Use one of: {', '.join(ALGORITHMS)}.",
        )
    try:
        key = x509.load_pem_x509_certificates(certificate_chain)[0].public_key()
    except Exception as error:  # the package raises errors of many kinds for a damaged one
        raise UnusableCertificate(
            "The certificate chain holds no readable certificate.",
            remedy="Give the leaf and its issuers in PEM.",
        ) from error
    if not known.fits(key):
        raise UnusableCertificate(
            f"The leaf certificate has a key that does not fit {algorithm}.",
            remedy="Name the algorithm of the key, or give the chain that belongs to it.",
        )
    return key


def checked(key: Any, algorithm: str, signature: object, data: bytes) -> bytes:
    """The signature in the form of COSE, when it is that of the public key over `data`.

    `signature`: as the key's keeper gave it; ECDSA as r and s of equal length, or in DER.

    >>> from cryptography.hazmat.primitives import hashes
    >>> private_key = ec.generate_private_key(ec.SECP256R1())
    >>> der = private_key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    >>> len(checked(private_key.public_key(), "es256", der, b"data"))
    64

    Raises `SigningFailed` for one of another length or kind, and for one that does not verify.
    """
    if not isinstance(signature, (bytes, bytearray, memoryview)):
        raise SigningFailed(
            f"The signature came as {type(signature).__name__} instead of bytes.",
            remedy="Have the callback return the bytes of the signature.",
        )
    found = bytes(signature)
    candidates = list(_candidates(key, found))
    if not candidates:
        raise SigningFailed(
            f"The signature has {len(found)} bytes instead of {length_bytes(key)}.",
            remedy=_FORMS.get(algorithm[:2], "Have the callback return the signature alone."),
        )
    for candidate in candidates:
        if _verifies(key, ALGORITHMS[algorithm], candidate, data):
            return candidate
    raise SigningFailed(
        "The signature does not verify with the signer's public key.",
        remedy=f"Use the key that the certificate is for, and sign all the data by {algorithm}.",
    )


_FORMS: Final = {"es": "ECDSA signatures are r and s of equal length, or DER."}


def length_bytes(key: Any) -> int:
    """Length of a signature by the private half of `key`, in the form of COSE."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 2 * ((key.curve.key_size + 7) // 8)
    return (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else 64


def from_der(key: ec.EllipticCurvePublicKey, signature: bytes) -> bytes:
    """An ECDSA signature in DER as r and s of equal length. Raises `ValueError`."""
    r, s = decode_dss_signature(signature)
    half = length_bytes(key) // 2
    try:
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")
    except OverflowError as error:
        raise ValueError("beyond the curve's order") from error


def _candidates(key: Any, signature: bytes) -> Iterator[bytes]:
    """What the bytes may be: DER can, once in a while, be as long as r and s."""
    if len(signature) == length_bytes(key):
        yield signature
    if isinstance(key, ec.EllipticCurvePublicKey):
        try:
            yield from_der(key, signature)
        except ValueError:
            return


def _verifies(key: Any, algorithm: Algorithm, signature: bytes, data: bytes) -> bool:
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
    except (InvalidSignature, ValueError):
        return False
    return True
