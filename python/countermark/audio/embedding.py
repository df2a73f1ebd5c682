"""The mark goes into a sound: as a whole, or as it comes in."""

import math

import numpy as np

from countermark import _core
from countermark._bridge import checked_key, checked_payload, core_errors
from countermark.audio.samples import (
    Samples,
    channels,
    check_like,
    checked_rate,
    format_of,
    octets,
    packed,
)


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
        key: bytes = _core.DEFAULT_KEY,
        strength: float = 1.0,
        low_latency: bool = False,
    ) -> None:
        self._payload = checked_payload(payload)
        self._rate = checked_rate(rate)
        self._key = checked_key(key)
        self._strength = amplitude(strength)
        self._low_latency = low_latency
        self._embedder: _core.AudioEmbedder | None = None
        self._nothing: Samples = np.empty(0, np.float32)  # of the sound's type and channels

    @property
    def latency(self) -> int:
        """By how many frames those that come out lag behind; 0 before the first block."""
        return 0 if self._embedder is None else self._embedder.latency

    def push(self, samples: Samples) -> Samples:
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
                    format_of(block),
                    self._low_latency,
                    self._payload,
                    self._key,
                    self._strength,
                )
                self._nothing = samples[:0]
            check_like(samples, self._nothing, "embedder")
            out = np.empty_like(block, order="C")
            count = self._embedder.push(octets(block), octets(out))
        return out[:count].astype(samples.dtype, copy=False)

    def finish(self) -> Samples:
        """Says that the sound is at its end, and gives the frames that are still to come."""
        if self._embedder is None:
            return self._nothing
        out = np.empty_like(packed(self._nothing), shape=(self.latency, *self._nothing.shape[1:]))
        with core_errors():
            count = self._embedder.finish(octets(out))
        return out[:count].astype(self._nothing.dtype, copy=False)


def embed(
    samples: Samples,
    rate: int,
    payload: int,
    *,
    key: bytes = _core.DEFAULT_KEY,
    strength: float = 1.0,
) -> Samples:
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
            format_of(block),
            False,
            checked_payload(payload),
            checked_key(key),
            amplitude(strength),
        )
        count = embedder.push(octets(block), octets(out))
        embedder.finish(octets(out[count:]))
    return out.astype(samples.dtype, copy=False)


def amplitude(strength: float) -> float:
    """A number, also where it is none: the core refuses it like every one out of range.

    >>> amplitude(1), amplitude("much")
    (1.0, nan)
    """
    try:
        return float(strength)
    except (TypeError, ValueError):
        return math.nan
