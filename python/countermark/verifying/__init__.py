"""Verify a picture: what its file, its watermark and its fingerprint prove, in one report.

>>> import io
>>> import numpy as np
>>> from PIL import Image
>>> file = io.BytesIO()
>>> Image.fromarray(np.zeros((200, 300, 3), np.uint8)).save(file, "PNG")
>>> _ = file.seek(0)
>>> report = verify(file, trust=Trust.nobody(), registry=Registry.open("no such file"))
>>> report.verdict.value, report.trust.value
('unmarked', 'none')
>>> [item.kind for item in report.evidence]
['manifest', 'watermark', 'fingerprint']
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from countermark import credentials, files, fingerprint, image, resemblance
from countermark import watermark as watermarks
from countermark.credentials import (
    WATERMARK_ALGORITHM,
    Manifest,
    SoftBinding,
    Trust,
    TrustStatus,
)
from countermark.errors import ImageError, ImageTooSmall, InvalidRecord
from countermark.image import Picture
from countermark.record import DigitalSource, Record
from countermark.registry import MIN_QUALITY, Entry, Registry
from countermark.report import Confidence, Evidence, Report, Verdict
from countermark.resemblance import Resemblance
from countermark.verifying import evidence
from countermark.verifying.trusted import find_home, trust_store
from countermark.watermark import Detection

_MAX_CANDIDATES: Final = 10
"""Entries with similar fingerprints that are compared with the picture, the nearest first."""


def verify(
    source: files.Source, *, trust: Trust | None = None, registry: Registry | None = None
) -> Report:
    """Say what is known about a picture, and how.

    Example: see the module.

    `source`: a path or a binary stream. `trust`: whose signatures count, by default the official
    C2PA lists and those of the home folder, if there is one; the report names the list that
    decided. `registry`: where lost manifests are looked for, by default that of the home folder.
    Nothing is ever fetched from the network.

    First the manifest in the file is checked; without one that holds, the watermark in the
    pixels, then their fingerprint, lead to a manifest in the registry. Such a manifest counts
    only if its own signature and hashes hold, it names no other marks than were found (C2PA 2.2,
    section 18.10.5.1), and the thumbnail in it shows this picture.

    A file that is no picture gives the verdict `unreadable`. Raises `SourceNotFound` when there
    is no file, `InvalidArgument` for what is neither path nor binary stream, `UnusableTrust`,
    and `RegistryError` when the registry cannot be used.
    """
    content = files.load(source)
    with ExitStack() as stack:
        if trust is None or registry is None:
            home = find_home()
            if trust is None:
                trust = trust_store(home).trust()
            if registry is None and home is not None:
                registry = stack.enter_context(Registry.open(home.registry_path))
        try:
            picture = image.read(io.BytesIO(content))
        except ImageError as error:
            return Report(verdict=Verdict.UNREADABLE, trust=TrustStatus.NONE, summary=f"{error}")
        return _Examination(content, picture, trust, registry).report()


class _Examination:
    """One picture under examination; `found` collects the evidence in the order of looking."""

    def __init__(
        self, content: bytes, picture: Picture, trust: Trust, registry: Registry | None
    ) -> None:
        self.content = content
        self.media_type = picture.media_type
        self.pixels = image.upright(picture.pixels, picture.orientation)
        self.trust = trust
        self.registry = registry
        self.found: list[Evidence] = []

    def report(self) -> Report:
        return self._by_file() or self._by_watermark() or self._by_fingerprint() or self._nothing()

    @cached_property
    def luma(self) -> npt.NDArray[np.float32]:
        return image.luma(self.pixels)

    @cached_property
    def embedded(self) -> Manifest | None:
        return credentials.read(io.BytesIO(self.content), self.media_type, trust=self.trust)

    @cached_property
    def detection(self) -> Detection | None:
        try:
            return watermarks.detect(self.pixels)
        except ImageTooSmall:
            return None

    # ---- the manifest in the file ----
    def _by_file(self) -> Report | None:
        manifest = self.embedded
        if manifest is None or not _holds(manifest) or manifest.hard_binding == "absent":
            self.found.append(evidence.unusable_manifest(manifest))
            return None
        if manifest.hard_binding == "match":
            self.found.append(evidence.manifest(manifest, Confidence.PROVEN))
            return self._conclude(Verdict.INTACT, manifest)
        return self._changed(manifest)

    def _changed(self, manifest: Manifest) -> Report:
        """The file is not what was signed: is it still the picture?"""
        thumbnail = _thumbnail(manifest)
        likeness = named = None
        if thumbnail is not None:
            likeness = resemblance.compare_whole(self.luma, thumbnail)
            if not likeness.convincing and self.detection is not None:
                named = _names(manifest, self.detection)
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
            self.found.append(
                evidence.no_watermark(too_small=min(self.luma.shape) < image.MIN_SIDE)
            )
            return None
        entry = None if self.registry is None else self.registry.find_payload(detection.payload)
        self.found.append(evidence.watermark(detection, registered=entry is not None))
        if entry is None:
            return None
        manifest = credentials.read_detached(entry.manifest, trust=self.trust)
        if not _holds(manifest):
            self.found.append(evidence.manifest(manifest, Confidence.NONE, origin="registry"))
            return None
        named = _names(manifest, detection)
        if named and _names_other_marks(manifest):
            self.found.append(evidence.unmatched_manifest(manifest))
            return None
        thumbnail = _thumbnail(manifest)
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
        try:
            hashes = fingerprint.pdq_dihedral(self.pixels)
        except ImageTooSmall:
            self.found.append(evidence.no_fingerprint(None))
            return None
        quality = hashes[0].quality
        similar: list[tuple[Entry, int]] = []
        if self.registry is not None and quality >= MIN_QUALITY:
            similar = self.registry.find_similar([hash_.bits for hash_ in hashes])
        for entry, distance in similar[:_MAX_CANDIDATES]:
            distances = [fingerprint.distance(hash_, entry.pdq) for hash_ in hashes]
            manifest = credentials.read_detached(entry.manifest, trust=self.trust)
            thumbnail = _thumbnail(manifest)
            if not _holds(manifest) or thumbnail is None or _names_other_marks(manifest):
                continue
            turned = _turned(self.luma, distances.index(distance))
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

    # ---- conclusions ----
    def _nothing(self) -> Report:
        """Nothing in the registry: a damaged manifest in the file is then the last word."""
        damaged = (
            self.embedded is not None and "manifest.inaccessible" not in self.embedded.failures
        )
        verdict = Verdict.ALTERED if damaged else Verdict.UNMARKED
        return Report(
            verdict=verdict,
            trust=TrustStatus.NONE,
            summary=evidence.summary_of_nothing(self.found),
            evidence=tuple(self.found),
        )

    def _conclude(self, verdict: Verdict, manifest: Manifest) -> Report:
        shown = verdict is not Verdict.TRANSPLANTED
        return Report(
            verdict=verdict,
            trust=manifest.trust,
            summary=evidence.summary(verdict, self.found),
            evidence=tuple(self.found),
            record=_record(manifest) if shown else None,
            claim_signer=manifest.claim_signer,
            trusted_by=manifest.trusted_by,
        )


def _holds(manifest: Manifest) -> bool:
    """Whether its statements are what the claim signer signed."""
    return manifest.signature_valid and manifest.assertions_valid


def _names(manifest: Manifest, detection: Detection) -> bool:
    return SoftBinding.of_payload(detection.payload) in manifest.soft_bindings


def _names_other_marks(manifest: Manifest) -> bool:
    """Whether it has soft bindings that cannot all match what is found in one picture."""
    names = {binding.algorithm for binding in manifest.soft_bindings}
    return len(set(manifest.soft_bindings)) > 1 or not names <= {WATERMARK_ALGORITHM}


def _thumbnail(manifest: Manifest) -> npt.NDArray[np.float32] | None:
    """Its luma, when the manifest holds a picture that can be read."""
    if manifest.thumbnail is None:
        return None
    try:
        return image.luma(image.read(io.BytesIO(manifest.thumbnail)).pixels)
    except ImageError:
        return None


def _turned(plane: npt.NDArray[Any], symmetry: int) -> npt.NDArray[Any]:
    """The plane as the hash of that number in `fingerprint.pdq_dihedral` sees it."""
    if symmetry < 4:
        return np.rot90(plane, symmetry)
    return (plane[::-1], plane[:, ::-1], plane.T, plane[::-1, ::-1].T)[symmetry - 4]


def _record(manifest: Manifest) -> Record | None:
    """What the signer states, as far as a record can say it."""
    sources = {source.uri: source for source in DigitalSource}
    try:
        return Record(
            source=sources[manifest.digital_source or ""],
            creator=manifest.creator,
            generator=manifest.generator,
            title=manifest.title,
            created=manifest.created,
        )
    except (KeyError, InvalidRecord):
        return None
