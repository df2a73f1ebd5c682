"""The luma of decoded frames, as the core takes it: 8 bits, or more on top of 16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from countermark.errors import UnsupportedVideo
from countermark.labels.moving.overlay import pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Luma = npt.NDArray[Any]


def luma_of(frame: VideoFrame) -> Luma:
    """A copy of it; raises `UnsupportedVideo` for frames without a plane of luma."""
    name: str = frame.format.name
    if not name.startswith(("yuv4", "yuvj4", "gray")) or name.endswith("be"):
        raise UnsupportedVideo(
            f"The movie has pixels of the kind {name}.",
            remedy="Convert it to yuv420p, yuv422p or yuv444p, of 8 to 12 bits.",
        )
    stored = pixels(frame, 0)
    if stored.dtype == np.uint8:
        return np.array(stored, order="C")  # the decoder may still look at its own
    luma: Luma = np.left_shift(stored, 16 - _bits(frame), dtype=np.uint16)
    return luma


def put_luma(luma: Luma, frame: VideoFrame) -> None:
    """Write it to the frame that it is of."""
    frame.make_writable()
    stored = pixels(frame, 0)
    if stored.dtype == np.uint8:
        stored[...] = luma
        return
    down = 16 - _bits(frame)
    rounded = (luma.astype(np.uint32) + (1 << down >> 1)) >> down
    stored[...] = np.minimum(rounded, (1 << _bits(frame)) - 1)


def _bits(frame: VideoFrame) -> int:
    bits: int = frame.format.components[0].bits
    return bits
