"""What each finding in a sound or movie says: its watermarks, its fingerprints, a manifest.

>>> clip_not_compared("it is encrypted.")[0].explanation
'Not looked for: it is encrypted.'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from countermark import audio
from countermark.clips import Clip, Heard, SoundMatch
from countermark.clips.sounds import MAX_ERROR_RATE, WINDOW
from countermark.clips.videos import MIN_SHARE
from countermark.credentials import Manifest
from countermark.registry import MAX_DISTANCE, ClipMatch
from countermark.report import (
    ClipEvidence,
    Confidence,
    Evidence,
    ManifestEvidence,
    Track,
    WatermarkEvidence,
)
from countermark.verifying import comparing, evidence
from countermark.verifying.clips import summaries
from countermark.verifying.clips.content import Content
from countermark.verifying.clips.marks import Mark
from countermark.verifying.clips.summaries import clock
from countermark.verifying.clips.ties import Tie
from countermark.verifying.evidence import WATERMARK_CHECK
from countermark.video import VideoDetection

_SIGNED: Final = "signed digest of the stored fingerprint"
_DRIFT_PERCENT: Final = 0.2
_SOUND: Final = (
    f"Chromaprint, at most {MAX_ERROR_RATE:.0%} of the bits of {WINDOW} numbers in a row differ"
)
_VIDEO: Final = (
    f"vPDQ, PDQ hashes of frames, at most {MAX_DISTANCE} of 256 bits differ in {MIN_SHARE:.0%} of "
    "this file, or of the other one"
)


def marks(
    content: Content, read: Sequence[Mark], manifest: Manifest | None
) -> list[WatermarkEvidence]:
    """What was read in each track, or that nothing was; `manifest`: what the verdict rests on."""
    found = [_mark(mark, manifest, content.registry is not None) for mark in read]
    if content.was_watched and content.picture_mark is None:
        unseen = "No watermark was read in the frames that were sampled."
        found.insert(0, evidence.nothing_read(unseen, "video"))
    if content.problem is not None:
        found.append(evidence.nothing_read(f"Not looked for: {content.problem}", "sound"))
    elif len(content.sounds) == 1 and not content.sounds[0].seconds:
        found.append(evidence.nothing_read("There is no sound in the file.", "sound"))
    else:
        found += _without_marks(content.sounds)
    return found


def _without_marks(sounds: Sequence[Heard]) -> Iterator[WatermarkEvidence]:
    for number, heard in enumerate(sounds, start=1):
        if not heard.watermarks:
            name = "the sound" if len(sounds) == 1 else f"sound {number}"
            yield evidence.nothing_read(f"No watermark was read in {name}.", "sound")


def _mark(mark: Mark, manifest: Manifest | None, is_asked: bool) -> WatermarkEvidence:
    detection = mark.detection
    told = (
        _in_sound(detection, summaries.track(mark))
        if isinstance(detection, audio.Detection)
        else _in_frames(detection)
    )
    says = []
    if is_asked:
        says.append(f"The registry {'does not know' if mark.entry is None else 'knows'} it.")
    named = None if manifest is None else mark.payload in comparing.payloads(manifest, mark.of)
    return replace(
        told,
        explanation=" ".join([told.explanation, *says]),
        registered=mark.entry is not None if is_asked else None,
        named=named,
    )


def changed(found: Manifest, named: Sequence[Mark], strangers: Sequence[Mark]) -> ManifestEvidence:
    """The manifest in a file that is not what was signed, and which marks it names or does not."""
    names_watermark = not strangers if named or strangers else None
    confidence = Confidence.WEAK if names_watermark is None else Confidence.STRONG
    plain = evidence.manifest(found, confidence)
    said = [summaries.stranger(found, mark) for mark in strangers]
    if names_watermark:
        said = ["They name the watermarks that were read"]
    if not said:
        return plain
    return replace(
        plain,
        check=f"{plain.check}, {evidence.SOFT_BINDING}",
        explanation=" ".join(
            [plain.explanation, *(f"{each[0].upper()}{each[1:]}." for each in said)]
        ),
        names_watermark=names_watermark,
    )


def owners(mixed: Sequence[Mark]) -> list[ManifestEvidence]:
    """The manifests to which the marks of two files led."""
    return [
        replace(
            evidence.manifest(mark.manifest, Confidence.STRONG, origin="registry", decoded=False),
            check=f"{evidence.STORED}, {evidence.SOFT_BINDING}",
            explanation=f"{evidence.HELD} {summaries.titled(mark.entry)}, which name the watermark "
            f"in {summaries.track(mark)}. {mark.manifest.explanation}",
            names_watermark=True,
        )
        for mark in mixed
        if mark.entry is not None and mark.manifest is not None
    ]


def tie(found: Tie) -> list[Evidence]:
    """A manifest that was found, after the fingerprints that are like those kept with it."""
    named = any(found.named(of) for of in summaries.TRACKS)
    confidence = Confidence.STRONG if named and found.is_proof else Confidence.WEAK
    plain = evidence.manifest(
        found.manifest,
        confidence,
        origin="registry" if found.entry is not None else "resolver",
        host=found.host,
        likeness=found.likeness,
        decoded=False,
    )
    checks, said = [plain.check], [summaries.given(found), found.manifest.explanation]
    if named:
        checks.append(evidence.SOFT_BINDING)
        said.append("They name this watermark.")
    if found.likeness is not None and found.likeness.convincing:
        said.append(evidence.said_of(found.likeness))
    elif found.likeness is not None:
        said.append("No frame of the beginning of this file is like the thumbnail signed in them.")
    signed = [name for of, name in summaries.TRACKS.items() if found.is_signed(of)]
    if found.match is not None:
        checks.append(_SIGNED)
        said.append(
            f"The fingerprint that the registry keeps of the {' and of the '.join(signed)} is the "
            "signed one."
            if signed
            else "No fingerprint is signed in them."
        )
    if not found.is_proof:
        said.append("Nothing signed in them shows that they are of all of this file.")
    proof = replace(
        plain,
        check=", ".join(checks),
        explanation=" ".join(said),
        names_watermark=True if named else None,
    )
    if found.match is None:
        return [proof]
    others = (found.sound_match(track) for track in range(1, len(found.content.sounds)))
    alike = [_alike(each, number) for number, each in enumerate(others, start=2) if each]
    return [*clip(found.match), *alike, proof]


def nothing(content: Content) -> list[ClipEvidence]:
    """Nothing that is known is like it, or it was not compared."""
    if content.clip is not None:
        return no_clip(content.clip, dismissed=len(content.matches))
    return clip_not_compared(content.problem or "there is no registry that holds sounds or movies.")


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
        found.append(_alike(sound))
    return found


def _alike(sound: SoundMatch, number: int | None = None) -> ClipEvidence:
    """`number`: of one of several sounds."""
    where = "" if number is None else f" in sound {number}"
    return ClipEvidence(
        found=True,
        confidence=Confidence.WEAK,
        check=_SOUND,
        explanation=f"What is heard{where} from {clock(sound.query_seconds)} on, for "
        f"{sound.seconds:.0f} seconds, is like a sound in the registry from "
        f"{clock(sound.at_seconds)} on ({sound.error_rate:.1%} of the bits differ; of different "
        "sounds it is about half).",
        of="sound",
        at_seconds=sound.at_seconds,
        seconds=sound.seconds,
        error_rate=sound.error_rate,
    )


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
    kinds: list[tuple[Track, str]] = []
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


def _in_sound(detection: audio.Detection, name: str) -> WatermarkEvidence:
    times = [(round(each.begin, 2), round(each.end, 2)) for each in detection.stretches]
    where = ", ".join(f"{clock(begin)} to {clock(end)}" for begin, end in times)
    sentences = [
        f"{name[0].upper()}{name[1:]} carries an inaudible watermark with the payload "
        f"{detection.payload:016x}, from {where}.",
        evidence.by_chance(detection.false_positive_rate, "sounds"),
        *_played(detection),
    ]
    return WatermarkEvidence(
        found=True,
        confidence=Confidence.STRONG,
        check=WATERMARK_CHECK,
        explanation=" ".join(sentences),
        payload=detection.payload,
        false_positive_rate=detection.false_positive_rate,
        stretches=tuple(times),
        speed=round(detection.speed, 4),
        pitch=round(detection.pitch, 4),
        of="sound",
    )


def _in_frames(found: VideoDetection) -> WatermarkEvidence:
    return WatermarkEvidence(
        found=True,
        confidence=Confidence.STRONG,
        check=WATERMARK_CHECK,
        explanation=f"The frames between {found.begin_seconds:.1f} s and {found.end_seconds:.1f} s "
        f"carry an invisible watermark with the payload {found.payload:016x}. "
        f"{evidence.by_chance(found.false_positive_rate, 'movies')}",
        payload=found.payload,
        false_positive_rate=found.false_positive_rate,
        of="video",
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
