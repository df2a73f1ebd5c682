"""What is seen and heard in a sound or movie, each looked for when it is asked for."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, cast

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


class Content:
    """One file; `path`: where it lies on disk, for decoders of movies want a name.

    `problem`: why it could not be decoded, after it was listened to.
    """

    def __init__(
        self, asset: Stream, media_type: str, path: Path, registry: Registry | None
    ) -> None:
        self.media_type = media_type
        self.registry = registry
        self.problem: str | None = None
        self._likeness: dict[bytes, Resemblance | None] = {}
        self._matched: dict[int, Sequence[ClipMatch]] = {}
        self._asset = cast(BinaryIO, asset)
        self._path = path

    @cached_property
    def _watched(self) -> tuple[bool, VideoDetection | None]:
        if not self.media_type.startswith("video/"):
            return False, None
        try:
            return True, detect_video(self._path)
        except (MissingExtra, SourceNotFound, VideoError):
            return False, None

    @cached_property
    def has_pictures(self) -> bool:
        """Whether there are moving pictures in it, be they read or not."""
        if not self.media_type.startswith("video/"):
            return False
        try:
            return clips.frame_size(self._asset, self.media_type) != (0, 0)
        except (VideoError, MissingExtra):
            return True

    @property
    def was_watched(self) -> bool:
        """Whether frames were looked at for their watermark."""
        return self._watched[0]

    @property
    def picture_mark(self) -> VideoDetection | None:
        """The watermark that samples of the frames have in common."""
        return self._watched[1]

    @cached_property
    def sounds(self) -> Sequence[Heard]:
        """Its sounds, such as one in each language, as `clips.listen` hears them: at least one."""
        return [self._heard(track) for track in range(min(max(self._tracks, 1), _MOST_SOUNDS))]

    def _heard(self, track: int) -> Heard:
        try:
            return clips.listen(self._asset, self.media_type, track=track)
        except (VideoError, MissingExtra) as error:
            if track:  # players may know how to play what nobody has heard here
                return _UNHEARD
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
            return clips.tracks_of_sound(self._asset, self.media_type)
        except (VideoError, MissingExtra):
            return 1

    @cached_property
    def clip(self) -> Clip | None:
        """Its fingerprints; None when there is nothing to compare them with, or no decoding it."""
        if self.registry is None or not self.registry.any_clips():
            return None
        try:
            return clips.read(self._asset, self.media_type, query=True)
        except (VideoError, MissingExtra) as error:
            self.problem = error.problem
            return None

    @cached_property
    def own(self) -> Clip | None:
        """Its fingerprints as they would be signed; None when it cannot be decoded."""
        try:
            return clips.read(self._asset, self.media_type)
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
        if track not in self._matched:
            self._matched[track] = self._looked_up(track)
        return self._matched[track]

    def _looked_up(self, track: int) -> Sequence[ClipMatch]:
        if self.registry is None:
            return ()
        try:
            heard = clips.read_sound(self._asset, self.media_type, track=track)
        except (VideoError, MissingExtra):
            return ()
        return self.registry.find_clips(heard)

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
