"""From movie to movie: frames with a label encoded anew, and all other packets as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from countermark.errors import UnreadableVideo, UnsupportedVideo
from countermark.labels.moving.boxes import carry_metadata, top_boxes
from countermark.labels.moving.encoding import make_encoder
from countermark.labels.moving.overlay import Overlay, make_overlay
from countermark.labels.moving.parameter_sets import joined, with_lengths
from countermark.labels.moving.plan import Plan
from countermark.labels.pyav import library
from countermark.labels.visible import Corner, Wording

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_REMADE: Final = frozenset({"tmcd", "text"})
"""Data tracks that the muxer makes again: a time code, from the metadata; titles of chapters."""
_WEBM: Final = b"\x42\x82\x84webm"


@dataclass(slots=True)
class Remuxed:
    """What was done: `frames` encoded, `labelled` of them with the label."""

    overlay: Overlay
    frames: int = 0
    labelled: int = 0
    copied_from_seconds: float | None = None


@dataclass(slots=True)
class _Encoded:
    """The frames that are encoded anew, and what they are put on and encoded with."""

    plan: Plan
    codec: str
    stream: VideoStream
    wording: Wording
    corner: Corner
    height_fraction: float
    encoder: VideoCodecContext | None = None
    done: Remuxed | None = None
    first: int | None = None
    times: Iterator[int] = field(default_factory=lambda: iter(()))
    durations: dict[int, int] = field(default_factory=dict)

    def start(self, frame: VideoFrame) -> VideoCodecContext:
        """Draw the label, and open the encoder, now that a frame says of what kind all are."""
        overlay = make_overlay(
            self.wording, frame, corner=self.corner, height_fraction=self.height_fraction
        )
        sets = self.plan.sets
        self.done, self.first = Remuxed(overlay), frame.pts
        self.times = iter(self.plan.decoding_times)
        self.encoder = make_encoder(
            self.stream,
            self.codec,
            frame,
            number=None if sets is None else sets.free_number,
            profile=None if sets is None else sets.profile[0],
        )
        return self.encoder

    def packets(self, frame: VideoFrame | None) -> Iterator[Packet]:
        """Those that a frame, or the end (None), gives."""
        encoder, done = self.encoder, self.done
        assert encoder is not None
        assert done is not None
        if frame is not None:
            if (frame.width, frame.height) != (encoder.width, encoder.height):
                raise UnsupportedVideo(
                    "The movie changes its size on the way.", remedy="Scale it to one size first."
                )
            done.frames += 1
            if self.plan.end is None or frame.pts <= self.plan.end:
                done.labelled += 1
                done.overlay.put_on(frame)
            self.durations[frame.pts] = frame.duration
            frame.pict_type = 0
            frame.time_base = self.stream.time_base
        for packet in encoder.encode(frame):
            yield self._fitted(packet)

    def _fitted(self, packet: Packet) -> Packet:
        """As the copied packets are: at the times that were, with lengths for start codes."""
        sets = self.plan.sets
        if sets is not None:
            renewed = library().Packet(with_lengths(bytes(packet), sets.length_bytes))
            renewed.pts, renewed.is_keyframe = packet.pts, packet.is_keyframe
            packet = renewed
        packet.duration = self.durations.pop(packet.pts, 0)
        packet.time_base = self.stream.time_base
        if self.plan.joint is not None:
            packet.dts = next(self.times, packet.dts)
        return packet


def remux(
    container: InputContainer,
    stream: VideoStream,
    out: BinaryIO,
    plan: Plan,
    *,
    codec: str,
    wording: Wording,
    corner: Corner,
    height_fraction: float,
) -> Remuxed:
    """Write the movie by this plan; needs memory for some frames only."""
    encoded = _Encoded(plan, codec, stream, wording, corner, height_fraction)
    waiting: list[Packet] = []  # of other tracks, until the first frame says how to begin
    muxer, outputs, is_copying = None, {}, False
    for packet in container.demux():
        if packet.stream.index != stream.index:
            if not packet.size:
                continue
            if muxer is None:
                waiting.append(packet)
            else:
                _copy(muxer, outputs, packet)
            continue
        is_joint = plan.joint is not None and packet.dts == plan.joint and bool(packet.size)
        if is_copying:
            if packet.size:
                _copy(muxer, outputs, packet)
            continue
        frames = stream.codec_context.decode(None) if is_joint else packet.decode()
        for frame in frames:
            if frame.pts is None:
                raise UnreadableVideo("A frame has no time.", remedy="Write the file anew.")
            if muxer is None:
                encoder = encoded.start(frame)
                muxer, outputs = _begin(container, stream, out, encoder, plan)
                for early in waiting:
                    _copy(muxer, outputs, early)
            for made in encoded.packets(frame):
                _put(muxer, outputs[stream.index], made)
        if is_joint or (not packet.size and not is_copying):
            if muxer is None or encoded.done is None:
                raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")
            for made in encoded.packets(None):
                _put(muxer, outputs[stream.index], made)
            is_copying = True
        if is_joint and encoded.done is not None:
            encoded.done.copied_from_seconds = _seconds(packet, encoded)
            _copy(muxer, outputs, packet)
    if muxer is None or encoded.done is None:
        raise UnreadableVideo("The movie has no frames.", remedy="Write the file anew.")
    muxer.close()
    return encoded.done


def _seconds(packet: Packet, encoded: _Encoded) -> float:
    base: Any = encoded.stream.time_base
    return float(((packet.pts or 0) - (encoded.first or 0)) * base)


def _begin(
    container: InputContainer,
    stream: VideoStream,
    out: BinaryIO,
    encoder: VideoCodecContext,
    plan: Plan,
) -> tuple[OutputContainer, dict[int, Any]]:
    """A muxer with a track for each track of the source, and its metadata and chapters."""
    muxer = library().open(out, "w", format=_format(container))
    muxer.metadata.update(container.metadata)
    muxer.set_chapters(container.chapters())
    outputs = {}
    for one in container.streams:
        output = _track(muxer, container, one)
        if output is None:
            continue
        outputs[one.index] = output
        if one.index == stream.index:
            extradata = encoder.extradata or b""
            if plan.sets is not None:
                output.codec_context.extradata = joined(plan.sets, extradata)
            elif extradata:
                output.codec_context.extradata = extradata
            if one.codec_context.codec_tag == "hvc1":
                output.codec_context.codec_tag = "hvc1"
    muxer.start_encoding()
    return muxer, outputs


def _track(muxer: OutputContainer, container: InputContainer, one: Any) -> Any:
    is_mp4 = container.format.name.startswith("mov")
    if one.disposition & library().stream.Disposition.attached_pic:
        if not is_mp4:  # there the cover is metadata, and carried over with it
            name = one.metadata.get("filename", "cover")
            muxer.add_attachment(name, one.metadata.get("mimetype", "image/jpeg"), _cover(one))
        return None
    if one.type == "data" and is_mp4 and _tag(one) in _REMADE:
        return None
    try:
        output = muxer.add_stream_from_template(one, opaque=True)
    except ValueError as error:
        raise UnsupportedVideo(
            f"The track {one.index} ({one.type}) cannot be carried over ({error}).",
            remedy="Take it out of the file first.",
        ) from error
    output.metadata.update(one.metadata)
    output.disposition = one.disposition
    return output


def _tag(one: Any) -> str:
    return str(one.codec_tag) if hasattr(one, "codec_tag") else ""


def _cover(one: Any) -> bytes:
    with library().open(one.container.name) as again:
        return next(bytes(packet) for packet in again.demux(again.streams[one.index]))


def _format(container: InputContainer) -> str:
    name = container.format.name
    if name.startswith("mov"):
        return "mov" if container.metadata.get("major_brand", "").strip() == "qt" else "mp4"
    with open(container.name.removeprefix("file:"), "rb") as file:
        return "webm" if _WEBM in file.read(64) else "matroska"


def _copy(muxer: Any, outputs: dict[int, Any], packet: Packet) -> None:
    output = outputs.get(packet.stream.index)
    if output is not None:
        _put(muxer, output, packet)


def _put(muxer: Any, output: Any, packet: Packet) -> None:
    packet.stream = output
    muxer.mux(packet)


def finish(name: str, out: BinaryIO) -> None:
    """Carry over what the muxer of MP4 would lose."""
    with open(name, "rb") as source:
        if any(box.kind == b"moov" for box in top_boxes(source)):
            carry_metadata(source, out)
