"""Decode a joint, as a player would, before the file is kept."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from countermark.pyav import library, local

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_FRAMES: Final = 48  # past the joint: what leans on it, by pictures out of order too


def is_clean(name: str, written: BinaryIO, frames: int, joint: int) -> bool:
    """Whether all frames before the joint are there, and those after it are as in the source."""
    av = library()
    written.seek(0)
    try:
        with av.open(written) as after, av.open(local(name)) as before:
            ours = _digests(after.decode(_moving(after)), skip=frames)
            theirs = _digests(_from(before, joint), skip=0)
            return bool(ours) and ours == theirs
    except (av.FFmpegError, ValueError):
        return False


def _moving(container: Any) -> Any:
    cover = library().stream.Disposition.attached_pic
    return next(one for one in container.streams.video if not one.disposition & cover)


def _from(container: Any, joint: int) -> Iterator[VideoFrame]:
    """The frames of the source from the joint on, by a decoder that has seen nothing before."""
    stream = _moving(container)
    packets = itertools.dropwhile(lambda packet: packet.dts != joint, container.demux(stream))
    for packet in packets:
        yield from packet.decode()


def _digests(frames: Iterator[VideoFrame], skip: int) -> list[bytes]:
    return [_digest(frame) for frame in itertools.islice(frames, skip, skip + _FRAMES)]


def _digest(frame: VideoFrame) -> bytes:
    return hashlib.sha256(frame.to_ndarray().tobytes()).digest()
