"""What is seen and heard in a sound or movie, each looked for when it is asked for."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from countermark import clips, image, resemblance
from countermark.clips import Clip, Heard, SoundMatch
from countermark.credentials import Manifest
from countermark.credentials.assets import Stream
from countermark.errors import MissingExtra, SourceNotFound, VideoError
from countermark.registry import ClipMatch, Registry
from countermark.resemblance import Resemblance
from countermark.verifying import comparing
from countermark.video import VideoDetection, detect_video, stills_of

_NOTHING: Final = Heard((), 0.0, True)
_UNHEARD: Final = Heard((), 0.0, False)
_SINGLE: Final = frozenset({"audio/wav", "audio/flac", "audio/mpeg"})
"""Kinds of files with one sound."""

_MOST_SOUNDS: Final = 8
"""Sounds of a file that are heard: more of them would keep a reader busy."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of the moving pictures: whether they could be decoded, their mark, and their fingerprint.

    `clip`: None where it was not asked for, or a mark was read.
    """

    was_watched: bool = False
    mark: VideoDetection | None = None
    clip: Clip | None = None


class Content:
    """One file on disk; what is seen and what is heard in it is looked for side by side.

    `by_fingerprint`: whether fingerprints are to be compared with those in the registry. `problem`:
    why it could not be decoded, after it was listened to.
    """

    def __init__(
        self,
        path: Path,
        media_type: str,
        registry: Registry | None,
        lanes: Executor,
        *,
        by_fingerprint: bool = True,
    ) -> None:
        self.media_type = media_type
        self.registry = registry
        self.problem: str | None = None
        self._likeness: dict[bytes, Resemblance | None] = {}
        self._matched: dict[int, Sequence[ClipMatch]] = {}
        self._path = path
        self._is_compared = by_fingerprint and registry is not None and registry.any_clips()
        self._lanes = lanes
        self._seen = lanes.submit(self._look)
        self._first_heard = lanes.submit(self._listen, 0)

    def _look(self) -> _Seen:
        if not self.media_type.startswith("video/"):
            return _Seen()
        try:
            was_watched, mark = True, detect_video(self._path)
        except (MissingExtra, SourceNotFound, VideoError):
            was_watched, mark = False, None
        is_wanted = self._is_compared and mark is None
        return _Seen(was_watched, mark, self._pictures() if is_wanted else None)

    def _pictures(self) -> Clip:
        """Those that move; nothing without them, or where they cannot be decoded."""
        try:
            with self._path.open("rb") as file:
                return clips.read(file, self.media_type, query=True, sound=False)
        except (MissingExtra, VideoError):
            return Clip(seconds=0.0)

    def _listen(self, track: int) -> Heard:
        with self._path.open("rb") as file:
            return clips.listen(file, self.media_type, track=track, fingerprints=self._is_compared)

    @cached_property
    def has_pictures(self) -> bool:
        """Whether there are moving pictures in it, be they read or not."""
        if not self.media_type.startswith("video/"):
            return False
        try:
            with self._path.open("rb") as file:
                return clips.frame_size(file, self.media_type) != (0, 0)
        except (VideoError, MissingExtra):
            return True

    @property
    def was_watched(self) -> bool:
        """Whether frames were looked at for their watermark."""
        return self._seen.result().was_watched

    @property
    def picture_mark(self) -> VideoDetection | None:
        """The watermark that samples of the frames have in common."""
        return self._seen.result().mark

    @cached_property
    def sounds(self) -> Sequence[Heard]:
        """Its sounds, such as one in each language, as `clips.listen` hears them: at least one."""
        later = range(1, min(self._tracks, _MOST_SOUNDS))
        heard = [self._lanes.submit(self._listen, track) for track in later]
        return [self._first(), *map(_later, heard)]

    def _first(self) -> Heard:
        try:
            return self._first_heard.result()
        except (VideoError, MissingExtra) as error:
            self.problem = error.problem
            return _NOTHING

    @property
    def has_more_sounds(self) -> bool:
        """Whether there are more of them than were heard."""
        return self._tracks > _MOST_SOUNDS

    @cached_property
    def _tracks(self) -> int:
        if self.media_type in _SINGLE:
            return 1
        try:
            with self._path.open("rb") as file:
                return clips.tracks_of_sound(file, self.media_type)
        except (VideoError, MissingExtra):
            return 1

    @cached_property
    def clip(self) -> Clip | None:
        """Its fingerprints; None when there is nothing to compare them with, or no decoding it."""
        if not self._is_compared:
            return None
        try:
            return self._joined()
        except (VideoError, MissingExtra) as error:
            self.problem = error.problem
            return None

    def _joined(self) -> Clip:
        """Of what is seen and heard; raises as `clips.read` where that is nothing."""
        heard, pictures = self.sounds[0], self._seen.result().clip or self._pictures()
        length = max(heard.seconds, pictures.seconds)
        if not length:
            with self._path.open("rb") as file:
                return clips.read(file, self.media_type, query=True)
        return replace(_clip_of(heard), seconds=length, video=pictures.video)

    @cached_property
    def own(self) -> Clip | None:
        """Its fingerprints as they would be signed; None when it cannot be decoded."""
        try:
            with self._path.open("rb") as file:
                return clips.read(file, self.media_type)
        except (VideoError, MissingExtra) as error:
            self.problem = error.problem
            return None

    @cached_property
    def matches(self) -> Sequence[ClipMatch]:
        """What the registry holds that is like it, the most alike first."""
        if self.registry is None or self.clip is None:
            return ()
        return self.registry.find_clips(self.clip)

    def sound_match(self, track: int, payload: int) -> SoundMatch | None:
        """Where that sound is like the one in the registry that has this payload."""
        matches = self._sound_matches(track) if track else self.matches
        return next((each.sound for each in matches if each.entry.payload == payload), None)

    def _sound_matches(self, track: int) -> Sequence[ClipMatch]:
        heard = self.sounds[track]
        if self.registry is None or not heard.fingerprints:
            return ()
        if track not in self._matched:
            self._matched[track] = self.registry.find_clips(_clip_of(heard))
        return self._matched[track]

    def likeness(self, manifest: Manifest) -> Resemblance | None:
        """Of the signed thumbnail and the first frame that it shows, or that is likest to it.

        Looked at are those of the beginning.
        """
        if manifest.bytes not in self._likeness:
            self._likeness[manifest.bytes] = self._compared(comparing.thumbnail(manifest))
        return self._likeness[manifest.bytes]

    def _compared(self, thumbnail: npt.NDArray[np.float32] | None) -> Resemblance | None:
        if thumbnail is None:
            return None
        likest: Resemblance | None = None
        frames = map(image.luma, stills_of(self._path))
        for compared in resemblance.compare_frames(frames, thumbnail):
            if compared.convincing:
                return compared
            if likest is None or compared.correlation > likest.correlation:
                likest = compared
        return likest


def _later(heard: Future[Heard]) -> Heard:
    try:
        return heard.result()
    except (VideoError, MissingExtra):  # players may know how to play what nobody has heard here
        return _UNHEARD


def _clip_of(heard: Heard) -> Clip:
    first, later = heard.fingerprints[:1], heard.fingerprints[1:]
    return Clip(seconds=heard.seconds, sound=first[0] if first else None, later_sounds=later)


@contextlib.contextmanager
def on_disk(asset: Stream, path: Path | None) -> Iterator[Path]:
    """The file as one with a name."""
    if path is not None and path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "movie"
        with copy.open("wb") as file:
            asset.seek(0)
            shutil.copyfileobj(asset, file)
        yield copy
