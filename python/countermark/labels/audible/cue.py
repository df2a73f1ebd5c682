"""The sounds that say that a content is generated: a rhythm, or spoken words.

GB 45438-2025, 5.3: either a spoken notice, or the rhythm "short long, short short", which is the
Morse code of A and I. The standard gives no lengths; those of ITU-R M.1677-1 are used: a dash and
the gap between letters last three dots, the gap within a letter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Final, TypeAlias

import numpy as np

from countermark.errors import InvalidArgument, UnreadableSound
from countermark.labels.audible.loudness import Loudness
from countermark.sound.samples import Samples

LETTERS: Final = ((1, 3), (1, 1))
"""A and I in dots: short long, short short."""
PAUSE_DOTS: Final = 3
"""What is silent before and after a cue, so that it does not run into the content."""
MODERATE_DB: Final = -23.0
"""The level of a cue where the content gives none: that of programmes after EBU R 128."""
_EDGE_SECONDS: Final = 0.008  # a shorter rise is heard as a click
_LARGEST_PEAK: Final = 0.98


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A tone in the rhythm "short long, short short".

    >>> round(Rhythm().seconds, 2)
    1.32

    `frequency_hz` from 200 to 3000, `dot_seconds` from 0.05 to 0.4; raises `InvalidArgument`.
    """

    frequency_hz: float = 800.0
    dot_seconds: float = 0.12

    def __post_init__(self) -> None:
        """Check both ranges."""
        if not (200 <= self.frequency_hz <= 3000 and 0.05 <= self.dot_seconds <= 0.4):
            raise InvalidArgument(
                f"A tone of {self.frequency_hz:g} Hz with dots of {self.dot_seconds:g} seconds is "
                "not heard well.",
                remedy="Use 200 to 3000 Hz, and dots of 0.05 to 0.4 seconds.",
            )

    @property
    def seconds(self) -> float:
        """How long it lasts, without the pauses around it."""
        return 11 * self.dot_seconds  # . + gap + --- + gap between letters + . + gap + .


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words in a sound file of any kind that FFmpeg reads: a recording, or what `speak` made."""

    clip: str | PathLike[str]


Cue: TypeAlias = Rhythm | Spoken


def cue_samples(
    rate: int, channels: int, *, cue: Cue | None = None, level_db: float = MODERATE_DB
) -> Samples:
    """A cue with a pause before and after it, alike in all channels; a `Rhythm` unless told.

    >>> samples = cue_samples(16_000, 2)
    >>> samples.shape, round(len(samples) / 16_000, 2)
    ((32640, 2), 2.04)

    Give `rate` in Hz from 8000 to 192000; `level_db` is the root mean square of the tone, or of
    the words without their pauses, against full scale. Words are made quieter than that rather
    than cut off at full scale. Raises `InvalidArgument`; `UnreadableSound` for a clip; and
    `MissingExtra` when reading a clip without the extra `labels`.
    """
    cue = Rhythm() if cue is None else cue
    if not (8_000 <= rate <= 192_000 and channels >= 1 and -70 <= level_db <= -3):
        raise InvalidArgument(
            f"There is no cue of {rate} Hz, {channels} channels and {level_db:g} dB.",
            remedy="Use 8000 to 192000 Hz, a channel or more, and a level of -70 to -3 dB.",
        )
    dot_seconds = cue.dot_seconds if isinstance(cue, Rhythm) else Rhythm().dot_seconds
    if isinstance(cue, Rhythm):
        sound = _tone(cue, rate) * np.float32(np.sqrt(2) * 10 ** (level_db / 20))
    else:
        sound = _words(cue, rate, level_db)
    pause = np.zeros(round(PAUSE_DOTS * dot_seconds * rate), np.float32)
    whole = np.concatenate((pause, sound, pause))
    return np.repeat(whole[:, None], channels, axis=1)


def _tone(rhythm: Rhythm, rate: int) -> Samples:
    dot = rhythm.dot_seconds * rate
    edge = max(1, round(_EDGE_SECONDS * rate))
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    envelope = np.zeros(round(rhythm.seconds * rate))
    position = 0.0
    for letter in LETTERS:
        for dots in letter:
            start, end = round(position * dot), round((position + dots) * dot)
            envelope[start:end] = 1
            envelope[start : start + edge] = rise
            envelope[end - edge : end] = rise[::-1]
            position += dots + 1
        position += PAUSE_DOTS - 1
    phase = 2 * np.pi * rhythm.frequency_hz / rate * np.arange(len(envelope))
    tone: Samples = (envelope * np.sin(phase)).astype(np.float32)
    return tone


def _words(spoken: Spoken, rate: int, level_db: float) -> Samples:
    from countermark.sound.streams import decoded_mono

    loudness = Loudness(rate)
    blocks = []
    for block in decoded_mono(spoken.clip, rate):
        loudness.add(block[:, None])
        blocks.append(block)
    if loudness.level_db is None:
        raise UnreadableSound(
            f"The clip {str(spoken.clip)!r} is silent.", remedy="Use one in which words are heard."
        )
    words: Samples = np.concatenate(blocks)
    gain = 10 ** ((level_db - loudness.level_db) / 20)
    gain = min(gain, _LARGEST_PEAK / float(np.abs(words).max()))
    words *= np.float32(gain)
    return words
