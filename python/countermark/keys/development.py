"""A public key infrastructure for development: root, intermediate and claim-signing leaves.

The root's key is forgotten once it has issued the intermediate, the development authority. The
authority's key is kept, so that keys can be rotated and certificates revoked under a root that
stays on the trust lists. Trusting the root therefore means trusting whoever holds the authority's
key: they can issue certificates in any name until the authority ends.

Source: C2PA 2.2, section 14.5.1 "Certificate Profiles"; RFC 5280, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countermark.certificates import CLAIM_SIGNING, announce_end
from countermark.keys.algorithms import PublicKey
from countermark.keys.witness import (
    Witness,
    tell_of_certificate,
    tell_of_revocation_list,
    unwitnessed,
)

_AUTHORITY_VALIDITY: Final = timedelta(days=3650)
LEAF_VALIDITY: Final = timedelta(days=365)
_LIST_VALIDITY: Final = timedelta(days=30)
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
MAX_NAME_BYTES: Final = 64
"""Upper bound of common and organisation names in X.520, here in UTF-8."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The development authority: issues leaves and revokes them.

    >>> from countermark.keys.algorithms import generate
    >>> authority, root = create_authority("Example")
    >>> key = generate("es256").public_key()
    >>> chain = authority.issue(key, subject=distinguished_name("Example", "Studio"))
    >>> [certificate.subject.rfc4514_string() for certificate in chain]
    ['CN=Studio,O=Example', 'CN=Example intermediate,O=Example']

    `witness`: is told of each signature before it is given out.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    witness: Witness = field(default=unwitnessed, repr=False, compare=False)

    def issue(
        self, public_key: PublicKey, *, subject: x509.Name, validity: timedelta = LEAF_VALIDITY
    ) -> tuple[x509.Certificate, ...]:
        """A new leaf for that key, and this authority's own certificate.

        It ends with the authority at the latest, whose own end is announced 30 days ahead.
        """
        announce_end((self.certificate,), owner="development authority")
        purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING]
        end = min(_now() + validity, self.certificate.not_valid_after_utc)
        leaf = (
            _builder(subject, public_key, self.certificate.subject, self._public_key(), end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .sign(self.private_key, hashes.SHA256())
        )
        tell_of_certificate(self.witness, leaf, issuer=self.certificate)
        return leaf, self.certificate

    def revocation_list(
        self, revoked: Iterable[x509.RevokedCertificate], *, number: int
    ) -> x509.CertificateRevocationList:
        """The list of the certificates that it takes back, good for 30 days.

        `number`: higher than that of the list before.
        """
        announce_end((self.certificate,), owner="development authority")
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_now())
            .next_update(_now() + _LIST_VALIDITY)
            .add_extension(identifier, critical=False)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for entry in revoked:
            builder = builder.add_revoked_certificate(entry)
        crl = builder.sign(self.private_key, hashes.SHA256())
        tell_of_revocation_list(self.witness, crl, issuer=self.certificate)
        return crl

    def has_ended(self) -> bool:
        """Whether it can issue nothing any more."""
        return self.certificate.not_valid_after_utc <= _now()

    def _public_key(self) -> ec.EllipticCurvePublicKey:
        return self.private_key.public_key()


def create_authority(
    organisation: str, *, witness: Witness = unwitnessed
) -> tuple[Authority, x509.Certificate]:
    """A new authority, and the root that issued it, whose key is forgotten.

    `organisation`: at most `MAX_NAME_BYTES`. `witness`: as of `Authority`.
    """
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in "12")
    root_name = _authority_name(organisation, "root")
    root = _authority(root_name, root_key, root_name, root_key, path_length=1)
    name = _authority_name(organisation, "intermediate")
    certificate = _authority(name, key, root_name, root_key, path_length=0)
    for issued in (root, certificate):
        tell_of_certificate(witness, issued, issuer=root)
    return Authority(key, certificate, witness), root


def pem(*certificates: x509.Certificate) -> bytes:
    """The certificates in PEM, one after the other."""
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def distinguished_name(organisation: str, common_name: str) -> x509.Name:
    """A subject with organisation and common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _authority_name(organisation: str, role: str) -> x509.Name:
    room = MAX_NAME_BYTES - len(role) - 1
    shortened = organisation.encode()[:room].decode(errors="ignore")
    return distinguished_name(organisation, f"{shortened} {role}")


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
) -> x509.Certificate:
    end = _now() + _AUTHORITY_VALIDITY
    return (
        _builder(subject, key.public_key(), issuer, issuer_key.public_key(), end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage(authority=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    public_key: PublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    end: datetime,
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _CLOCK_TOLERANCE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority, critical=False)
    )


def usage(*, authority: bool) -> x509.KeyUsage:
    """The key usage of an authority, or of a leaf that signs claims."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)
