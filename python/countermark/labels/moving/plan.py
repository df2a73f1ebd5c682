"""What of a movie has to be encoded anew for a label in its first seconds.

Copied as it is can be all from a picture on that begins anew, with everything after it in play
after it in the file too. The frames before that are encoded again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from countermark.labels.moving.parameter_sets import ParameterSets, begins_anew, parse

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

JOINABLE: Final = frozenset({"h264", "vp8", "vp9"})
"""Codecs of which two encodings can follow each other in one track: their parameters are in the
packets, or have numbers. Those of H.265 and AV1 belong to the track."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`end`: the last time, in units of the stream, at which a frame has the label; None for ever.

    `joint`: the decoding time of the first packet that is copied; None if none can be.
    `decoding_times`: those of the packets before it. `sets`: of H.264 that is joined.
    """

    end: int | None
    joint: int | None
    decoding_times: tuple[int, ...]
    sets: ParameterSets | None


def make_plan(
    container: InputContainer, stream: VideoStream, codec: str, seconds: Fraction | None
) -> Plan:
    """Read packets to the first group of pictures that can be copied, and no further."""
    if seconds is None or stream.time_base is None:
        return Plan(None, None, (), None)
    lasts = int(seconds / stream.time_base)
    packets = (packet for packet in container.demux(stream) if packet.size)
    sets = parse(stream.codec_context.extradata or b"") if codec == "h264" else None
    joinable = codec in JOINABLE and (
        codec != "h264" or (sets is not None and sets.free_number is not None)
    )
    first: int | None = None  # what is shown before this key picture leans on nothing that is there
    start: int | None = None  # the first time of play
    times: list[int | None] = []
    candidate: Packet[VideoStream] | None = None
    before: tuple[int, ...] = ()
    for packet in packets:
        first = packet.pts if first is None else first
        if packet.is_discard:
            continue
        if packet.pts is None or first is None:
            joinable = False
            continue
        if packet.is_keyframe and (candidate is not None or (start is not None and not joinable)):
            break  # nothing leans across the candidate; or the first group says where play begins
        if candidate is not None and packet.pts < (candidate.pts or 0):
            candidate = None  # an open group: it leans on the one before
        if packet.pts >= first:
            start = packet.pts if start is None else min(start, packet.pts)
        is_past = start is not None and packet.pts > start + lasts
        if joinable and is_past and packet.is_keyframe and _is_fresh(packet, sets):
            candidate, before = packet, _filled(times)
        times.append(packet.dts)
    if start is None:
        return Plan(None, None, (), None)
    end = start + lasts
    if candidate is None or candidate.dts is None:
        return Plan(end, None, (), None)
    return Plan(end, candidate.dts, before, sets)


def _is_fresh(packet: Packet[VideoStream], sets: ParameterSets | None) -> bool:
    return sets is None or begins_anew(bytes(packet), sets.length_bytes)


def _filled(times: list[int | None]) -> tuple[int, ...]:
    """Matroska has no decoding times, and those of the first packets cannot be worked out."""
    known = next((index for index, time in enumerate(times) if time is not None), len(times))
    first = times[known] if known < len(times) else 0
    assert first is not None
    return (*range(first - known, first), *(time for time in times[known:] if time is not None))
