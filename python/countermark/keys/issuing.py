"""Who turns a certificate signing request into a certificate chain, and what is asked of the chain.

Source: RFC 2986 (PKCS #10); RFC 5280.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Protocol, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from countermark.certificates import announce_end, issued
from countermark.errors import IssuingFailed


@runtime_checkable
class Issuer(Protocol):
    """Issues certificates for signing claims.

    `issue`: the leaf for the request's key, then its issuers; the root may be left out. Raises
    `IssuingFailed`.
    """

    def issue(self, request: x509.CertificateSigningRequest) -> Sequence[x509.Certificate]:
        """The certificate chain for a request, the leaf first."""


def enrol(issuer: Issuer, key: ec.EllipticCurvePrivateKey, name: str) -> Sequence[x509.Certificate]:
    """A chain for a key on P-256, whose subject is a common name and nothing else.

    >>> from countermark.keys import create_authority
    >>> authority, root = create_authority("Example")
    >>> chain = enrol(authority, ec.generate_private_key(ec.SECP256R1()), "Camera")
    >>> [certificate.subject.rfc4514_string() for certificate in chain]
    ['CN=Camera', 'CN=Example intermediate,O=Example']

    Raises `IssuingFailed`, also when the chain is not for that key, not in order or not valid now.
    """
    chain = issuer.issue(request(key, name))
    if not chain or chain[0].public_key() != key.public_key():
        raise _unfit("is not for the key in the request")
    if not all(issued(certificate, by) for certificate, by in itertools.pairwise(chain)):
        raise _unfit("is not in order, the leaf first and then each issuer")
    now = datetime.now(timezone.utc)
    if any(not c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in chain):
        raise _unfit("is not valid now")
    announce_end(chain[1:] or chain, owner="issuer")
    return chain


def request(key: ec.EllipticCurvePrivateKey, name: str) -> x509.CertificateSigningRequest:
    """A certificate signing request for a key on P-256, with a common name and nothing else."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(common_name(name))
    return builder.sign(key, hashes.SHA256())


def common_name(text: str) -> x509.Name:
    """A distinguished name of a common name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _unfit(problem: str) -> IssuingFailed:
    return IssuingFailed(
        f"The certificate chain from the issuer {problem}.",
        remedy="Check the issuer, and the clocks on both sides.",
    )
