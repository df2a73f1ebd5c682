"""Search among sounds: exact, found after other encodings, and never by silence or noise."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from countermark.clips import SoundIndex, SoundMatch, read
from countermark.clips.sounds import MAX_ERROR_RATE, WINDOW, is_telling
from countermark.fingerprint import Chromaprint, chromaprint
from countermark.fingerprint.sound import HOP, RATE

Samples = npt.NDArray[np.int16]
Tune = Callable[..., Samples]
File = Callable[..., bytes]


def part_of(sound: Samples, start: float, seconds: float = 5) -> Samples:
    return sound[round(start * RATE) : round((start + seconds) * RATE)]


@pytest.fixture(scope="module")
def long(tune: Tune) -> Samples:
    """Ten minutes, in which no five seconds are like others."""
    return tune(600)


@pytest.fixture(scope="module")
def index(long: Samples, tune: Tune) -> SoundIndex:
    others = [(number, chromaprint(tune(20, seed=number + 10))) for number in range(5)]
    return SoundIndex.build([*others, (7, chromaprint(long))])


def search(index: SoundIndex, content: bytes, media_type: str) -> list[SoundMatch]:
    return index.search(read(io.BytesIO(content), media_type, query=True).sounds)


SLOW = pytest.mark.slow
ENCODINGS = (
    ("mp3", "libmp3lame", 64_000, None, "audio/mpeg"),
    ("mp4", "aac", 64_000, None, "audio/mp4"),
    ("ogg", "libopus", 24_000, None, "audio/ogg"),
    ("wav", "pcm_s16le", 0, 8_000, "audio/wav"),
    ("flac", "flac", 0, 44_100, "audio/flac"),
)


@pytest.mark.parametrize(
    "start", [123.45, pytest.param(0.0, marks=SLOW), pytest.param(594.9, marks=SLOW)]
)
@pytest.mark.parametrize(
    ("form", "codec", "bit_rate", "rate", "media_type"),
    ENCODINGS,
)
def test_five_seconds_are_found_in_ten_minutes(
    index: SoundIndex,
    long: Samples,
    start: float,
    form: str,
    codec: str,
    bit_rate: int,
    rate: int | None,
    media_type: str,
    encoded: File,
) -> None:
    copy = encoded(part_of(long, start), RATE, form, codec, bit_rate, rate)
    (found,) = search(index, copy, media_type)
    assert found.label == 7
    assert found.at_seconds - found.query_seconds == pytest.approx(start, abs=0.2)
    assert found.error_rate <= MAX_ERROR_RATE
    assert found.seconds > 4


def test_a_part_is_found_within_something_else(
    index: SoundIndex, long: Samples, tune: Tune, wav: File
) -> None:
    spliced = np.concatenate([tune(20, seed=90), part_of(long, 300, 8), tune(20, seed=91)])
    (found,) = search(index, wav(spliced), "audio/wav")
    assert (found.label, round(found.seconds)) == (7, pytest.approx(8, abs=4))
    assert found.query_seconds == pytest.approx(20, abs=2)
    assert found.at_seconds == pytest.approx(300, abs=2)


@pytest.mark.slow
def test_a_longer_sound_than_the_stored_one_is_found(tune: Tune, wav: File) -> None:
    whole = tune(130, seed=5)  # so long that only equal numbers vote
    index = SoundIndex.build([(1, chromaprint(part_of(whole, 100, 6)))])
    (found,) = search(index, wav(whole), "audio/wav")
    assert found.query_seconds == pytest.approx(100, abs=1)


def random_sounds(random: np.random.Generator) -> list[tuple[int, Chromaprint]]:
    """Numbers that are seldom alike, and copies of some with as many errors as just pass or not."""
    sounds = [random.integers(0, 2**32, size, np.uint32) for size in (0, 15, 16, 40, 300, 17)]
    return [(number * 3, Chromaprint(v.astype(">u4").tobytes())) for number, v in enumerate(sounds)]


def noisy(random: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    flips = random.random((len(values), 32)) < share
    return values ^ (flips * (np.uint32(1) << np.arange(32, dtype=np.uint32))).sum(
        axis=1, dtype=np.uint32
    )


def spread(window: np.ndarray) -> float:
    pairs = [(a, b) for i, a in enumerate(window) for b in window[:i]]
    return float(np.mean([int(a ^ b).bit_count() for a, b in pairs]))


def by_force(
    sounds: list[tuple[int, Chromaprint]], query: np.ndarray
) -> dict[int, tuple[int, int, int]]:
    """For each sound the least errors, and places, over all windows that share a voting number."""
    best: dict[int, tuple[int, int, int]] = {}
    telling = [spread(query[a : a + WINDOW]) >= 7 for a in range(len(query) - WINDOW + 1)]
    for label, sound in sounds:
        values = sound.values
        known = [spread(values[a : a + WINDOW]) >= 7 for a in range(len(values) - WINDOW + 1)]
        for a in np.flatnonzero(telling).tolist():
            for b in range(len(values) - WINDOW + 1):
                turned = [
                    int(x ^ y).bit_count()
                    for x, y in zip(query[a : a + WINDOW], values[b : b + WINDOW], strict=True)
                ]
                votes = any(
                    bits <= 1 and any(known[max(0, b + n - WINDOW + 1) : b + n + 1])
                    for n, bits in enumerate(turned)
                )
                if votes and sum(turned) <= MAX_ERROR_RATE * 32 * WINDOW:
                    here = (sum(turned), a, b)
                    best[label] = min(best.get(label, here), here)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_search_is_exact(seed: int) -> None:
    random = np.random.default_rng(seed)
    sounds = random_sounds(random)
    whole = sounds[4][1].values
    query = noisy(random, whole[100 : 100 + WINDOW + seed * 4], 0.08 + 0.02 * seed)
    query = np.concatenate([query, sounds[3][1].values[:5], sounds[5][1].values])
    expected = by_force(sounds, query)
    found = SoundIndex.build(sounds).search([Chromaprint(query.astype(">u4").tobytes())])
    assert {match.label: match.error_rate for match in found} == {
        label: round(errors / (32 * WINDOW), 3) for label, (errors, _, _) in expected.items()
    }
    for match in found:
        errors, asked, place = expected[match.label]
        shift = (match.at_seconds - match.query_seconds) * RATE / HOP
        assert errors == 0 or round(shift) == place - asked


@pytest.mark.parametrize("kind", ["silence", "whisper", "tone", "noise", "beeps", "short"])
def test_what_is_like_everything_is_not_indexed(kind: str, tune: Tune, wav: File) -> None:
    random = np.random.default_rng(1)
    time = np.arange(30 * RATE) / RATE
    sounds = {
        "silence": np.zeros(30 * RATE),
        "whisper": random.integers(-1, 2, 30 * RATE),
        "tone": 9000 * np.sin(6.2832 * 440 * time),
        "noise": random.normal(0, 3000, 30 * RATE),
        "beeps": 9000 * np.sin(6.2832 * 880 * time) * (time % 1 < 0.5),
        "short": tune(4),
    }
    sound = chromaprint(sounds[kind].astype(np.int16))
    assert not is_telling(sound)
    assert read(io.BytesIO(wav(sounds[kind].astype(np.int16))), "audio/wav").sound is None
    assert SoundIndex.build([(1, sound)]).search([sound]) == []


def test_other_sounds_are_not_found(index: SoundIndex, tune: Tune, wav: File) -> None:
    for seed in range(100, 102):
        assert search(index, wav(tune(30, seed=seed)), "audio/wav") == []


def test_an_empty_index_finds_nothing(tune: Tune) -> None:
    index = SoundIndex.build([])
    assert (len(index), index.search([chromaprint(tune(10))]), index.search([])) == (0, [], [])
