"""Certification paths from a leaf to one of the anchors of one list, and purposes of leaves.

Source: RFC 5280, section 6.1; C2PA 2.2, section 14.5.1 "Certificate Profiles".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from countermark.certificates import extension, issued

CLAIM_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""Extended key usage c2pa-kp-claimSigning."""

DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Extended key usage id-kp-documentSigning, RFC 9336."""

_MAX_PATH: Final = 8
_FORBIDDEN: Final = frozenset(
    (
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    )
)
_UNDERSTOOD: Final = frozenset(
    (
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    )
)
"""Critical extensions that are honoured here, or change nothing where any policy will do."""


def path(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> list[x509.Certificate] | None:
    """The certificates from the leaf, `chain[0]`, to an anchor; None when they reach none.

    A leaf is no anchor for itself, and an authority is no leaf. Names, signatures, authority
    flags, lengths and critical extensions are checked, times are not: a path of the past may be
    wanted.

    >>> path([], []) is None
    True
    """
    if not chain or chain[0] in anchors or is_authority(chain[0]):
        return None
    found = [chain[0]]
    unused = list(chain[1:])
    while found[-1] not in anchors:
        if not _understood(found[-1]):
            return None
        named = (c for c in (*anchors, *unused) if c.subject == found[-1].issuer)
        able = (c for c in named if _may_issue(c, below=len(found) - 1))
        issuer = next((c for c in able if issued(found[-1], c)), None)
        if issuer is None or issuer in found or len(found) == _MAX_PATH:
            return None
        found.append(issuer)
    return found


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may issue certificates."""
    constraints = extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def may_sign(leaf: x509.Certificate, purposes: frozenset[x509.ObjectIdentifier]) -> bool:
    """Whether it is for one of those purposes, for digital signatures, and for no time stamps.

    Source: C2PA 2.2, section 14.5.1.1: time stamping and OCSP signing exclude every other use.
    """
    stated = purposes_of(leaf)
    return bool(stated & purposes) and not stated & _FORBIDDEN and signs_data(leaf)


def may_stamp(leaf: x509.Certificate) -> bool:
    """Whether it is for time stamps and for nothing else.

    Source: RFC 3161, section 2.3: one purpose, in a critical extension.
    """
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    only = list(found.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    return only and found.critical and signs_data(leaf)


def purposes_of(leaf: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    """Its extended key usages."""
    return frozenset(extension(leaf, x509.ExtendedKeyUsage) or ())


def signs_data(leaf: x509.Certificate) -> bool:
    """Whether its key usage is for signatures over data, not over certificates."""
    usage = extension(leaf, x509.KeyUsage)
    return usage is not None and usage.digital_signature and not usage.key_cert_sign


def _may_issue(certificate: x509.Certificate, *, below: int) -> bool:
    """Whether it is an authority that allows `below` authorities under itself."""
    constraints = extension(certificate, x509.BasicConstraints)
    usage = extension(certificate, x509.KeyUsage)
    return (
        constraints is not None
        and constraints.ca
        and (constraints.path_length is None or below <= constraints.path_length)
        and (usage is None or usage.key_cert_sign)
    )


def _understood(certificate: x509.Certificate) -> bool:
    """RFC 5280, section 4.2: what is critical and not understood is refused."""
    return all(not found.critical or found.oid in _UNDERSTOOD for found in certificate.extensions)
