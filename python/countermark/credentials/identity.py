"""Who else vouches for a manifest: CAWG identity assertions signed with X.509 certificates.

They are judged by the identity lists alone and never change the standing of the claim signer.
Countermark reads them and writes none. Those of identity aggregators are left to the library,
which checks that they are whole; nobody is trusted by them.

Source: CAWG Identity Assertion 1.1, sections 5.1, 7.1 and 8.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from countermark.certificates import name
from countermark.credentials import cbor, cose
from countermark.credentials.claim import Claim, chain_of, parse_signature, reference_label
from countermark.credentials.trust import Trust, TrustStatus, judge_identity
from countermark.errors import UnreadableManifest

_LABEL: Final = "cawg.identity"
_HARD_BINDING: Final = "c2pa.hash."


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who signed the manifest's statements, beside the claim signer.

    `name`: in the certificate. `trust`: by the identity lists; `trusted_by`: which of them.
    """

    name: str
    trust: TrustStatus
    trusted_by: str | None = None


def identities(
    claim: Claim, trust: Trust, *, proven_at: datetime | None, library_trusts: bool
) -> tuple[Identity, ...]:
    """Those whose signatures hold, over assertions of this claim that tie it to the file."""
    found: list[Identity] = []
    for box in claim.named(_LABEL):
        try:
            found += _identity(claim, claim.decoded(box), trust, proven_at, library_trusts)
        except UnreadableManifest:
            continue  # the library has a code for it
    return tuple(found)


def _identity(
    claim: Claim, data: Any, trust: Trust, proven_at: datetime | None, library_trusts: bool
) -> Iterator[Identity]:
    payload = data.get("signer_payload") if isinstance(data, Mapping) else None
    if not isinstance(payload, Mapping) or payload.get("sig_type") != "cawg.x509.cose":
        return
    if not isinstance(data.get("signature"), bytes) or not _refers(claim, payload):
        return
    encoded, protected, unprotected, signature = parse_signature(data["signature"])
    chain = chain_of(protected, unprotected)
    signed = cose.to_be_signed(encoded, cbor.encode(payload))
    if not chain or not cose.verify(chain[0].public_key(), protected.get(1), signature, signed):
        return
    standing = judge_identity(chain, trust, proven_at=proven_at)
    if standing.status is TrustStatus.TRUSTED and not library_trusts:
        yield Identity(name(chain[0]), TrustStatus.UNTRUSTED)
    else:
        yield Identity(name(chain[0]), standing.status, standing.by)


def _refers(claim: Claim, payload: Mapping[Any, Any]) -> bool:
    """Whether it names assertions by the hashes of the claim, the hard binding among them."""
    listed = payload.get("referenced_assertions")
    if not isinstance(listed, (list, tuple)) or not all(isinstance(r, dict) for r in listed):
        return False
    labels = {reference_label(reference): reference.get("hash") for reference in listed}
    stated = claim.reference_hashes()
    agree = all(
        label in claim.assertions and stated.get(label) == value for label, value in labels.items()
    )
    return agree and any(label.startswith(_HARD_BINDING) for label in labels)
