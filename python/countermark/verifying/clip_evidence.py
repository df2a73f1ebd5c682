"""What each finding in a sound or movie says: its watermark, its fingerprints, a lead.

>>> no_watermark().explanation
'No watermark was read in the sound.'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from countermark import audio
from countermark.clips import Clip
from countermark.clips.sounds import MAX_ERROR_RATE, WINDOW
from countermark.clips.videos import MIN_SHARE
from countermark.credentials import Manifest
from countermark.registry import MAX_DISTANCE, ClipMatch
from countermark.report import (
    ClipEvidence,
    Confidence,
    Evidence,
    ManifestEvidence,
    WatermarkEvidence,
)
from countermark.verifying.evidence import WATERMARK_CHECK, manifest

_DRIFT_PERCENT: Final = 0.2
_SOUND: Final = (
    f"Chromaprint, at most {MAX_ERROR_RATE:.0%} of the bits of {WINDOW} numbers in a row differ"
)
_VIDEO: Final = (
    f"vPDQ, PDQ hashes of frames, at most {MAX_DISTANCE} of 256 bits differ in {MIN_SHARE:.0%} of "
    "this file, or of the other one"
)


def lead(found: Manifest, *, names_watermark: bool | None = None) -> ManifestEvidence:
    """A manifest to which the watermark or the fingerprints of a sound or movie led."""
    plain = manifest(found, Confidence.WEAK, origin="registry", decoded=False)
    named = " They name this watermark." if names_watermark else ""
    return replace(
        plain,
        explanation="The registry holds Content Credentials (a C2PA manifest) of that sound or "
        f"movie. {found.explanation}{named} Nothing signed in them shows that they are of all of "
        "this file.",
        names_watermark=names_watermark,
    )


def clip(match: ClipMatch) -> list[ClipEvidence]:
    """A sound or movie in the registry that is like this one."""
    found = []
    if (video := match.video) is not None:
        found.append(
            ClipEvidence(
                found=True,
                confidence=Confidence.WEAK,
                check=_VIDEO,
                explanation="The moving pictures are like those of a movie in the registry: "
                f"{video.query_share:.0%} of the seconds here are like some there, "
                f"{video.share:.0%} of the frames there like some here.",
                of="video",
                at_seconds=video.at_seconds,
                query_share=video.query_share,
                share=video.share,
            )
        )
    if (sound := match.sound) is not None:
        found.append(
            ClipEvidence(
                found=True,
                confidence=Confidence.WEAK,
                check=_SOUND,
                explanation=f"What is heard from {_clock(sound.query_seconds)} on, for "
                f"{sound.seconds:.0f} seconds, is like a sound in the registry from "
                f"{_clock(sound.at_seconds)} on ({sound.error_rate:.1%} of the bits differ; of "
                "different sounds it is about half).",
                of="sound",
                at_seconds=sound.at_seconds,
                seconds=sound.seconds,
                error_rate=sound.error_rate,
            )
        )
    return found


def no_clip(seen: Clip, *, dismissed: int = 0) -> list[ClipEvidence]:
    """Nothing like it; `dismissed`: was like it, but the manifests do not count."""
    if not seen.is_telling:
        said = (
            "There is nothing in it by which it could be told from others: it is too short, "
            "silent, or always the same."
        )
    elif dismissed:
        said = (
            f"Sounds and movies in the registry that are like it: {dismissed}. None counts: its "
            "manifest does not hold, or names other marks."
        )
    else:
        said = "The registry holds no sound and no movie that is like it."
    return _no_clip(said, sound=seen.sound is not None, video=seen.video is not None)


def clip_not_compared(reason: str) -> list[ClipEvidence]:
    """Its fingerprints were not looked at."""
    return _no_clip(f"Not looked for: {reason}", sound=True, video=False)


def _no_clip(explanation: str, *, sound: bool, video: bool) -> list[ClipEvidence]:
    kinds: list[tuple[Literal["sound", "video"], str]] = []
    if video:
        kinds.append(("video", _VIDEO))
    if sound or not video:
        kinds.append(("sound", _SOUND))
    return [
        ClipEvidence(
            found=False, confidence=Confidence.NONE, check=check, explanation=explanation, of=of
        )
        for of, check in kinds
    ]


def watermark(detection: audio.Detection, *, registered: bool | None) -> WatermarkEvidence:
    """A watermark that was read in a sound; `registered` is None when that was not asked."""
    chance = min(1 / detection.false_positive_rate, 1e12)  # more would impress nobody
    times = [(round(each.begin, 2), round(each.end, 2)) for each in detection.stretches]
    where = ", ".join(f"{_clock(begin)} to {_clock(end)}" for begin, end in times)
    sentences = [
        f"The sound carries an inaudible watermark with the payload {detection.payload:016x}, from "
        f"{where}. At most 1 in {chance:,.0f} unmarked sounds would seem to carry one.",
        *_played(detection),
    ]
    if registered is not None:
        says = "knows" if registered else "does not know"
        sentences.append(f"The registry {says} this payload.")
    return WatermarkEvidence(
        found=True,
        confidence=Confidence.STRONG,
        check=WATERMARK_CHECK,
        explanation=" ".join(sentences),
        payload=detection.payload,
        false_positive_rate=detection.false_positive_rate,
        registered=registered,
        stretches=tuple(times),
        speed=round(detection.speed, 4),
        pitch=round(detection.pitch, 4),
    )


def _played(detection: audio.Detection) -> list[str]:
    """What was done to its tempo and pitch, where that is more than drift."""
    speed, pitch = (round(100 * (ratio - 1), 1) for ratio in (detection.speed, detection.pitch))
    done = []
    if abs(speed) >= _DRIFT_PERCENT:
        done.append(f"runs {abs(speed)} % {'faster' if speed > 0 else 'slower'}")
    if abs(pitch) >= _DRIFT_PERCENT:
        done.append(f"is {abs(pitch)} % {'higher' if pitch > 0 else 'lower'}")
    return [f"Since then it {' and '.join(done)}."] if done else []


def no_watermark(reason: str | None = None) -> WatermarkEvidence:
    """No watermark in a sound, or none that was looked for, and why."""
    return WatermarkEvidence(
        found=False,
        confidence=Confidence.NONE,
        check=WATERMARK_CHECK,
        explanation="No watermark was read in the sound."
        if reason is None
        else f"Not looked for: {reason}",
    )


def summary_of_lead(found: Sequence[Evidence]) -> str:
    """Why the watermark or the fingerprints of a sound or movie led to a manifest."""
    by = ["by its watermark its sound"] if any(_is_named(item) for item in found) else []
    kinds = [item.of for item in found if isinstance(item, ClipEvidence) and item.found]
    if kinds:
        what = " and ".join({"sound": "sound", "video": "moving pictures"}[kind] for kind in kinds)
        by.append(f"by its fingerprint its {what}")
    return (
        f"The file itself proves nothing, but {' and '.join(by)} led to Content Credentials in the "
        "registry. That is a lead and no proof: nothing that was signed there shows that they are "
        "of all of this file, and parts of it may be of something else."
    )


def _is_named(item: Evidence) -> bool:
    return isinstance(item, ManifestEvidence) and item.names_watermark is True


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
