"""Many sounds marked with one key do not give it away when they are added up."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from countermark import audio

RATE = 8000
SECONDS = 6
COUNT = 200
PAYLOAD = 2026

Samples = npt.NDArray[np.float32]


def sound(seed: int) -> Samples:
    """Notes that fade, one every quarter of a second, over a little noise."""
    random = np.random.default_rng(seed)
    samples = random.normal(0, 0.003, SECONDS * RATE)
    times = np.arange(RATE // 2) / RATE
    for begin in range(0, (SECONDS - 1) * RATE, RATE // 4):
        pitch = random.uniform(150, 700)
        for harmonic in range(1, 5):
            wave = np.sin(2 * np.pi * pitch * harmonic * times + random.uniform(0, 6))
            fading = np.exp(-random.uniform(3, 12) * times)
            samples[begin : begin + RATE // 2] += 0.05 / harmonic * fading * wave
    return samples.astype(np.float32)


@pytest.fixture(scope="module")
def marked() -> list[Samples]:
    return [audio.embed(sound(seed), RATE, PAYLOAD) for seed in range(COUNT)]


@pytest.fixture(scope="module")
def average(marked: list[Samples]) -> Samples:
    """What is common to all of them, as loud as one."""
    mean = np.mean(marked, axis=0, dtype=np.float64)
    return (0.1 * mean / mean.std()).astype(np.float32)


def payload_of(samples: npt.NDArray[Any]) -> int | None:
    found = audio.detect(samples.astype(np.float32), RATE)
    return None if found is None else found.payload


def test_average_carries_no_mark(average: Samples) -> None:
    assert payload_of(average) is None


@pytest.mark.parametrize("seed", [1000, 1001])
def test_average_forges_no_mark(average: Samples, seed: int) -> None:
    assert payload_of(sound(seed) + average) is None


@pytest.mark.parametrize("one", [0, 77, 199])
def test_average_strips_no_mark(marked: list[Samples], average: Samples, one: int) -> None:
    assert payload_of(marked[one]) == PAYLOAD
    share = np.dot(marked[one], average) / np.dot(average, average)
    assert payload_of(marked[one] - share * average) == PAYLOAD
    assert payload_of(marked[one] - 0.1 * average) == PAYLOAD
