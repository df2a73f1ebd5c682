"""Whether a certificate chain may sign claims, with a reason that a person can act on.

Source: C2PA 2.2, section 14.5.1 "Certificate Profiles"; RFC 5280.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from cryptography import x509

from countermark.certificates import ALGORITHMS, announce_end, load_pem, profile_findings
from countermark.credentials.signer import Signer
from countermark.errors import UnusableCertificate


def check(signer: Signer) -> tuple[x509.Certificate, ...]:
    """The signer's certificates, the leaf first, when they may sign claims now.

    Every signer comes through here, wherever its key lives. Warns with `CertificateExpiresSoon`
    when one of them has 30 days or less.
    Raises `UnusableCertificate` with the first reason why not.
    """
    try:
        chain = load_pem(signer.certificate_chain)
    except ValueError as error:
        raise _unusable("does not parse", "Give the leaf and its issuers in PEM.") from error
    now = datetime.now(timezone.utc)
    for problem, remedy in _problems(chain, signer.algorithm, now):
        raise _unusable(problem, remedy)
    # The end of a key that signs once is no matter: nobody renews it.
    announce_end(chain[1:] if getattr(signer, "is_one_time", False) else chain)
    return chain


def _unusable(problem: str, remedy: str) -> UnusableCertificate:
    return UnusableCertificate(f"The signer's certificate chain {problem}.", remedy=remedy)


def _problems(
    chain: Sequence[x509.Certificate], algorithm: str, now: datetime
) -> Iterator[tuple[str, str]]:
    """Each a problem and a remedy."""
    for finding in profile_findings(chain, at=now):
        if finding.required:
            yield finding.problem, finding.remedy
    known = ALGORITHMS.get(algorithm)
    if known is None:
        yield f"is for {algorithm!r:.40}", f"Use one of: {', '.join(ALGORITHMS)}."
    elif not known.fits(chain[0].public_key()):
        yield f"has a key that does not fit {algorithm}", "Name the key's own algorithm."
