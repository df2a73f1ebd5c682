"""Decoded frames of sound and moving pictures, hashed one after the other.

>>> ear, eye = Ear(1), Eye(query=False)
>>> ear.finish(), eye.finish()
((), None)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt

from countermark import image
from countermark.clips.sounds import is_telling
from countermark.errors import ImageTooLarge, ImageTooSmall
from countermark.fingerprint import Chromaprint, Frame, Pdq, Vpdq, pdq, pdq_dihedral
from countermark.fingerprint.sound import HOP, RATE, Hasher
from countermark.pyav import library

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame

QUERY_SOUNDS: Final = 2
"""Fingerprints of the sound of a query: hops of its own and of a stored sound are then no more than
a quarter of one apart."""

_QUERY_RATE: Final = 32
"""Frames a second of a query that are hashed at most: what shakes is like a stored frame for no
longer than one of its own."""

_DARK: Final = 24
"""Of 255: as bright as the bars around a picture may be in some place."""

# As fpcalc resamples: the same fingerprint comes of it, bit for bit.
_RESAMPLING: Final = f"{RATE}:filter_size=16:phase_shift=8:linear_interp=0:cutoff=0.8"
_ONE_CHANNEL: Final = "sample_fmts=s16:channel_layouts=mono"
_MIRRORED: Final = 5  # left to right, among those of pdq_dihedral


class Ear:
    """Hears a sound, and gives as many fingerprints of it as are wanted."""

    def __init__(self, sounds: int) -> None:
        self._hashers = [Hasher() for _ in range(sounds)]
        self._skipped = [number * HOP // sounds for number in range(sounds)]
        self._graph: Any = None
        self._format: tuple[Any, ...] | None = None
        self._samples = 0

    @property
    def seconds(self) -> float:
        """How long it was so far."""
        return self._samples / RATE

    def hear(self, frame: AudioFrame) -> None:
        """The next frame."""
        format_ = (frame.sample_rate, frame.layout.name, frame.format.name)
        if format_ != self._format:  # the first one, or it changes on the way
            self._drain()
            self._graph, self._format = _resampler(frame), format_
        frame.pts = None
        self._graph.push(_finite(frame))
        self._take()

    def finish(self) -> tuple[Chromaprint, ...]:
        """The fingerprints; none of a sound that cannot be told from others."""
        self._drain()
        found = tuple(hasher.finish() for hasher in self._hashers)
        return found if is_telling(found[0]) else ()

    def _drain(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._take()

    def _take(self) -> None:
        av = library()
        with contextlib.suppress(av.BlockingIOError, av.EOFError):
            while True:
                samples = self._graph.pull().to_ndarray().ravel()
                for number, hasher in enumerate(self._hashers):
                    skipped = max(self._skipped[number] - self._samples, 0)
                    hasher.add(samples[skipped:])
                self._samples += len(samples)


class Eye:
    """Sees moving pictures, and hashes the first frame of each second, or more of a query."""

    def __init__(self, *, query: bool) -> None:
        self._is_query = query
        self._rate = _QUERY_RATE if query else 1
        self._frames: list[Frame] = []
        self._first: float | None = None
        self._next = 0.0
        self._lit = _Lit()
        self.seconds = 0.0

    def see(self, frame: VideoFrame) -> None:
        """The next frame."""
        if frame.time is None:
            return
        if self._first is None:
            self._first = frame.time
        at = frame.time - self._first
        self.seconds = max(self.seconds, at)
        if at < self._next:
            return
        self._next = (int(at * self._rate) + 1) / self._rate
        with contextlib.suppress(ImageTooSmall, ImageTooLarge):
            image.check_size(frame.width, frame.height)
            seen = _luma(frame) if self._is_query else frame.to_ndarray(format="rgb24")
            for hash_ in self._hashes(np.rot90(seen, round(frame.rotation / 90) % 4)):
                self._frames.append(Frame(hash_.bits, hash_.quality, at))

    def finish(self) -> Vpdq | None:
        """The fingerprint; None of pictures with too little structure."""
        found = Vpdq.of(self._frames)
        return found if found.telling else None

    def _hashes(self, pixels: npt.NDArray[np.uint8]) -> Iterator[Pdq]:
        """The hash of a frame; of a query also mirrored, and both without black bars."""
        if not self._is_query:
            yield pdq(pixels)
            return
        inner = pixels[self._lit.update(pixels)]
        for seen in (pixels,) if inner.shape == pixels.shape else (pixels, inner):
            turned = pdq_dihedral(seen)
            yield turned[0]
            yield turned[_MIRRORED]


class _Lit:
    """Where the frames so far are not black: what bars around them leave."""

    def __init__(self) -> None:
        self._edges: npt.NDArray[np.int64] | None = None

    def update(self, pixels: npt.NDArray[np.uint8]) -> tuple[slice, slice]:
        """Add a frame of the same size; rows and columns."""
        bright = pixels > _DARK
        rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
        if len(rows):
            edges = np.array([-rows[0], rows[-1] + 1, -columns[0], columns[-1] + 1])
            self._edges = edges if self._edges is None else np.maximum(self._edges, edges)
        if self._edges is None:
            return slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
        top, bottom, left, right = self._edges.tolist()
        return _between(-top, bottom, pixels.shape[0]), _between(-left, right, pixels.shape[1])


def _between(first: int, last: int, size: int) -> slice:
    """What is between two bars; all, if there is one on one side alone: it is part of the picture.

    >>> _between(40, 280, 320), _between(0, 280, 320)
    (slice(40, 280, None), slice(0, 320, None))
    """
    return slice(first, last) if first > 0 and last < size else slice(0, size)


_FULL_RANGE: Final = 2
# Of black and white at 16 and 235 to all of 0 to 255.
_STRETCHED: Final = bytes(min(max(round((level - 16) * 255 / 219), 0), 255) for level in range(256))


def _luma(frame: VideoFrame) -> npt.NDArray[np.uint8]:
    """Of any frame by FFmpeg; of the usual ones without, in half the time."""
    has_plane = frame.format.name in {"yuv420p", "yuv422p", "yuv444p", "nv12"}
    if not has_plane or frame.color_range == _FULL_RANGE:
        grey: Any = frame.to_ndarray(format="gray")
    else:
        plane: Any = frame.planes[0]
        rows = np.frombuffer(bytes(plane).translate(_STRETCHED), np.uint8)
        grey = rows.reshape(-1, plane.line_size)[: frame.height, : frame.width]
    seen: npt.NDArray[np.uint8] = grey
    return seen


def _resampler(frame: AudioFrame) -> Any:
    graph = library().filter.Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=f"1/{frame.sample_rate}",
    )
    resampling = graph.add("aresample", _RESAMPLING)
    mixing = graph.add("aformat", _ONE_CHANNEL)
    graph.link_nodes(source, resampling, mixing, graph.add("abuffersink")).configure()
    return graph


def _finite(frame: AudioFrame) -> AudioFrame:
    """The frame with silence for what are no numbers."""
    if not frame.format.name.startswith(("flt", "dbl")):
        return frame
    width = frame.format.bytes
    count = frame.samples * (1 if frame.format.is_planar else frame.layout.nb_channels)
    planes = (np.frombuffer(cast(Any, plane), f"f{width}", count) for plane in frame.planes)
    if all(np.isfinite(plane).all() for plane in planes):
        return frame
    clean: AudioFrame = library().AudioFrame.from_ndarray(
        np.nan_to_num(frame.to_ndarray(), nan=0.0, posinf=1.0, neginf=-1.0),
        format=frame.format.name,
        layout=frame.layout.name,
    )
    clean.sample_rate = frame.sample_rate
    return clean
