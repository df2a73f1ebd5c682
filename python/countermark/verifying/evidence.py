"""What each finding of a verification says, as typed evidence and in plain words.

>>> no_fingerprint(30).explanation
'The picture has too little structure for a meaningful fingerprint.'
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from countermark.credentials import Manifest
from countermark.credentials.reading import UNREADABLE_ASSET
from countermark.registry import MAX_DISTANCE, MIN_QUALITY
from countermark.report import (
    Confidence,
    Evidence,
    FingerprintEvidence,
    ManifestEvidence,
    Origin,
    Track,
    Verdict,
    WatermarkEvidence,
)
from countermark.resemblance import Resemblance, threshold
from countermark.verifying.carried import Carried
from countermark.watermark import Detection

_HARD_BINDING: Final = "claim signature, assertion hashes, hard binding (hash of the file)"
STORED: Final = "claim signature, assertion hashes"
_THUMBNAIL: Final = "signed thumbnail against the picture"
SOFT_BINDING: Final = "soft binding (names the watermark)"
WATERMARK_CHECK: Final = "32-bit check and pilot of the watermark"
_FINGERPRINT: Final = f"PDQ hash, all eight symmetries, at most {MAX_DISTANCE} of 256 bits differ"
HELD: Final = "The registry holds the Content Credentials (a C2PA manifest) of"
_CARRIERS: Final = {
    None: "The pixels carry",
    "video": "The frames carry",
    "sound": "The sound carries",
}
_ORIGINS: Final = {
    "file": "The file carries Content Credentials (a C2PA manifest).",
    "sidecar": "Content Credentials (a C2PA manifest) lie beside the file, in {sidecar}.",
    "registry": f"{HELD} that picture.",
    "resolver": "The resolution service {host} gave Content Credentials (a C2PA manifest).",
}


def manifest(
    found: Manifest,
    confidence: Confidence,
    *,
    origin: Origin = "file",
    sidecar: Path | None = None,
    host: str | None = None,
    likeness: Resemblance | None = None,
    names_watermark: bool | None = None,
    decoded: bool = True,
) -> ManifestEvidence:
    """A manifest whose checks have been made.

    `sidecar`: the file that holds it, if that is one of its own. `host`: of the resolver.
    `decoded`: whether there were pixels to compare.
    """
    origin = origin if sidecar is None else "sidecar"
    checks = [_HARD_BINDING if origin in ("file", "sidecar") else STORED]
    sentences = [_ORIGINS[origin].format(host=host, sidecar=sidecar)]
    sentences.append(found.explanation)
    if names_watermark is not None:
        checks.append(SOFT_BINDING)
        says = "names" if names_watermark else "does not name"
        sentences.append(f"It {says} the watermark in the pixels.")
    if likeness is not None:
        checks.append(_THUMBNAIL)
        sentences.append(said_of(likeness))
    elif not decoded:
        sentences.append("No thumbnail was compared, for this file was not decoded.")
    elif origin in ("registry", "resolver") or found.hard_binding == "mismatch":
        sentences.append("It was not compared with the picture by a thumbnail.")
    return ManifestEvidence(
        found=True,
        confidence=confidence,
        check=", ".join(checks),
        explanation=" ".join(sentences),
        origin=origin,
        sidecar=None if sidecar is None else str(sidecar),
        label=found.label,
        sha256=hashlib.sha256(found.bytes).hexdigest(),
        claim_signer=found.claim_signer,
        signed_at=found.signed_at,
        time_stamped_by=found.time_stamped_by,
        trust=found.trust,
        trusted_by=found.trusted_by,
        signature_valid=found.signature_valid,
        assertions_valid=found.assertions_valid,
        hard_binding=found.hard_binding,
        names_watermark=names_watermark,
        correlation=None if likeness is None else round(likeness.correlation, 3),
        overlap=None if likeness is None else round(likeness.overlap, 3),
        failures=found.failures,
        ingredients=found.ingredients,
        omitted=found.omitted,
    )


def unusable_manifest(found: Manifest | None) -> ManifestEvidence:
    """No manifest in the file, or one that proves nothing."""
    if found is not None and UNREADABLE_ASSET not in found.failures:
        return manifest(found, Confidence.NONE)
    return ManifestEvidence(
        found=False,
        confidence=Confidence.NONE,
        check=_HARD_BINDING,
        explanation="The file carries no Content Credentials (C2PA manifest)."
        if found is None
        else "The file is damaged. No Content Credentials (C2PA manifest) were found in it.",
        failures=() if found is None else found.failures,
    )


def strange_manifest(found: Manifest, sidecar: Path) -> ManifestEvidence:
    """A manifest beside the file that is not one for these very bytes."""
    plain = manifest(found, Confidence.NONE, sidecar=sidecar)
    says = (
        "The file was changed since, or they belong to another one: nothing they state counts."
        if found.hard_binding == "mismatch"
        else "They prove nothing about this file."
    )
    return replace(plain, explanation=f"{plain.explanation} {says}")


def unmatched_manifest(found: Manifest) -> ManifestEvidence:
    """A manifest in the registry with more soft bindings than the watermark that led to it.

    Source: C2PA 2.2, section 18.10.5.1: all of them have to match.
    """
    plain = manifest(found, Confidence.NONE, origin="registry", names_watermark=True)
    others = "It names other marks too, which were not found, and so does not count."
    return replace(plain, explanation=f"{plain.explanation} {others}")


def nothing_resolved(host: str, *, dismissed: int, of: str = "picture") -> ManifestEvidence:
    """A resolver that was asked; `dismissed`: its manifests are of other pictures, or `of` what."""
    explanation = (
        f"Manifests that the resolution service {host} gave: {dismissed}. None counts: it does not "
        "hold, names other soft bindings, or the thumbnail in it shows something else."
        if dismissed
        else f"The resolution service {host} knows nothing of this {of}."
    )
    return _unresolved(explanation)


def not_resolved(host: str, problem: str) -> ManifestEvidence:
    """A resolver that could not be asked."""
    return _unresolved(f"What the resolution service {host} knows could not be used. {problem}")


def _unresolved(explanation: str) -> ManifestEvidence:
    return ManifestEvidence(
        found=False,
        confidence=Confidence.NONE,
        check=f"{STORED}, {SOFT_BINDING}, {_THUMBNAIL}",
        explanation=explanation,
        origin="resolver",
    )


def watermark(detection: Detection, *, registered: bool | None) -> WatermarkEvidence:
    """A watermark that was read; `registered` is None when that was not asked."""
    sentences = [
        f"The pixels carry an invisible watermark with the payload {detection.payload:016x}.",
        by_chance(detection.false_positive_rate, "pictures"),
        _history(detection),
    ]
    if registered is not None:
        says = "knows" if registered else "does not know"
        sentences.append(f"The registry {says} this payload.")
    geometry = detection.geometry
    return WatermarkEvidence(
        found=True,
        confidence=Confidence.STRONG,
        check=WATERMARK_CHECK,
        explanation=" ".join(sentences),
        payload=detection.payload,
        false_positive_rate=detection.false_positive_rate,
        registered=registered,
        rotation_degrees=round(geometry.rotation_degrees, 2),
        scale=round(geometry.scale, 4),
        mirrored=geometry.mirrored,
    )


def by_chance(false_positive_rate: float, kind: str) -> str:
    """How many unmarked ones of that kind, such as "pictures", would pass for marked.

    >>> by_chance(1e-8, "sounds")
    'At most 1 in 100,000,000 unmarked sounds would seem to carry one.'
    """
    chance = min(1 / false_positive_rate, 1e12)  # more would impress nobody
    return f"At most 1 in {chance:,.0f} unmarked {kind} would seem to carry one."


def no_watermark(*, too_small: bool) -> WatermarkEvidence:
    """No watermark."""
    return nothing_read(
        "The picture is too small to hold a watermark."
        if too_small
        else "No watermark was read in the pixels."
    )


def nothing_read(explanation: str, of: Track | None = None) -> WatermarkEvidence:
    """No watermark in a picture, or in a track of a sound or movie, and why."""
    return WatermarkEvidence(
        found=False,
        confidence=Confidence.NONE,
        check=WATERMARK_CHECK,
        explanation=explanation,
        of=of,
    )


def not_decoded(reason: str) -> tuple[WatermarkEvidence, FingerprintEvidence]:
    """Neither watermark nor fingerprint, for there were no pixels to look at."""
    explanation = f"Not looked for: {reason}"
    fingerprint = FingerprintEvidence(
        found=False, confidence=Confidence.NONE, check=_FINGERPRINT, explanation=explanation
    )
    return nothing_read(explanation), fingerprint


def strange(at: Carried) -> list[ManifestEvidence]:
    """What is said of a manifest beside the file that is not one of these bytes."""
    if at.manifest is None or at.sidecar is None or not at.is_strange:
        return []
    return [strange_manifest(at.manifest, at.sidecar)]


def fingerprint(distance: int, quality: int) -> FingerprintEvidence:
    """A marked picture whose fingerprint is like this one's."""
    return FingerprintEvidence(
        found=True,
        confidence=Confidence.WEAK,
        check=_FINGERPRINT,
        explanation="A picture in the registry has nearly the same fingerprint (perceptual hash): "
        f"{distance} of 256 bits differ.",
        distance=distance,
        quality=quality,
    )


