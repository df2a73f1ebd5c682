"""From movie to movie: altered frames encoded anew, and all other packets as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Generic, Protocol, TypeVar

from countermark.containers.movie_index import carry_metadata, top_boxes
from countermark.errors import UnreadableVideo, UnsupportedVideo
from countermark.labels.moving.encoding import make_encoder
from countermark.labels.moving.parameter_sets import joined, with_lengths
from countermark.labels.moving.plan import Plan
from countermark.pyav import Sink, library

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_WEBM: Final = b"\x42\x82\x84webm"


class Alteration(Protocol):
    """What is done to frames of one size."""

    def put_on(self, frame: VideoFrame) -> None:
        """Change the pixels of the next frame."""


class Replacement(Protocol):
    """Packets in place of those of another track."""

    @property
    def rate(self) -> int:
        """Of its clock, in Hz."""

    def add_to(self, muxer: OutputContainer, stream: Any) -> Any:
        """The stream for them, instead of that one."""

    def until(self, seconds: Fraction | None) -> Iterator[Packet[Any]]:
        """Those that are due up to a time; None for all that are left."""


A = TypeVar("A", bound=Alteration)


@dataclass(slots=True)
class Remuxed(Generic[A]):
    """What was done: `frames` encoded, `altered` of them by the alteration."""

    alteration: A
    frames: int = 0
    altered: int = 0
    copied_from_seconds: float | None = None


def remux(
    container: InputContainer,
    stream: VideoStream,
    out: BinaryIO,
    plan: Plan,
    *,
    codec: str,
    alter: Callable[[VideoFrame], A],
    replacements: Mapping[int, Replacement] = MappingProxyType({}),
) -> Remuxed[A]:
    """Write the movie by this plan; needs memory for some frames only.

    `alter`: says, by the first frame, what is done to that one and the others of the plan.
    `replacements`: of other tracks, by their index.
    """
    remuxer = _Remuxer(container, stream, out, plan, codec, alter, replacements)
    for packet in container.demux():
        remuxer.take(packet)
    return remuxer.close()


class _Remuxer(Generic[A]):
    """Takes the packets of the source in their order; begins to write with the first frame."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        out: BinaryIO,
        plan: Plan,
        codec: str,
        alter: Callable[[VideoFrame], A],
        replacements: Mapping[int, Replacement],
    ) -> None:
        self._container, self._stream, self._sink = container, stream, Sink(out)
        self._replacements = replacements
        self._plan, self._codec, self._alter = plan, codec, alter
        self._times = iter(plan.decoding_times)
        self._durations: dict[int, int] = {}
        self._early: list[Packet[Any]] = []  # of other tracks, before the first frame
        self._outputs: dict[int, Any] = {}
        self._muxer: OutputContainer | None = None
        self._encoder: VideoCodecContext | None = None
        self._done: Remuxed[A] | None = None
        self._first_time = 0
        self._is_copying = False

    def take(self, packet: Packet[Any]) -> None:
        """The next packet of the source; an empty one ends its track."""
        if packet.stream.index != self._stream.index or self._is_copying:
            if packet.size:
                self._copy(packet)
        elif not packet.size:
            self._encode(self._decoded(packet))
            self._end()
        elif self._plan.joint is not None and packet.dts == self._plan.joint:
            self._encode(self._stream.codec_context.decode(None))
            self._end()
            if self._done is not None and self._stream.time_base is not None:
                into = (packet.pts or 0) - self._first_time
                self._done.copied_from_seconds = float(into * self._stream.time_base)
            self._copy(packet)
        else:
            self._encode(self._decoded(packet))

    def close(self) -> Remuxed[A]:
        """Complete the file."""
        if self._muxer is None or self._done is None:
            raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")
        for index in self._replacements:
            self._replace(index, None)
        self._muxer.close()
        self._sink.check()
        return self._done

    def _decoded(self, packet: Packet[Any]) -> list[VideoFrame]:
        frames: list[VideoFrame] = self._stream.codec_context.decode(packet)
        return frames

    def _encode(self, frames: list[VideoFrame]) -> None:
        for frame in frames:
            if frame.pts is None:
                raise UnreadableVideo("A frame has no time.", remedy="Write the file anew.")
            encoder = self._encoder or self._begin(frame)
            if (frame.width, frame.height) != (encoder.width, encoder.height):
                raise UnsupportedVideo(
                    "The movie changes its size on the way.", remedy="Scale it to one size first."
                )
            self._change(frame, frame.pts)
            for packet in encoder.encode(frame):
                self._put(self._stream.index, self._fitted(packet))

    def _change(self, frame: VideoFrame, time: int) -> None:
        assert self._done is not None
        self._done.frames += 1
        if self._plan.end is None or time <= self._plan.end:
            self._done.altered += 1
            self._done.alteration.put_on(frame)
        self._durations[time] = frame.duration
        frame.pict_type = 0  # the encoder decides
        frame.time_base = self._time_base

    @property
    def _time_base(self) -> Fraction:
        return self._stream.time_base or Fraction(1, 90_000)

    def _begin(self, frame: VideoFrame) -> VideoCodecContext:
        """Open encoder and muxer, now that a frame says of what kind all are."""
        sets = self._plan.sets
        self._done, self._first_time = Remuxed(self._alter(frame)), frame.pts or 0
        self._encoder = make_encoder(
            self._stream,
            self._codec,
            frame,
            number=None if sets is None else sets.free_number,
            profile=None if sets is None else sets.profile[0],
        )
        form = _format(self._container)
        muxer = library().open(self._sink, "w", format=form, container_options=self._clock(form))
        self._muxer = muxer
        muxer.metadata.update(self._container.metadata)
        muxer.set_chapters(self._container.chapters())
        for one in self._container.streams:
            replacement = self._replacements.get(one.index)
            if replacement is not None:
                output = replacement.add_to(muxer, one)
            else:
                output = _track(muxer, self._container, one)
            if output is not None:
                self._outputs[one.index] = output
        self._describe(self._outputs[self._stream.index])
        try:
            muxer.start_encoding()
        except library().FFmpegError as error:
            raise UnsupportedVideo(
                "The tracks of the movie cannot be written to its container again "
                f"({error.strerror}).",
                remedy="Take out tracks that are neither picture, sound nor subtitles.",
            ) from error
        for packet in self._early:
            self._copy(packet)
        return self._encoder

    def _clock(self, form: str) -> dict[str, str]:
        """For the times at which tracks and chapters begin; that of replacements to the sample."""
        rates = [one.rate for one in self._replacements.values()]
        is_timed = rates and form in {"mp4", "mov"}
        return {"movie_timescale": str(math.lcm(1000, *rates))} if is_timed else {}

    def _describe(self, output: Any) -> None:
        """Tell players of the new packets' parameters."""
        assert self._encoder is not None
        extradata, sets = self._encoder.extradata, self._plan.sets
        if extradata:
            output.codec_context.extradata = extradata if sets is None else joined(sets, extradata)
        if self._stream.codec_context.codec_tag == "hvc1":  # which some players insist on
            output.codec_context.codec_tag = "hvc1"

    def _end(self) -> None:
        """No more frames: what the encoder still has; all later packets are copied."""
        if self._encoder is None:
            raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")
        for packet in self._encoder.encode(None):
            self._put(self._stream.index, self._fitted(packet))
        self._is_copying = True

    def _fitted(self, packet: Packet[Any]) -> Packet[Any]:
        """As the copied packets are: at the times that were, with lengths for start codes."""
        sets, time = self._plan.sets, packet.pts or 0
        if sets is not None:
            renewed = library().Packet(with_lengths(bytes(packet), sets.length_bytes))
            renewed.pts, renewed.is_keyframe = packet.pts, packet.is_keyframe
            packet = renewed
        packet.duration = self._durations.pop(time, 0)
        packet.time_base = self._time_base
        if self._plan.joint is not None:
            packet.dts = next(self._times, packet.dts)
        return packet

    def _copy(self, packet: Packet[Any]) -> None:
        if self._muxer is None:
            self._early.append(packet)
        elif packet.stream.index in self._replacements:
            self._replace(packet.stream.index, packet)
        elif packet.stream.index in self._outputs:
            self._put(packet.stream.index, packet)

    def _replace(self, index: int, packet: Packet[Any] | None) -> None:
        """Put the new packets there that are due with one of the source; all, after the last."""
        due = None
        if packet is not None:
            if packet.dts is None:
                return
            due = packet.dts * Fraction(packet.time_base)
        for new in self._replacements[index].until(due):
            self._put(index, new)

    def _put(self, index: int, packet: Packet[Any]) -> None:
        assert self._muxer is not None
        packet.stream = self._outputs[index]
        self._muxer.mux(packet)
        self._sink.check()


