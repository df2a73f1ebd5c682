"""Signatures by keys that are elsewhere: brought into the form of COSE, and checked.

Source: RFC 9053, section 2; RFC 8230, section 2; C2PA 2.2, section "Digital signatures".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from countermark.certificates import (
    ALGORITHMS,
    signature_from_der,
    signature_length_bytes,
    signature_verifies,
)
from countermark.errors import SigningFailed, UnusableCertificate


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
            f"The signature has {len(found)} bytes instead of {signature_length_bytes(key)}.",
            remedy=_FORMS.get(algorithm[:2], "Have the callback return the signature alone."),
        )
    for candidate in candidates:
        if signature_verifies(key, ALGORITHMS[algorithm], candidate, data):
            return candidate
    raise SigningFailed(
        "The signature does not verify with the signer's public key.",
        remedy=f"Use the key that the certificate is for, and sign all the data by {algorithm}.",
    )


_FORMS: Final = {"es": "ECDSA signatures are r and s of equal length, or DER."}


def _candidates(key: Any, signature: bytes) -> Iterator[bytes]:
    """What the bytes may be: DER can, once in a while, be as long as r and s."""
    if len(signature) == signature_length_bytes(key):
        yield signature
    if isinstance(key, ec.EllipticCurvePublicKey):
        try:
            yield signature_from_der(key, signature)
        except ValueError:
            return
