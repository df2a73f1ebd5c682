"""What keeps a chain from the assurance levels of the C2PA conformance programme.

Only an authority on the C2PA trust list can put these fields into a certificate, and only for a
product that passed the programme. To write them into a certificate of one's own proves nothing.

Source: C2PA Certificate Policy of conformance programme 0.2, "Certificate Profiles".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from countermark.certificates.finding import Finding, Scope
from countermark.certificates.profile import CLAIM_SIGNING
from countermark.certificates.reading import extension, is_critical

POLICY: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.1.1")
"""c2pa-certificate-policy."""
ASSURANCE_LEVEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.3")
"""Extension id-c2pa-al; its value is the identifier of a level."""
PRODUCT_RECORD: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.4")
"""Extension c2pa-cpl-record; its value is the UUID of the product's entry, as UTF8String."""
LEVELS: Final = {
    1: x509.ObjectIdentifier("1.3.6.1.4.1.62558.3.10"),
    2: x509.ObjectIdentifier("1.3.6.1.4.1.62558.3.20"),
}
"""c2pa-assuranceLevel-1 and -2."""

_Decoded = TypeVar("_Decoded", x509.ObjectIdentifier, str)

_SCOPES: Final = {1: Scope.LEVEL_1, 2: Scope.LEVEL_2}
_MAX_LEAF: Final = {1: timedelta(days=366), 2: timedelta(days=90)}
_MAX_ISSUER: Final = timedelta(days=1827)
_MIN_ISSUER_RSA_BITS: Final = 3072
_CLAUSE: Final = "C2PA Certificate Policy 0.2, Claim Signing Leaf, Assurance Level {}"
_ISSUER_CLAUSE: Final = "C2PA Certificate Policy 0.2, Claim Signing Issuing CA"
_NAMES: Final = {
    NameOID.COUNTRY_NAME: "country (C)",
    NameOID.ORGANIZATION_NAME: "organisation (O)",
    NameOID.COMMON_NAME: "common name (CN)",
}
_ASK: Final = "Ask an authority on the C2PA trust list for a certificate of this level."
_REQUEST: Final = "State it in the request: countermark keys csr."


def assurance_findings(chain: Sequence[x509.Certificate], level: int) -> Iterator[Finding]:
    """What keeps the chain from that level, 1 or 2.

    `chain`: at least the leaf, which comes first; the next one is looked at as its issuer.
    """
    leaf = chain[0]
    found = partial(Finding, _SCOPES[level], 1, clause=_CLAUSE.format(level))
    yield from _subject(leaf, found)
    yield from _leaf_validity(leaf, level, found)
    yield from _usages(leaf, found)
    yield from _identifiers(leaf, found)
    yield from _policies(leaf, partial(found, remedy=_ASK), "has a leaf")
    if not _has_ocsp(leaf):
        yield found(
            "authority information access", "has a leaf without the HTTP address of an OCSP server",
            remedy=_ASK,
        )  # fmt: skip
    yield from _own_extensions(leaf, level, found)
    if len(chain) > 1:
        yield from _issuer(chain[1], level)


def _subject(leaf: x509.Certificate, found: partial[Finding]) -> Iterator[Finding]:
    for oid, name in _NAMES.items():
        if not leaf.subject.get_attributes_for_oid(oid):
            yield found("subject", f"has a leaf whose subject lacks {name}", remedy=_REQUEST)
    if not leaf.subject.rfc4514_string().isascii():
        yield found(
            "subject",
            "has a leaf whose subject is not plain ASCII",
            remedy="Use the name in the C2PA list of conforming products.",
        )


def _leaf_validity(
    leaf: x509.Certificate, level: int, found: partial[Finding]
) -> Iterator[Finding]:
    days, limit = _lifetime(leaf).days, _MAX_LEAF[level]
    if _lifetime(leaf) > limit:
        yield found(
            "validity",
            f"has a leaf that is valid for {days} days, which is more than {limit.days}",
            remedy="Ask for a shorter validity, and renew in time.",
        )


def _usages(leaf: x509.Certificate, found: partial[Finding]) -> Iterator[Finding]:
    usage = extension(leaf, x509.KeyUsage)
    wanted = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    if usage != wanted or not is_critical(leaf, x509.KeyUsage):
        yield found(
            "key usage",
            "has a leaf whose key usage is not critical and exactly digitalSignature and "
            "nonRepudiation",
            remedy=_REQUEST,
        )
    constraints = extension(leaf, x509.BasicConstraints)
    if constraints is None or constraints.ca or not is_critical(leaf, x509.BasicConstraints):
        yield found(
            "basic constraints",
            "has a leaf without critical basic constraints that say it is no authority",
            remedy=_REQUEST,
        )
    purposes = set(extension(leaf, x509.ExtendedKeyUsage) or ())
    if not _has_purposes(purposes) or is_critical(leaf, x509.ExtendedKeyUsage):
        yield found(
            "extended key usage",
            "has a leaf without a non-critical extended key usage of c2pa-kp-claimSigning and "
            "one of emailProtection and documentSigning",
            remedy=_REQUEST,
        )


