"""What a sound or movie comes to whose bytes are not those that were signed.

Looked at in this order: the watermark that samples of the frames have in common, that in all of the
sound, and when these do not suffice the fingerprints of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from countermark import credentials
from countermark.credentials import Manifest, Trust
from countermark.credentials.assets import Stream
from countermark.credentials.reading import UNREADABLE_ASSET
from countermark.registry import ClipMatch, Registry
from countermark.report import Evidence, Report, Verdict
from countermark.resolving import Resolver
from countermark.verifying import comparing, conclusion, evidence
from countermark.verifying.carried import Carried
from countermark.verifying.clips import marks, resolution, summaries, wording
from countermark.verifying.clips.content import Content, on_disk
from countermark.verifying.clips.marks import Mark
from countermark.verifying.clips.ties import Standing, Tie
from countermark.verifying.conclusion import holds, is_bound

_LANES: Final = 2
"""What is seen and what is heard is looked for at once."""

_MAX_CANDIDATES: Final = 10
"""Entries that are like it whose manifests are checked, the most alike first."""


def report(
    asset: Stream,
    media_type: str,
    at: Carried,
    path: Path | None,
    trust: Trust,
    registry: Registry | None,
    resolvers: Sequence[Resolver],
) -> Report:
    """What is known of it. `at`: the manifest that it carries; not one by which it is intact.

    `resolvers`: asked when all else leads nowhere. Raises `UnreadableRegistry`.
    """
    embedded = None if at.is_strange else at.manifest
    if embedded is not None and UNREADABLE_ASSET in embedded.failures:
        reason = f"The {media_type} file is damaged, so that what it carries cannot be read."
        return conclusion.unreadable(reason, media_type=media_type)
    changed = embedded if embedded is not None and is_bound(embedded) else None
    with on_disk(asset, path) as where, ThreadPoolExecutor(_LANES) as lanes:
        content = Content(where, media_type, registry, lanes, by_fingerprint=changed is None)
        read = marks.read(content, trust)
        if changed is not None:
            return _changed(content, changed, read)
        told = [*(evidence.strange(at) or [evidence.unusable_manifest(embedded)])]
        asking = partial(resolution.ask, resolvers, file=partial(_whole, asset), trust=trust)
        return _searched(content, embedded, read, told, trust, asking)


def _whole(asset: Stream) -> bytes:
    asset.seek(0)
    return asset.read()


def _changed(content: Content, manifest: Manifest, read: Sequence[Mark]) -> Report:
    """The file is not what was signed: are its frames and its sound still those that were?"""
    strangers = marks.foreign(read, manifest)
    named = [mark for mark in read if mark.payload in comparing.payloads(manifest, mark.of)]
    found: list[Evidence] = [
        wording.changed(manifest, named, strangers),
        *wording.marks(content, read, manifest),
    ]
    return conclusion.by_manifest(
        Verdict.TRANSPLANTED if strangers else Verdict.ALTERED,
        manifest,
        found,
        media_type=content.media_type,
        summary=summaries.of_changed(manifest, named, strangers),
    )


def _searched(
    content: Content,
    embedded: Manifest | None,
    read: Sequence[Mark],
    told: Sequence[Evidence],
    trust: Trust,
    asking: Callable[[Content, Sequence[Mark]], tuple[list[Evidence], Tie | None]],
) -> Report:
    """It carries no manifest that holds: does what is in it lead to one, and how far?"""
    mixed = _mixed(content, read)
    if mixed is not None:
        seen = wording.marks(content, read, mixed[0].manifest or mixed[1].manifest)
        return conclusion.by_mixture(
            [*told, *seen, *wording.owners(mixed)],
            summary=summaries.of_mixture(*mixed),
            media_type=content.media_type,
        )
    lead: Tie | None = None
    for tie in _ties(content, read, trust):
        if tie.is_proof:
            return _tied(tie, told)
        lead = lead or tie
    if lead is not None:
        # With the fingerprints, which were compared since.
        return _tied(replace(lead, match=_match(content, lead)), told)
    answers, resolved = asking(content, read)
    if resolved is not None:
        return _tied(resolved, [*told, *answers])
    seen = wording.marks(content, read, None)
    found = [*told, *seen, *wording.nothing(content), *answers]
    unlike = None if any(each.found for each in told) else marks.unlike(read)
    return conclusion.by_nothing(
        embedded,
        found,
        media_type=content.media_type,
        decoded=content.problem is None,
        summary=None if unlike is None else summaries.of_unlike(*unlike),
    )


def _tied(tie: Tie, told: Sequence[Evidence]) -> Report:
    """What a manifest comes to: it is shown to be of all of the file, or it is a lead."""
    found = [*told, *wording.marks(tie.content, tie.marks, tie.manifest), *wording.tie(tie)]
    kind = tie.content.media_type
    if not tie.is_proof:
        return conclusion.by_lead(
            tie.manifest, found, summary=summaries.of_lead(tie), media_type=kind
        )
    return conclusion.by_manifest(
        Verdict.RECOVERED,
        tie.manifest,
        found,
        media_type=kind,
        summary=summaries.of_proof(tie),
    )


def _mixed(content: Content, read: Sequence[Mark]) -> tuple[Mark, Mark] | None:
    """Marks of two files, unless that in the sound was there when the movie was signed."""
    found = marks.mixed(read)
    if found is None or found[0].entry is None or found[0].manifest is None:
        return found
    tie = Tie(content, found[0].entry, found[0].manifest, read)
    tie = replace(tie, match=_match(content, tie))
    return None if tie.sound is Standing.SHOWN else found


def _ties(content: Content, read: Sequence[Mark], trust: Trust) -> Iterator[Tie]:
    """What the marks lead to, at first without the fingerprints; then what these lead to."""
    led: dict[int, Tie] = {}
    for mark in read:
        if mark.entry is not None and mark.manifest is not None:
            led.setdefault(mark.entry.payload, Tie(content, mark.entry, mark.manifest, read))
    yield from led.values()
    for tie in led.values():
        if (match := _match(content, tie)) is not None:
            yield replace(tie, match=match)
    for match in content.matches[:_MAX_CANDIDATES]:
        if match.entry.payload in led:
            continue
        manifest = credentials.read_detached(match.entry.manifest, trust=trust)
        if holds(manifest) and not comparing.names_other_marks(manifest):
            tie = Tie(content, match.entry, manifest, read, match)
            if not marks.foreign(read, manifest):
                yield tie


def _match(content: Content, tie: Tie) -> ClipMatch | None:
    entry = tie.entry
    return next(
        (each for each in content.matches if entry and each.entry.payload == entry.payload), None
    )
