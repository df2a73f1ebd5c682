"""Sound that a codec made: how it was coded, and the same again.

FLAC and ALAC lose nothing by being encoded anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from countermark.errors import UnsupportedSound
from countermark.pyav import library
from countermark.sound.samples import Samples

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

_LOSSLESS: Final = frozenset({"flac", "alac"})
_ENCODERS: Final = {"mp3": "libmp3lame", "aac": "aac", "opus": "libopus", "vorbis": "libvorbis"}
_LIKELY_BIT_RATE: Final = 128_000
_LIMITS: Final = {"mp3": (32_000, 320_000), "aac": (32_000, 512_000), "opus": (16_000, 510_000)}


@dataclass(frozen=True, slots=True)
class Coding:
    """How a sound is coded, as far as it has to be the same in a new file."""

    codec: str
    rate: int
    layout: str
    channels: int
    format: str
    bit_rate: int
    extradata: bytes

    @property
    def encoder(self) -> str:
        """The name of the encoder that FFmpeg has for it."""
        return self.codec if self.is_lossless else _ENCODERS[self.codec]

    @property
    def is_lossless(self) -> bool:
        """Whether the samples come out of it as they went in."""
        return self.codec in _LOSSLESS or self.codec.startswith("pcm_")

    @property
    def is_encoded(self) -> bool:
        """Whether there is an encoder for it in the FFmpeg that is here."""
        av = library()
        if not self.is_lossless and self.codec not in _ENCODERS:
            return False
        try:
            av.Codec(self.encoder, "w")
        except av.codec.codec.UnknownCodecError:
            return False
        return True


def coding_of(container: InputContainer, stream: AudioStream) -> Coding:
    """Of the sound in an open file."""
    context = stream.codec_context
    codec = context.name.removesuffix("float").removesuffix("lib")
    codec = {"libopus": "opus"}.get(codec, codec)
    low, high = _LIMITS.get(codec, (0, 1 << 40))
    bit_rate = context.bit_rate or container.bit_rate or _LIKELY_BIT_RATE
    return Coding(
        codec,
        context.sample_rate,
        context.layout.name,
        context.channels,
        context.format.name,
        min(max(bit_rate, low), high),
        context.extradata or b"",
    )


def low_frequencies(stream: AudioStream) -> int | None:
    """The channel for low tones, if there is one."""
    names = [channel.name for channel in stream.codec_context.layout.channels]
    return names.index("LFE") if "LFE" in names else None


def decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """All frames; raises `UnsupportedSound` where the rate or the channels change."""
    for frame in container.decode(stream):
        if (frame.sample_rate, frame.layout.nb_channels) != (
            stream.codec_context.sample_rate,
            stream.codec_context.channels,
        ):
            raise UnsupportedSound(
                "The sound changes its rate or its channels on the way.",
                remedy="Write it anew with one rate and one number of channels.",
            )
        yield frame


def numbers(frame: AudioFrame, channels: int) -> Samples:
    """The samples of a frame: shape (length, channels), full scale 1."""
    values: Any = frame.to_ndarray()
    planes = values if frame.format.is_planar else values.reshape(-1, channels).T
    samples: Samples = np.empty(planes.shape[::-1], np.float32)
    for channel, plane in enumerate(planes):  # one after the other: all at once takes ten times
        samples[:, channel] = plane
    if values.dtype.kind != "f":
        samples *= np.float32(2.0 ** (1 - 8 * values.dtype.itemsize))
    return samples


def encoder_of(coding: Coding) -> AudioCodecContext:
    """An encoder of its own, which is open."""
    encoder: Any = library().CodecContext.create(coding.encoder, "w")
    encoder.sample_rate, encoder.layout = coding.rate, coding.layout
    encoder.time_base = Fraction(1, coding.rate)
    if coding.is_lossless:
        encoder.format = _lossless_format(coding)
    else:
        encoder.format = encoder.codec.audio_formats[0]
        encoder.bit_rate = coding.bit_rate
    encoder.flags |= 1 << 22  # parameters apart from the packets, as files have them
    encoder.open()
    ready: AudioCodecContext = encoder
    return ready


def _lossless_format(coding: Coding) -> str:
    if coding.codec.startswith("pcm_"):
        return coding.format
    wide = "s32" if coding.format.startswith("s32") else "s16"
    return wide + ("p" if coding.codec == "alac" else "")


def frame_of(samples: Samples, coding: Coding) -> AudioFrame:
    """Samples as any encoder takes them; shape (length, channels), full scale 1."""
    packed = np.ascontiguousarray(samples).reshape(1, -1)
    frame: AudioFrame = library().AudioFrame.from_ndarray(packed, "flt", coding.layout)
    frame.sample_rate = coding.rate
    return frame


def add_output(muxer: OutputContainer, coding: Coding, stream: AudioStream) -> AudioStream:
    """A stream for such a sound, with the tags of the one that it is made from."""
    output: Any = muxer.add_stream(coding.encoder, coding.rate)
    output.codec_context.layout = coding.layout
    if coding.is_lossless:
        output.codec_context.format = _lossless_format(coding)
    else:
        output.codec_context.bit_rate = coding.bit_rate
    output.metadata.update(stream.metadata)
    added: AudioStream = output
    return added
