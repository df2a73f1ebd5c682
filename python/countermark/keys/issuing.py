"""Who turns a certificate signing request into a certificate chain.

Source: RFC 2986 (PKCS #10); RFC 5280; C2PA 2.2, section "Certificate profile".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final, Protocol, runtime_checkable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countermark.errors import IssuingFailed
from countermark.keys.development import usage

_PURPOSES: Final = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # C2PA claim signing
)
_AUTHORITY_VALIDITY: Final = timedelta(days=3650)


@runtime_checkable
class Issuer(Protocol):
    """Issues certificates for signing claims.

    `issue`: the leaf for the request's key, then its issuers; the root may be left out. Raises
    `IssuingFailed`.
    """

    def issue(self, request: x509.CertificateSigningRequest) -> Sequence[x509.Certificate]:
        """The certificate chain for a request, the leaf first."""


@dataclass(frozen=True, slots=True)
class DevelopmentIssuer:
    """An issuer in this process, for development; `create` makes one with a root of its own.

    >>> issuer = DevelopmentIssuer.create(organisation="Example")
    >>> key = ec.generate_private_key(ec.SECP256R1())
    >>> chain = issuer.issue(request(key, "Camera"))
    >>> [certificate.subject.rfc4514_string() for certificate in chain]
    ['CN=Camera', 'CN=Example issuer']

    `chain`: its own certificate, then the root. `validity`: of a leaf, counted from the beginning
    of the day in UTC: the time of day would tell which leaves were issued together.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    validity: timedelta = timedelta(days=90)

    @classmethod
    def create(
        cls, *, organisation: str, validity: timedelta = timedelta(days=90)
    ) -> DevelopmentIssuer:
        """A new issuer under a new root, whose key is forgotten."""
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name, root_name = (common_name(f"{organisation} {role}") for role in ("issuer", "root"))
        root = _authority(root_name, root_key.public_key(), root_name, root_key, path_length=1)
        own = _authority(name, key.public_key(), root_name, root_key, path_length=0)
        return cls(key, (own, root), validity)

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""
        return self.chain[-1]

    def issue(self, request: x509.CertificateSigningRequest) -> tuple[x509.Certificate, ...]:
        """The leaf for the request's key and subject, then the issuer.

        Raises `IssuingFailed` when the request is not signed by its own key.
        """
        try:
            proven = request.is_signature_valid
        except (InvalidSignature, ValueError) as error:
            raise _unproven() from error
        if not proven:
            raise _unproven()
        return self.certify(request.public_key(), request.subject)

    def certify(
        self, public_key: CertificatePublicKeyTypes, subject: x509.Name
    ) -> tuple[x509.Certificate, ...]:
        """The same for a key that cannot sign a request itself."""
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        leaf = (
            _builder(subject, public_key, self.chain[0].subject, self.private_key)
            .not_valid_before(today)
            .not_valid_after(today + self.validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
            .sign(self.private_key, hashes.SHA256())
        )
        return leaf, *self.chain[:-1]


def pem(*certificates: x509.Certificate) -> bytes:
    """The certificates in PEM, one after the other, as signers want their chain."""
    return b"".join(item.public_bytes(Encoding.PEM) for item in certificates)


def common_name(text: str) -> x509.Name:
    """A distinguished name of a common name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def request(key: ec.EllipticCurvePrivateKey, name: str) -> x509.CertificateSigningRequest:
    """A certificate signing request for a key on P-256, with a common name and nothing else."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(common_name(name))
    return builder.sign(key, hashes.SHA256())


def _unproven() -> IssuingFailed:
    return IssuingFailed(
        "The request is not signed by the key that it names.",
        remedy="Sign the request with the private key of its public key.",
    )


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
) -> x509.Certificate:
    now = datetime.now(timezone.utc)
    return (
        _builder(subject, key, issuer, issuer_key)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _AUTHORITY_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage(authority=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority, critical=False)
    )
