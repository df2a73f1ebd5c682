"""Who is told of each use of a key in a home that is not the signing of a claim.

Claims are signed by signers, which their users wrap; authorities and requests sign in here.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countermark.keys.algorithms import PublicKey, algorithm_of


class Witness(Protocol):
    """Is told of a signature before anything comes of it; what it raises keeps it from use.

    `purpose`: certificate, certificate-request or revocation-list. `key_sha256`: of the key's
    certificate (DER), or of its public key (SubjectPublicKeyInfo) while it has none. `algorithm`:
    of the key, by its name in C2PA. `signed`: the bytes under the signature.
    """

    def __call__(self, purpose: str, *, key_sha256: bytes, algorithm: str, signed: bytes) -> None:
        """Takes note."""


def unwitnessed(purpose: str, *, key_sha256: bytes, algorithm: str, signed: bytes) -> None:
    """A witness that takes no note, where there is no log."""


def tell_of_certificate(
    witness: Witness, certificate: x509.Certificate, *, issuer: x509.Certificate
) -> None:
    """Say that the issuer's key has signed a certificate."""
    _tell(witness, "certificate", issuer, certificate.tbs_certificate_bytes)


def tell_of_revocation_list(
    witness: Witness, crl: x509.CertificateRevocationList, *, issuer: x509.Certificate
) -> None:
    """Say that the issuer's key has signed a revocation list."""
    _tell(witness, "revocation-list", issuer, crl.tbs_certlist_bytes)


def tell_of_request(
    witness: Witness, csr: x509.CertificateSigningRequest, public_key: PublicKey
) -> None:
    """Say that a key without a certificate has signed the request for one."""
    encoded = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    witness(
        "certificate-request",
        key_sha256=hashlib.sha256(encoded).digest(),
        algorithm=algorithm_of(public_key),
        signed=csr.tbs_certrequest_bytes,
    )


def _tell(witness: Witness, purpose: str, issuer: x509.Certificate, signed: bytes) -> None:
    witness(
        purpose,
        key_sha256=hashlib.sha256(issuer.public_bytes(Encoding.DER)).digest(),
        algorithm=algorithm_of(issuer.public_key()),
        signed=signed,
    )
