"""What the checks on a manifest come to, in plain language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from countermark.credentials.findings import Failure
from countermark.credentials.timestamps import TimeStamp
from countermark.credentials.trust import TrustStatus

if TYPE_CHECKING:
    from countermark.credentials.reading import Manifest

_BINDING_SENTENCES: Final = {
    "match": "The file is as it was signed.",
    "mismatch": "The file was changed after it was signed.",
    "absent": "Nothing ties it to the file.",
    "not checked": "Whether a file is as it was signed was not checked.",
}
_TRUST_SENTENCES: Final = {
    TrustStatus.TRUSTED: "The signer is trusted by {by}.",
    TrustStatus.UNTRUSTED: "The signer is not on the trust list.",
    TrustStatus.EXPIRED: "The signer's certificate has expired.",
    TrustStatus.REVOKED: "The signer's certificate was revoked.",
    TrustStatus.NONE: "So no signer vouches for it.",
}


def explanation(
    manifest: Manifest,
    failures: Sequence[Failure],
    *,
    stamp: TimeStamp | None,
    earlier_signer: str | None,
) -> str:
    """The checks in plain language.

    `stamp`: what proves `signed_at`. `earlier_signer`: of the manifest that an update adds to.
    """
    signed = f"The claim is signed by {manifest.claim_signer}."
    agree = "as claimed" if manifest.assertions_valid else "not as claimed"
    sentences = [
        signed if manifest.signature_valid else "The signature of the claim is not valid.",
        f"Its assertions are {agree}.",
        _BINDING_SENTENCES[manifest.hard_binding],
        _TRUST_SENTENCES[manifest.trust].format(by=manifest.trusted_by),
    ]
    if stamp is not None:
        later = ", by a time stamp that was added later" if stamp.was_added else ""
        at = stamp.at.isoformat(" ", "seconds")
        sentences.append(f"{stamp.authority} proves that it was signed by {at}{later}.")
    for who in manifest.identities:
        sentences.append(f"{who.name} adds an identity ({who.trust.value}).")
    if manifest.is_update:
        signer = "" if earlier_signer is None else f", signed by {earlier_signer}"
        sentences.append(f"It adds to an earlier manifest of the same content{signer}.")
    if manifest.redactions:
        sentences.append(
            f"Statements removed on purpose from earlier manifests: {len(manifest.redactions)}."
        )
    if manifest.ingredient_failures:
        sentences.append("It was made from a picture whose own manifest has failures.")
    details = [f"{code}: {text}" if text else code for code, text in dict(failures).items()]
    return " ".join(sentences) + (f" ({'; '.join(details)})" if details else "")
