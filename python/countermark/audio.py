"""An inaudible watermark that carries 64 bits through codecs, crops and changes of speed.

>>> import numpy as np
>>> noise = np.random.default_rng(1).normal(0, 1000, 8 * 16000)
>>> sound = np.convolve(noise, np.ones(4), "same").astype(np.int16)
>>> marked = embed(sound, 16000, 2026)
>>> marked.dtype, marked.shape
(dtype('int16'), (128000,))
>>> detect(marked, 16000).payload
2026
>>> detect(sound, 16000) is None
True
"""

import math
import operator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from countermark import _core, errors
from countermark._bridge import checked_key, checked_payload, core_errors, is_full

__all__ = ["DEFAULT_KEY", "Detection", "Detector", "Embedder", "Stretch", "detect", "embed"]

#: Published: marks made with it can be read by everyone.
DEFAULT_KEY: bytes = _core.DEFAULT_KEY

_Samples = npt.NDArray[Any]

# By the numbers of `cmk_sample_format` in countermark.h.
_FORMATS: Final[dict[np.dtype[Any], int]] = {
    np.dtype(np.int16): 0,
    np.dtype("V3"): 1,
    np.dtype(np.int32): 2,
    np.dtype(np.float32): 3,
}


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
        key: bytes = DEFAULT_KEY,
        effort: Literal["full", "aligned"] = "full",
    ) -> None:
        self._rate = checked_rate(rate)
        self._key = checked_key(key)
        self._full = is_full(effort)
        self._detector: _core.AudioDetector | None = None
        self._first: _Samples = np.empty(0, np.float32)  # of the sound's type and channels

    def push(self, samples: _Samples) -> None:
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
                    self._rate, channels(block), _FORMATS[block.dtype], self._key, self._full
                )
                self._first = block[:0]
            if block.dtype != self._first.dtype or block.shape[1:] != self._first.shape[1:]:
                raise errors.InvalidSamples(
                    "The block differs from the first one in type or channels.",
                    remedy="Use another detector for another sound.",
                )
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


class Embedder:
    """Marks a sound as it comes in, block by block.

    Frames come out in the order in which they came in, `latency` of them later. What comes out does
    not depend on how the sound is cut. One thread uses it at a time.

    >>> import numpy as np
    >>> sound = np.random.default_rng(1).normal(0, 0.1, 16000).astype(np.float32)
    >>> embedder = Embedder(7, 16000, low_latency=True)
    >>> parts = [embedder.push(sound[:9000]), embedder.push(sound[9000:]), embedder.finish()]
    >>> sum(len(part) for part in parts), len(parts[2]) == embedder.latency < 8000
    (16000, True)

    Args:
        payload: An integer in [0, 2**64).
        rate: Frames a second, 8,000 to 192,000.
        key: 16 bytes; only who has them can read the mark.
        strength: As for `embed`.
        low_latency: Keeps frames back for half a second at most instead of 6.5 seconds. The mark
            then does not lean against what the sound itself would say, and is lost earlier.

    Raises:
        InvalidPayload, InvalidKey: An argument is out of its range.
        UnsupportedSound: The rate is out of range.
    """

    def __init__(
        self,
        payload: int,
        rate: int,
        *,
        key: bytes = DEFAULT_KEY,
        strength: float = 1.0,
        low_latency: bool = False,
    ) -> None:
        self._payload = checked_payload(payload)
        self._rate = checked_rate(rate)
        self._key = checked_key(key)
        self._strength = amplitude(strength)
        self._low_latency = low_latency
        self._embedder: _core.AudioEmbedder | None = None
        self._nothing: _Samples = np.empty(0, np.float32)  # of the sound's type and channels

    @property
    def latency(self) -> int:
        """By how many frames those that come out lag behind; 0 before the first block."""
        return 0 if self._embedder is None else self._embedder.latency

    def push(self, samples: _Samples) -> _Samples:
        """Takes the next frames, and gives those that are due.

        Args:
            samples: As for `embed`. All blocks have the type and the channels of the first one.

        Raises:
            SoundError: The samples cannot be marked, or are unlike those of the first block.
            InvalidStrength: That of the embedder is not over 0 and at most 4.
            InvalidArgument: The sound was said to be at its end.
            InUse: Another thread is in a call with this embedder.
        """
        block = packed(samples)
        with core_errors():
            if self._embedder is None:
                self._embedder = _core.AudioEmbedder(
                    self._rate,
                    channels(block),
                    _FORMATS[block.dtype],
                    self._low_latency,
                    self._payload,
                    self._key,
                    self._strength,
                )
                self._nothing = samples[:0]
            if samples.dtype != self._nothing.dtype or samples.shape[1:] != self._nothing.shape[1:]:
                raise errors.InvalidSamples(
                    "The block differs from the first one in type or channels.",
                    remedy="Use another embedder for another sound.",
                )
            out = np.empty_like(block, order="C")
            count = self._embedder.push(octets(block), octets(out))
        return out[:count].astype(samples.dtype, copy=False)

    def finish(self) -> _Samples:
        """Says that the sound is at its end, and gives the frames that are still to come."""
        if self._embedder is None:
            return self._nothing
        out = np.empty_like(packed(self._nothing), shape=(self.latency, *self._nothing.shape[1:]))
        with core_errors():
            count = self._embedder.finish(octets(out))
        return out[:count].astype(self._nothing.dtype, copy=False)


