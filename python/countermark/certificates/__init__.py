"""X.509 certificates as C2PA uses them: read, and measured against its profiles.

Nothing here knows a private key. Those who sign, those who verify and those who keep keys ask the
same questions here, so that they get the same answers.

>>> from datetime import datetime, timezone
>>> sorted(scope.value for scope in Scope)
['assurance-level-1', 'assurance-level-2', 'c2pa-profile']
"""

from countermark.certificates.assurance import assurance_findings
from countermark.certificates.finding import Finding, Scope
from countermark.certificates.profile import CLAIM_SIGNING, profile_findings
from countermark.certificates.reading import extension, issued, load_der, load_pem

__all__ = [
    "CLAIM_SIGNING",
    "Finding",
    "Scope",
    "assurance_findings",
    "extension",
    "issued",
    "load_der",
    "load_pem",
    "profile_findings",
]