def _track(muxer: OutputContainer, container: InputContainer, one: Any) -> Any:
    is_mp4 = container.format.name.startswith("mov")
    if one.disposition & library().stream.Disposition.attached_pic:
        if not is_mp4:  # there the cover is metadata, and carried over with it
            name = one.metadata.get("filename", "cover")
            muxer.add_attachment(name, one.metadata.get("mimetype", "image/jpeg"), _cover(one))
        return None
    if is_mp4 and _is_remade(container, one):
        return None
    try:
        output = muxer.add_stream_from_template(one, opaque=True)
    except ValueError as error:
        raise UnsupportedVideo(
            f"The track {one.index} ({one.type}) cannot be carried over ({error}).",
            remedy="Take it out of the file first.",
        ) from error
    output.metadata.update(one.metadata)
    output.disposition = one.disposition.value  # older PyAV takes numbers only
    return output


def _is_remade(container: InputContainer, one: Any) -> bool:
    """Whether the muxer makes this track itself: a time code, or the titles of chapters."""
    if one.type != "data":
        return False
    return "timecode" in one.metadata or (one.name == "bin_data" and bool(container.chapters()))


def _cover(one: Any) -> bytes:
    with library().open(one.container.name) as again:
        return next(bytes(packet) for packet in again.demux(again.streams[one.index]))


def _format(container: InputContainer) -> str:
    name = container.format.name
    if name.startswith("mov"):
        return "mov" if container.metadata.get("major_brand", "").strip() == "qt" else "mp4"
    with open(container.name.removeprefix("file:"), "rb") as file:
        return "webm" if _WEBM in file.read(64) else "matroska"


def finish(name: str, out: BinaryIO) -> None:
    """Carry over what the muxer of MP4 would lose."""
    with open(name, "rb") as source:
        if any(box.kind == b"moov" for box in top_boxes(source)):
            carry_metadata(source, out)
