"""Mark the frames and the sound of a movie, and write all else of it as it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from countermark import files
from countermark.errors import UnreadableVideo, UnsupportedVideo
from countermark.frames import FrameEmbedder
from countermark.image import MIN_SIDE
from countermark.labels.moving.encoding import codec_of
from countermark.labels.moving.labelling import opened
from countermark.labels.moving.plan import Plan
from countermark.labels.moving.remuxing import finish, remux
from countermark.pyav import reading
from countermark.video.luma import luma_of, put_luma
from countermark.video.sounds import MarkedSound, marked_tracks, sound_strength
from countermark.watermark import DEFAULT_KEY, Strength

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_HDR: Final = {16: "PQ", 18: "HLG"}
"""Transfer functions of ITU-T H.273, 8.2."""

_REFRESH_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class MarkedVideo:
    """What `mark_video` did.

    `frames`: how many carry the mark. `seconds`: from the first of them to the end of the last one.
    `pixel_seconds`: processor time that marking them took. `coding_seconds`: that of all else,
    which is decoding and encoding. `sounds`: what became of each track of sound.
    """

    frames: int
    seconds: float
    pixel_seconds: float
    coding_seconds: float
    sounds: tuple[MarkedSound, ...]


def mark_video(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    payload: int,
    *,
    key: bytes = DEFAULT_KEY,
    strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
    progress: Callable[[int], None] = lambda frames: None,
) -> MarkedVideo:
    """Write a copy of a movie whose frames and sound carry the payload.

    >>> mark_video("missing.mp4", "marked.mp4", 7)
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    MP4, MOV, Matroska and WebM with H.264, H.265, VP8, VP9 or AV1, of 8 to 12 bits. Every frame is
    decoded, its luma marked by the schedule (docs/video.md), and encoded in the codec that it came
    in, at a quality at which nothing is seen of it: H.264 at CRF 18, H.265 at 20, VP9 at 24, AV1
    at 26. Each track of sound is marked and encoded in its own codec, at its own rate of bits, and
    heard at the same time as before: AAC, Opus, MP3, FLAC, ALAC, plain samples. What is silent, too
    short, or in another codec is copied; `MarkedVideo.sounds` says so. Packets of all other tracks,
    chapters, metadata, the times of frames, colours and rotation stay as they are. The destination
    is written whole or not at all, and may be the source; memory does not grow with the length.

    `payload`: in [0, 2**64). `key`: 16 bytes. `strength`: 1, the balanced one, changes each frame
    by 44 dB, and is 1 of sounds too. `progress`: called with the number of frames that are done.

    Raises `SourceNotFound`, `UnreadableVideo`, `UnsupportedVideo` (HDR too: what describes its
    light would be lost), `DestinationNotWritable`, `InvalidPayload`, `InvalidKey`,
    `InvalidStrength`, `MissingExtra`.
    """
    name = os.fspath(source)
    embedder = FrameEmbedder(payload, key=key, strength=strength, refresh_frames=_REFRESH_FRAMES)
    with opened(name) as (_, stream):
        codec = codec_of(stream)
        _check(stream.codec_context.color_trc, stream.width, stream.height)
    path = files.target(destination)

    def begin(frame: VideoFrame) -> _Marker:
        _check(frame.color_trc, frame.width, frame.height)
        return _Marker(embedder, frame.pts or 0, stream.time_base or Fraction(1), progress)

    began = time.process_time()
    with files.drafting(path, like=Path(name)) as (draft, put):
        with (
            files.writing(f"The copy of {name!r}"),
            marked_tracks(
                name, payload, key=key, strength=sound_strength(strength), folder=path.parent
            ) as tracks,
        ):
            with opened(name) as (container, stream), reading(name, UnreadableVideo):
                whole = Plan(None, None, (), None)
                done = remux(
                    container,
                    stream,
                    draft,
                    whole,
                    codec=codec,
                    alter=begin,
                    replacements=tracks.packets,
                )
            finish(name, draft)
        put()
    marker = done.alteration
    coding = time.process_time() - began - marker.pixel_seconds
    return MarkedVideo(done.frames, marker.seconds, marker.pixel_seconds, coding, tracks.sounds)


@dataclass(slots=True)
class _Marker:
    """Puts the mark on frame after frame, each by the time at which it is shown."""

    embedder: FrameEmbedder
    first: int
    time_base: Fraction
    progress: Callable[[int], None]
    frames: int = 0
    seconds: float = 0.0
    pixel_seconds: float = 0.0

    def put_on(self, frame: VideoFrame) -> None:
        """Mark the next frame."""
        began = time.thread_time()
        luma = luma_of(frame)
        seconds = float(((frame.pts or 0) - self.first) * self.time_base)
        self.embedder.embed(luma, seconds=seconds, out=luma)
        put_luma(luma, frame)
        self.pixel_seconds += time.thread_time() - began
        self.frames += 1
        self.seconds = max(self.seconds, seconds + float(frame.duration * self.time_base))
        self.progress(self.frames)


def _check(transfer: int, width: int, height: int) -> None:
    if transfer in _HDR:
        raise UnsupportedVideo(
            f"The movie has the high dynamic range of {_HDR[transfer]}, and what describes its "
            "light would be lost.",
            remedy="Mark a version of standard dynamic range.",
        )
    if min(width, height) < MIN_SIDE:
        raise UnsupportedVideo(
            f"The movie of {width} x {height} pixels is too small for a watermark.",
            remedy=f"Use one of {MIN_SIDE} x {MIN_SIDE} or more.",
        )
