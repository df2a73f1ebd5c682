"""Whether a certificate was withdrawn: by revocation lists given by the user, by OCSP responses.

Nothing is ever fetched: what is not at hand is not known, and what is not known to be revoked
counts as not revoked.

Source: C2PA 2.2, section 15.9; RFC 5280, sections 5.3.1 and 6.3; RFC 6960, section 4.2.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark.certificates import PARSE_ERRORS, extension, issued
from countermark.credentials.paths import purposes_of

COMPROMISED: Final = frozenset(
    (
        x509.ReasonFlags.key_compromise,
        x509.ReasonFlags.ca_compromise,
        x509.ReasonFlags.aa_compromise,
    )
)
"""Reasons after which no signature of the key counts, however early it is said to be made."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """When a certificate was withdrawn, and why, if that is stated."""

    at: datetime
    reason: x509.ReasonFlags | None

    def covers(self, proven_at: datetime | None) -> bool:
        """Whether a signature of that proven time is affected; without one, each is.

        Source: C2PA 2.2, section 15.9.2: not revoked when the time of revocation is after the
        attested one. A compromised key is the exception: RFC 5280, section 5.3.2, expects the
        harm to be older than the revocation.
        """
        return proven_at is None or self.reason in COMPROMISED or self.at <= proven_at


def load_crl(content: bytes) -> x509.CertificateRevocationList:
    """A revocation list in DER or PEM. Raises `ValueError` for anything else.

    Indirect lists, whose entries are other issuers' certificates, are not understood.
    """
    try:
        if b"-----BEGIN" in content:
            found = x509.load_pem_x509_crl(content)
        else:
            found = x509.load_der_x509_crl(content)
        _ = found.issuer, found.extensions, found.last_update_utc, len(found)
        for entry in found.extensions:
            point = entry.value
            if isinstance(point, x509.IssuingDistributionPoint) and point.indirect_crl:
                raise ValueError("an indirect revocation list")
    except PARSE_ERRORS as error:
        raise ValueError(f"unreadable revocation list: {error}") from error
    return found


def find(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
    responses: Sequence[bytes],
) -> tuple[Revocation, ...]:
    """Every revocation of the certificate that its issuer has signed."""
    return (*_by_lists(certificate, issuer, crls), *_by_responses(certificate, issuer, responses))


def _by_lists(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
) -> Iterator[Revocation]:
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return
    for crl in crls:
        if crl.issuer != certificate.issuer or not _signed(crl, issuer):
            continue
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            yield from _revocation(entry.revocation_date_utc, _reason(entry))


def _signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except PARSE_ERRORS:
        return False


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, *PARSE_ERRORS):
        return None


def _revocation(at: datetime, reason: x509.ReasonFlags | None) -> Iterator[Revocation]:
    if reason is not x509.ReasonFlags.remove_from_crl:  # as good as never revoked: C2PA, 15.9.1
        yield Revocation(at, reason)


def _by_responses(
    certificate: x509.Certificate, issuer: x509.Certificate, responses: Sequence[bytes]
) -> Iterator[Revocation]:
    for content in responses:
        try:
            response = ocsp.load_der_ocsp_response(content)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                continue
            if not _authorised(response, issuer):
                continue
            for single in response.responses:
                if (
                    single.certificate_status is ocsp.OCSPCertStatus.REVOKED
                    and single.revocation_time_utc is not None
                    and _concerns(single, certificate, issuer)
                ):
                    yield from _revocation(single.revocation_time_utc, single.revocation_reason)
        except PARSE_ERRORS:
            continue


def _concerns(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """Whether the response names this certificate: by number, its issuer's name and key."""
    asked = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer, single.hash_algorithm)
        .build()
    )
    return (single.serial_number, single.issuer_name_hash, single.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _authorised(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed the response, or a responder with its certificate for that."""
    digest = response.signature_hash_algorithm
    signers = [issuer]
    for certificate in response.certificates:
        if ExtendedKeyUsageOID.OCSP_SIGNING in purposes_of(certificate):
            times = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            in_time = times[0] <= response.produced_at_utc <= times[1]
            if in_time and issued(certificate, issuer):
                signers.append(certificate)
    return any(
        verifies(s.public_key(), response.signature, response.tbs_response_bytes, digest)
        for s in signers
    )


def verifies(
    key: object, signature: bytes, data: bytes, digest: hashes.HashAlgorithm | None
) -> bool:
    """Whether the signature over `data` is the key's, as X.509 and CMS write signatures."""
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, data, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, data, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            return False
    except (InvalidSignature, *PARSE_ERRORS):
        return False
    return True
