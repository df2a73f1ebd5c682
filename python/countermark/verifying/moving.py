"""A sound or movie whose bytes are not those that were signed: what its content still proves.

First the watermark that the frames of a movie have in common, then that in its sound, then the
fingerprints of both.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from countermark import credentials, image, resemblance
from countermark.audio import Detection
from countermark.credentials import WATERMARK_ALGORITHM, Manifest, SoftBinding, Trust
from countermark.credentials.assets import Stream
from countermark.credentials.reading import UNREADABLE_ASSET
from countermark.errors import MissingExtra, SourceNotFound, UnreadableVideo, VideoError
from countermark.registry import Registry
from countermark.report import Confidence, Evidence, ManifestEvidence, Report, Verdict
from countermark.resemblance import Resemblance
from countermark.verifying import clip_evidence, clips, comparing, conclusion, evidence
from countermark.verifying.carried import Carried
from countermark.verifying.conclusion import holds, is_bound
from countermark.video import VideoDetection, detect_video, stills_of


@dataclass(frozen=True, slots=True)
class _Frames:
    """What was read in samples of a movie's frames; `were_seen`: whether there were any."""

    were_seen: bool = False
    mark: VideoDetection | None = None


def report(
    asset: Stream,
    media_type: str,
    at: Carried,
    path: Path | None,
    trust: Trust,
    registry: Registry | None,
) -> Report:
    """What is known of it. `at`: the manifest that it carries; not one by which it is intact."""
    embedded = None if at.is_strange else at.manifest
    if embedded is not None and UNREADABLE_ASSET in embedded.failures:
        reason = f"The {media_type} file is damaged, so that what it carries cannot be read."
        return conclusion.unreadable(reason, media_type=media_type)
    with _on_disk(asset, path) as where:
        frames = _watch(where) if media_type.startswith("video/") else _Frames()
        if embedded is not None and is_bound(embedded):
            return _changed(asset, media_type, embedded, frames)
        told = [*(evidence.strange(at) or [evidence.unusable_manifest(embedded)])]
        found: list[Evidence] = [*told, *_seen_in(frames, registry)]
        shown = _by_frames(where, frames.mark, trust, registry)
    if shown is not None:
        manifest, proof = shown
        found.append(proof)
        return conclusion.by_manifest(Verdict.RECOVERED, manifest, found, media_type=media_type)
    lead = clips.look(asset, media_type, registry, trust)
    found += lead.found
    if lead.manifest is not None:
        return conclusion.by_lead(lead.manifest, found, media_type=media_type)
    return conclusion.by_nothing(embedded, found, media_type=media_type, decoded=False)


@contextlib.contextmanager
def _on_disk(asset: Stream, path: Path | None) -> Iterator[Path]:
    """The file as one with a name, which decoders of movies want."""
    if path is not None and path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "movie"
        with copy.open("wb") as file:
            asset.seek(0)
            shutil.copyfileobj(asset, file)
        yield copy


def _watch(path: Path) -> _Frames:
    try:
        return _Frames(True, detect_video(path))
    except (MissingExtra, SourceNotFound, VideoError):
        return _Frames()


def _seen_in(frames: _Frames, registry: Registry | None) -> list[Evidence]:
    if frames.mark is None:
        return [evidence.no_watermark_in_frames()] if frames.were_seen else []
    known = registry is not None and registry.find_payload(frames.mark.payload) is not None
    return [evidence.watermark_of_movie(frames.mark, registered=known)]


def _by_frames(
    path: Path, mark: VideoDetection | None, trust: Trust, registry: Registry | None
) -> tuple[Manifest, ManifestEvidence] | None:
    """The manifest to which the mark in the frames leads, if its thumbnail shows them."""
    entry = None if registry is None or mark is None else registry.find_payload(mark.payload)
    if entry is None or mark is None:
        return None
    manifest = credentials.read_detached(entry.manifest, trust=trust)
    named = SoftBinding.of_payload(mark.payload) in manifest.soft_bindings
    if not named or not holds(manifest) or comparing.names_other_marks(manifest):
        return None
    likeness = _likeness(path, comparing.thumbnail(manifest))
    if likeness is None or not likeness.convincing:
        return None
    proof = evidence.manifest(
        manifest, Confidence.STRONG, origin="registry", likeness=likeness, names_watermark=named
    )
    return manifest, proof


def _likeness(path: Path, thumbnail: npt.NDArray[np.float32] | None) -> Resemblance | None:
    """Of the thumbnail and the frame of the beginning that is likest to it."""
    if thumbnail is None:
        return None
    compared = (
        resemblance.compare_whole(image.luma(still), thumbnail) for still in stills_of(path)
    )
    return max(compared, key=lambda one: one.correlation, default=None)


def _changed(asset: Stream, media_type: str, manifest: Manifest, frames: _Frames) -> Report:
    """The file is not what was signed: are its frames and its sound still those that were?"""
    named = set(manifest.soft_bindings)
    marks = _heard(asset, media_type) if comparing.sound_payloads(manifest) else ()
    found: list[Evidence] = [clip_evidence.watermark(mark, registered=None) for mark in marks]
    are_named = []
    if marks:
        are_named.append(any(comparing.names_sound(manifest, mark.payload) for mark in marks))
    if frames.mark is not None:
        found.append(evidence.watermark_of_movie(frames.mark, registered=None))
        if any(one.algorithm == WATERMARK_ALGORITHM for one in named):
            are_named.append(SoftBinding.of_payload(frames.mark.payload) in named)
    proof = evidence.manifest(
        manifest,
        Confidence.STRONG if are_named else Confidence.WEAK,
        names_watermark=all(are_named) if are_named else None,
        decoded=bool(are_named),
    )
    verdict = Verdict.ALTERED if all(are_named) else Verdict.TRANSPLANTED
    found.append(proof)
    return conclusion.by_manifest(
        verdict, manifest, found, media_type=media_type, decoded=bool(are_named)
    )


def _heard(asset: Stream, media_type: str) -> Sequence[Detection]:
    with contextlib.suppress(UnreadableVideo, MissingExtra):
        return clips.listen(asset, media_type)
    return ()
