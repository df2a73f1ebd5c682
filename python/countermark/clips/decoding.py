"""Files of sound and moving pictures, decoded in one pass to be hashed; memory does not grow.

Which demuxer opens a file is said and not guessed, so that none is read that names other files or
addresses, such as a play list.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import numpy as np

from countermark.clips.clip import Clip
from countermark.clips.hashing import QUERY_SOUNDS, Ear, Eye
from countermark.errors import InvalidArgument, UnreadableVideo
from countermark.pyav import check_clear, library
from countermark.sound import Samples
from countermark.sound.coding import numbers
from countermark.sound.tags import id3_bytes

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.video.frame import VideoFrame

FORMATS: Final = {
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/mp4": "mov",
    "audio/ogg": "ogg",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
}
"""The kinds of files that are decoded, and FFmpeg's name for each."""

_BEHIND_TAGS: Final = frozenset({"audio/flac", "audio/mpeg"})
"""What may begin with ID3 tags: FFmpeg unpacks their frames to whatever size they say."""

_LONG_SECONDS: Final = 60
"""The moving pictures of longer queries are looked at in `_STRETCHES` of `_STRETCH_SECONDS`."""

_STRETCHES: Final = 20
_STRETCH_SECONDS: Final = 1.0  # in which there is a frame of each film that is stored
_SMOOTH_RATE: Final = 20
"""From so many frames a second on those that no other one leans on are left out of stretches."""

_BLOCKS: Final = 4
"""In which a second of sound is taken: what is done for each block costs as much as the samples."""


def read(source: BinaryIO, media_type: str, *, query: bool = False, sound: bool = True) -> Clip:
    """The fingerprints of the first sound and the first moving pictures in a file.

    >>> import io, wave
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as out:
    ...     out.setparams((1, 2, 11025, 0, "NONE", ""))
    ...     out.writeframes(bytes(2 * 11025))
    >>> read(file, "audio/wav")
    Clip(seconds=1.0, sound=None, video=None, later_sounds=())

    Args:
        source: The file, which is read from its beginning.
        media_type: One of `FORMATS`, by the content.
        query: Whether it is to be looked for. Then it is looked at more closely: the sound in two
            positions of the hops, all frames up to 32 a second, also mirrored and without black
            bars; but of moving pictures of more than a minute 20 stretches of a second alone, and
            in them of 20 frames a second or more only those that others lean on.
        sound: False for the moving pictures alone.

    What cannot be decoded, such as the end of a file that was cut off, is passed over, while
    something else can.

    Raises:
        UnreadableVideo: Nothing in it can be decoded.
        UnsupportedVideo: It is encrypted.
        InvalidArgument: It is of another kind.
        MissingExtra: The package av is not installed.
    """
    av = library()
    ear, eye = Ear(QUERY_SOUNDS if query else 1), Eye(query=query)
    with _opened(source, media_type) as container:
        for frame in _Frames(container, in_stretches=query, sound=sound):
            (ear.hear if isinstance(frame, av.AudioFrame) else eye.see)(frame)
    found = ear.finish()
    return Clip(
        seconds=round(max(ear.seconds, eye.seconds), 3),
        sound=found[0] if found else None,
        video=eye.finish(),
        later_sounds=found[1:],
    )


def frame_size(source: BinaryIO, media_type: str) -> tuple[int, int]:
    """Width and height of the first moving pictures in a file, in pixels; 0 without any.

    Args and errors as of `read`.
    """
    with _opened(source, media_type) as container:
        for stream in _streams(container)[1]:
            return stream.codec_context.width, stream.codec_context.height
    return 0, 0


def tracks_of_sound(source: BinaryIO, media_type: str) -> int:
    """How many sounds there are in a file, such as one in each language.

    Args and errors as of `read`.
    """
    with _opened(source, media_type) as container:
        return sum(one.codec_context is not None for one in container.streams.audio)


def heard(source: BinaryIO, media_type: str, *, track: int = 0) -> Iterator[AudioFrame]:
    """A sound of a file, by default the first, in blocks of less than a second.

    Rate and channels may change on the way. Args and errors as of `read`.
    """
    with _opened(source, media_type) as container:
        yield from _Frames(container, in_stretches=False).heard(track)


def samples_of(block: AudioFrame) -> Samples:
    """Of all channels, full scale being 1; numbers that are none are silence."""
    samples = numbers(block, block.layout.nb_channels)
    if not np.isfinite(samples).all():
        samples = np.nan_to_num(samples, posinf=0, neginf=0)
    return samples