def no_fingerprint(quality: int | None, *, dismissed: int = 0) -> FingerprintEvidence:
    """No similar picture; `dismissed` had similar hashes, but not the same picture or no proof."""
    if quality is None:
        explanation = "The picture is too small for a fingerprint."
    elif quality < MIN_QUALITY:
        explanation = "The picture has too little structure for a meaningful fingerprint."
    elif dismissed:
        explanation = (
            f"Pictures in the registry with a similar fingerprint: {dismissed}. None counts: "
            "its manifest does not hold or names other marks, or the thumbnail in it shows "
            "something else."
        )
    else:
        explanation = "No picture in the registry has a similar fingerprint (perceptual hash)."
    return FingerprintEvidence(
        found=False,
        confidence=Confidence.NONE,
        check=_FINGERPRINT,
        explanation=explanation,
        quality=quality,
    )


def summary(verdict: Verdict, found: Sequence[Evidence], *, decoded: bool = True) -> str:
    """Why a manifest led to this verdict; it is the last one found."""
    rests_on = [item for item in found if isinstance(item, ManifestEvidence)][-1]
    from_file = rests_on.origin == "file"
    if verdict is Verdict.INTACT and rests_on.origin == "sidecar":
        return "The Content Credentials beside the file were signed for exactly these bytes."
    if verdict is Verdict.INTACT:
        return "The file carries Content Credentials, and nothing in it has changed since."
    if verdict is Verdict.ALTERED and not decoded:
        return (
            "The file was changed after its Content Credentials were signed. It was not decoded, "
            "so how much of it changed is not known."
        )
    if verdict is Verdict.ALTERED and rests_on.correlation is None:
        return (
            "The file was changed after its Content Credentials were signed. They hold no "
            "thumbnail that would tell whether it still shows the same picture."
        )
    if verdict is Verdict.ALTERED:
        return (
            "The file still shows the picture that was signed, but it was changed afterwards: "
            "the signer does not vouch for what it looks like now."
        )
    if verdict is Verdict.RECOVERED and rests_on.origin == "resolver":
        return (
            "The file itself proves nothing, but a resolution service that was asked gave Content "
            "Credentials, and the thumbnail signed in them shows this picture. Details may have "
            "been changed since."
        )
    if verdict is Verdict.RECOVERED:
        way = "fingerprint of" if rests_on.confidence is Confidence.WEAK else "watermark in"
        return (
            f"The file itself proves nothing, but the {way} its pixels led to Content Credentials "
            "in the registry, and the thumbnail signed there shows this picture. Details may "
            "have been changed since."
        )
    if from_file:
        return (
            "The Content Credentials in this file were signed for a picture that looks different."
        )
    if not rests_on.names_watermark:
        return "The manifest that the registry keeps for this watermark does not name it."
    return (
        "The watermark in the pixels is that of a picture which looks different, or of one with "
        "too little structure to compare: it may have been copied from there."
    )


