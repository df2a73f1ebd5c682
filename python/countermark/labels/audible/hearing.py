"""Find the rhythm "short long, short short" in a sound, by its envelope.

>>> from countermark.labels.audible.cue import cue_samples
>>> [heard] = find_rhythm(cue_samples(16_000, 1), 16_000)
>>> round(heard.start_seconds, 2), round(heard.end_seconds, 2), round(heard.level_db)
(0.36, 1.68, -23)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_HOP_SECONDS: Final = 0.005
_WINDOW_SECONDS: Final = 0.02
_TONE_SHARE: Final = 0.8  # of a frame's power in one line of the spectrum: a tone
_FAINTEST_DB: Final = -70.0
_EDGE_DB: Final = 6.0  # below its middle, a tone begins or ends
_GAP_DB: Final = 10.0  # gaps are quieter than the tone by that
_TOLERANCE: Final = 0.4  # of a dot
_DOTS: Final = (1, 1, 3, 3, 1, 1, 1)  # tone, gap, tone, gap, ...
_SHORTEST, _LONGEST = 0.04, 0.5  # seconds of a dot
_READING_RATE: Final = 8_000


@dataclass(frozen=True, slots=True)
class HeardRhythm:
    """Where the rhythm is heard, and how: `level_db` is the tone's root mean square."""

    start_seconds: float
    end_seconds: float
    level_db: float
    frequency_hz: float
    dot_seconds: float


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Every 5 ms: the level in dB, the strongest line in Hz, and whether that is a tone."""

    hop_seconds: float
    levels: npt.NDArray[np.float64]
    frequencies: npt.NDArray[np.float64]
    tonal: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Tone:
    start: int  # frames of the envelope
    end: int
    level_db: float
    frequency_hz: float


def find_rhythm(samples: npt.NDArray[Any], rate: int) -> tuple[HeardRhythm, ...]:
    """Every place where a tone is heard in the rhythm of the Morse letters A and I.

    >>> import numpy as np
    >>> find_rhythm(np.zeros(16_000, np.float32), 16_000)
    ()

    `samples`: shape (length,) or (length, channels), full scale 1. The tone may have any height
    and speed, and must stand alone: between pauses, not mixed with content.
    Source: GB 45438-2025, 5.3.
    """
    return _match(_envelope([_mono(samples)], rate))


def rhythms_in(path: str | PathLike[str]) -> tuple[HeardRhythm, ...]:
    """As `find_rhythm`, in a file of any kind that FFmpeg reads; needs the extra `labels`.

    Raises `SourceNotFound`, `UnreadableSound`, `MissingExtra`.
    """
    from countermark.sound.streams import decoded_mono

    return _match(_envelope(decoded_mono(path, _READING_RATE), _READING_RATE))


def _mono(samples: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    wide = np.asarray(samples, np.float32)
    return wide if wide.ndim == 1 else wide.mean(axis=1)


def _envelope(blocks: Iterable[npt.NDArray[np.float32]], rate: int) -> _Envelope:
    hop, size = round(_HOP_SECONDS * rate), round(_WINDOW_SECONDS * rate)
    window = np.hanning(size + 2)[1:-1]
    # Silence around it, so that a tone at the very edge has edges too.
    rest = np.zeros(size, np.float32)
    parts = []
    for block in (*_cut(blocks), np.zeros(size, np.float32)):
        rest = np.concatenate((rest, np.nan_to_num(block)))
        if len(rest) < size:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(rest, size)[::hop]
        powers = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
        powers[:, 0] = 0  # an offset is not heard
        parts.append(_lines(powers, rate / size, float(2 / (size * (window**2).sum()))))
        rest = rest[len(frames) * hop :]
    joined = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return _Envelope(hop / rate, joined[0], joined[1], joined[2] > _TONE_SHARE)


def _cut(blocks: Iterable[npt.NDArray[np.float32]]) -> Iterable[npt.NDArray[np.float32]]:
    """In parts of bounded length."""
    for block in blocks:
        yield from (block[start : start + 65_536] for start in range(0, len(block), 65_536))


def _lines(
    powers: npt.NDArray[np.float64], bin_hz: float, scale: float
) -> tuple[npt.NDArray[np.float64], ...]:
    """Of each frame: the level in dB, the frequency of the strongest line, its share of all."""
    total = powers.sum(axis=1)
    peak = powers.argmax(axis=1)
    around = np.clip(peak[:, None] + np.arange(-2, 3), 0, powers.shape[1] - 1)
    line = np.take_along_axis(powers, around, axis=1)
    near = line.sum(axis=1)
    safe = np.maximum(near, 1e-30)
    frequency = (line * around).sum(axis=1) / safe * bin_hz
    level = 10 * np.log10(np.maximum(total * scale, 1e-30))
    return level, frequency, near / np.maximum(total, 1e-30)


def _match(envelope: _Envelope) -> tuple[HeardRhythm, ...]:
    tones = _tones(envelope)
    found = []
    for index in range(len(tones) - 3):
        four = tones[index : index + 4]
        dot = (four[-1].end - four[0].start) / sum(_DOTS)
        before = tones[index - 1].end if index else None
        after = tones[index + 4].start if index + 4 < len(tones) else None
        if (
            _SHORTEST <= dot * envelope.hop_seconds <= _LONGEST
            and _has_rhythm(four, dot)
            and _is_one_tone(four, envelope.levels)
            and (before is None or four[0].start - before >= 2 * dot)
            and (after is None or after - four[-1].end >= 2 * dot)
        ):
            found.append(_heard(four, dot, envelope.hop_seconds))
    return tuple(found)


def _tones(envelope: _Envelope) -> list[_Tone]:
    """Stretches of one tone, from where it is half as loud as within to where it is so again."""
    levels = envelope.levels
    heard = np.concatenate(([False], envelope.tonal & (levels > _FAINTEST_DB), [False]))
    changes = np.flatnonzero(heard[1:] != heard[:-1])
    tones = []
    for start, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        loud = start + np.flatnonzero(levels[start:end] > levels[start:end].max() - _EDGE_DB)
        first, last = int(loud[0]), int(loud[-1]) + 1
        middle = slice(first, last)
        frequency = float(np.median(envelope.frequencies[middle]))
        tones.append(_Tone(first, last, float(np.median(levels[middle])), frequency))
    return tones


def _has_rhythm(four: list[_Tone], dot: float) -> bool:
    lengths = [four[0].end - four[0].start]
    for tone, following in itertools.pairwise(four):
        lengths += [following.start - tone.end, following.end - following.start]
    return all(
        abs(length - dots * dot) <= _TOLERANCE * dot * (1.5 if dots > 1 else 1)
        for length, dots in zip(lengths, _DOTS, strict=True)
    )


def _is_one_tone(four: list[_Tone], levels: npt.NDArray[np.float64]) -> bool:
    """The same height and loudness, with quiet between."""
    pitch = [tone.frequency_hz for tone in four]
    loud = [tone.level_db for tone in four]
    gaps = itertools.pairwise(four)
    return (
        max(pitch) - min(pitch) < 0.05 * max(pitch)
        and max(loud) - min(loud) < _EDGE_DB
        and all(
            np.median(levels[tone.end : following.start]) < min(loud) - _GAP_DB
            for tone, following in gaps
        )
    )


def _heard(four: list[_Tone], dot: float, hop_seconds: float) -> HeardRhythm:
    shift = _WINDOW_SECONDS / 2  # a frame stands for its middle; the padding is one window long
    return HeardRhythm(
        start_seconds=max(0.0, four[0].start * hop_seconds - shift),
        end_seconds=(four[-1].end - 1) * hop_seconds - shift,
        level_db=float(np.median([tone.level_db for tone in four])),
        frequency_hz=float(np.median([tone.frequency_hz for tone in four])),
        dot_seconds=dot * hop_seconds,
    )
