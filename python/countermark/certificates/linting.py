"""All that keeps a chain from what C2PA asks, for a person who has to get a better one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from countermark.certificates.assurance import LEVELS, assurance_findings
from countermark.certificates.finding import Finding
from countermark.certificates.profile import profile_findings


def lint(chain: Sequence[x509.Certificate], *, at: datetime) -> tuple[Finding, ...]:
    """What keeps the chain from the C2PA profile and from each assurance level, in this order.

    `chain`: at least the leaf, which comes first. `at`: when it is to sign.
    """
    findings = list(profile_findings(chain, at=at))
    for level in LEVELS:
        findings += assurance_findings(chain, level)
    return tuple(findings)