def summary_of_nothing(found: Sequence[Evidence], *, media_type: str | None = None) -> str:
    """Why no manifest led to a verdict; `media_type`: of a file that was not decoded."""
    for item in found:
        if isinstance(item, ManifestEvidence) and item.found:
            if item.origin == "sidecar":
                return (
                    "The Content Credentials beside the file are not of these bytes, and nothing "
                    "they state counts: the file was changed since, or they belong to another one."
                    if item.hard_binding == "mismatch"
                    else "The Content Credentials beside the file prove nothing about it."
                )
            if "manifest.inaccessible" in item.failures:
                return (
                    "The file only links to Content Credentials elsewhere. They were not "
                    "fetched: links in files are never followed."
                )
            if item.names_watermark:
                return (
                    "The watermark leads to Content Credentials in the registry, but they name "
                    "other marks too, and those were not found."
                )
            where = "in the file" if item.origin == "file" else "in the registry"
            return f"There are Content Credentials {where}, but they fail their own checks."
        if isinstance(item, WatermarkEvidence) and item.registered is False:
            return (
                f"{_CARRIERS[item.of]} a watermark, but this registry does not know it. "
                "Whoever put it there has the registry that does."
            )
    for item in found:
        if isinstance(item, WatermarkEvidence) and item.registered:
            return (
                f"{_CARRIERS[item.of]} a watermark that this registry knows, but its Content "
                "Credentials do not hold, or do not name it alone."
            )
    if media_type is not None:
        return (
            f"No Content Credentials were found, and files of type {media_type} have no "
            "watermark yet. That says nothing about where it comes from."
        )
    return (
        "Neither Content Credentials nor a watermark nor a known fingerprint were found. "
        "That says nothing about where it comes from."
    )


def said_of(likeness: Resemblance) -> str:
    """How like the signed thumbnail it is."""
    needed = threshold(likeness.overlap)
    shows = "shows" if likeness.convincing else "does not show"
    return (
        f"The thumbnail signed in it {shows} this picture (correlation {likeness.correlation:.2f} "
        f"where {needed:.2f} is needed, over {likeness.overlap:.0%} of the original)."
    )


def _history(detection: Detection) -> str:
    geometry = detection.geometry
    turned = geometry.rotation_degrees
    done = ["mirrored"] if geometry.mirrored else []
    if abs(turned) >= 0.1:
        way = "anticlockwise" if turned > 0 else "clockwise"
        done.append(f"turned by {abs(turned):.1f} degrees {way}")
    return f"Since then it was {' and '.join(done)}." if done else "It was not turned since."
