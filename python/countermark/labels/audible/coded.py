"""Put a cue into sound that a codec made: packets beside packets where the codec allows it.

MP3, AAC and Opus are cut into packets that decode on their own but for a short past, so those of
a cue, from the same codec with the same parameters, can stand before or after those of the
content, which stay the same bytes. MP3 draws on bits of earlier packets: there a cue in the middle
means that all is encoded anew, as it does for AAC that is not of low complexity. FLAC and ALAC
lose nothing by being encoded anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from countermark.errors import UnreadableSound
from countermark.labels.audible.cue import Cue
from countermark.labels.audible.loudness import Loudness
from countermark.labels.audible.placing import LabelledSound, Placed, Where, place
from countermark.pyav import library, reading
from countermark.sound.coding import (
    Coding,
    add_output,
    coding_of,
    decoded,
    encoder_of,
    low_frequencies,
    numbers,
)
from countermark.sound.streams import opened
from countermark.sound.tags import tags_of

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer


def label_coded(
    source: str | PathLike[str], out: BinaryIO, *, cue: Cue, where: Where
) -> LabelledSound:
    """Write the file with a cue in it; needs memory for the cue and a few packets only.

    Raises `UnreadableSound`, `UnsupportedSound`, `MissingExtra`.
    """
    name = os.fspath(source)
    with opened(source) as (container, stream), reading(name, UnreadableSound):
        tags = tags_of(source, container, stream.codec_context.name)
        coding = coding_of(container, stream)
        loudness, low_tones = Loudness(coding.rate), low_frequencies(stream)
        for frame in decoded(container, stream):
            loudness.add(numbers(frame, coding.channels))
    if not loudness.length:
        raise UnreadableSound(f"The file {name!r} holds no samples.", remedy="Name another one.")
    placed = place(
        loudness,
        cue,
        where,
        rate=coding.rate,
        channels=coding.channels,
        low_frequencies=low_tones,
    )
    with opened(source) as (container, stream), reading(name, UnreadableSound):
        encoder = encoder_of(coding)
        joined = _can_join(coding, encoder, where)
        with tags.muxing(out) as muxer:
            if joined:
                _join(container, stream, muxer, encoder, placed)
            else:
                _encode(container, stream, muxer, coding, placed)
    tags.finish(out, moved=(placed.position, len(placed.samples)))
    anew: Literal["lossless", "re-encoded"] = "lossless" if coding.is_lossless else "re-encoded"
    return placed.labelled("untouched" if joined else anew)


def _can_join(coding: Coding, encoder: AudioCodecContext, where: Where) -> bool:
    """Whether packets of the cue decode in one row with those of the content."""
    ours = encoder.extradata or b""
    if coding.codec == "mp3":
        return where != "middle"
    if coding.codec == "aac":  # object type, rate, channels, length of a frame; no extension
        return len(coding.extradata) >= 2 and coding.extradata[:2] == ours[:2]
    if coding.codec == "opus":  # channels; how they are coupled
        return coding.extradata[9:10] == ours[9:10] and coding.extradata[18:] == ours[18:]
    return False


def _join(
    container: InputContainer,
    stream: AudioStream,
    muxer: OutputContainer,
    encoder: AudioCodecContext,
    placed: Placed,
) -> None:
    output = muxer.add_stream_from_template(stream)
    output.metadata.update(stream.metadata)
    cue_packets = [*encoder.encode(_frame(placed, encoder)), *encoder.encode(None)]
    lasts = sum(packet.duration or 0 for packet in cue_packets)  # in samples
    scale = 1 / (
        (stream.time_base or Fraction(1, placed.rate)) * placed.rate
    )  # from samples to the units of the stream
    end, shift = None, 0
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        if end is None:
            end = first = packet.pts
        if cue_packets and _is_place(placed, packet.pts - max(first, 0), scale):
            _mux(muxer, output, cue_packets, end, scale, placed.rate)
            cue_packets, shift = [], round(lasts * scale)
        end = packet.pts + (packet.duration or 0)
        packet.pts += shift
        packet.dts = packet.pts
        packet.stream = output
        muxer.mux(packet)
    if cue_packets and end is not None:
        _mux(muxer, output, cue_packets, end, scale, placed.rate)


def _is_place(placed: Placed, into: int, scale: Fraction) -> bool:
    """Packets before zero fill the codec's past, and those after the last sample end it."""
    if placed.where == "middle":
        return bool(into >= placed.position * scale)
    return placed.where == "start"


def _mux(
    muxer: OutputContainer,
    output: AudioStream,
    packets: list[Any],
    start: int,
    scale: Fraction,
    rate: int,
) -> None:
    """Write the packets of the cue; `scale` is from samples to units of the stream."""
    position = 0
    for packet in packets:
        lasts = packet.duration or 0
        packet.pts = packet.dts = start + round(position * scale)
        packet.duration = round(lasts * scale)
        packet.time_base = 1 / (scale * rate)
        packet.stream = output
        muxer.mux(packet)
        position += lasts


def _frame(placed: Placed, encoder: AudioCodecContext) -> AudioFrame:
    """The cue as an encoder takes it."""
    av = library()
    packed = np.ascontiguousarray(placed.samples.reshape(1, -1))
    frame: AudioFrame = av.AudioFrame.from_ndarray(packed, format="flt", layout=encoder.layout.name)
    frame.sample_rate, frame.pts = placed.rate, 0
    frame.time_base = Fraction(1, placed.rate)
    return frame


def _encode(
    container: InputContainer,
    stream: AudioStream,
    muxer: OutputContainer,
    coding: Coding,
    placed: Placed,
) -> None:
    output: Any = add_output(muxer, coding, stream)
    for frame in _with_cue(decoded(container, stream), output.codec_context, placed):
        frame.pts = None
        muxer.mux(output.encode(frame))
    muxer.mux(output.encode(None))


def _with_cue(
    frames: Iterator[AudioFrame], encoder: AudioCodecContext, placed: Placed
) -> Iterator[AudioFrame]:
    cue, position, is_placed = None, 0, False
    for frame in frames:
        if cue is None:
            cue = _converted(_frame(placed, encoder), frame)
        into = placed.position - position
        position += frame.samples
        if is_placed or into >= frame.samples:
            yield frame
            continue
        if into:
            yield _part(frame, 0, into)
        yield cue
        yield _part(frame, into, frame.samples) if into else frame
        is_placed = True
    if cue is not None and not is_placed:
        yield cue


def _converted(cue: AudioFrame, like: AudioFrame) -> AudioFrame:
    resampler = library().AudioResampler(like.format, like.layout, like.sample_rate)
    converted: AudioFrame = resampler.resample(cue)[0]
    return converted


def _part(frame: AudioFrame, start: int, end: int) -> AudioFrame:
    step = 1 if frame.format.is_planar else frame.layout.nb_channels
    values = np.ascontiguousarray(frame.to_ndarray()[:, start * step : end * step])
    part: AudioFrame = library().AudioFrame.from_ndarray(
        values, frame.format.name, frame.layout.name
    )
    part.sample_rate = frame.sample_rate
    return part
