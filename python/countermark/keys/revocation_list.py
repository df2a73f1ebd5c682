"""The file with a development authority's certificate revocation list (CRL).

It is the only record of what is revoked, when and why, so that every X.509 tool can read it.

Source: RFC 5280, section 5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from countermark.errors import UnusableCertificate

NAME: Final = "revocation-list.pem"


def load(path: Path) -> x509.CertificateRevocationList:
    """The list in a file; raises `UnusableCertificate` when it is damaged."""
    try:
        crl = x509.load_pem_x509_crl(path.read_bytes())
        _ = crl.issuer, [entry.extensions for entry in crl], number(crl)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableCertificate(
            f"The revocation list {str(path)!r} is damaged.",
            remedy="Restore it from a copy; until then nobody knows what is revoked.",
        ) from error
    return crl


def number(crl: x509.CertificateRevocationList) -> int:
    """The list's number; 0 when it has none."""
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    """Why a certificate was revoked."""
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified


def pem(crl: x509.CertificateRevocationList) -> bytes:
    """The list in PEM."""
    return crl.public_bytes(serialization.Encoding.PEM)
