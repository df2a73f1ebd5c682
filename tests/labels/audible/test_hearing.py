"""The rhythm is heard where it is, and nowhere else."""

import os
from pathlib import Path

import numpy as np
import pytest

from countermark.errors import InvalidArgument
from countermark.labels.audible import Rhythm, cue_samples, find_rhythm, rhythms_in
from countermark.labels.audible.hearing import HeardRhythm

CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
RATE = 16_000


def morse(code: str, *, dot: float = 0.1, frequency: float = 700) -> np.ndarray:
    """Such a code by a sender of the tests' own, with pauses around it."""
    keyed = {".": [1, 0], "-": [1, 1, 1, 0], " ": [0, 0]}
    units = [0] * 5 + [unit for sign in code for unit in keyed[sign]] + [0] * 5
    envelope = np.repeat(np.array(units, float), round(dot * RATE))
    smooth = np.convolve(envelope, np.hanning(160) / np.hanning(160).sum(), "same")
    return 0.2 * smooth * np.sin(2 * np.pi * frequency / RATE * np.arange(len(smooth)))


def one(heard: tuple[HeardRhythm, ...]) -> HeardRhythm:
    assert len(heard) == 1
    return heard[0]


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("level_db", [-50.0, -12.0])
def test_cue_is_heard_at_its_place_and_level(rate: int, level_db: float) -> None:
    silence = np.zeros((rate, 2), np.float32)
    sound = np.concatenate((silence, cue_samples(rate, 2, level_db=level_db), silence))
    heard = one(find_rhythm(sound, rate))
    assert heard.start_seconds == pytest.approx(1.36, abs=0.01)
    assert heard.end_seconds == pytest.approx(2.68, abs=0.02)
    assert heard.level_db == pytest.approx(level_db, abs=0.1)
    assert heard.frequency_hz == pytest.approx(800, abs=2)
    assert heard.dot_seconds == pytest.approx(0.12, abs=0.002)


@pytest.mark.parametrize("dot", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("frequency", [300.0, 3000.0])
def test_rhythm_of_others_is_heard(dot: float, frequency: float) -> None:
    heard = one(find_rhythm(morse(".- ..", dot=dot, frequency=frequency), RATE))
    assert heard.dot_seconds == pytest.approx(dot, rel=0.05)
    assert heard.frequency_hz == pytest.approx(frequency, rel=0.01)


@pytest.mark.parametrize("code", [".- .", ".- ...", "-. ..", ".. .-", ".-..", "....", ". - . ."])
def test_other_rhythms_are_not_taken_for_it(code: str) -> None:
    assert find_rhythm(morse(code), RATE) == ()


def test_pauses_within_the_rhythm_must_be_quiet() -> None:
    sound = morse(".- ..")
    sound += 0.2 * np.sin(2 * np.pi * 700 / RATE * np.arange(len(sound)))
    assert find_rhythm(sound, RATE) == ()


def test_content_beside_the_rhythm_does_not_hide_it() -> None:
    content = np.random.default_rng(1).normal(0, 0.1, (2 * RATE, 1)).astype(np.float32)
    sound = np.concatenate((content, cue_samples(RATE, 1), content, cue_samples(RATE, 1)))
    starts = [heard.start_seconds for heard in find_rhythm(sound, RATE)]
    assert starts == pytest.approx([2.36, 6.4], abs=0.02)


def test_broken_numbers_and_nothing_are_silence() -> None:
    assert find_rhythm(np.full(RATE, np.nan, np.float32), RATE) == ()
    assert find_rhythm(np.zeros(0, np.float32), RATE) == ()


def test_edges_of_the_tone_are_soft() -> None:
    """A step would be heard as a click: it spreads over all frequencies."""
    powers = np.abs(np.fft.rfft(cue_samples(48_000, 1)[:, 0])) ** 2
    frequencies = np.fft.rfftfreq(2 * len(powers) - 2, 1 / 48_000)
    assert powers[frequencies > 2_000].sum() < 1e-6 * powers.sum()


@pytest.mark.parametrize("bad", [{"frequency_hz": 50}, {"dot_seconds": 2}])
def test_unheard_rhythms_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidArgument):
        Rhythm(**bad)


def test_unheard_cues_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        cue_samples(4_000, 1)
    with pytest.raises(InvalidArgument):
        cue_samples(8_000, 1, level_db=0)


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the audio of the corpus")
def test_music_and_speech_hold_no_rhythm() -> None:
    files = sorted((CORPUS / "audio").glob("*.flac"))
    assert len(files) >= 6
    for path in files:
        assert rhythms_in(path) == (), path
