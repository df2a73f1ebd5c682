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
from countermark.clips import Clip, Heard
from countermark.credentials import Manifest
from countermark.credentials.assets import Stream
from countermark.errors import MissingExtra, SourceNotFound, VideoError
from countermark.registry import ClipMatch, Registry
from countermark.resemblance import Resemblance
from countermark.verifying import comparing
from countermark.video import VideoDetection, detect_video, stills_of

_NOTHING: Final = Heard((), 0.0, True)


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
    def heard(self) -> Heard:
        """Its sound, as `clips.listen` hears it."""
        try:
            return clips.listen(self._asset, self.media_type)
        except (VideoError, MissingExtra) as error:
            self.problem = error.problem
            return _NOTHING

    @property
    def has_sound(self) -> bool:
        """Whether anything is heard in the first track of sound."""
        return not self.heard.is_silent

    @cached_property
    def has_other_sounds(self) -> bool:
        """Whether there are more tracks of sound, such as other languages."""
        try:
            return clips.tracks_of_sound(self._asset, self.media_type) > 1
        except (VideoError, MissingExtra):
            return False

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
    def matches(self) -> Sequence[ClipMatch]:
        """What the registry holds that is like it, the most alike first."""
        if self.registry is None or self.clip is None:
            return ()
        return self.registry.find_clips(self.clip)

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