def _identifiers(leaf: x509.Certificate, found: partial[Finding]) -> Iterator[Finding]:
    if extension(leaf, x509.SubjectKeyIdentifier) is None:
        yield found(
            "subject key identifier", "has a leaf without a subject key identifier", remedy=_ASK
        )
    authority = extension(leaf, x509.AuthorityKeyIdentifier)
    if authority is None or authority.key_identifier is None:
        yield found(
            "authority key identifier",
            "has a leaf without the key identifier of its authority",
            remedy=_ASK,
        )


def _policies(
    certificate: x509.Certificate, found: partial[Finding], which: str
) -> Iterator[Finding]:
    policies = extension(certificate, x509.CertificatePolicies) or ()
    if POLICY not in {policy.policy_identifier for policy in policies}:
        yield found(
            "certificate policies",
            f"{which} without c2pa-certificate-policy ({POLICY.dotted_string})",
        )


def _own_extensions(
    leaf: x509.Certificate, level: int, found: partial[Finding]
) -> Iterator[Finding]:
    stated = _value(leaf, ASSURANCE_LEVEL, x509.ObjectIdentifier)
    if stated != LEVELS[level]:
        what = "no level" if stated is None else _level_name(stated)
        yield found(
            "id-c2pa-al",
            f"has a leaf that states {what} in id-c2pa-al ({ASSURANCE_LEVEL.dotted_string}), "
            f"not level {level} ({LEVELS[level].dotted_string})",
            remedy=_ASK,
        )
    record = _value(leaf, PRODUCT_RECORD, str)
    if record is None or not _is_uuid(record):
        yield found(
            "c2pa-cpl-record",
            "has a leaf without the UUID of a product on the C2PA list of conforming products "
            f"({PRODUCT_RECORD.dotted_string})",
            remedy="Pass the conformance programme first; the UUID is that of your entry.",
        )


def _issuer(issuer: x509.Certificate, level: int) -> Iterator[Finding]:
    found = partial(
        Finding,
        _SCOPES[level],
        2,
        clause=_ISSUER_CLAUSE,
        remedy="Choose an authority on the C2PA trust list.",
    )
    which = "has an issuing authority"
    for oid, name in _NAMES.items():
        if not issuer.subject.get_attributes_for_oid(oid):
            yield found("subject", f"{which} whose subject lacks {name}")
    if _lifetime(issuer) > _MAX_ISSUER:
        yield found("validity", f"{which} that is valid for more than {_MAX_ISSUER.days} days")
    if not _is_strong(issuer.public_key()):
        yield found("public key", f"{which} whose key is not P-384, P-521 or RSA of 3,072 bits")
    constraints = extension(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca or constraints.path_length != 0:
        yield found("basic constraints", f"{which} whose path length is not limited to 0")
    if not _has_purposes(set(extension(issuer, x509.ExtendedKeyUsage) or ())):
        yield found(
            "extended key usage",
            f"{which} without the extended key usage c2pa-kp-claimSigning and one of "
            "emailProtection and documentSigning",
        )
    yield from _policies(issuer, found, which)
    if not _has_ocsp(issuer) and extension(issuer, x509.CRLDistributionPoints) is None:
        yield found("revocation", f"{which} without the address of an OCSP server or a CRL")


def _has_purposes(purposes: set[x509.ObjectIdentifier]) -> bool:
    others = {ExtendedKeyUsageOID.EMAIL_PROTECTION, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")}
    return CLAIM_SIGNING in purposes and bool(purposes & others)


def _has_ocsp(certificate: x509.Certificate) -> bool:
    descriptions = extension(certificate, x509.AuthorityInformationAccess) or ()
    return any(
        d.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(d.access_location, x509.UniformResourceIdentifier)
        and d.access_location.value.lower().startswith("http://")
        for d in descriptions
    )


def _is_strong(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _MIN_ISSUER_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
        key.curve, (ec.SECP384R1, ec.SECP521R1)
    )


def _lifetime(certificate: x509.Certificate) -> timedelta:
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc


def _level_name(stated: x509.ObjectIdentifier) -> str:
    for level, oid in LEVELS.items():
        if stated == oid:
            return f"level {level}"
    return f"the unknown level {stated.dotted_string}"


def _value(
    certificate: x509.Certificate, oid: x509.ObjectIdentifier, kind: type[_Decoded]
) -> _Decoded | None:
    """The value of an extension that the package does not know; None when absent or damaged."""
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
        if not isinstance(value, x509.UnrecognizedExtension):
            return None
        return asn1.decode_der(kind, value.value)
    except (x509.ExtensionNotFound, ValueError):
        return None


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
