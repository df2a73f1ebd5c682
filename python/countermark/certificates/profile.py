"""What keeps a chain from the certificate profile of the C2PA specification, field by field.

The C2PA library only says "the certificate is invalid", and lets some chains sign whose
signatures every verifier refuses.

Source: C2PA 2.2, section 14.5.1 "Certificate Profiles"; RFC 5280, sections 4 and 6.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from countermark.certificates.finding import Finding, Scope
from countermark.certificates.reading import extension, is_critical, issued

CLAIM_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""Extended key usage c2pa-kp-claimSigning."""

EXPIRY_NOTICE: Final = timedelta(days=30)
"""How long ahead the end of a certificate is announced."""

_FORBIDDEN_PURPOSES: Final = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}
_SIGNATURES: Final = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.RSASSA_PSS,
    SignatureAlgorithmOID.ED25519,
}
_DIGESTS: Final = {"sha256", "sha384", "sha512"}
_MIN_RSA_BITS: Final = 2048
_PROFILE: Final = "C2PA 2.2, 14.5.1.1"
_ANOTHER: Final = "Ask for a certificate with the C2PA claim-signing profile."


def profile_findings(chain: Sequence[x509.Certificate], *, at: datetime) -> Iterator[Finding]:
    """What keeps the chain from signing claims at that time; the gravest first.

    `chain`: at least the leaf, which comes first.
    """
    yield from _order(chain)
    yield from _validity(chain, at)
    yield from _leaf(chain[0])
    for position, issuer in enumerate(chain[1:], 2):
        yield from _issuer(issuer, position)
    for position, certificate in enumerate(chain, 1):
        yield from _algorithms(certificate, position)


def ending_soon(chain: Sequence[x509.Certificate], *, at: datetime) -> x509.Certificate | None:
    """The certificate that ends first, when that is within `EXPIRY_NOTICE`; else None."""
    first = min(chain, key=lambda certificate: certificate.not_valid_after_utc)
    return first if first.not_valid_after_utc - at <= EXPIRY_NOTICE else None


def _order(chain: Sequence[x509.Certificate]) -> Iterator[Finding]:
    if len(chain) < 2:
        yield _finding(
            1,
            "issuers",
            "holds only the leaf",
            "Append the certificates of its issuers; verifiers cannot find them otherwise.",
            "C2PA 2.2, 14.5",
        )
    for position, (certificate, issuer) in enumerate(itertools.pairwise(chain), 1):
        if not issued(certificate, issuer):
            yield _finding(
                position,
                "issuer",
                f"breaks at certificate {position}: the next one did not issue it",
                "Give the leaf first, then each issuer in order.",
                "RFC 5280, 6.1",
            )


def _validity(chain: Sequence[x509.Certificate], at: datetime) -> Iterator[Finding]:
    for position, certificate in enumerate(chain, 1):
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if at > end:
            problem, remedy = f"expired on {end.date()}", "Renew the certificate."
        elif at < begin:
            problem, remedy = f"is not valid before {begin.date()}", "Check the clock, or wait."
        else:
            continue
        if position > 1:
            problem = f"holds certificate {position}, which {problem}"
        yield _finding(position, "validity", problem, remedy, "RFC 5280, 4.1.2.5")


def _leaf(leaf: x509.Certificate) -> Iterator[Finding]:
    constraints = extension(leaf, x509.BasicConstraints)
    usage = extension(leaf, x509.KeyUsage)
    purposes = set(extension(leaf, x509.ExtendedKeyUsage) or ())
    if constraints is not None and constraints.ca:
        yield _finding(
            1, "basic constraints", "begins with an authority, not with a leaf",
            "Give the leaf first.", "C2PA 2.2, 14.5.1.2",
        )  # fmt: skip
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        yield _of_leaf("key usage", "whose key usage is not digitalSignature")
    elif not is_critical(leaf, x509.KeyUsage):
        yield _of_leaf("key usage", "whose key usage is not marked critical", required=False)
    if extension(leaf, x509.AuthorityKeyIdentifier) is None:
        yield _of_leaf("authority key identifier", "without an authority key identifier")
    if extension(leaf, x509.SubjectKeyIdentifier) is None:
        yield _of_leaf("subject key identifier", "without a subject key identifier", required=False)
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        yield _of_leaf(
            "extended key usage",
            "without the extended key usage emailProtection",
            clause="C2PA 2.2, 14.4.1 and 14.5.1.1",
        )
    for purpose, name in _FORBIDDEN_PURPOSES.items():
        if purpose in purposes:
            yield _of_leaf("extended key usage", f"with the extended key usage {name}")


def _issuer(issuer: x509.Certificate, position: int) -> Iterator[Finding]:
    constraints = extension(issuer, x509.BasicConstraints)
    usage = extension(issuer, x509.KeyUsage)
    which = f"holds certificate {position}"
    remedy = "Ask the authority for its certificates, and give only those."
    if constraints is None or not constraints.ca:
        yield _finding(position, "basic constraints", f"{which}, which is not an authority", remedy)
    elif constraints.path_length is not None and constraints.path_length < position - 2:
        yield _finding(
            position,
            "basic constraints",
            f"{which}, which allows {constraints.path_length} authorities under itself, "
            f"not {position - 2}",
            remedy,
            "RFC 5280, 4.2.1.9",
        )
    if usage is None or not usage.key_cert_sign:
        yield _finding(
            position, "key usage", f"{which}, which may not sign certificates", remedy,
            "RFC 5280, 4.2.1.3",
        )  # fmt: skip
    if extension(issuer, x509.SubjectKeyIdentifier) is None:
        yield _finding(
            position, "subject key identifier", f"{which} without a subject key identifier", remedy
        )
    self_signed = issuer.issuer == issuer.subject
    if not self_signed and extension(issuer, x509.AuthorityKeyIdentifier) is None:
        yield _finding(
            position,
            "authority key identifier",
            f"{which} without an authority key identifier",
            remedy,
        )


def _algorithms(certificate: x509.Certificate, position: int) -> Iterator[Finding]:
    which = f"holds certificate {position}"
    if not _is_signature_allowed(certificate):
        yield _finding(
            position,
            "signature algorithm",
            f"{which}, which is signed with an algorithm that C2PA does not allow",
            "Use ECDSA or RSA with SHA-256, SHA-384 or SHA-512, or Ed25519.",
        )
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        fits = key.key_size >= _MIN_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        fits = isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
    else:
        fits = isinstance(key, ed25519.Ed25519PublicKey)
    if not fits:
        yield _finding(
            position,
            "public key",
            f"{which}, whose key is of a kind or length that C2PA does not allow",
            "Use a key on P-256, P-384 or P-521, an RSA key of 2,048 bits or more, or Ed25519.",
        )


def _is_signature_allowed(certificate: x509.Certificate) -> bool:
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        return False
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.RSASSA_PSS:
        return True
    try:
        digest = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return (
        digest is not None
        and digest.name in _DIGESTS
        and isinstance(parameters, padding.PSS)
        and parameters.mgf == padding.MGF1(digest)
    )


def _of_leaf(field: str, problem: str, *, clause: str = _PROFILE, required: bool = True) -> Finding:
    return _finding(1, field, f"has a leaf {problem}", _ANOTHER, clause, required=required)


def _finding(
    position: int,
    field: str,
    problem: str,
    remedy: str,
    clause: str = _PROFILE,
    *,
    required: bool = True,
) -> Finding:
    return Finding(
        Scope.PROFILE, position, field, problem, remedy=remedy, clause=clause, required=required
    )
