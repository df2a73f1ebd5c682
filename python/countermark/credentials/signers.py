"""Who signed a manifest and those that it updates, how far each is trusted, and what proves when.

Source: C2PA 2.2, sections 11.2.3, 14.4, 15.7 and 15.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509

from countermark.certificates import name
from countermark.credentials import library
from countermark.credentials.claim import Claim
from countermark.credentials.findings import Findings
from countermark.credentials.statements import parse_time
from countermark.credentials.timestamps import TimeStamp, proven
from countermark.credentials.trust import Kind, Standing, Trust, TrustStatus, judge

_WORST: Final = (
    TrustStatus.REVOKED,
    TrustStatus.UNTRUSTED,
    TrustStatus.EXPIRED,
    TrustStatus.TRUSTED,
)
_SIGNING_TAKES: Final = timedelta(minutes=1)
"""The library shows when a token was signed (CMS signing time), the standard counts its genTime."""


@dataclass(frozen=True, slots=True)
class ClaimSigner:
    """Who signed one claim, how far they are trusted, and what proves when."""

    chain: Sequence[x509.Certificate]
    standing: Standing
    stamp: TimeStamp | None

    @property
    def name(self) -> str | None:
        """In the certificate; None without one."""
        return name(self.chain[0]) if self.chain else None


def signers(lineage: Sequence[Claim], findings: Findings, trust: Trust) -> tuple[ClaimSigner, ...]:
    """Of a claim and of each that it updates, in that order.

    Raises `UnreadableManifest`.
    """
    return (_active(lineage[0], findings, trust), *_earlier(lineage, findings, trust))


def earlier_signer(
    claim: Claim,
    later: Sequence[Claim],
    findings: Findings,
    trust: Trust,
    responses: Sequence[bytes],
) -> ClaimSigner:
    """Of a claim that is not the active one, with a valid signature.

    `later`: claims that lead to it, which may have added time stamps. `responses`: OCSP responses
    at hand. The library does not judge such signers; what it says against them counts.

    Raises `UnreadableManifest`.
    """
    chain = claim.chain()
    stamp = proven(claim, trust, later)
    standing = judge(
        chain,
        trust,
        proven_at=stamp.at if stamp else None,
        library_trusts=True,
        codes=frozenset(code for code, uri in findings.standings if f"/{claim.label}/" in uri),
        responses=responses,
    )
    return ClaimSigner(chain, standing, stamp)


def least_trusted(signers: Sequence[ClaimSigner]) -> ClaimSigner | None:
    """The one who decides: an update lends no trust to what it updates, nor the other way."""
    return min(signers, key=lambda signer: _WORST.index(signer.standing.status), default=None)


def first_stamp(signers: Sequence[ClaimSigner]) -> TimeStamp | None:
    """The earliest: what a later time stamp covers holds the hash of all that is earlier."""
    stamps = [signer.stamp for signer in reversed(signers) if signer.stamp]
    return min(stamps, key=lambda stamp: stamp.at, default=None)


def is_signed(claim: Claim) -> bool:
    """Whether the signature of a claim is by the certificate that came with it."""
    chain = claim.chain()
    return bool(chain) and claim.signed_by(chain[0])


def _active(claim: Claim, findings: Findings, trust: Trust) -> ClaimSigner:
    """Of the latest claim, which the library judges too."""
    chain = claim.chain()
    stamp = _time_stamp(claim, findings, trust)
    listed = findings.trust_list in library.TRUST_LISTS.values()
    # The library names no list for signers that are trusted by certificate.
    by_name = not findings.trust_list and any(
        chain[0] in item.certificates for item in trust.of(Kind.SIGNER)
    )
    standing = judge(
        chain,
        trust,
        proven_at=stamp.at if stamp else None,
        library_trusts="signingCredential.trusted" in findings.successes
        and (listed or by_name)
        and findings.serial_number == str(chain[0].serial_number),
        codes=frozenset(code for code, _ in findings.failures),
        responses=claim.ocsp_responses(),
    )
    return ClaimSigner(chain, standing, stamp)


def _earlier(lineage: Sequence[Claim], findings: Findings, trust: Trust) -> Iterator[ClaimSigner]:
    """Of what an update adds to: its signer stands for the statements."""
    for number, claim in enumerate(lineage[1:], 1):
        yield earlier_signer(claim, lineage[:number], findings, trust, claim.ocsp_responses())


def _time_stamp(claim: Claim, findings: Findings, trust: Trust) -> TimeStamp | None:
    """The time that library and countermark both find proven."""
    if findings.signed_at is None or "timeStamp.trusted" not in findings.successes:
        return None
    stamp = proven(claim, trust)
    stated = parse_time(findings.signed_at)
    agree = stamp and stated and abs(stamp.at - stated) < _SIGNING_TAKES
    return stamp if agree else None
