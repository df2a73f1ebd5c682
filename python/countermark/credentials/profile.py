"""Whether a certificate chain may sign claims, with a reason that a person can act on.

The library only says "the certificate is invalid", and lets some chains sign whose signatures
every verifier refuses.

Source: C2PA 2.2, section "Certificate profile"; RFC 5280.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

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


def check(signer: Signer) -> tuple[x509.Certificate, ...]:
    """The signer's certificates, the leaf first, when they may sign claims now.

    Raises `UnusableCertificate` with the first reason why not.
    """
    try:
        chain = load_pem(signer.certificate_chain)
    except ValueError as error:
        raise _unusable("does not parse", "Give the leaf and its issuers in PEM.") from error
    for problem, remedy in _problems(chain, signer.algorithm):
        raise _unusable(problem, remedy)
    return chain


def _unusable(problem: str, remedy: str) -> UnusableCertificate:
    return UnusableCertificate(f"The signer's certificate chain {problem}.", remedy=remedy)


def _problems(chain: Sequence[x509.Certificate], algorithm: str) -> Iterator[tuple[str, str]]:
    """Each a problem and a remedy."""
    yield from _chain_problems(chain)
    yield from _validity_problems(chain)
    known = ALGORITHMS.get(algorithm)
    if known is None:
        yield f"is for {algorithm!r:.40}", f"Use one of: {', '.join(ALGORITHMS)}."
    elif not known.fits(chain[0].public_key()):
        yield f"has a key that does not fit {algorithm}", "Name the key's own algorithm."
    yield from _leaf_problems(chain[0])


def _chain_problems(chain: Sequence[x509.Certificate]) -> Iterator[tuple[str, str]]:
    if len(chain) < 2:
        yield (
            "holds only the leaf",
            "Append the certificates of its issuers; verifiers cannot find them otherwise.",
        )
    for position, (certificate, issuer) in enumerate(itertools.pairwise(chain), 1):
        if not issued(certificate, issuer):
            yield (
                f"breaks at certificate {position}: the next one did not issue it",
                "Give the leaf first, then each issuer in order.",
            )


def _validity_problems(chain: Sequence[x509.Certificate]) -> Iterator[tuple[str, str]]:
    now = datetime.now(timezone.utc)
    for certificate in chain:
        if now > certificate.not_valid_after_utc:
            day = certificate.not_valid_after_utc.date()
            yield f"expired on {day}", "Renew the certificate."
        if now < certificate.not_valid_before_utc:
            day = certificate.not_valid_before_utc.date()
            yield f"is not valid before {day}", "Check the clock, or wait."


def _leaf_problems(leaf: x509.Certificate) -> Iterator[tuple[str, str]]:
    remedy = "Ask for a certificate with the C2PA claim-signing profile."
    constraints = extension(leaf, x509.BasicConstraints)
    usage = extension(leaf, x509.KeyUsage)
    purposes = set(extension(leaf, x509.ExtendedKeyUsage) or ())
    if constraints is not None and constraints.ca:
        yield "begins with an authority, not with a leaf", "Give the leaf first."
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        yield "has a leaf whose key usage is not digitalSignature", remedy
    if extension(leaf, x509.AuthorityKeyIdentifier) is None:
        yield "has a leaf without an authority key identifier", remedy
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        yield "has a leaf without the extended key usage emailProtection", remedy
    for purpose, name in _FORBIDDEN_PURPOSES.items():
        if purpose in purposes:
            yield f"has a leaf with the extended key usage {name}", remedy
