"""Read the mark of a movie, from samples of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from countermark.errors import UnreadableVideo
from countermark.frames import ClipDetector
from countermark.image import MIN_SIDE
from countermark.labels.moving.labelling import opened
from countermark.pyav import library, reading
from countermark.video.luma import luma_of
from countermark.watermark import DEFAULT_KEY

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_STRETCH: Final = 4.0  # seconds that are read without a gap
_SAMPLES: Final = 40  # of a long movie, one key picture each
_MOST_FRAMES: Final = 600  # of a stretch, whatever its times say


@dataclass(frozen=True, slots=True)
class VideoDetection:
    """What was read.

    `payload`: the 64 bits. `false_positive_rate`: bounds the probability that anything is read in
    a movie without this key's mark. `begin_seconds`, `end_seconds`: between which frames that were
    looked at the mark was read. `frames`: how many those were.
    """

    payload: int
    false_positive_rate: float
    begin_seconds: float
    end_seconds: float
    frames: int


def detect_video(
    source: str | PathLike[str],
    *,
    key: bytes = DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> VideoDetection | None:
    """Read the payload that the frames of a movie carry; None where there is none.

    >>> detect_video("missing.mp4")
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    Of a movie of more than 12 seconds, 40 key pictures from all over it are looked at first. Where
    that is not enough, four seconds from its middle; of a shorter one, from its beginning. `key`:
    the 16 bytes of the embedding. `effort`: "aligned" only for copies that show all of every frame.

    Raises `SourceNotFound`, `UnreadableVideo` for a movie without one frame that can be decoded,
    `UnsupportedVideo`, `InvalidKey`, `InvalidEffort`, `MissingExtra`.
    """
    name = os.fspath(source)
    with opened(name) as (container, stream):
        length = float((container.duration or 0) / library().time_base)
        seen, begin = 0, 0.0
        if length > 3 * _STRETCH:
            detector = _Detector(key, "aligned")
            found = detector.read(name, _sampled(container, stream, length))
            if found is not None:
                return found
            seen, begin = detector.frames, length / 2
        detector = _Detector(key, effort)
        found = detector.read(name, _stretch(container, stream, begin))
        if found is not None:
            return found
        seen += detector.frames
        if seen == 0:
            raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")
    return None


def still_of(source: str | PathLike[str]) -> npt.NDArray[np.uint8]:
    """A picture of a movie's first second: RGB, as it is stored.

    >>> still_of("missing.mp4")
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    It is the last one of that second, so that a film that fades in does not show black. Raises
    `SourceNotFound`, `UnreadableVideo`, `MissingExtra`.
    """
    *_, last = stills_of(source, until=1, apart=0)
    return last


def stills_of(
    source: str | PathLike[str], *, until: float = 2.0, apart: float = 0.1
) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures from a movie's beginning, `apart` seconds or more from each other.

    >>> list(stills_of("missing.mp4"))
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    Raises as `still_of`.
    """
    name = os.fspath(source)
    with opened(name) as (container, stream), reading(name, UnreadableVideo):
        first: float | None = None
        last = 0.0
        for frame in islice(_decoded(container, stream), _MOST_FRAMES):
            time = frame.time or 0.0
            if first is not None and time > first + until:
                return
            if first is None or time >= last + apart:
                first, last = (time if first is None else first), time
                pixels: Any = frame.to_ndarray(format="rgb24")
                yield pixels
        if first is None:
            raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")


class _Detector:
    def __init__(self, key: bytes, effort: Literal["full", "aligned"]) -> None:
        self._clip = ClipDetector(key=key, effort=effort)
        self._shape: tuple[int, ...] | None = None
        self._times: list[float] = []

    @property
    def frames(self) -> int:
        return len(self._times)

    def read(self, name: str, frames: Iterator[VideoFrame]) -> VideoDetection | None:
        try:
            with reading(name, UnreadableVideo):
                for frame in frames:
                    self._add(frame)
        except UnreadableVideo:
            if not self._times:  # what came before the damage is read all the same
                return None
        found = self._clip.detect()
        if found is None:
            return None
        return VideoDetection(
            found.payload,
            found.false_positive_rate,
            min(self._times),
            max(self._times),
            len(self._times),
        )

    def _add(self, frame: VideoFrame) -> None:
        luma = luma_of(frame)
        self._shape = self._shape or luma.shape
        if luma.shape != self._shape or frame.time is None:
            return
        self._times.append(frame.time)
        if min(luma.shape) >= MIN_SIDE:  # smaller ones hold no mark
            self._clip.add(luma, seconds=frame.time)


def _sampled(container: InputContainer, stream: VideoStream, length: float) -> Iterator[VideoFrame]:
    """Key pictures from all over the movie, each but once."""
    before: float | None = None
    for number in range(_SAMPLES):
        _seek(container, stream, (number + 0.5) * length / _SAMPLES)
        key = next((one for one in container.demux(stream) if one.is_keyframe), None)
        # No other picture goes in: the decoder need not wait for its turn to be shown.
        frames = [] if key is None else [*key.decode(), *stream.codec_context.decode(None)]
        if not frames or stream.time_base is None:
            continue
        frames[0].time_base = stream.time_base  # which that decoder does not know
        if frames[0].time is None or frames[0].time == before:
            continue
        before = frames[0].time
        yield frames[0]


def _stretch(container: InputContainer, stream: VideoStream, begin: float) -> Iterator[VideoFrame]:
    _seek(container, stream, begin)
    first: float | None = None
    for frame in islice(_decoded(container, stream), _MOST_FRAMES):
        if frame.time is None:
            continue
        first = frame.time if first is None else first
        if frame.time > first + _STRETCH:
            return
        yield frame


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    frames: Any = container.decode(stream)
    yield from frames


def _seek(container: InputContainer, stream: VideoStream, seconds: float) -> None:
    """To the key picture before; its first frames may lean on nothing and are then left out."""
    start: Any = container.start_time or 0
    base = library().time_base
    container.seek(int(start + seconds * base))