@contextlib.contextmanager
def _opened(source: BinaryIO, media_type: str) -> Iterator[InputContainer]:
    """The file, by the demuxer for its type."""
    if media_type not in FORMATS:
        raise InvalidArgument(
            f"Files of type {media_type} have no fingerprint of sound or moving pictures.",
            remedy=f"Use one of {', '.join(FORMATS)}.",
        )
    av = library()
    if media_type in _BEHIND_TAGS:
        source = cast(BinaryIO, _Behind(source, id3_bytes(source)))
    source.seek(0)
    try:
        with av.open(source, format=FORMATS[media_type], metadata_errors="ignore") as container:
            yield container
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _undecodable(error) from error


class _Behind(io.RawIOBase):
    """A file without what is before some place in it."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start = file, start

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file, counted from that place."""
        return self._file.seek(offset + (0 if whence else self._start), whence) - self._start

    def tell(self) -> int:
        """As of a file, counted from that place."""
        return self._file.tell() - self._start

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True


class _Frames:
    """The frames of the first sound and the first moving pictures of a file.

    `in_stretches`: of long moving pictures only some, and after all of the sound. `sound`: whether
    it is wanted; it comes in blocks.
    """

    def __init__(
        self, container: InputContainer, *, in_stretches: bool, sound: bool = True
    ) -> None:
        self._container = container
        self._is_heard = sound
        self._seconds = (container.duration or 0) / 1e6
        self._in_stretches = in_stretches and self._seconds > _LONG_SECONDS

    def __iter__(self) -> Iterator[Any]:
        sound, moving = _streams(self._container)
        if not sound and not moving:
            raise _undecodable("it holds neither sound nor moving pictures")
        decoded, self._problem = 0, None
        for stream in moving:
            stream.codec_context.thread_type = "AUTO"
        sound = sound if self._is_heard else []
        whole = sound if self._in_stretches else [*sound, *moving]
        for frame in _in_blocks(self._decoded(whole)):
            decoded += 1
            yield frame
        if self._in_stretches and moving:
            for frame in self._stretches(moving[0]):
                decoded += 1
                yield frame
        if not decoded and self._problem is not None:
            raise _undecodable(self._problem)

    def heard(self, track: int) -> Iterator[AudioFrame]:
        """Those of one sound alone."""
        self._problem = None
        yield from _in_blocks(self._decoded(_streams(self._container, track)[0]))

    def _decoded(self, streams: list[Any]) -> Iterator[Any]:
        """As far as the file can be read; broken packets are passed over."""
        av = library()
        packets = self._container.demux(streams) if streams else iter(())
        with contextlib.suppress(EOFError):
            for packet in packets:
                check_clear(packet)
                try:
                    yield from packet.decode()
                except av.FFmpegError as error:
                    self._problem = error

    def _stretches(self, moving: Any) -> Iterator[VideoFrame]:
        """A second from the key frame before each of some times on."""
        if (moving.average_rate or 0) >= _SMOOTH_RATE:
            moving.codec_context.skip_frame = "NONREF"
        last = -1.0
        for number in range(_STRETCHES):
            self._container.seek(int(self._seconds * number / _STRETCHES * 1e6))
            end: float | None = None
            for frame in self._decoded([moving]):
                if frame.time is None or frame.time <= last:  # seen before
                    continue
                end = frame.time + _STRETCH_SECONDS if end is None else end
                if frame.time >= end:
                    break
                last = frame.time
                yield frame


def _in_blocks(frames: Iterator[Any]) -> Iterator[Any]:
    """The frames, those of sound joined while they are of one kind."""
    av = library()
    waiting = av.AudioFifo()
    for frame in frames:
        if not isinstance(frame, av.AudioFrame):
            yield frame
            continue
        frame.pts = None  # what is missing on the way is not made up for
        try:
            waiting.write(frame)
        except ValueError:  # it is of another kind than those before
            yield waiting.read()
            waiting = av.AudioFifo()
            waiting.write(frame)
        if waiting.samples >= frame.sample_rate // _BLOCKS:
            yield waiting.read()
    if waiting.samples:
        yield waiting.read()


def _streams(container: InputContainer, track: int = 0) -> tuple[list[Any], list[Any]]:
    """One of each with a known codec, of sound that one; a record's cover is no moving picture."""
    sound = [one for one in container.streams.audio if one.codec_context is not None]
    moving = [
        one
        for one in container.streams.video
        if one.codec_context is not None and not one.disposition & one.disposition.attached_pic
    ]
    return sound[track : track + 1], moving[:1]


def _undecodable(reason: object) -> UnreadableVideo:
    said = getattr(reason, "strerror", None) or str(reason)
    return UnreadableVideo(
        f"Nothing in the file can be decoded ({said}).",
        remedy="Write it anew with the program that it comes from.",
    )