def embed(
    samples: _Samples,
    rate: int,
    payload: int,
    *,
    key: bytes = DEFAULT_KEY,
    strength: float = 1.0,
) -> _Samples:
    """Gives a copy of the sound with the payload in it.

    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(0, 0.05, 48000)
    >>> tone = noise + 0.2 * np.sin(np.arange(48000) * 0.1)
    >>> marked = embed(tone, 48000, 2**64 - 1, key=b"only for friends")
    >>> bool(np.var(tone) / np.var(marked - tone) > 100)
    True
    >>> silence = np.zeros((1000, 2), np.int32)
    >>> np.array_equal(embed(silence, 8000, 7), silence)
    True

    Args:
        samples: One-dimensional, or of shape (frames, channels) with 1 to 8 channels: int16, int32,
            float32, or float64 (of which 24 bits are kept), full scale being -1 to 1; or of type
            "V3", which are packed 24-bit samples, the lowest byte first.
        rate: Frames a second, 8,000 to 192,000.
        payload: An integer in [0, 2**64).
        key: 16 bytes; only who has them can read the mark.
        strength: What to scale the amplitude of the mark by, in (0, 4].

    Returns:
        An array of the same type and shape. Silence stays silent, and nothing is clipped.

    Raises:
        InvalidSamples: The array is no sound, or a sample is infinite or not a number.
        UnsupportedSound: The rate or the number of channels is out of range.
        InvalidPayload, InvalidKey, InvalidStrength: An argument is out of its range.
    """
    block = packed(samples)
    out = np.empty_like(block, order="C")
    with core_errors():
        embedder = _core.AudioEmbedder(
            checked_rate(rate),
            channels(block),
            _FORMATS[block.dtype],
            False,
            checked_payload(payload),
            checked_key(key),
            amplitude(strength),
        )
        count = embedder.push(octets(block), octets(out))
        embedder.finish(octets(out[count:]))
    return out.astype(samples.dtype, copy=False)


def detect(
    samples: _Samples,
    rate: int,
    *,
    key: bytes = DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> Detection | None:
    """Reads the payload of a marked sound, also of a damaged copy.

    >>> import numpy as np
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


def packed(samples: _Samples) -> _Samples:
    """Gives the samples as the core takes them, copied only where they lie otherwise.

    >>> packed(np.zeros((4, 2))[::2]).dtype
    dtype('float32')
    """
    if not isinstance(samples, np.ndarray) or samples.ndim not in (1, 2):
        raise errors.InvalidSamples(
            "The sound is not an array of one or two dimensions.",
            remedy="Pass samples of shape (frames,) or (frames, channels).",
        )
    kind = samples.dtype.newbyteorder("=")
    if kind == np.float64:
        kind = np.dtype(np.float32)
    if kind not in _FORMATS:
        raise errors.InvalidSamples(
            f"Samples of type {samples.dtype} are not ones of a sound.",
            remedy="Convert them to int16, int32 or float32.",
        )
    with np.errstate(over="ignore"):  # becomes infinite, which the core refuses
        return np.ascontiguousarray(samples, kind)


def channels(block: _Samples) -> int:
    """How many channels there are, as the core takes the number.

    >>> channels(np.zeros(100)), channels(np.zeros((100, 2)))
    (1, 2)
    """
    return 1 if block.ndim == 1 else min(block.shape[1], 2**31)


def octets(block: _Samples) -> npt.NDArray[np.uint8]:
    """The same memory as bytes.

    >>> octets(np.zeros((3, 2), np.int16)).size
    12
    """
    return block.reshape(-1).view(np.uint8)


def checked_rate(rate: int) -> int:
    """The frames a second, if the core takes them.

    >>> checked_rate(44100)
    44100
    """
    try:
        value = operator.index(rate)
    except TypeError:
        value = 0
    if not 8000 <= value <= 192_000:
        raise errors.UnsupportedSound(
            f"The sampling rate {rate!r} is not from 8,000 to 192,000 a second.",
            remedy="Convert the sound to 48,000 a second.",
        )
    return value


def amplitude(strength: float) -> float:
    """A number, also where it is none: the core refuses it like every one out of range.

    >>> amplitude(1), amplitude("much")
    (1.0, nan)
    """
    try:
        return float(strength)
    except (TypeError, ValueError):
        return math.nan
