"""A public key infrastructure for development: root, intermediate and claim-signing leaves.

The root's key is forgotten once it has issued the intermediate, the development authority. The
authority's key is kept, so that keys can be rotated and certificates revoked under a root that
stays on the trust lists. Trusting the root therefore means trusting whoever holds the authority's
key: they can issue certificates in any name until the authority ends.

Source: C2PA 2.2, section 14.5.1 "Certificate Profiles"; RFC 2986; RFC 5280, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countermark.certificates import CLAIM_SIGNING, announce_end
from countermark.errors import InvalidArgument, IssuingFailed
from countermark.keys.algorithms import algorithm_of
from countermark.keys.witness import (
    Witness,
    tell_of_certificate,
    tell_of_revocation_list,
    unwitnessed,
)

_AUTHORITY_VALIDITY: Final = timedelta(days=3650)
_LEAF_VALIDITY: Final = timedelta(days=365)
_LIST_VALIDITY: Final = timedelta(days=30)
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
MAX_NAME_BYTES: Final = 64
"""Upper bound of common and organisation names in X.520, here in UTF-8."""


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority:
    """Issues leaves and revokes them, in this process; an `Issuer`.

    `create_authority` makes one, and a home folder keeps one (`Home.authority`).

    >>> from countermark.keys.algorithms import generate
    >>> authority, root = create_authority("Example")
    >>> subject = distinguished_name("Example", "Studio")
    >>> chain = authority.certify(generate("es256").public_key(), subject)
    >>> [certificate.subject.rfc4514_string() for certificate in chain]
    ['CN=Studio,O=Example', 'CN=Example intermediate,O=Example']

    `validity`: of a leaf, which ends with the authority at the latest. `witness`: is told of each
    signature before it is given out.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    witness: Witness = field(default=unwitnessed, repr=False, compare=False)
    validity: timedelta = field(default=_LEAF_VALIDITY, kw_only=True)

    def issue(self, request: x509.CertificateSigningRequest) -> tuple[x509.Certificate, ...]:
        """A new leaf for the request's key and subject, and this authority's own certificate.

        The leaf is valid from the beginning of the day in UTC: the time of day would tell which
        leaves were issued together.

        Raises `IssuingFailed` when the request is not signed by its own key, `UnusableKey` when
        that is of a kind that signs no claims.
        """
        try:
            proven = request.is_signature_valid
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            proven = False
        if not proven:
            raise IssuingFailed(
                "The request is not signed by the key that it names.",
                remedy="Sign the request with the private key of its public key.",
            )
        return self._chain(request.public_key(), request.subject, _beginning_of_day())

    def certify(
        self, public_key: CertificatePublicKeyTypes, subject: x509.Name
    ) -> tuple[x509.Certificate, ...]:
        """The same without a request, for a key that is known to be the subject's; from now on.

        The authority's own end is announced 30 days ahead; pools do so for each of their issuers.
        """
        announce_end((self.certificate,), owner="development authority")
        return self._chain(public_key, subject, _now() - _CLOCK_TOLERANCE)

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

    def _chain(
        self, public_key: CertificatePublicKeyTypes, subject: x509.Name, start: datetime
    ) -> tuple[x509.Certificate, ...]:
        algorithm_of(public_key)
        purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING]
        end = min(start + self.validity, self.certificate.not_valid_after_utc)
        issuer = self.certificate.subject
        leaf = (
            _builder(subject, public_key, issuer, self._public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .sign(self.private_key, hashes.SHA256())
        )
        tell_of_certificate(self.witness, leaf, issuer=self.certificate)
        return leaf, self.certificate


def create_authority(
    organisation: str, *, witness: Witness = unwitnessed
) -> tuple[DevelopmentAuthority, x509.Certificate]:
    """A new authority, and the root that issued it, whose key is forgotten.

    `organisation`: at most `MAX_NAME_BYTES`. `witness`: as of `DevelopmentAuthority`.
    """
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in "12")
    root_name = _authority_name(organisation, "root")
    root = _authority(root_name, root_key, root_name, root_key, path_length=1)
    name = _authority_name(organisation, "intermediate")
    certificate = _authority(name, key, root_name, root_key, path_length=0)
    for issued in (root, certificate):
        tell_of_certificate(witness, issued, issuer=root)
    return DevelopmentAuthority(key, certificate, witness), root


def distinguished_name(organisation: str, common_name: str) -> x509.Name:
    """A subject with organisation and common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def check_name(what: str, text: str) -> None:
    """Whether a certificate can hold a name; raises `InvalidArgument` when not."""
    limit = MAX_NAME_BYTES
    if not text.strip() or not text.isprintable() or len(text.encode()) > limit:
        raise InvalidArgument(
            f"The {what} {text!r:.80} does not fit into a certificate.",
            remedy=f"Use printable characters, at most {limit} bytes in UTF-8.",
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
    start = _beginning_of_day()
    end = start + _AUTHORITY_VALIDITY
    return (
        _builder(subject, key.public_key(), issuer, issuer_key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    public_key: CertificatePublicKeyTypes,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
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


def _beginning_of_day() -> datetime:
    """In UTC, and in the past also for clocks that are a little late."""
    day = _now() - _CLOCK_TOLERANCE
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
