"""A movie under examination: its manifest, and the watermark that its frames have in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from countermark import credentials, image, resemblance
from countermark.credentials import WATERMARK_ALGORITHM, Manifest, SoftBinding, Trust
from countermark.errors import MissingExtra, SourceNotFound, VideoError
from countermark.registry import Registry
from countermark.report import Confidence, Evidence, Report, Verdict
from countermark.resemblance import Resemblance
from countermark.verifying import comparing, conclusion, evidence
from countermark.verifying.conclusion import holds, is_bound
from countermark.video import VideoDetection, detect_video, stills_of


def look(path: Path) -> tuple[bool, VideoDetection | None]:
    """Whether the frames of the file could be looked at, and what was read in them.

    >>> look(Path("no such file.mp4"))
    (False, None)
    """
    try:
        return True, detect_video(path)
    except (MissingExtra, SourceNotFound, VideoError):
        return False, None


def report(
    path: Path,
    found: VideoDetection,
    media_type: str | None,
    embedded: Manifest | None,
    trust: Trust,
    registry: Registry | None,
) -> Report:
    """What the mark in the frames proves.

    `embedded`: the manifest in the file, if any; not one by which the file is intact.
    """
    if embedded is not None and is_bound(embedded):
        return _changed(embedded, found, media_type)
    entry = None if registry is None else registry.find_payload(found.payload)
    seen: list[Evidence] = [
        evidence.unusable_manifest(embedded),
        evidence.watermark_of_movie(found, registered=entry is not None),
    ]
    if entry is None:
        return conclusion.by_nothing(embedded, seen, media_type=media_type)
    manifest = credentials.read_detached(entry.manifest, trust=trust)
    named = SoftBinding.of_payload(found.payload) in manifest.soft_bindings
    likeness = _likeness(path, comparing.thumbnail(manifest))
    counts = holds(manifest) and named and not comparing.names_other_marks(manifest)
    is_shown = counts and likeness is not None and likeness.convincing
    if not is_shown:
        return conclusion.by_nothing(embedded, seen, media_type=media_type)
    seen.append(
        evidence.manifest(
            manifest,
            Confidence.STRONG,
            origin="registry",
            likeness=likeness,
            names_watermark=named,
        )
    )
    return conclusion.by_manifest(Verdict.RECOVERED, manifest, seen, media_type=media_type)


def _changed(manifest: Manifest, found: VideoDetection, media_type: str | None) -> Report:
    """The file is not what was signed: are its frames still those that were marked?"""
    ours = SoftBinding.of_payload(found.payload)
    named = [one for one in manifest.soft_bindings if one.algorithm == WATERMARK_ALGORITHM]
    seen: list[Evidence] = [
        evidence.watermark_of_movie(found, registered=None),
        evidence.manifest(manifest, Confidence.STRONG, names_watermark=ours in named),
    ]
    of_others = bool(named) and ours not in named
    verdict = Verdict.TRANSPLANTED if of_others else Verdict.ALTERED
    return conclusion.by_manifest(verdict, manifest, seen, media_type=media_type)


def _likeness(path: Path, thumbnail: npt.NDArray[np.float32] | None) -> Resemblance | None:
    """Of the thumbnail and the frame of the beginning that is likest to it."""
    if thumbnail is None:
        return None
    compared = (
        resemblance.compare_whole(image.luma(still), thumbnail) for still in stills_of(path)
    )
    return max(compared, key=lambda one: one.correlation, default=None)
