"""A track of sound in a movie: decoded, changed, and encoded again in its own codec.

What is heard at a time is heard at the same time afterwards, to the sample: the encoder's own delay
is in the times of its packets, which begin as much earlier. What a track lacks on its way, and by
which its packets are more than ten milliseconds apart, is silence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from countermark.errors import UnsupportedSound
from countermark.pyav import library
from countermark.sound.coding import Coding, add_output, coding_of, encoder_of, frame_of, numbers
from countermark.sound.rewriting import Filter
from countermark.sound.samples import Samples

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

_BIT_RATE: Final = 64_000
"""A second and channel, where a track does not say its own."""

_LEAST_GAP: Final = Fraction(1, 100)
_SILENCE: Final = 1 << 16  # samples at once
_HEAD: Final = struct.Struct("<qqqI?")
_TRIM: Final = "skip_samples"


def track_coding(container: InputContainer, stream: AudioStream) -> Coding:
    """How a track is coded, and will be again: at its own rate of bits, or 64,000 a channel.

    AAC with spectral band replication (HE-AAC), which is not encoded here, becomes plain AAC of at
    least so many. Raises `UnsupportedSound` for codecs that are not encoded here.
    """
    known = None if stream.codec_context is None else coding_of(container, stream)
    if known is None or not known.is_encoded:
        raise UnsupportedSound(
            f"The codec {known.codec if known else 'of the track'} is not encoded here.",
            remedy="Convert it to AAC, Opus, MP3, FLAC or plain samples first.",
        )
    usual = _BIT_RATE * known.channels
    own = stream.codec_context.bit_rate or usual
    is_he = "HE" in (stream.profile or "")
    return replace(known, bit_rate=max(own, usual) if is_he else own)


class Recoder:
    """Takes the packets of a track, and writes those of the new one to a file of its own."""

    def __init__(self, coding: Coding, stream: AudioStream, through: Filter, spool: BinaryIO):
        """`through`: what is done to its samples. `spool`: an empty file, to write to and read."""
        self.coding = coding
        self._line = _Line(coding, stream.time_base or Fraction(1, coding.rate))
        self._through, self._spool = through, spool
        self._encoder = encoder_of(coding)
        self._clock = Fraction(1, coding.rate)
        self._held: AudioFrame | None = None
        self._end = _end(stream, self._clock)
        self._position: int | None = None
        self._first: int | None = None
        self._trims: dict[int, Any] = {}
        self._packets = 0

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it is heard, in seconds of the movie's time."""
        begin = self._line.start
        end = begin if self._position is None else self._position
        return begin / self.coding.rate, end / self.coding.rate

    @property
    def first_packet(self) -> float:
        """The time of the first new packet in seconds: so much earlier as the encoder is late."""
        return (self._first or 0) / self.coding.rate

    @property
    def extradata(self) -> bytes:
        """What a decoder of the new packets has to know."""
        return self._encoder.extradata or b""

    def take(self, frame: AudioFrame) -> Iterator[Packet[Any]]:
        """The next frame of the source; the new packets that are ready."""
        yield from self._pushed(None)
        self._held = frame

    def _pushed(self, end: int | None) -> Iterator[Packet[Any]]:
        """The frame that was held back. `end`: of the track, if it is the last one."""
        if self._held is not None:
            for block in self._line.blocks(self._held, end):
                yield from self._encoded(self._through.push(block))

    def finish(self) -> Iterator[Packet[Any]]:
        """No more frames; the packets that are left."""
        yield from self._pushed(self._end)
        yield from self._encoded(self._through.finish())
        yield from self._kept(self._encoder.encode(None))

    def _encoded(self, samples: Samples) -> Iterator[Packet[Any]]:
        if not len(samples):
            return
        position = self._line.start if self._position is None else self._position
        frame = frame_of(samples, self.coding)
        frame.pts, frame.time_base = position, self._clock
        self._position = position + len(samples)
        yield from self._kept(self._encoder.encode(frame))

    def _kept(self, packets: list[Packet[Any]]) -> Iterator[Packet[Any]]:
        for packet in packets:
            # The encoder fills up its last frame; the track ends where it ended.
            left = (self._position or 0) - (packet.pts or 0)
            if left <= 0:
                continue
            packet.duration = min(packet.duration or left, left)
            self._first = packet.pts if self._first is None else self._first
            head = (packet.pts or 0, packet.dts or 0, packet.duration)
            self._spool.write(_HEAD.pack(*head, packet.size, packet.is_keyframe))
            self._spool.write(bytes(packet))
            if packet.has_sidedata(_TRIM):
                self._trims[self._packets] = packet.get_sidedata(_TRIM)
            self._packets += 1
            yield packet

    def packets(self) -> Iterator[Packet[Any]]:
        """All of the new ones again, from the file."""
        self._spool.seek(0)
        number = 0
        while head := self._spool.read(_HEAD.size):
            pts, dts, duration, size, is_key = _HEAD.unpack(head)
            packet = library().Packet(self._spool.read(size))
            packet.pts, packet.dts, packet.duration = pts, dts, duration
            packet.is_keyframe, packet.time_base = is_key, self._clock
            if number in self._trims:
                packet.set_sidedata(self._trims[number])
            number += 1
            yield packet


