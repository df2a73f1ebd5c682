"""Encoders for what has to be encoded anew, with the parameters of what is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from countermark.errors import UnsupportedVideo
from countermark.labels.moving.scheduling import ordinary_priority
from countermark.pyav import library

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_GLOBAL_HEADER: Final = 1 << 22
_INTERLACED: Final = 1 << 18 | 1 << 29

ENCODERS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "h264": ("libx264", {"preset": "fast", "crf": "18"}),
    "hevc": ("libx265", {"preset": "fast", "crf": "20"}),
    "vp8": ("libvpx", {"deadline": "good", "cpu-used": "4", "crf": "8"}),
    "vp9": ("libvpx-vp9", {"deadline": "good", "cpu-used": "5", "crf": "24", "row-mt": "1"}),
    "av1": ("libsvtav1", {"preset": "8", "crf": "26"}),
}
"""By codec: who encodes it, and how; the quality is one at which nothing is seen of it."""

_LIKELY_BIT_RATE: Final = 4_000_000  # VP8 has no quality without an upper limit
_X265: Final = "log-level=error:info=0"
_PROFILES: Final = {66: "baseline", 77: "main"}


def codec_of(stream: VideoStream) -> str:
    """The codec of a stream; raises `UnsupportedVideo` for one that is not encoded here."""
    codec = str(stream.codec_context.codec.canonical_name)
    if codec not in ENCODERS:
        raise UnsupportedVideo(
            f"The movie is in the codec {codec}.",
            remedy="Convert it to H.264, H.265, VP8, VP9 or AV1 first.",
        )
    return codec


def make_encoder(
    stream: VideoStream, codec: str, frame: VideoFrame, *, number: int | None, profile: int | None
) -> VideoCodecContext:
    """An encoder for frames like this one.

    `number`: of its parameter sets, where it is joined with H.264 of this `profile`.
    """
    name, options = ENCODERS[codec]
    if codec == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors; else it talks of all that it does
    encoder: Any = library().CodecContext.create(name, "w")
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt = frame.format.name
    encoder.time_base = stream.time_base
    encoder.framerate = stream.average_rate or stream.guessed_rate or 25
    if stream.codec_context.sample_aspect_ratio:
        encoder.sample_aspect_ratio = stream.codec_context.sample_aspect_ratio
    for colour in ("color_range", "color_primaries", "color_trc", "colorspace"):
        setattr(encoder, colour, getattr(stream.codec_context, colour))
    encoder.options = {**options, **_options(codec, number, profile)}
    encoder.flags |= _GLOBAL_HEADER
    if codec in {"vp8", "vp9"}:
        encoder.bit_rate = 0 if codec == "vp9" else stream.bit_rate or _LIKELY_BIT_RATE
    if frame.interlaced_frame and codec == "h264":
        encoder.flags |= _INTERLACED
    try:
        with ordinary_priority():
            encoder.open()
    except (library().FFmpegError, ValueError) as error:
        raise UnsupportedVideo(
            f"{name} does not encode {frame.format.name} of {frame.width} x {frame.height}.",
            remedy="Convert the movie to yuv420p of 8 bits, or scale it.",
        ) from error
    opened: VideoCodecContext = encoder
    return opened


def _options(codec: str, number: int | None, profile: int | None) -> dict[str, str]:
    if codec == "hevc":
        return {"x265-params": _X265}
    if codec == "av1":
        return {"svtav1-params": "lp=2"}
    if number is None or codec != "h264":
        return {}
    # Without frames out of order, the decoding times that are there can be used again.
    wanted = {"x264-params": f"sps-id={number}", "bf": "0"}
    return {**wanted, "profile": _PROFILES[profile]} if profile in _PROFILES else wanted
