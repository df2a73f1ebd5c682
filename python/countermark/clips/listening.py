"""The watermarks in the sound of a file."""

from __future__ import annotations

from typing import BinaryIO, Literal

from countermark import audio
from countermark.audio import Detection
from countermark.clips.decoding import heard
from countermark.errors import SoundError


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

    `media_type`: one of `FORMATS`, by the content. `key`, `effort`: as for `audio.detect`. A file
    without sound has none, and neither has one of more than eight channels. Memory does not grow
    with the length.

    Raises `UnreadableVideo` when it cannot be decoded, `InvalidArgument` for a file of another
    kind, `MissingExtra`, `InvalidKey`.
    """
    detector: audio.Detector | None = None
    for rate, samples in heard(source, media_type):
        try:
            if detector is None:
                detector = audio.Detector(rate, key=key, effort=effort)
            detector.push(samples)
        except SoundError:  # of a rate or with channels that the mark is not made for
            return ()
    return () if detector is None else detector.detect()
