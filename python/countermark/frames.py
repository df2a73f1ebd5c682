"""Watermarks of videos, frame by frame.

One mark for all frames of a video: it is embedded faster than in pictures one by one, and frames in
which it is too weak to be read add up until it can be.

>>> import numpy as np
>>> random = np.random.default_rng(1)
>>> cells = [random.integers(60, 195, (90, 120), dtype=np.uint8) for _ in range(8)]
>>> video = [frame.repeat(4, 0).repeat(4, 1) for frame in cells]
>>> embedder = FrameEmbedder(2026, strength=0.35, refresh_frames=1)
>>> marked = [embedder.embed(frame) for frame in video]
>>> [watermark.detect(frame) for frame in marked[:2]]
[None, None]
>>> detector = FrameDetector()
>>> for frame in marked:
...     detector.add(frame)
>>> detector.detect().payload
2026
"""

from typing import Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from countermark import _core, errors, watermark
from countermark._bridge import checked_key, checked_payload, core_errors, is_full, packed
from countermark.image import ImageLike, as_array, like
from countermark.watermark import DEFAULT_KEY, Detection, Strength

__all__ = ["ClipDetector", "FrameDetector", "FrameEmbedder"]

_Shape = tuple[tuple[int, ...], np.dtype[Any]]
_Reader = TypeVar("_Reader", _core.Accumulator, _core.Clip)


class FrameEmbedder:
    """Marks the frames of one video, in their order.

    Every frame is a marked picture by itself, which `countermark.watermark.detect` reads; all of
    them carry the same pattern in the same place, so that `FrameDetector` can add them up. One
    thread uses it at a time.

    >>> import numpy as np
    >>> frame = np.random.default_rng(1).integers(40, 215, (360, 480, 3), dtype=np.uint8)
    >>> embedder = FrameEmbedder(7)
    >>> watermark.detect(embedder.embed(frame)).payload
    7
    >>> embedder.payload = 8
    >>> watermark.detect(embedder.embed(frame)).payload
    8

    Args:
        payload: An integer in [0, 2**64).
        key: 16 bytes; only who has them can read the mark.
        strength: As for `countermark.watermark.embed`.
        refresh_frames: Over how many frames the mask, which says how much of the mark each place
            hides, is made anew: 1 to 64.

    Raises:
        InvalidPayload, InvalidKey, InvalidArgument: An argument is out of its range. The strength
            is looked at with the first frame.
    """

    def __init__(
        self,
        payload: int,
        *,
        key: bytes = DEFAULT_KEY,
        strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
        refresh_frames: int = 8,
    ) -> None:
        if not 1 <= refresh_frames <= 64:
            raise errors.InvalidArgument(
                "The mask is to be made anew over a number of frames that is not 1 to 64.",
                remedy="Use 8 for 30 frames a second.",
            )
        self._payload = checked_payload(payload)
        self._key = checked_key(key)
        self._strength = watermark.amplitude(strength)
        self._refresh_frames = refresh_frames
        self._stream: _core.Stream | None = None
        self._shape: _Shape | None = None

    @property
    def payload(self) -> int:
        """What the next frames carry; may be set."""
        return self._payload

    @payload.setter
    def payload(self, payload: int) -> None:
        self._payload = checked_payload(payload)
        if self._stream is not None:
            with core_errors():
                self._stream.set_payload(self._payload)

    def embed(
        self,
        frame: ImageLike,
        *,
        seconds: float | None = None,
        out: npt.NDArray[Any] | None = None,
    ) -> ImageLike:
        """Gives a copy of the next frame with the payload in its pixels.

        Args:
            frame: As for `countermark.watermark.embed`; the luma plane of a video is one too. All
                frames have the shape and type of the first one.
            seconds: When it is shown. The mark then moves by the schedule, so that frames added up
                do not show it; `ClipDetector` undoes that. The frame is changed by 44 dB at
                strength 1, where there is enough to hide in.
            out: An array of the same shape and type to write to, possibly the frame itself.

        Raises:
            ImageError: The frame is too small, too large, no picture, or unlike the first one.
            InvalidStrength: That of the embedder is not over 0 and at most 4.
            OverlappingBuffers, ReadOnlyBuffer: `out` cannot be used.
            InUse: Another thread is in a call with this embedder.
        """
        pixels = packed(as_array(frame))
        target = np.empty_like(pixels, order="C") if out is None else watermark.writable(out)
        shape = _like_the_first(pixels, self._shape)
        with core_errors():
            if self._stream is None:
                self._stream = _core.Stream(
                    pixels, self._payload, self._key, self._strength, self._refresh_frames
                )
                self._shape = shape
            if seconds is None:
                self._stream.embed(pixels, target)
            else:
                self._stream.embed_at(_microseconds(seconds), pixels, target)
        return like(target, frame)