def _end(stream: AudioStream, clock: Fraction) -> int | None:
    """Where the index of MP4 has the end, to the sample; the last frame is decoded as a whole."""
    if stream.time_base != clock or stream.start_time is None or stream.duration is None:
        return None
    return stream.start_time + stream.duration


class NewTrack:
    """The packets of a recoder in place of those of a track, as a muxer wants them."""

    def __init__(self, recoder: Recoder):
        self._coding = recoder.coding
        self._packets = recoder.packets()
        self._next: Packet[Any] | None = next(self._packets, None)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self._coding.rate

    def add_to(self, muxer: OutputContainer, stream: AudioStream) -> AudioStream:
        """A stream for it, with the tags and the role of the one that it takes the place of."""
        output: Any = add_output(muxer, self._coding, stream)
        output.disposition = stream.disposition.value  # older PyAV takes numbers only
        added: AudioStream = output
        return added

    def until(self, seconds: Fraction | None) -> Iterator[Packet[Any]]:
        """Those that are due before that time; None for all that are left."""
        while (packet := self._next) is not None:
            if seconds is not None and (packet.dts or 0) * packet.time_base > seconds:
                return
            self._next = next(self._packets, None)
            yield packet


class _Line:
    """The samples of a track one after the other, without gaps, from the first one's time on."""

    def __init__(self, coding: Coding, time_base: Fraction) -> None:
        self._coding, self._time_base = coding, time_base
        self._least_gap = coding.rate * max(_LEAST_GAP, 2 * time_base)
        self._end: int | None = None
        self.start = 0

    def blocks(self, frame: AudioFrame, end: int | None) -> Iterator[Samples]:
        """Those of a frame, after the silence before it, without what is past already.

        `end`: of the track, if this is the last one.
        """
        coding = self._coding
        if (frame.sample_rate, frame.layout.nb_channels) != (coding.rate, coding.channels):
            raise UnsupportedSound(
                "The sound changes its rate or its channels on the way.",
                remedy="Write it anew with one rate and one number of channels.",
            )
        samples = np.nan_to_num(numbers(frame, coding.channels), posinf=0, neginf=0)
        if frame.pts is None:
            at = self._end or 0
        else:
            at = round(frame.pts * self._time_base * coding.rate)
        if self._end is None:
            self.start = self._end = at
        gap = at - self._end
        if gap > self._least_gap:
            self._end += gap
            while gap > 0:
                yield np.zeros((min(gap, _SILENCE), coding.channels), np.float32)
                gap -= _SILENCE
        elif -gap > self._least_gap:
            samples = samples[-gap:]
        if end is not None and end > at:
            samples = samples[: end - self._end]
        if len(samples):
            self._end += len(samples)
            yield samples
