"""A public key infrastructure for development: root, intermediate and claim-signing leaf.

The keys of the two authorities are forgotten once the leaf is issued, so that trusting the root
means trusting this one leaf.

Source: C2PA 2.2, section "Certificate profile"; RFC 5280.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CLAIM_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
_AUTHORITY_VALIDITY: Final = timedelta(days=3650)
_LEAF_VALIDITY: Final = timedelta(days=365)
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
MAX_NAME_BYTES: Final = 64
"""Upper bound of common and organisation names in X.520, here in UTF-8."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A claim signer's key and certificates. `chain`: leaf, then intermediate."""

    private_key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    root: x509.Certificate


def issue(*, organisation: str, name: str) -> Identity:
    """Make a new leaf under a new intermediate and a new root, all ES256.

    >>> [c.subject.rfc4514_string() for c in issue(organisation="Example", name="Studio").chain]
    ['CN=Studio,O=Example', 'CN=Example intermediate,O=Example']

    `organisation`, `name`: of the leaf, at most `MAX_NAME_BYTES` each.
    """
    root_key, intermediate_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in "123")
    root_name = _name(organisation, "root")
    root = _authority(root_name, root_key, root_name, root_key, path_length=1)
    intermediate_name = _name(organisation, "intermediate")
    intermediate = _authority(
        intermediate_name, intermediate_key, root_name, root_key, path_length=0
    )
    subject = _distinguished(organisation, name)
    leaf = _leaf(subject, leaf_key, intermediate_name, intermediate_key)
    return Identity(leaf_key, (leaf, intermediate), root)


def pem(*certificates: x509.Certificate) -> bytes:
    """The certificates in PEM, one after the other."""
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def _name(organisation: str, role: str) -> x509.Name:
    room = MAX_NAME_BYTES - len(role) - 1
    shortened = organisation.encode()[:room].decode(errors="ignore")
    return _distinguished(organisation, f"{shortened} {role}")


def _distinguished(organisation: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
) -> x509.Certificate:
    return (
        _builder(subject, key, issuer, issuer_key, _AUTHORITY_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _leaf(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, _CLAIM_SIGNING]
    return (
        _builder(subject, key, issuer, issuer_key, _LEAF_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    validity: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    public_key, issuer_public_key = key.public_key(), issuer_key.public_key()
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
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
