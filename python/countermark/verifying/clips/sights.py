"""By what known content is recognised in sounds and movies, each computed once if asked for.

What cannot be decoded raises `VideoError`, `SoundError` or `MissingExtra`: whoever marks must not
pass over what a feature may be of. Whoever verifies uses `leniently`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from countermark import clips
from countermark.clips import Clip
from countermark.errors import MissingExtra, SoundError, VideoError
from countermark.fingerprint import Pdq
from countermark.screening import Seen
from countermark.video import detect_sounds, detect_video

_T = TypeVar("_T")


def sight_of(path: Path, media_type: str) -> MovieSight | SoundSight:
    """That of a file of one of `clips.FORMATS`."""
    is_movie = media_type.startswith("video/")
    return MovieSight(path, media_type) if is_movie else SoundSight(path, media_type)


def leniently(sight: Seen) -> Seen:
    """The same, of which nothing is seen where it cannot be decoded."""
    return _Lenient(sight)


@dataclass(frozen=True)
class _ClipSight:
    path: Path
    media_type: str

    @cached_property
    def clip(self) -> Clip:
        """Its fingerprints, to be looked for."""
        with self.path.open("rb") as file:
            return clips.read(file, self.media_type, query=True)


class SoundSight(_ClipSight):
    """By what a sound is recognised: its watermarks, and its fingerprint."""

    hashes: tuple[Pdq, ...] = ()

    @cached_property
    def payloads(self) -> tuple[int, ...]:
        """Of all marks in it."""
        with self.path.open("rb") as file:
            return tuple(one.payload for one in clips.watermarks(file, self.media_type))


class MovieSight(_ClipSight):
    """By what a movie is recognised: one frame a second, its watermarks, and its fingerprints."""

    @cached_property
    def hashes(self) -> tuple[Pdq, ...]:
        """The fingerprints of these frames, as they are shown; none of one without structure."""
        with self.path.open("rb") as file:
            video = clips.read(file, self.media_type).video
        return () if video is None else tuple(Pdq(one.bits, one.quality) for one in video.telling)

    @cached_property
    def payloads(self) -> tuple[int, ...]:
        """Of the frames, and of the sound."""
        seen = detect_video(self.path)
        heard = (mark for marks in detect_sounds(self.path) for mark in marks)
        return (*(() if seen is None else (seen.payload,)), *(mark.payload for mark in heard))


@dataclass(frozen=True)
class _Lenient:
    sight: Seen

    @property
    def hashes(self) -> tuple[Pdq, ...]:
        return tuple(_or(lambda: self.sight.hashes, ()))

    @property
    def payloads(self) -> tuple[int, ...]:
        return tuple(_or(lambda: self.sight.payloads, ()))

    @property
    def clip(self) -> Clip | None:
        return _or(lambda: self.sight.clip, None)


def _or(look: Callable[[], _T], nothing: _T) -> _T:
    try:
        return look()
    except (VideoError, SoundError, MissingExtra):
        return nothing
