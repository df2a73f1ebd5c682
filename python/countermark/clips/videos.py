"""Exact search among fingerprints of moving pictures: of which of them another one is a part.

>>> import hashlib
>>> from countermark.fingerprint import Frame
>>> film = Vpdq.of(Frame(hashlib.sha256(bytes([n])).digest(), 100, n) for n in range(60))
>>> part = Vpdq.of(Frame(frame.bits, 100, frame.seconds - 20) for frame in film.frames[20:30])
>>> VideoIndex.build([(7, film)]).search(part)
[VideoMatch(label=7, query_share=1.0, share=0.167, frames=10, at_seconds=20.0, distance=0)]

Two frames match when their hashes differ in at most 31 of 256 bits. Two videos do when at least two
frames of the one that is stored match, and these are `MIN_SHARE` of all, or so large a share of the
seconds of the query has frames that match: the one is then a part of the other, or a copy. Frames
with equal hashes count once. A query may have several frames a second, so that some are near those
that were stored of moving pictures.

Source: vPDQ (see `countermark.fingerprint`), "Comparison (Matching) Algorithm": the shares of both
videos; its examples for distance, quality and share are taken.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low
from typing import Final

import numpy as np
import numpy.typing as npt

from countermark import hamming
from countermark.fingerprint import Vpdq

__all__ = ["MIN_SHARE", "VideoIndex", "VideoMatch"]

MIN_SHARE: Final = 0.8
"""Of the frames of one of the videos, that match a frame of the other."""

_MIN_FRAMES: Final = 2
_MAX_DISTANCE: Final = 31
_SCANNED: Final = 1 << 14
"""Up to so many hashes are compared one by one, which is faster than to build an index."""


@dataclass(frozen=True, slots=True)
class VideoMatch:
    """A video of which the query is a part, or which is a part of the query.

    Attributes:
        label: What the video is called.
        query_share: Of the seconds of the query, in which a frame matches one of the video.
        share: Of the video's frames, that match a frame of the query.
        frames: How many of the video's frames match.
        at_seconds: How much later than in the query most of them are in the video.
        distance: Bits of 256 in which the nearest frames differ; the median over the seconds.
    """

    label: int
    query_share: float
    share: float
    frames: int
    at_seconds: float
    distance: int


class VideoIndex:
    """Frames of videos; never changed. Any number of threads may search."""

    def __init__(
        self,
        labels: list[int],
        owners: npt.NDArray[np.int64],
        seconds: npt.NDArray[np.float64],
        hashes: bytes,
    ) -> None:
        self._labels, self._owners, self._seconds, self._hashes = labels, owners, seconds, hashes
        self._frames = np.bincount(owners, minlength=len(labels))
        self._numbers = np.arange(len(owners))
        is_large = len(owners) > _SCANNED
        self._index = hamming.Index.build(hashes, self._numbers) if is_large else None

    @classmethod
    def build(cls, videos: Iterable[tuple[int, Vpdq]]) -> VideoIndex:
        """Builds an index of videos with their labels."""
        labels, owners, seconds, hashes = [], [], [], []
        for owner, (label, video) in enumerate(videos):
            labels.append(label)
            for frame in video.telling:
                owners.append(owner)
                seconds.append(frame.seconds)
                hashes.append(frame.bits)
        return cls(
            labels, np.array(owners, np.int64), np.array(seconds, np.float64), b"".join(hashes)
        )

    def __len__(self) -> int:
        """How many videos there are."""
        return len(self._labels)

    def search(self, query: Vpdq) -> list[VideoMatch]:
        """Finds every video that shares enough frames with the query, the largest share first."""
        frames, second = query.telling, _seconds(query)
        near: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
        matched: dict[int, set[int]] = defaultdict(set)
        for frame in frames:
            known = set()
            for match in self._near(frame.bits):  # the nearest first
                owner = int(self._owners[match.label])
                matched[owner].add(match.label)
                if owner not in known:
                    known.add(owner)
                    later = float(self._seconds[match.label]) - frame.seconds
                    near[owner].append((match.distance, second[frame.seconds], later))
        asked = _fullest(query, second) & {second[frame.seconds] for frame in frames}
        found = [self._match(owner, asked, near[owner], matched[owner]) for owner in near]
        good = [
            match
            for match in found
            if match.frames >= _MIN_FRAMES and max(match.share, match.query_share) >= MIN_SHARE
        ]
        return sorted(good, key=lambda match: (-match.query_share, -match.share, match.label))

    def _near(self, bits: bytes) -> list[hamming.Match]:
        if self._index is not None:
            return self._index.search([bits], _MAX_DISTANCE)
        return hamming.scan(self._hashes, self._numbers, [bits], _MAX_DISTANCE)

    def _match(
        self, owner: int, asked: set[int], near: list[tuple[int, int, float]], matched: set[int]
    ) -> VideoMatch:
        nearest: dict[int, tuple[int, float]] = {}
        for bits, second, later in near:
            nearest[second] = min(nearest.get(second, (bits, later)), (bits, later))
        seconds = asked & nearest.keys()
        return VideoMatch(
            label=self._labels[owner],
            query_share=round(len(seconds) / max(len(asked), 1), 3),
            share=round(len(matched) / int(self._frames[owner]), 3),
            frames=len(matched),
            at_seconds=round(median_low(later for _, later in nearest.values()), 1),
            distance=median_low(bits for bits, _ in nearest.values()),
        )


def _seconds(query: Vpdq) -> dict[float, int]:
    """Which second each time is in: one begins where the one before ends, or after a gap."""
    found: dict[float, int] = {}
    begin, number = 0.0, 0
    for at in sorted({frame.seconds for frame in query.frames}):
        if round(at - begin, 3) >= 1:
            begin, number = at, number + 1
        found[at] = number
    return found


def _fullest(query: Vpdq, second: dict[float, int]) -> set[int]:
    """Seconds that are in the query for the most part, and not only begun where it ends."""
    counts = Counter(second[frame.seconds] for frame in query.frames)
    fullest = max(counts.values(), default=0)
    return {number for number, count in counts.items() if 2 * count > fullest}
