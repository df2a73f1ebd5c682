"""Exact search among fingerprints of sounds: in which of them a part of another one is heard.

>>> random = np.random.default_rng(1)
>>> sound = Chromaprint(random.integers(0, 2**32, 4845, np.uint32).astype(">u4").tobytes())
>>> part = Chromaprint(sound.bits[4 * 2000 : 4 * 2019])
>>> found = SoundIndex.build([(7, sound)]).search([part])
>>> [(match.label, match.at_seconds, match.error_rate) for match in found]
[(7, 247.6, 0.0)]

A number of the query *votes* for a place in a sound where the number differs from it in at most one
bit. The place counts when `WINDOW` numbers in a row, that one among them, differ in at most
`MAX_ERROR_RATE` of their bits: nothing that does so is missed. Silence, steady tones and noise,
which are like all others of their kind, neither vote nor count.

Source: "A Highly Robust Audio Fingerprinting System", Haitsma, Kalker 2002 (votes, error rate over
a block); the threshold is measured: docs/registry.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from countermark.fingerprint.sound import HOP, RATE, SPAN, Chromaprint

__all__ = ["MAX_ERROR_RATE", "WINDOW", "SoundIndex", "SoundMatch", "is_telling"]

WINDOW: Final = 16
"""Numbers that are compared at once: with what each of them looks at, 4.5 s of sound."""

MAX_ERROR_RATE: Final = 0.15
"""Of the bits of a window. Unrelated sounds differ in 0.48 of them, give or take 0.044."""

_LEAST_SPREAD: Final = 7.0
"""Bits of 32 in which the numbers of a window differ from each other, on average, if it tells one
sound from others. Music and speech have 9 and more, white noise 6.5 at most, a beep 1."""

_LONG: Final = 1000
"""Numbers in a query, two minutes: in a longer one only equal numbers vote."""

_MAX_ERRORS: Final = int(MAX_ERROR_RATE * 32 * WINDOW)
_OUTSIDE: Final = 32 * WINDOW
_BATCH_VOTES: Final = 1 << 16
_TURNS: Final = np.array([0, *(1 << bit for bit in range(32))], np.uint32)


@dataclass(frozen=True, slots=True)
class SoundMatch:
    """A sound in which a part of the query is heard.

    Attributes:
        label: What the sound is called.
        at_seconds: Where in it the part begins.
        query_seconds: Where the part begins in the query.
        seconds: How long the part is; up to 4 too many where something else goes on around it, for
            each number looks at 2.7 of them.
        error_rate: Of the bits over the best window of the part: 0 for the same sound, about a
            half for another one.
    """

    label: int
    at_seconds: float
    query_seconds: float
    seconds: float
    error_rate: float


def is_telling(sound: Chromaprint) -> bool:
    """Whether a sound can be told from others: it is long enough, and something happens in it.

    >>> is_telling(Chromaprint(bytes(4 * 1000)))
    False
    """
    return bool(_telling(sound.values).any())


class SoundIndex:
    """Fingerprints of sounds and where each number is in them; never changed.

    It takes 12 bytes a number: 350 kB for an hour of sound. Any number of threads may search.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        starts: npt.NDArray[np.int64],
        values: npt.NDArray[np.uint32],
        places: npt.NDArray[np.uint32],
    ) -> None:
        self._labels, self._starts, self._values = labels, starts, values
        self._places = places
        self._sorted = values[places]

    @classmethod
    def build(cls, sounds: Iterable[tuple[int, Chromaprint]]) -> SoundIndex:
        """Builds an index of sounds with their labels; some 12 s for 1,000 hours.

        Args:
            sounds: A label, not negative, and a fingerprint each.
        """
        labels, values, voting = [], [], []
        for label, sound in sounds:
            labels.append(label)
            values.append(sound.values)
            voting.append(_voting(values[-1]))
        starts = np.cumsum([0, *(len(part) for part in values)])
        joined = np.concatenate([np.empty(0, np.uint32), *values])
        places = np.flatnonzero(np.concatenate([np.empty(0, bool), *voting])).astype(np.uint32)
        order = np.argsort(joined[places], kind="stable")
        return cls(np.array(labels, np.int64), starts, joined, places[order])

    def __len__(self) -> int:
        """How many sounds there are."""
        return len(self._labels)

    def search(self, queries: Sequence[Chromaprint]) -> list[SoundMatch]:
        """Finds every sound in which a part of the query is heard, the most alike first.

        Args:
            queries: The fingerprint of the query; better several of them, each over the sound from
                a fraction of a hop further (`Clip.sounds`), so that one fits the hops of a stored
                one.
        """
        best: dict[int, SoundMatch] = {}
        for number, query in enumerate(queries):
            values = query.values
            later = number * HOP / len(queries) / RATE
            for match in self._matches(values, later):
                known = best.get(match.label)
                if known is None or match.error_rate < known.error_rate:
                    best[match.label] = match
        return sorted(best.values(), key=lambda match: (match.error_rate, match.label))

    def _matches(self, query: npt.NDArray[np.uint32], later: float) -> Iterator[SoundMatch]:
        """The best one in each sound for one fingerprint of the query."""
        least: dict[int, tuple[int, int, int]] = {}  # sound: errors, and places in query and sound
        for asked, places in self._votes(query):
            sounds = np.searchsorted(self._starts, places, side="right") - 1
            errors, begins = self._least_errors(query, asked, places, sounds)
            good = np.flatnonzero(errors <= _MAX_ERRORS)
            for at in good[np.argsort(errors[good], kind="stable")].tolist():
                sound, shift = int(sounds[at]), int(begins[at])
                here = (int(errors[at]), int(asked[at]) + shift, int(places[at]) + shift)
                least[sound] = min(least.get(sound, here), here)
        for sound, (errors_, asked_, place) in least.items():
            first, last = self._part(query, asked_, place, sound)
            start = int(self._starts[sound])
            yield SoundMatch(
                label=int(self._labels[sound]),
                at_seconds=round((place - start - asked_ + first) * HOP / RATE, 1),
                query_seconds=round(first * HOP / RATE + later, 1),
                seconds=round(((last - first - 1) * HOP + SPAN) / RATE, 1),
                error_rate=round(errors_ / (32 * WINDOW), 3),
            )

    def _votes(
        self, query: npt.NDArray[np.uint32]
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Places in the query and in all sounds whose numbers are alike, some at a time."""
        turns = _TURNS if len(query) <= _LONG else _TURNS[:1]
        asking = np.flatnonzero(_voting(query))
        probes = (query[asking][:, None] ^ turns).ravel()
        first = np.searchsorted(self._sorted, probes, side="left")
        counts = np.searchsorted(self._sorted, probes, side="right") - first
        asked = np.repeat(asking, len(turns))
        hit = np.flatnonzero(counts)
        first, counts, asked = first[hit], counts[hit], asked[hit]
        ends = np.cumsum(counts)
        for start in range(0, int(ends[-1]) if len(ends) else 0, _BATCH_VOTES):
            votes = np.arange(start, min(start + _BATCH_VOTES, int(ends[-1])))
            probe = np.searchsorted(ends, votes, side="right")
            within = votes - (ends[probe] - counts[probe])
            yield asked[probe], self._places[first[probe] + within].astype(np.int64)

    def _least_errors(
        self,
        query: npt.NDArray[np.uint32],
        asked: npt.NDArray[np.int64],
        places: npt.NDArray[np.int64],
        sounds: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Of all windows with the vote in them, the least errors, and where that one begins."""
        around = np.arange(1 - WINDOW, WINDOW)
        in_query, in_sounds = asked[:, None] + around, places[:, None] + around
        ends = self._starts[sounds + 1][:, None]
        inside = (in_query >= 0) & (in_query < len(query))
        inside &= (in_sounds >= self._starts[sounds][:, None]) & (in_sounds < ends)
        ours = query[np.where(inside, in_query, 0)]
        theirs = self._values[np.where(inside, in_sounds, 0)]
        errors = np.where(inside, np.bitwise_count(ours ^ theirs).astype(np.int64), _OUTSIDE)
        windows = np.lib.stride_tricks.sliding_window_view(errors, WINDOW, axis=1).sum(axis=2)
        # A window is named by where it begins, in the query and here.
        begins = np.clip(in_query[:, :WINDOW], 0, len(query) - WINDOW)
        windows[~_telling(query)[begins]] = _OUTSIDE
        least = windows.argmin(axis=1)
        return windows[np.arange(len(windows)), least], around[least]

    def _part(
        self, query: npt.NDArray[np.uint32], asked: int, place: int, sound: int
    ) -> tuple[int, int]:
        """From where to where in the query it goes on, around a window that begins there."""
        shift = place - asked
        first = max(0, int(self._starts[sound]) - shift)
        last = min(len(query), int(self._starts[sound + 1]) - shift)
        ours, theirs = query[first:last], self._values[first + shift : last + shift]
        errors = np.bitwise_count(ours ^ theirs).astype(np.int64)
        alike = np.lib.stride_tricks.sliding_window_view(errors, WINDOW).sum(axis=1) <= _MAX_ERRORS
        unlike = np.flatnonzero(~alike)
        here = asked - first
        before = unlike[unlike < here]
        behind = unlike[unlike > here]
        begin = int(before[-1]) + 1 if len(before) else 0
        end = int(behind[0]) if len(behind) else len(alike)
        return first + begin, first + end + WINDOW - 1


def _telling(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which windows, named by where they begin, have numbers that differ enough."""
    if len(values) < WINDOW:
        return np.zeros(0, bool)
    differing = np.zeros(len(values) - WINDOW + 1, np.uint16)  # bits, of all pairs in a window
    for bit in range(32):
        ones = (values >> np.uint32(bit) & np.uint32(1)).astype(np.uint8)
        for step in (1, 2, 4, 8):  # sums over two, four, eight, sixteen
            ones = ones[:-step] + ones[step:]
        differing += ones * (WINDOW - ones)
    return np.asarray(differing >= _LEAST_SPREAD * (WINDOW * (WINDOW - 1) / 2))


def _voting(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which numbers are in such a window."""
    telling = _telling(values).astype(np.int64)
    edges = np.zeros(len(values) + 1, np.int64)
    edges[: len(telling)] += telling
    edges[len(values) + 1 - len(telling) :] -= telling
    return np.asarray(edges.cumsum()[:-1] > 0)
