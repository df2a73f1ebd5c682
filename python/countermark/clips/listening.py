"""The watermarks in the sound of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import numpy as np

from countermark import audio
from countermark.audio import Detection
from countermark.clips.decoding import heard
from countermark.errors import SoundError
from countermark.sound import Samples

_SILENT: Final = 1e-3
"""Of full scale: what nobody hears."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is in the first sound of a file.

    `watermarks`: the mark first that is there longest. `seconds`: 0 without sound. `is_silent`:
    whether nothing can be heard in it.
    """

    watermarks: tuple[Detection, ...]
    seconds: float
    is_silent: bool


def listen(
    source: BinaryIO,
    media_type: str,
    *,
    key: bytes = audio.DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> Heard:
    """What is in the first sound of a file; memory does not grow with the length.

    >>> import io, wave
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as out:
    ...     out.setparams((1, 2, 16_000, 0, "NONE", ""))
    ...     out.writeframes(bytes(32_000))
    >>> listen(file, "audio/wav")
    Heard(watermarks=(), seconds=1.0, is_silent=True)

    `media_type`: one of `FORMATS`, by the content. `key`, `effort`: as for `audio.detect`. No
    watermark is read in a sound of more than eight channels.

    Raises `UnreadableVideo` when it cannot be decoded, `InvalidArgument` for a file of another
    kind, `MissingExtra`, `InvalidKey`.
    """
    ear = _Ear(key, effort)
    loudest = seconds = 0.0
    for rate, samples in heard(source, media_type):
        seconds += len(samples) / rate
        loudest = max(loudest, float(np.abs(samples).max(initial=0)))
        ear.hear(rate, samples)
    return Heard(ear.found(), round(seconds, 3), loudest < _SILENT)


class _Ear:
    """Looks for marks until the sound changes its rate or its channels."""

    def __init__(self, key: bytes, effort: Literal["full", "aligned"]) -> None:
        self._key, self._effort = key, effort
        self._form: tuple[int, int] | None = None
        self._detector: audio.Detector | None = None
        self._is_over = False

    def hear(self, rate: int, samples: Samples) -> None:
        form = (rate, samples.shape[1])
        if self._is_over or form != (self._form or form):
            self._is_over = True
            return
        try:
            if self._detector is None:
                self._form = form
                self._detector = audio.Detector(rate, key=self._key, effort=self._effort)
            self._detector.push(samples)
        except SoundError:  # of a rate or with channels that the mark is not made for
            self._is_over, self._detector = True, None

    def found(self) -> tuple[Detection, ...]:
        return () if self._detector is None else self._detector.detect()


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
