"""The sound of a movie: which of its tracks take the mark, and the new packets of those.

A track is marked before the movie is written, and its packets lie in a file until then. They are
decoded again as they are made, and only where the mark is read from them they take the place of
the former ones: a sound that is silent or too short is not encoded anew for nothing.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from countermark import audio
from countermark.audio.embedding import amplitude
from countermark.clips import Ear
from countermark.errors import SoundError, UnreadableVideo
from countermark.labels.moving.labelling import opened
from countermark.pyav import check_clear, library, reading
from countermark.sound.coding import Coding, numbers
from countermark.sound.tracks import NewTrack, Recoder, track_coding
from countermark.watermark import DEFAULT_KEY, Strength

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_STRENGTHS: Final = {Strength.SUBTLE: 0.7, Strength.BALANCED: 1.0, Strength.ROBUST: 1.4}

Effort = Literal["full", "aligned"]


def sound_strength(strength: Strength | str | float) -> float:
    """By what the amplitude of the mark in sounds is scaled.

    >>> sound_strength(Strength.ROBUST), sound_strength("subtle"), sound_strength(2)
    (1.4, 0.7, 2.0)
    """
    if isinstance(strength, str) and strength in _STRENGTHS:
        return _STRENGTHS[Strength(strength)]
    return amplitude(strength)  # type: ignore[arg-type]  # refused by the core like others


@dataclass(frozen=True, slots=True)
class MarkedSound:
    """What became of a track of sound.

    `track`: 0 for the first sound of the file. `span`: from which to which second of the movie the
    mark was read in its packets; None when its packets are those of the source. `reason`: why they
    are; None when it was marked.
    """

    track: int
    codec: str
    span: tuple[float, float] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MarkedTracks:
    """All tracks of sound, and the new packets of the marked ones by their index in the file."""

    sounds: tuple[MarkedSound, ...]
    packets: Mapping[int, NewTrack]


@contextlib.contextmanager
def marked_tracks(
    name: str, payload: int, *, key: bytes, strength: float, folder: Path
) -> Iterator[MarkedTracks]:
    """The sound of a movie with the mark, kept in files of the folder meanwhile.

    Raises `SourceNotFound`, `UnreadableVideo`, `UnsupportedVideo` where it is encrypted,
    `InvalidPayload`, `InvalidKey`, `InvalidStrength`.
    """
    with contextlib.ExitStack() as stack:
        with opened(name) as (container, _), reading(name, UnreadableVideo):
            tracks = {}
            for number, stream in enumerate(container.streams.audio):
                spool = stack.enter_context(tempfile.TemporaryFile(dir=folder))
                marking = _Marking(payload, key, strength, spool)
                tracks[stream.index] = _Track(number, container, stream, marking)
            for packet in _demuxed(container):
                tracks[packet.stream.index].take(packet)
            sounds = {index: track.finish() for index, track in tracks.items()}
        packets = {
            index: NewTrack(tracks[index].recoder)
            for index, one in sounds.items()
            if one.reason is None
        }
        yield MarkedTracks(tuple(sounds.values()), packets)


def detect_sounds(
    source: str | PathLike[str], *, key: bytes = DEFAULT_KEY, effort: Effort = "full"
) -> list[tuple[audio.Detection, ...]]:
    """The marks in each track of a movie's sound, in the order of the file.

    >>> detect_sounds("missing.mp4")
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    What cannot be decoded, or has more than eight channels, has none. Memory does not grow with the
    length. Raises `SourceNotFound`, `UnreadableVideo`, `UnsupportedVideo` where it is encrypted,
    `InvalidKey`, `MissingExtra`.
    """
    name = os.fspath(source)
    with opened(name) as (container, _), reading(name, UnreadableVideo):
        ears = {stream.index: Ear(key, effort) for stream in container.streams.audio}
        for packet in _demuxed(container):
            for frame in _decoded(packet):
                _hear(ears[packet.stream.index], frame)
        return [tuple(ear.found()) for ear in ears.values()]


def _demuxed(container: InputContainer) -> Iterator[Packet[Any]]:
    sound = [one for one in container.streams.audio if one.codec_context is not None]
    if sound:
        with contextlib.suppress(EOFError):
            for packet in container.demux(sound):
                check_clear(packet)
                yield packet


def _decoded(packet: Packet[Any]) -> list[AudioFrame]:
    """Its frames; none of a broken one."""
    try:
        frames: list[Any] = packet.decode()
        return frames
    except library().FFmpegError:
        return []


def _hear(ear: Ear, frame: AudioFrame) -> None:
    samples = numbers(frame, frame.layout.nb_channels)
    ear.hear(0, frame.sample_rate, np.nan_to_num(samples, posinf=0, neginf=0))


@dataclass(frozen=True, slots=True)
class _Marking:
    payload: int
    key: bytes
    strength: float
    spool: Any

    def recoder(self, coding: Coding, stream: AudioStream) -> Recoder:
        embedder = audio.Embedder(self.payload, coding.rate, key=self.key, strength=self.strength)
        return Recoder(coding, stream, embedder, self.spool)


class _Track:
    """A track that is being marked, as long as nothing stands against it."""

    def __init__(
        self, number: int, container: InputContainer, stream: AudioStream, marking: _Marking
    ) -> None:
        self._number, self._payload = number, marking.payload
        self._codec = stream.codec_context.name if stream.codec_context else "unknown"
        self._reason: str | None = None
        self._ear = Ear(marking.key, "aligned")
        with self._giving_up():
            coding = track_coding(container, stream)
            self._codec = coding.codec
            self.recoder = marking.recoder(coding, stream)
            self._again = _decoder(self.recoder)

    def take(self, packet: Packet[Any]) -> None:
        """The next packet of the source; an empty one ends the track."""
        if self._reason is None:
            with self._giving_up():
                for frame in _decoded(packet):
                    self._hear(self.recoder.take(frame))

    def finish(self) -> MarkedSound:
        """What became of it."""
        if self._reason is None:
            with self._giving_up():
                self._hear(self.recoder.finish())
                self._hear_frames(self._again.decode(None))
        marks = [one for one in self._ear.found() if one.payload == self._payload]
        if self._reason is None and not marks:
            self._reason = "It is silent, too short, or coded with too few bits to hold the mark."
        if self._reason is not None:
            return MarkedSound(self._number, self._codec, reason=self._reason)
        start, end = self.recoder.span
        times = [time for one in marks[0].stretches for time in (one.begin, one.end)]
        begin = self.recoder.first_packet  # from there on the ear has heard
        return MarkedSound(
            self._number,
            self._codec,
            (max(start, begin + min(times)), min(end, begin + max(times))),
        )

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        """What stands against a mark is the reason why the track is copied."""
        try:
            yield
        except SoundError as error:
            self._reason = error.problem
        except (library().FFmpegError, ValueError) as error:
            self._reason = f"It cannot be encoded again ({error})."

    def _hear(self, packets: Iterator[Packet[Any]]) -> None:
        for packet in packets:
            self._hear_frames(self._again.decode(packet))

    def _hear_frames(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            _hear(self._ear, frame)


def _decoder(recoder: Recoder) -> Any:
    """For the packets that a recoder makes."""
    coding = recoder.coding
    decoder: Any = library().CodecContext.create(coding.codec, "r")
    decoder.sample_rate, decoder.layout = coding.rate, coding.layout
    if recoder.extradata:
        decoder.extradata = recoder.extradata
    return decoder
