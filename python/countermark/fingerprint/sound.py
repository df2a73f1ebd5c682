"""Chromaprint, a fingerprint of sound: how the twelve notes of the octave come and go in it.

>>> import numpy as np
>>> noise = np.random.default_rng(1).integers(-9000, 9000, 10 * RATE).astype(np.int16)
>>> whole, part = chromaprint(noise), chromaprint(noise[3 * HOP :])
>>> len(whole), whole.bits[3 * 4 :] == part.bits
(59, True)

What follows are the numbers of Chromaprint's algorithm 2, which fpcalc uses and AcoustID holds: its
fingerprints and these can be compared. A part of a sound has the part of its fingerprint, moved by
at most half a hop.

Source: Chromaprint 1.5.1 (MIT license, Lukas Lalinsky); "Pairwise Boosted Audio Fingerprint", Jang,
Yoo, Lee, Kim, Kim 2009; "Computer Vision for Music Identification", Ke, Hoiem, Sukthankar 2005.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from countermark.errors import InvalidArgument

__all__ = ["HOP", "RATE", "SPAN", "Chromaprint", "Hasher", "chromaprint"]

RATE: Final = 11025
"""Samples a second of the one channel that is hashed."""

HOP: Final = 1365
"""Samples from one of the numbers to the next: 0.124 s."""

SPAN: Final = 30_031
"""Samples that one number looks at: 2.7 s."""

_FRAME: Final = 4096
_LOWEST_HZ, _HIGHEST_HZ = 28, 3520
_NOTES: Final = 12
_SMOOTHING: Final = (0.25, 0.75, 1.0, 0.75, 0.25)
_SILENT: Final = 0.01
_WIDTH: Final = 16
_GRAY: Final = np.array([0, 1, 3, 2], np.uint32)
_BATCH: Final = _FRAME + 255 * HOP
"""Samples that are hashed at once."""

_FEW: Final = 16
"""Frames whose spectra are made at once: they stay in the cache, and no threads are woken."""

_BYTES: Final = 4


class _Classifier(NamedTuple):
    """Two bits: which quarter of all sounds one has by a contrast of areas of notes and times."""

    shape: int
    note: int
    notes: int
    width: int
    quarters: tuple[float, float, float]


_CLASSIFIERS: Final = (
    _Classifier(0, 4, 3, 15, (1.98215, 2.35817, 2.63523)),
    _Classifier(4, 4, 6, 15, (-1.03809, -0.651211, -0.282167)),
    _Classifier(1, 0, 4, 16, (-0.298702, 0.119262, 0.558497)),
    _Classifier(3, 8, 2, 12, (-0.105439, 0.0153946, 0.135898)),
    _Classifier(3, 4, 4, 8, (-0.142891, 0.0258736, 0.200632)),
    _Classifier(4, 0, 3, 5, (-0.826319, -0.590612, -0.368214)),
    _Classifier(1, 2, 2, 9, (-0.557409, -0.233035, 0.0534525)),
    _Classifier(2, 7, 3, 4, (-0.0646826, 0.00620476, 0.0784847)),
    _Classifier(2, 6, 2, 16, (-0.192387, -0.029699, 0.215855)),
    _Classifier(2, 1, 3, 2, (-0.0397818, -0.00568076, 0.0292026)),
    _Classifier(5, 10, 1, 15, (-0.53823, -0.369934, -0.190235)),
    _Classifier(3, 6, 2, 10, (-0.124877, 0.0296483, 0.139239)),
    _Classifier(2, 1, 1, 14, (-0.101475, 0.0225617, 0.231971)),
    _Classifier(3, 5, 6, 4, (-0.0799915, -0.00729616, 0.063262)),
    _Classifier(1, 9, 2, 12, (-0.272556, 0.019424, 0.302559)),
    _Classifier(3, 4, 2, 14, (-0.164292, -0.0321188, 0.0846339)),
)


@dataclass(frozen=True, slots=True)
class Chromaprint:
    """A fingerprint: a number of 32 bits every `HOP` samples, each over `SPAN` of them.

    Attributes:
        bits: 4 bytes for each number, big-endian.
    """

    bits: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.bits, bytes) or len(self.bits) % _BYTES:
            raise InvalidArgument(
                "A Chromaprint has four bytes for each of its numbers.",
                remedy="Pass what fingerprint.chromaprint returned, or its bits.",
            )

    @property
    def values(self) -> npt.NDArray[np.uint32]:
        """The numbers, as `fpcalc -raw` prints them."""
        return np.frombuffer(self.bits, ">u4").astype(np.uint32)

    def __len__(self) -> int:
        return len(self.bits) // _BYTES


def chromaprint(samples: npt.NDArray[np.int16]) -> Chromaprint:
    """Computes the fingerprint of a sound; `fingerprint.of_file` takes files of any kind.

    >>> len(chromaprint(np.zeros(RATE, np.int16)))  # what is shorter than 2.6 s has none
    0

    Args:
        samples: int16 of shape (n,), one channel at `RATE`.

    Raises:
        InvalidArgument: They have another type or shape.
    """
    hasher = Hasher()
    hasher.add(samples)
    return hasher.finish()


class Hasher:
    """Computes the fingerprint of a sound that comes in pieces, in memory that does not grow.

    >>> hasher = Hasher()
    >>> for _ in range(5):
    ...     hasher.add(np.zeros(RATE, np.int16))
    >>> len(hasher.finish())
    19
    """

    def __init__(self) -> None:
        self._waiting: list[npt.NDArray[np.int16]] = []
        self._count = 0  # of samples that wait
        self._notes: deque[npt.NDArray[np.float64]] = deque()
        self._smoothed = np.empty((0, _NOTES))
        self._before = np.empty((0, _NOTES))
        self._bits: list[bytes] = []

    def add(self, samples: npt.NDArray[np.int16]) -> None:
        """Takes the next samples, as `chromaprint` does."""
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise InvalidArgument(
                "Samples for a fingerprint are not int16 of one channel.",
                remedy=f"Resample them to {RATE} Hz and one channel.",
            )
        self._waiting.append(samples.copy())
        self._count += len(samples)
        if self._count >= _BATCH:
            self._hash()

    def finish(self) -> Chromaprint:
        """Gives the fingerprint of all that was taken."""
        self._hash()
        return Chromaprint(b"".join(self._bits))

    def _hash(self) -> None:
        waiting = np.concatenate([np.empty(0, np.int16), *self._waiting])
        while len(waiting) >= _FRAME:
            frames = np.lib.stride_tricks.sliding_window_view(waiting[:_BATCH], _FRAME)[::HOP]
            notes = [_notes(frames[at : at + _FEW]) for at in range(0, len(frames), _FEW)]
            self._follow(np.concatenate(notes))
            waiting = waiting[len(frames) * HOP :]
        self._waiting, self._count = [waiting.copy()], len(waiting)

    def _follow(self, notes: npt.NDArray[np.float64]) -> None:
        """Hash the frames that are behind those before."""
        reach = len(_SMOOTHING) - 1
        rows = np.concatenate([self._before, notes])
        self._before = rows[-reach:]
        if len(rows) <= reach:
            return
        windows = np.lib.stride_tricks.sliding_window_view(rows, reach + 1, axis=0)
        smoothed = np.concatenate([self._smoothed, _normalised(windows @ _SMOOTHING)])
        self._smoothed = smoothed[-(_WIDTH - 1) :]
        if len(smoothed) >= _WIDTH:
            self._bits.append(_numbers(smoothed).astype(">u4").tobytes())


def _notes(frames: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """The energy of each note of the octave in each frame."""
    spectra = np.fft.rfft(frames * _WINDOW)[:, _BINS]
    return (spectra.real**2 + spectra.imag**2) @ _FOLDING


def _normalised(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    norms = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    heard = norms >= _SILENT
    return np.where(heard, rows / np.where(heard, norms, 1.0), 0.0)


def _numbers(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """One number for each place where the widest classifier fits."""
    sums = np.zeros((len(rows) + 1, _NOTES + 1))
    sums[1:, 1:] = rows.cumsum(axis=0).cumsum(axis=1)
    bits = np.zeros(len(rows) - _WIDTH + 1, np.uint32)
    for classifier in _CLASSIFIERS:
        quarter = np.searchsorted(classifier.quarters, _contrast(sums, classifier), side="right")
        bits = bits << np.uint32(2) | _GRAY[quarter]
    return bits


def _contrast(sums: npt.NDArray[np.float64], one: _Classifier) -> npt.NDArray[np.float64]:
    """The logarithm of one area of notes and times over another one, each raised by one."""
    count = len(sums) - _WIDTH
    left, top, right, bottom = 0, one.note, one.width, one.note + one.notes

    def area(x1: int, y1: int, x2: int, y2: int) -> npt.NDArray[np.float64]:
        early, late = sums[x1 : x1 + count], sums[x2 : x2 + count]
        return (late[:, y2] - early[:, y2]) - (late[:, y1] - early[:, y1])

    whole = area(left, top, right, bottom)
    x, y = one.width // 2, one.note + one.notes // 2
    if one.shape == 0:
        inside = whole
        return np.asarray(np.log1p(inside))
    if one.shape == 1:  # the higher half
        inside = area(left, y, right, bottom)
    elif one.shape == 2:  # the later half
        inside = area(x, top, right, bottom)
    elif one.shape == 3:  # the quarters across
        inside = area(left, y, x, bottom) + area(x, top, right, y)
    elif one.shape == 4:  # the middle third of the notes
        third = one.notes // 3
        inside = area(left, top + third, right, top + 2 * third)
    else:  # the middle third of the time
        third = one.width // 3
        inside = area(third, top, 2 * third, bottom)
    return np.asarray(np.log((1 + inside) / (1 + (whole - inside))))


def _folding() -> tuple[slice, npt.NDArray[np.float64]]:
    """Which lines of a spectrum count, and to which note each of them belongs."""
    first, last = (round(_FRAME * hz / RATE) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    octaves = np.log2(np.arange(first, last) * RATE / _FRAME / (440 / 16))
    note = (_NOTES * (octaves - np.floor(octaves))).astype(int)
    return slice(first, last), np.eye(_NOTES)[note]


_BINS, _FOLDING = _folding()
_WINDOW: Final = np.hamming(_FRAME) / np.iinfo(np.int16).max
