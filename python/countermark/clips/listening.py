"""The watermarks in the sound of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Literal

from countermark import audio
from countermark.audio import Detection, Stretch
from countermark.clips import hashing
from countermark.clips.decoding import heard, samples_of
from countermark.errors import SoundError
from countermark.fingerprint import Chromaprint
from countermark.sound import Samples

_SILENT: Final = 1e-3
"""Of full scale: what nobody hears."""

_WHOLE_SECONDS: Final = 60.0
_STRETCH_SECONDS: Final = 24.0
"""With a block on top as much as a detector looks at in one piece."""

_SEAM_SECONDS: Final = 1.0
"""What two ears that hear one after the other may leave between them: the time is known to half a
second."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is in one sound of a file.

    `watermarks`: the mark first that is there longest. `seconds`: 0 without sound. `is_silent`:
    whether nothing can be heard in it. `fingerprints`: as of `Clip.sounds` of a query, if they were
    asked for.
    """

    watermarks: tuple[Detection, ...]
    seconds: float
    is_silent: bool
    fingerprints: tuple[Chromaprint, ...] = ()


def listen(
    source: BinaryIO,
    media_type: str,
    *,
    track: int = 0,
    key: bytes = audio.DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
    fingerprints: bool = False,
) -> Heard:
    """What is in one sound of a file; memory does not grow with the length.

    >>> import io, wave
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as out:
    ...     out.setparams((1, 2, 16_000, 0, "NONE", ""))
    ...     out.writeframes(bytes(32_000))
    >>> listen(file, "audio/wav")
    Heard(watermarks=(), seconds=1.0, is_silent=True, fingerprints=())

    `media_type`: one of `FORMATS`, by the content. `track`: which of several sounds, from 0. `key`:
    as for `audio.detect`. `effort`: "full" tries all that `audio.detect` does in the first minute
    and in 24 seconds after 2 minutes, after 4, after 8 and so on, so that a sound of hours is not
    heard for hours; what lies between is heard at the speed that it has, as all of it is with
    "aligned". No watermark is read in a sound of more than eight channels. `fingerprints`: whether
    to make them in the same pass.

    Raises `UnreadableVideo` when it cannot be decoded, `InvalidArgument` for a file of another
    kind, `MissingExtra`, `InvalidKey`.
    """
    ears = _Ears(key, effort)
    hasher = hashing.Ear(hashing.QUERY_SOUNDS) if fingerprints else None
    loudest = seconds = 0.0
    for block in heard(source, media_type, track=track):
        samples = samples_of(block)
        ears.hear(seconds, block.sample_rate, samples)
        seconds += len(samples) / block.sample_rate
        loudest = max(loudest, float(samples.max(initial=0)), -float(samples.min(initial=0)))
        if hasher is not None:
            hasher.hear(block)
    hashes = () if hasher is None else hasher.finish()
    return Heard(ears.found(), round(seconds, 3), loudest < _SILENT, hashes)


class _Ears:
    """Hear the first minute and some stretches at full effort, and what lies between as it is."""

    def __init__(self, key: bytes, effort: Literal["full", "aligned"]) -> None:
        self._key = key
        self._number = 1
        self._found: list[Detection] = []
        if effort == "aligned":
            self._listening = [Ear(key, "aligned")]
            self._next = math.inf
        else:
            rest = Ear(key, "aligned", _WHOLE_SECONDS, math.inf)
            self._listening = [Ear(key, "full", 0, _WHOLE_SECONDS), rest]
            self._next = 2 * _WHOLE_SECONDS

    def hear(self, now: float, rate: int, samples: Samples) -> None:
        """The block of the sound that begins at that time, in seconds."""
        if now >= self._next:
            self._listening.append(Ear(self._key, "full", now, now + _STRETCH_SECONDS))
            self._number += 1
            self._next *= 2
        for ear in self._listening:
            if ear.begin <= now < ear.end:
                ear.hear(now, rate, samples)
        for ear in [ear for ear in self._listening if now >= ear.end]:
            self._listening.remove(ear)  # with its memory
            self._found += ear.found()

    def found(self) -> tuple[Detection, ...]:
        """Each mark once, that first which is there longest."""
        for ear in self._listening:
            self._found += ear.found()
        marks: dict[int, list[Detection]] = {}
        for one in self._found:
            marks.setdefault(one.payload, []).append(one)
        joined = [self._joined(ones) for ones in marks.values()]
        return tuple(sorted(joined, key=lambda one: -sum(s.seconds for s in one.stretches)))

    def _joined(self, ones: list[Detection]) -> Detection:
        """What several ears have read of one mark."""
        stretches: list[Stretch] = []
        for next_ in sorted((s for one in ones for s in one.stretches), key=lambda s: s.begin):
            if stretches and next_.begin <= stretches[-1].end + _SEAM_SECONDS:
                stretches[-1] = Stretch(stretches[-1].begin, max(next_.end, stretches[-1].end))
            else:
                stretches.append(next_)
        best = max(ones, key=lambda one: one.score)
        rate = min(1.0, best.false_positive_rate * self._number)  # of all ears together
        return replace(best, stretches=tuple(stretches), false_positive_rate=rate)


class Ear:
    """Looks for marks from a time to another, until the sound changes its rate or its channels.

    >>> Ear(audio.DEFAULT_KEY, "full").found()
    []

    None is found in a sound of a rate or with channels that the mark is not made for.
    """

    def __init__(
        self,
        key: bytes,
        effort: Literal["full", "aligned"],
        begin: float = 0.0,
        end: float = math.inf,
    ) -> None:
        """`begin`, `end`: for who has several of them; one by itself hears all that it is given."""
        self.begin, self.end = begin, end
        self._key, self._effort = key, effort
        self._start = 0.0
        self._form: tuple[int, int] | None = None
        self._detector: audio.Detector | None = None
        self._is_over = False

    def hear(self, now: float, rate: int, samples: Samples) -> None:
        """The block of the sound that begins at that time, in seconds."""
        form = (rate, samples.shape[1])
        if self._is_over or form != (self._form or form):
            self._is_over = True
            return
        try:
            if self._detector is None:
                self._form, self._start = form, now
                self._detector = audio.Detector(rate, key=self._key, effort=self._effort)
            self._detector.push(samples)
        except SoundError:
            self._is_over, self._detector = True, None

    def found(self) -> list[Detection]:
        """With times of the whole sound."""
        return [
            replace(
                one,
                offset_seconds=one.offset_seconds + self._start,
                stretches=tuple(
                    Stretch(self._start + s.begin, self._start + s.end) for s in one.stretches
                ),
            )
            for one in ([] if self._detector is None else self._detector.detect())
        ]


def watermarks(
    source: BinaryIO,
    media_type: str,
    *,
    key: bytes = audio.DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> tuple[Detection, ...]:
    """What is read in the first sound of a file, the mark first that is there longest.

    >>> import io, wave
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as out:
    ...     out.setparams((1, 2, 16_000, 0, "NONE", ""))
    ...     out.writeframes(bytes(32_000))
    >>> watermarks(file, "audio/wav")
    ()

    Arguments and errors as of `listen`.
    """
    return listen(source, media_type, key=key, effort=effort).watermarks
