"""The watermarks in the sound of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import numpy as np

from countermark import audio
from countermark.audio import Detection
from countermark.clips.decoding import heard
from countermark.errors import SoundError

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
    detector: audio.Detector | None = None
    is_readable, loudest, seconds = True, 0.0, 0.0
    for rate, samples in heard(source, media_type):
        seconds += len(samples) / rate
        loudest = max(loudest, float(np.abs(samples).max(initial=0)))
        try:
            if is_readable and detector is None:
                detector = audio.Detector(rate, key=key, effort=effort)
            if is_readable and detector is not None:
                detector.push(samples)
        except SoundError:  # of a rate or with channels that the mark is not made for
            is_readable = False
    found = detector.detect() if is_readable and detector is not None else ()
    return Heard(found, round(seconds, 3), loudest < _SILENT)


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
