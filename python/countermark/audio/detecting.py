"""The marks of a sound are read: in it as a whole, or as it comes in."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from countermark import _core
from countermark._bridge import checked_key, core_errors, is_full
from countermark.audio.samples import (
    Samples,
    channels,
    check_like,
    checked_rate,
    format_of,
    octets,
    packed,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in a sound, in seconds from its beginning.

    >>> Stretch(1.5, 4.0).seconds
    2.5
    """

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Detection:
    """A watermark that was read.

    Attributes:
        payload: The 64 bits.
        score: Height of the pilot's correlation peak, in deviations of chance.
        false_positive_rate: Upper bound of the probability that the call, or the detector since it
            was made or reset, reads anything in a sound without this key's mark.
        offset_seconds: When the mark's tile, of 0.512 / speed seconds, begins for the first time;
            0 where tempo or pitch were changed alone, so that there is no tile.
        speed: 1.02 when the sound takes 2 % less time than it did when it was marked.
        pitch: 1.06 when its frequencies are 6 % higher; as speed, unless only one was changed.
        inverted: Whether the sound was multiplied by -1.
        stretches: When the mark is there, in order: to about half a second, in good copies to an
            eighth.
    """

    payload: int
    score: float
    false_positive_rate: float
    offset_seconds: float
    speed: float
    pitch: float
    inverted: bool
    stretches: tuple[Stretch, ...]


class Detector:
    """Finds the marks in a sound of any length, block by block.

    It keeps 25 seconds of the sound, in 29 MB of memory. A file that was cut together bears
    the marks of all its sources. One thread uses it at a time.

    >>> import numpy as np
    >>> from countermark.audio import embed
    >>> noise = np.random.default_rng(1).normal(0, 0.1, 128000)
    >>> sound = np.convolve(noise, np.ones(4), "same")
    >>> marked = embed(sound, 16000, 7)
    >>> detector = Detector(16000)
    >>> for block in np.split(np.concatenate([sound, marked]), 10):
    ...     detector.push(block)
    >>> (found,) = detector.detect()
    >>> found.payload, [(round(s.begin), round(s.end)) for s in found.stretches]
    (7, [(8, 16)])

    Args:
        rate: Frames a second, 8,000 to 192,000.
        key: The 16 bytes of the embedding.
        effort: As for `detect`.

    Raises:
        InvalidKey, InvalidEffort: An argument is out of its range.
        UnsupportedSound: The rate is out of range.
    """

    def __init__(
        self,
        rate: int,
        *,
        key: bytes = _core.DEFAULT_KEY,
        effort: Literal["full", "aligned"] = "full",
    ) -> None:
        self._rate = checked_rate(rate)
        self._key = checked_key(key)
        self._full = is_full(effort)
        self._detector: _core.AudioDetector | None = None
        self._first: Samples = np.empty(0, np.float32)  # of the sound's type and channels

    def push(self, samples: Samples) -> None:
        """Takes the next frames.

        Args:
            samples: As for `embed`. All blocks have the type and the channels of the first one.

        Raises:
            SoundError: The samples are not those of a sound, or are unlike those of the first
                block.
            InUse: Another thread is in a call with this detector.
        """
        block = packed(samples)
        with core_errors():
            if self._detector is None:
                self._detector = _core.AudioDetector(
                    self._rate, channels(block), format_of(block), self._key, self._full
                )
                self._first = block[:0]
            check_like(block, self._first, "detector")
            self._detector.push(octets(block))

    def detect(self) -> tuple[Detection, ...]:
        """Tells what was read since the beginning, or the last reset.

        May be called at any time; more blocks may follow.

        Returns:
            One detection for each payload, at most eight, the one that is there longest first.

        Raises:
            InUse: Another thread is in a call with this detector.
        """
        if self._detector is None:
            return ()
        with core_errors():
            found = self._detector.detect()
        return tuple(_detection(*mark) for mark in found)

    def reset(self) -> None:
        """Forgets all blocks, as before another sound of the same kind.

        Raises:
            InUse: Another thread is in a call with this detector.
        """
        if self._detector is not None:
            with core_errors():
                self._detector.reset()


def detect(
    samples: Samples,
    rate: int,
    *,
    key: bytes = _core.DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> Detection | None:
    """Reads the payload of a marked sound, also of a damaged copy.

    >>> import numpy as np
    >>> from countermark.audio import embed
    >>> noise = np.random.default_rng(1).normal(0, 0.1, 8 * 16000)
    >>> sound = np.convolve(noise, np.ones(4), "same")
    >>> marked = embed(sound, 16000, 2**64 - 1)
    >>> found = detect(-0.3 * marked[20000:], 16000)
    >>> found.payload == 2**64 - 1, found.inverted, round(found.speed, 3)
    (True, True, 1.0)

    Args:
        samples: As for `embed`.
        rate: Frames a second, 8,000 to 192,000.
        key: The 16 bytes of the embedding.
        effort: "full" also finds marks in copies that run up to 7 % slower or faster, and in
            longer ones whose tempo or pitch alone was changed; "aligned" only in those that run
            at their speed, faster.

    Returns:
        What was read, or None. Of several payloads in one sound, the one that is there longest:
        `Detector` tells all.

    Raises:
        InvalidSamples: The array is no sound, or a sample is infinite or not a number.
        UnsupportedSound: The rate or the number of channels is out of range.
        InvalidKey, InvalidEffort: An argument is out of its range.
    """
    detector = Detector(rate, key=key, effort=effort)
    detector.push(samples)
    return next(iter(detector.detect()), None)


def _detection(
    payload: int,
    score: float,
    false_positive_rate: float,
    offset_seconds: float,
    speed: float,
    pitch: float,
    inverted: bool,
    stretches: list[tuple[float, float]],
) -> Detection:
    times = tuple(Stretch(begin, end) for begin, end in stretches)
    return Detection(
        payload, score, false_positive_rate, offset_seconds, speed, pitch, inverted, times
    )
