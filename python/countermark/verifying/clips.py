"""A sound or movie whose file proves nothing: do its marks and fingerprints lead to another one?

A lead is all that they are: what is heard or seen in a file can stand beside something else, and no
signature ties the manifest that is found to all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from countermark import clips, credentials
from countermark.audio import Detection
from countermark.clips import Clip
from countermark.credentials import Manifest, Trust
from countermark.credentials.assets import Stream
from countermark.errors import MissingExtra, UnreadableVideo
from countermark.registry import ClipMatch, Registry
from countermark.report import Evidence
from countermark.verifying import clip_evidence as evidence
from countermark.verifying import comparing
from countermark.verifying.conclusion import holds

_MAX_CANDIDATES: Final = 10
"""Entries that are like it whose manifests are checked, the most alike first."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What was found, and the manifest to which it led, if any."""

    found: list[Evidence]
    manifest: Manifest | None = None


def is_clip(media_type: str | None) -> bool:
    """Whether files of this type have such fingerprints.

    >>> is_clip("audio/mpeg"), is_clip("image/png")
    (True, False)
    """
    return media_type in clips.FORMATS


def listen(asset: Stream, media_type: str) -> tuple[Detection, ...]:
    """The watermarks in its sound.

    Raises `UnreadableVideo`, `MissingExtra`.
    """
    return clips.watermarks(cast(BinaryIO, asset), media_type)


def look(asset: Stream, media_type: str, registry: Registry | None, trust: Trust) -> Lead:
    """Decode the file, and ask the registry for its watermarks, then for what is like it.

    Raises `UnreadableRegistry`.
    """
    try:
        marks = listen(asset, media_type)
        is_searched = registry is not None and registry.any_clips()
        seen = clips.read(cast(BinaryIO, asset), media_type, query=True) if is_searched else None
    except (UnreadableVideo, MissingExtra) as error:
        reason = error.problem
        return Lead([evidence.no_watermark(reason), *evidence.clip_not_compared(reason)])
    matches = [] if registry is None or seen is None else registry.find_clips(seen)
    told = _told(marks, registry)
    return (
        _by_watermark(marks, matches, registry, trust, told)
        or _by_fingerprint(matches, trust, told)
        or Lead([*told, *_nothing(seen, matches)])
    )


def _told(marks: Sequence[Detection], registry: Registry | None) -> list[Evidence]:
    if not marks:
        return [evidence.no_watermark()]
    return [
        evidence.watermark(
            mark,
            registered=registry is not None and registry.find_payload(mark.payload) is not None,
        )
        for mark in marks
    ]


def _by_watermark(
    marks: Sequence[Detection],
    matches: Sequence[ClipMatch],
    registry: Registry | None,
    trust: Trust,
    told: list[Evidence],
) -> Lead | None:
    """The mark that is there longest leads first."""
    for mark in marks:
        entry = None if registry is None else registry.find_payload(mark.payload)
        if entry is None:
            continue
        manifest = credentials.read_detached(entry.manifest, trust=trust)
        named = comparing.names_sound(manifest, mark.payload)
        if not holds(manifest) or not named or comparing.names_other_marks(manifest):
            continue
        alike = [match for match in matches if match.entry.payload == mark.payload]
        found = [each for match in alike for each in evidence.clip(match)]
        return Lead([*told, *found, evidence.lead(manifest, names_watermark=True)], manifest)
    return None


def _by_fingerprint(
    matches: Sequence[ClipMatch], trust: Trust, told: list[Evidence]
) -> Lead | None:
    for match in matches[:_MAX_CANDIDATES]:
        manifest = credentials.read_detached(match.entry.manifest, trust=trust)
        if holds(manifest) and not comparing.names_other_marks(manifest):
            return Lead([*told, *evidence.clip(match), evidence.lead(manifest)], manifest)
    return None


def _nothing(seen: Clip | None, matches: Sequence[ClipMatch]) -> Sequence[Evidence]:
    if seen is None:
        reason = "there is no registry that holds sounds or movies."
        return evidence.clip_not_compared(reason)
    return evidence.no_clip(seen, dismissed=len(matches))