class _Detector(Generic[_Reader]):
    """What both detectors do, whichever object of the core adds the frames up."""

    _kind: type[_Reader]

    def __init__(
        self, *, key: bytes = DEFAULT_KEY, effort: Literal["full", "aligned"] = "full"
    ) -> None:
        self._key = checked_key(key)
        self._full = is_full(effort)
        self._reader: _Reader | None = None
        self._shape: _Shape | None = None

    def _taken(self, frame: npt.NDArray[Any] | Image.Image) -> tuple[_Reader, npt.NDArray[Any]]:
        """What adds frames up, made with the first one; and this one as it takes it."""
        pixels = packed(as_array(frame))
        shape = _like_the_first(pixels, self._shape)
        if self._reader is None:
            self._reader = self._kind(pixels, self._key, self._full)
            self._shape = shape
        return self._reader, pixels

    def detect(self) -> Detection | None:
        """Reads the payload from all frames since the beginning, or the last reset.

        May be called after any of them.

        Returns:
            What was read, or None. Its false_positive_rate bounds the probability that this or any
            other call since the last reset, however many, reads anything in a video without this
            key's mark.

        Raises:
            InUse: Another thread is in a call with this detector.
        """
        if self._reader is None:
            return None
        with core_errors():
            return watermark.detection_from(self._reader.detect())

    def reset(self) -> None:
        """Forgets all frames, as at a cut to another video.

        Raises:
            InUse: Another thread is in a call with this detector.
        """
        if self._reader is not None:
            with core_errors():
                self._reader.reset()


class FrameDetector(_Detector[_core.Accumulator]):
    """Reads the payload that the frames of a video have in common.

    Frames are those that one `FrameEmbedder` marked, in any copy of the video: re-compressed,
    resized, cropped or turned alike; or moved slowly from frame to frame, as by a zoom or a camera
    before a screen. Pictures that were marked one by one do not add up: read them with
    `countermark.watermark.detect`. It takes 39 MiB of memory, 8 MiB for aligned copies, however
    many the frames are. One thread uses it at a time.

    A mark that moves is found in the last 24 frames and followed from then on: where that may be,
    ask `detect` at least that often. The geometry that it gives is that of the last frame.

    Args:
        key: The 16 bytes of the embedding.
        effort: As for `countermark.watermark.detect`; "aligned" only for copies that show all of
            every frame.

    Raises:
        InvalidKey, InvalidEffort: An argument is out of its range.
    """

    _kind = _core.Accumulator

    def add(self, frame: npt.NDArray[Any] | Image.Image) -> None:
        """Adds the next frame.

        Args:
            frame: As for `countermark.watermark.detect`. All frames have the shape and type of the
                first one.

        Raises:
            ImageError: The frame is too small, too large, no picture, or unlike the first one.
            InUse: Another thread is in a call with this detector.
        """
        with core_errors():
            accumulator, pixels = self._taken(frame)
            accumulator.add(pixels)


class ClipDetector(_Detector[_core.Clip]):
    """Reads the payload that frames marked by the schedule have in common.

    >>> import numpy as np
    >>> frame = np.random.default_rng(1).integers(40, 215, (240, 320), dtype=np.uint8)
    >>> embedder, detector = FrameEmbedder(7), ClipDetector(effort="aligned")
    >>> for number in range(6):  # of which the detector sees the time from any beginning
    ...     marked = embedder.embed(frame, seconds=31.7 + number / 2)
    ...     detector.add(marked, seconds=number / 2)
    >>> detector.detect().payload
    7

    Any part of the video will do, at any frame rate, with frames missing or doubled; frames may
    have been re-compressed, resized, cropped or turned alike. It takes up to 101 MiB of memory,
    83 for 1920 x 1080, 20 for aligned copies, however many the frames are. One thread uses it at a
    time.

    What was cropped or turned is looked for in the last three seconds. Of the geometry that
    `detect` gives the place is that of some state of the schedule.

    Args:
        key: The 16 bytes of the embedding.
        effort: As for `countermark.watermark.detect`; "aligned" only for copies that show all of
            every frame.

    Raises:
        InvalidKey, InvalidEffort: An argument is out of its range.
    """

    _kind = _core.Clip

    def add(self, frame: npt.NDArray[Any] | Image.Image, *, seconds: float) -> None:
        """Adds the next frame, shown so long after any beginning.

        Raises:
            ImageError: The frame is too small, too large, no picture, or unlike the first one.
            InvalidArgument: The time is no number.
            InUse: Another thread is in a call with this detector.
        """
        time = _microseconds(seconds)
        with core_errors():
            clip, pixels = self._taken(frame)
            clip.add(time, pixels)


def _microseconds(seconds: float) -> int:
    if not abs(seconds) < 1e12:  # also for what is no number
        raise errors.InvalidArgument(
            f"A frame cannot be shown at {seconds} seconds.", remedy="Give its time of play."
        )
    return round(seconds * 1_000_000)


def _like_the_first(frame: npt.NDArray[Any], first: _Shape | None) -> _Shape:
    shape = frame.shape, frame.dtype
    if first is not None and shape != first:
        raise errors.InvalidPixels(
            "The frame differs from the first one in shape or type.",
            remedy="Use one embedder or detector for each size.",
        )
    return shape
