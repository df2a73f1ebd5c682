"""What the evidence comes to: the report with its verdict, summary and record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from countermark.credentials import Manifest, TrustStatus
from countermark.credentials.reading import UNREADABLE_ASSET
from countermark.errors import InvalidRecord
from countermark.record import DigitalSource, Record, System
from countermark.report import Evidence, Report, Verdict
from countermark.verifying import evidence


def holds(manifest: Manifest) -> bool:
    """Whether its statements are what the claim signer signed."""
    return manifest.signature_valid and manifest.assertions_valid


def is_bound(manifest: Manifest | None) -> bool:
    """Whether it holds, and says whether these are the very bytes that were signed."""
    return manifest is not None and holds(manifest) and manifest.hard_binding != "absent"


def by_manifest(
    verdict: Verdict,
    manifest: Manifest,
    found: Sequence[Evidence],
    *,
    media_type: str | None,
    decoded: bool = True,
    summary: str | None = None,
) -> Report:
    """The verdict rests on this manifest, the last one found; `summary`: why, if not as usual."""
    shown = verdict is not Verdict.TRANSPLANTED
    return Report(
        verdict=verdict,
        trust=manifest.trust,
        summary=summary or evidence.summary(verdict, found, decoded=decoded),
        evidence=tuple(found),
        record=_record(manifest) if shown else None,
        claim_signer=manifest.claim_signer,
        trusted_by=manifest.trusted_by,
        media_type=media_type,
    )


def by_lead(
    manifest: Manifest, found: Sequence[Evidence], *, summary: str, media_type: str | None
) -> Report:
    """Watermark or fingerprints of a sound or movie led to this manifest; nothing signed ties all.

    So nobody is trusted for this file: that its registry holds the manifest for it is all there is.
    """
    return Report(
        verdict=Verdict.RECOVERED,
        trust=TrustStatus.NONE,
        summary=summary,
        evidence=tuple(found),
        record=_record(manifest),
        media_type=media_type,
    )


def by_mixture(found: Sequence[Evidence], *, summary: str, media_type: str | None) -> Report:
    """Pictures and sound are of two files: nobody has signed that they belong together."""
    return Report(
        verdict=Verdict.TRANSPLANTED,
        trust=TrustStatus.NONE,
        summary=summary,
        evidence=tuple(found),
        media_type=media_type,
    )


def by_nothing(
    embedded: Manifest | None,
    found: Sequence[Evidence],
    *,
    media_type: str | None,
    decoded: bool = True,
    summary: str | None = None,
) -> Report:
    """No manifest that holds: a damaged one in the file is then the last word.

    `summary`: why, if not as usual.
    """
    return Report(
        verdict=Verdict.ALTERED if is_damaged(embedded) else Verdict.UNMARKED,
        trust=TrustStatus.NONE,
        summary=summary
        or evidence.summary_of_nothing(found, media_type=None if decoded else media_type),
        evidence=tuple(found),
        media_type=media_type,
    )


def unreadable(reason: str, *, media_type: str | None) -> Report:
    """There was nothing that could be examined."""
    return Report(
        verdict=Verdict.UNREADABLE, trust=TrustStatus.NONE, summary=reason, media_type=media_type
    )


def is_damaged(embedded: Manifest | None) -> bool:
    """Whether the file carries a manifest, rather than a link to one or nothing that was found."""
    return embedded is not None and not {"manifest.inaccessible", UNREADABLE_ASSET}.intersection(
        embedded.failures
    )


def _record(manifest: Manifest) -> Record | None:
    """What the signer states, as far as a record can say it.

    The assertions of the standard, which everybody reads, have the last word; from our own comes
    what they have no place for, and what they are silent about.
    """
    sources = {source.uri: source for source in DigitalSource}
    told = manifest.record
    uri = told.source.uri if told and manifest.digital_source is None else manifest.digital_source
    try:
        base = told or Record(source=sources[uri or ""])
        return replace(
            base,
            source=sources[uri or ""],
            creator=manifest.creator,
            system=_system(manifest),
            title=manifest.title,
            created=manifest.created or base.created,
        )
    except (KeyError, InvalidRecord):
        return None


def _system(manifest: Manifest) -> System | None:
    """Our own assertion tells name and version apart; others name a software in one text."""
    told = None if manifest.record is None else manifest.record.system
    if manifest.generator is None or str(told) == manifest.generator:
        return told
    return System(name=manifest.generator)
