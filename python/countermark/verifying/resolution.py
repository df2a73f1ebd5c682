"""What resolution services of others know about a picture, judged as what a registry knows.

A manifest from there counts only if its own signature and hashes hold, every soft binding in it
that countermark can compute is that of this picture, and the thumbnail signed in it shows it.
What does not count is passed over: a service could otherwise bring any verdict about.

Source: C2PA 2.4, sections "Soft bindings" and "Recovery of manifests".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from countermark import credentials, fingerprint, resemblance
from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    Manifest,
    SoftBinding,
    Trust,
)
from countermark.errors import ResolverFailed
from countermark.fingerprint import Pdq
from countermark.registry import MAX_DISTANCE, MIN_QUALITY
from countermark.report import Confidence, Evidence
from countermark.resemblance import Resemblance
from countermark.resolving import Match, Resolver
from countermark.verifying import comparing, evidence
from countermark.verifying.conclusion import holds
from countermark.watermark import Detection

MAX_LEADS: Final = 5
"""Manifests of one service that are fetched and compared."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in the picture. `content`: the file, read only to be sent with consent."""

    content: Callable[[], bytes]
    media_type: str
    luma: npt.NDArray[np.float32]
    detection: Detection | None
    hashes: Sequence[Pdq]

    def matches(self, binding: SoftBinding) -> bool | None:
        """Whether a soft binding is that of this picture; None for algorithms of others."""
        if binding.algorithm == WATERMARK_ALGORITHM:
            own = self.detection
            return own is not None and binding == SoftBinding.of_payload(own.payload)
        if binding.algorithm == FINGERPRINT_ALGORITHM:
            return any(
                len(binding.value) == len(hash_.bits)
                and fingerprint.distance(hash_, binding.value) <= MAX_DISTANCE
                for hash_ in self.hashes
            )
        return None


def ask(
    resolvers: Sequence[Resolver],
    seen: Seen,
    *,
    trust: Trust,
) -> tuple[list[Evidence], Manifest | None]:
    """Evidence of each service that was asked, and the manifest that the last one led to."""
    found: list[Evidence] = []
    for resolver in resolvers:
        dismissed = 0
        try:
            for match in distinct(_answers(resolver, seen)):
                manifest = credentials.read_detached(resolver.manifest(match), trust=trust)
                likeness = _likeness(manifest, seen)
                if likeness is None:
                    dismissed += 1
                    continue
                found.append(_evidence(manifest, likeness, seen, resolver.host))
                return found, manifest
            found.append(evidence.nothing_resolved(resolver.host, dismissed=dismissed))
        except ResolverFailed as error:
            found.append(evidence.not_resolved(resolver.host, error.problem))
    return found, None


def distinct(answers: Iterator[Match]) -> Iterator[Match]:
    """Each one once, and `MAX_LEADS` at most; what comes later is not asked for."""
    known: set[Match] = set()
    for match in answers:
        if match not in known:
            known.add(match)
            yield match
        if len(known) >= MAX_LEADS:
            return


def _answers(resolver: Resolver, seen: Seen) -> Iterator[Match]:
    """By watermark, by fingerprint, and by the content if that may be sent."""
    if seen.detection is not None:
        binding = SoftBinding.of_payload(seen.detection.payload)
        yield from resolver.by_binding(binding.algorithm, binding.value, limit=MAX_LEADS)
    if seen.hashes and seen.hashes[0].quality >= MIN_QUALITY:
        bits = seen.hashes[0].bits
        yield from resolver.by_binding(FINGERPRINT_ALGORITHM, bits, limit=MAX_LEADS)
    if resolver.send_content:
        yield from resolver.by_content(seen.content(), seen.media_type, limit=MAX_LEADS)


def _likeness(manifest: Manifest, seen: Seen) -> Resemblance | None:
    """Of the picture and the signed thumbnail, when the manifest counts."""
    verdicts = [seen.matches(binding) for binding in manifest.soft_bindings]
    if not holds(manifest) or False in verdicts:
        return None
    shown = comparing.thumbnail(manifest)
    if shown is None:
        return None
    if seen.detection is not None and comparing.names(manifest, seen.detection):
        placed = resemblance.compare(seen.luma, shown, seen.detection.geometry.matrix)
        return placed if placed.convincing else None
    for symmetry in range(8):
        whole = resemblance.compare_whole(comparing.turned(seen.luma, symmetry), shown)
        if whole.convincing:
            return whole
    return None


def _evidence(manifest: Manifest, likeness: Resemblance, seen: Seen, host: str) -> Evidence:
    named = None if seen.detection is None else comparing.names(manifest, seen.detection)
    return evidence.manifest(
        manifest,
        Confidence.STRONG if named else Confidence.WEAK,
        origin="resolver",
        host=host,
        likeness=likeness,
        names_watermark=named,
    )
