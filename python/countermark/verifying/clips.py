"""A sound or movie whose file proves nothing: do its fingerprints lead to one in the registry?

A lead is all that they are: what is heard or seen in a file can stand beside something else, and no
signature ties the manifest that is found to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from countermark import clips, credentials
from countermark.credentials import Manifest, Trust
from countermark.credentials.assets import Stream
from countermark.errors import MissingExtra, UnreadableVideo
from countermark.registry import ClipMatch, Registry
from countermark.report import Evidence
from countermark.verifying import comparing, evidence
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


def look(asset: Stream, media_type: str, registry: Registry | None, trust: Trust) -> Lead:
    """Decode the file and ask the registry, if it holds sounds or movies at all.

    Raises `UnreadableRegistry`.
    """
    if registry is None or not registry.any_clips():
        return _nothing("there is no registry that holds sounds or movies.")
    try:
        seen = clips.read(cast(BinaryIO, asset), media_type, query=True)
    except (UnreadableVideo, MissingExtra) as error:
        return _nothing(error.problem)
    matches = registry.find_clips(seen)
    for match in matches[:_MAX_CANDIDATES]:
        manifest = credentials.read_detached(match.entry.manifest, trust=trust)
        if holds(manifest) and not comparing.names_other_marks(manifest):
            return _led(match, manifest)
    return Lead([*evidence.no_clip(seen, dismissed=len(matches))])


def _led(match: ClipMatch, manifest: Manifest) -> Lead:
    return Lead([*evidence.clip(match), evidence.lead(manifest)], manifest)


def _nothing(reason: str) -> Lead:
    return Lead([*evidence.clip_not_compared(reason)])
