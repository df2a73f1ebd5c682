"""X.509 certificates as C2PA uses them: read, and measured against its profiles.

Nothing here knows a private key. Those who sign, those who verify and those who keep keys ask the
same questions here, so that they get the same answers.

>>> import tempfile
>>> from datetime import datetime, timezone
>>> from countermark import keys
>>> with tempfile.TemporaryDirectory() as folder:
...     chain = load_pem(keys.create_home(folder + "/home").signer().certificate_chain)
>>> findings = lint(chain, at=datetime.now(timezone.utc))
>>> sorted({finding.scope.value for finding in findings})
['assurance-level-1', 'assurance-level-2']
"""

from countermark.certificates.assurance import assurance_findings
from countermark.certificates.expiry import announce_end
from countermark.certificates.finding import Finding, Scope
from countermark.certificates.linting import lint
from countermark.certificates.profile import (
    CLAIM_SIGNING,
    EXPIRY_NOTICE,
    ending_soon,
    profile_findings,
)
from countermark.certificates.reading import (
    PARSE_ERRORS,
    extension,
    issued,
    load_der,
    load_pem,
    name,
)
from countermark.certificates.signature_algorithms import ALGORITHMS, Algorithm

__all__ = [
    "ALGORITHMS",
    "CLAIM_SIGNING",
    "EXPIRY_NOTICE",
    "PARSE_ERRORS",
    "Algorithm",
    "Finding",
    "Scope",
    "announce_end",
    "assurance_findings",
    "ending_soon",
    "extension",
    "issued",
    "lint",
    "load_der",
    "load_pem",
    "name",
    "profile_findings",
]
