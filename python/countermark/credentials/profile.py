"""Whether a certificate chain may sign claims, with a reason that a person can act on.

The library only says "the certificate is invalid", and lets some chains sign whose signatures
every verifier refuses.

Source: C2PA 2.2, section "Certificate profile"; RFC 5280.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from countermark.credentials.certificates import extension, issued, load_pem
from countermark.credentials.cose import ALGORITHMS
from countermark.credentials.signer import Signer
from countermark.errors import UnusableCertificate

_FORBIDDEN_PURPOSES: Final = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}
_SIGNATURES: Final = (
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.RSASSA_PSS,
    SignatureAlgorithmOID.ED25519,
)
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_MIN_RSA_BITS: Final = 2048


class Problem(NamedTuple):
    """What keeps a chain from the profile.

    `field`: the part of the certificate. `text`: continues "The chain".
    """

    field: str
    text: str
    remedy: str


def check(signer: Signer) -> tuple[x509.Certificate, ...]:
    """The signer's certificates, the leaf first, when they may sign claims now.

    Raises `UnusableCertificate` with the first reason why not.
    """
    try:
        chain = load_pem(signer.certificate_chain)
    except ValueError as error:
        raise _unusable("does not parse", "Give the leaf and its issuers in PEM.") from error
    for problem in (
        *problems(chain, at=datetime.now(timezone.utc)),
        *_algorithm_problems(chain[0], signer.algorithm),
    ):
        raise _unusable(problem.text, problem.remedy)
    return chain


def problems(chain: Sequence[x509.Certificate], *, at: datetime) -> Iterator[Problem]:
    """What keeps a chain, the leaf first, from signing claims at that time."""
    yield from _chain_problems(chain)
    yield from _validity_problems(chain, at)
    yield from _leaf_problems(chain[0])
    for position, issuer in enumerate(chain[1:], 2):
        yield from _issuer_problems(issuer, position)
    for position, certificate in enumerate(chain, 1):
        yield from _key_problems(certificate, position)


def _unusable(problem: str, remedy: str) -> UnusableCertificate:
    return UnusableCertificate(f"The signer's certificate chain {problem}.", remedy=remedy)


def _algorithm_problems(leaf: x509.Certificate, algorithm: str) -> Iterator[Problem]:
    known = ALGORITHMS.get(algorithm)
    if known is None:
        remedy = f"Use one of: {', '.join(ALGORITHMS)}."
        yield Problem("algorithm", f"is for {algorithm!r:.40}", remedy)
    elif not known.fits(leaf.public_key()):
        text = f"has a key that does not fit {algorithm}"
        yield Problem("algorithm", text, "Name the key's own algorithm.")


def _chain_problems(chain: Sequence[x509.Certificate]) -> Iterator[Problem]:
    if len(chain) < 2:
        yield Problem(
            "issuer",
            "holds only the leaf",
            "Append the certificates of its issuers; verifiers cannot find them otherwise.",
        )
    for position, (certificate, issuer) in enumerate(itertools.pairwise(chain), 1):
        if not issued(certificate, issuer):
            yield Problem(
                "issuer",
                f"breaks at certificate {position}: the next one did not issue it",
                "Give the leaf first, then each issuer in order.",
            )


def _validity_problems(chain: Sequence[x509.Certificate], at: datetime) -> Iterator[Problem]:
    for certificate in chain:
        if at > certificate.not_valid_after_utc:
            day = certificate.not_valid_after_utc.date()
            yield Problem("validity", f"expired on {day}", "Renew the certificate.")
        if at < certificate.not_valid_before_utc:
            day = certificate.not_valid_before_utc.date()
            yield Problem("validity", f"is not valid before {day}", "Check the clock, or wait.")


def _leaf_problems(leaf: x509.Certificate) -> Iterator[Problem]:
    remedy = "Ask for a certificate with the C2PA claim-signing profile."
    constraints = extension(leaf, x509.BasicConstraints)
    usage = extension(leaf, x509.KeyUsage)
    purposes = set(extension(leaf, x509.ExtendedKeyUsage) or ())
    if constraints is not None and constraints.ca:
        text = "begins with an authority, not with a leaf"
        yield Problem("basic constraints", text, "Give the leaf first.")
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        yield Problem("key usage", "has a leaf whose key usage is not digitalSignature", remedy)
    if extension(leaf, x509.AuthorityKeyIdentifier) is None:
        text = "has a leaf without an authority key identifier"
        yield Problem("authority key identifier", text, remedy)
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        text = "has a leaf without the extended key usage emailProtection"
        yield Problem("extended key usage", text, remedy)
    for purpose, name in _FORBIDDEN_PURPOSES.items():
        if purpose in purposes:
            text = f"has a leaf with the extended key usage {name}"
            yield Problem("extended key usage", text, remedy)


def _issuer_problems(issuer: x509.Certificate, position: int) -> Iterator[Problem]:
    which = f"holds certificate {position}"
    remedy = "Ask the authority for its certificates, and give only those."
    constraints = extension(issuer, x509.BasicConstraints)
    usage = extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        yield Problem("basic constraints", f"{which}, which is not an authority", remedy)
    if usage is None or not usage.key_cert_sign:
        yield Problem("key usage", f"{which}, which may not sign certificates", remedy)
    if extension(issuer, x509.SubjectKeyIdentifier) is None:
        text = f"{which} without a subject key identifier"
        yield Problem("subject key identifier", text, remedy)
    self_signed = issuer.issuer == issuer.subject
    if not self_signed and extension(issuer, x509.AuthorityKeyIdentifier) is None:
        text = f"{which} without an authority key identifier"
        yield Problem("authority key identifier", text, remedy)


def _key_problems(certificate: x509.Certificate, position: int) -> Iterator[Problem]:
    which = f"holds certificate {position}"
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        remedy = "Use ECDSA or RSA with SHA-256, SHA-384 or SHA-512, or Ed25519."
        text = f"{which}, which is signed with an algorithm that C2PA does not allow"
        yield Problem("signature algorithm", text, remedy)
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        fits = key.key_size >= _MIN_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        fits = isinstance(key.curve, _CURVES)
    else:
        fits = isinstance(key, ed25519.Ed25519PublicKey)
    if not fits:
        remedy = "Use P-256, P-384, P-521, Ed25519, or RSA of 2048 bits and more."
        text = f"{which}, whose key is of a kind or length that C2PA does not allow"
        yield Problem("public key", text, remedy)
