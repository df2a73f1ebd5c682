"""A label on the frames of a movie, whatever their pixels are.

The label is black and white, so only its luma is blended; its chroma is none. It is drawn once,
for whatever may lie beneath, so that it does not flicker, and lies upright as the movie is shown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from countermark.errors import UnsupportedVideo
from countermark.labels.visible import Corner, Wording, label_picture

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_FULL_RANGE: Final = 2  # AVCOL_RANGE_JPEG
_FULL_RANGE_FORMATS: Final = "yuvj"
_WHITE: Final = {16: 0.58, 18: 0.75}
"""Of the transfer functions PQ and HLG (ITU-T H.273, 8.2), the level of the white of titles: ITU-R
BT.2408-7, table 1. At the level of a lamp the label would blind."""

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A label for frames of one size: how white, and how opaque, from `left` and `top` on."""

    left: int
    top: int
    white: Plane
    alpha: Plane
    lines: tuple[str, ...]
    ink_height: int

    def put_on(self, frame: VideoFrame) -> None:
        """Blend it into a frame, which must be of the size that it was made for."""
        frame.make_writable()
        across, down = _subsampling(frame.format)
        left, top = self.left // across * across, self.top // down * down
        white, alpha = (
            _whole(plane, (self.top - top, down), (self.left - left, across))
            for plane in (self.white, self.alpha)
        )
        for index, level in enumerate(_levels(frame)):
            columns, rows = (across, down) if level.is_chroma else (1, 1)
            target = pixels(frame, index)[top // rows :, left // columns :]
            cover = _mean(alpha, columns, rows)
            goal = level.low + _mean(white, columns, rows) * (level.high - level.low)
            place = target[: cover.shape[0], : cover.shape[1]]
            cover, goal = (each[: place.shape[0], : place.shape[1]] for each in (cover, goal))
            place[...] = np.rint(place + cover * (goal - place)).astype(place.dtype)


def _whole(plane: Plane, rows: tuple[int, int], columns: tuple[int, int]) -> Plane:
    """With nothing around it, so that it covers whole samples of chroma.

    Of each: how much before it, and the multiple that the length must be.
    """
    edges = [
        (before, -(before + length) % multiple)
        for length, (before, multiple) in zip(plane.shape, (rows, columns), strict=True)
    ]
    return np.pad(plane, edges)


def make_overlay(
    wording: Wording, frame: VideoFrame, *, corner: Corner, height_fraction: float
) -> Overlay:
    """A label for frames like this one; raises `LabelDoesNotFit`, `FontMissing`."""
    transposed, mirrored_down, mirrored_across = orientation(frame)
    size = (frame.width, frame.height) if transposed else (frame.height, frame.width)
    canvas = np.zeros((*size, 4), np.uint8)
    labelled = label_picture(
        canvas, wording, corner=corner, height_fraction=height_fraction, out=canvas
    )
    stored = canvas.transpose(1, 0, 2) if transposed else canvas
    stored = stored[::-1] if mirrored_down else stored
    stored = stored[:, ::-1] if mirrored_across else stored
    rows, columns = (np.flatnonzero(stored[..., 3].any(axis=axis)) for axis in (1, 0))
    cut = stored[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    return Overlay(
        left=int(columns[0]),
        top=int(rows[0]),
        white=np.ascontiguousarray(cut[..., 0]),
        alpha=np.ascontiguousarray(cut[..., 3]),
        lines=labelled.lines,
        ink_height=labelled.ink_height,
    )


def orientation(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """How stored pixels differ from those shown: rows for columns, mirrored down, across.

    Source: ISO/IEC 14496-12, 6.2.2 (the matrix of a track).
    """
    side_data: Any = frame.side_data
    matrix = next((bytes(data) for data in side_data if data.type.name == "DISPLAYMATRIX"), None)
    if matrix is None or len(matrix) < 36:
        return False, False, False
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    if abs(b) + abs(c) > abs(a) + abs(d):
        return True, c < 0, b < 0
    return False, d < 0, a < 0


@dataclass(frozen=True, slots=True)
class _Level:
    """Black and white of a plane; both are "no colour" in one of chroma."""

    low: float
    high: float
    is_chroma: bool


def _levels(frame: VideoFrame) -> list[_Level]:
    name, bits = frame.format.name, frame.format.components[0].bits
    is_gray = name.startswith("gray")
    if not (name.startswith(("yuv4", "yuvj4", "gbrp")) or is_gray) or name.endswith("be"):
        raise UnsupportedVideo(
            f"The movie has pixels of the kind {name}.",
            remedy="Convert it to yuv420p, yuv422p or yuv444p, of 8 to 12 bits.",
        )
    scale = 2 ** (bits - 8)
    white = _WHITE.get(frame.color_trc, 1.0)
    full = frame.color_range == _FULL_RANGE or name.startswith((_FULL_RANGE_FORMATS, "gbrp"))
    low, high = (0, 2**bits - 1) if full else (16 * scale, 235 * scale)
    luma = _Level(low, low + white * (high - low), False)
    if name.startswith("gbrp"):
        return [luma] * 3
    middle = float(128 * scale)
    return [luma] if is_gray else [luma, *[_Level(middle, middle, True)] * 2]


def _subsampling(format: Any) -> tuple[int, int]:
    chroma = 1024
    return chroma // format.chroma_width(chroma), chroma // format.chroma_height(chroma)


def pixels(frame: VideoFrame, index: int) -> npt.NDArray[Any]:
    """A view of the pixels of a plane."""
    plane: Any = frame.planes[index]
    kind = np.dtype("u1" if frame.format.components[0].bits == 8 else "<u2")
    stored: npt.NDArray[Any] = np.frombuffer(plane, kind).reshape(
        -1, plane.line_size // kind.itemsize
    )
    return stored[: plane.height, : plane.width]


def _mean(plane: Plane, across: int, down: int) -> Plane:
    """Of each group of pixels that share a chroma sample."""
    if across == down == 1:
        return plane
    height, width = plane.shape[0] // down, plane.shape[1] // across
    mean: Plane = plane.reshape(height, down, width, across).mean(axis=(1, 3))
    return mean
