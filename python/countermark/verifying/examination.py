"""A picture under examination: its manifest, its watermark, its fingerprint, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from countermark import credentials, fingerprint, image, resemblance
from countermark.credentials import Manifest, Trust
from countermark.image import Picture
from countermark.registry import MIN_QUALITY, Entry, Registry
from countermark.report import Confidence, Evidence, Report, Verdict
from countermark.resemblance import Resemblance
from countermark.resolving import Resolver
from countermark.screening import Sight
from countermark.verifying import comparing, conclusion, evidence, resolution
from countermark.verifying.conclusion import holds, is_bound
from countermark.watermark import Detection

_MAX_CANDIDATES: Final = 10
"""Entries with similar fingerprints that are compared with the picture, the nearest first."""


class Examination(Sight):
    """One picture under examination; `found` collects the evidence in the order of looking.

    `embedded`: the manifest in its file, if any; not one by which the file is intact.
    `content`: gives the file, for a resolver that it may be sent to.
    """

    def __init__(
        self,
        picture: Picture,
        media_type: str | None,
        embedded: Manifest | None,
        trust: Trust,
        registry: Registry | None,
        resolvers: Sequence[Resolver],
        content: Callable[[], bytes],
    ) -> None:
        super().__init__(image.upright(picture.pixels, picture.orientation))
        self.media_type = media_type
        self.embedded = embedded
        self.trust = trust
        self.registry = registry
        self.resolvers = resolvers
        self.content = content
        self.found: list[Evidence] = []

    def report(self) -> Report:
        """The first one that decides gives the verdict."""
        return (
            self._by_file()
            or self._by_watermark()
            or self._by_fingerprint()
            or self._by_resolvers()
            or self._nothing()
        )

    @cached_property
    def luma(self) -> npt.NDArray[np.float32]:
        return image.luma(self.pixels)

    # ---- the manifest in the file ----
    def _by_file(self) -> Report | None:
        if self.embedded is None or not is_bound(self.embedded):
            self.found.append(evidence.unusable_manifest(self.embedded))
            return None
        return self._changed(self.embedded)

    def _changed(self, manifest: Manifest) -> Report:
        """The file is not what was signed: is it still the picture?"""
        thumbnail = comparing.thumbnail(manifest)
        likeness = named = None
        if thumbnail is not None:
            likeness = resemblance.compare_whole(self.luma, thumbnail)
            if not likeness.convincing and self.detection is not None:
                named = comparing.names(manifest, self.detection)
                if named:
                    likeness = self._placed(thumbnail, self.detection)
        shown = likeness is None or likeness.convincing
        self.found.append(
            evidence.manifest(
                manifest,
                Confidence.WEAK if likeness is None else Confidence.STRONG,
                likeness=likeness,
                names_watermark=named,
            )
        )
        if named is not None and self.detection is not None:
            self.found.append(evidence.watermark(self.detection, registered=None))
        return self._conclude(Verdict.ALTERED if shown else Verdict.TRANSPLANTED, manifest)

    # ---- the watermark in the pixels ----
    def _by_watermark(self) -> Report | None:
        detection = self.detection
        if detection is None:
            too_small = min(self.pixels.shape[:2]) < image.MIN_SIDE
            self.found.append(evidence.no_watermark(too_small=too_small))
            return None
        entry = None if self.registry is None else self.registry.find_payload(detection.payload)
        self.found.append(evidence.watermark(detection, registered=entry is not None))
        if entry is None:
            return None
        manifest = credentials.read_detached(entry.manifest, trust=self.trust)
        if not holds(manifest):
            self.found.append(evidence.manifest(manifest, Confidence.NONE, origin="registry"))
            return None
        named = comparing.names(manifest, detection)
        if named and comparing.names_other_marks(manifest):
            self.found.append(evidence.unmatched_manifest(manifest))
            return None
        thumbnail = comparing.thumbnail(manifest)
        likeness = None if thumbnail is None else self._placed(thumbnail, detection)
        self.found.append(
            evidence.manifest(
                manifest,
                Confidence.STRONG,
                origin="registry",
                likeness=likeness,
                names_watermark=named,
            )
        )
        recovered = named and likeness is not None and likeness.convincing
        return self._conclude(Verdict.RECOVERED if recovered else Verdict.TRANSPLANTED, manifest)

    def _placed(self, thumbnail: npt.NDArray[np.float32], detection: Detection) -> Resemblance:
        return resemblance.compare(self.luma, thumbnail, detection.geometry.matrix)

    # ---- the fingerprint of the pixels ----
    def _by_fingerprint(self) -> Report | None:
        hashes = self.hashes
        if not hashes:
            self.found.append(evidence.no_fingerprint(None))
            return None
        quality = hashes[0].quality
        similar: list[tuple[Entry, int]] = []
        if self.registry is not None and quality >= MIN_QUALITY:
            similar = self.registry.find_similar([hash_.bits for hash_ in hashes])
        for entry, distance in similar[:_MAX_CANDIDATES]:
            assert entry.pdq is not None  # by which it was found
            distances = [fingerprint.distance(hash_, entry.pdq) for hash_ in hashes]
            manifest = credentials.read_detached(entry.manifest, trust=self.trust)
            thumbnail = comparing.thumbnail(manifest)
            others = comparing.names_other_marks(manifest)
            if not holds(manifest) or thumbnail is None or others:
                continue
            turned = comparing.turned(self.luma, distances.index(distance))
            likeness = resemblance.compare_whole(turned, thumbnail)
            if likeness.convincing:
                self.found.append(evidence.fingerprint(distance, quality))
                self.found.append(
                    evidence.manifest(
                        manifest, Confidence.WEAK, origin="registry", likeness=likeness
                    )
                )
                return self._conclude(Verdict.RECOVERED, manifest)
        self.found.append(evidence.no_fingerprint(quality, dismissed=len(similar)))
        return None

    # ---- resolution services of others ----
    def _by_resolvers(self) -> Report | None:
        if not self.resolvers:
            return None
        seen = resolution.Seen(
            self.content,
            self.media_type or "application/octet-stream",
            self.luma,
            self.detection,
            self.hashes,
        )
        found, manifest = resolution.ask(self.resolvers, seen, trust=self.trust)
        self.found += found
        return None if manifest is None else self._conclude(Verdict.RECOVERED, manifest)

    # ---- conclusions ----
    def _nothing(self) -> Report:
        return conclusion.by_nothing(self.embedded, self.found, media_type=self.media_type)

    def _conclude(self, verdict: Verdict, manifest: Manifest) -> Report:
        return conclusion.by_manifest(verdict, manifest, self.found, media_type=self.media_type)
