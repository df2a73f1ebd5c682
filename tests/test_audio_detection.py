"""What the audio detector takes and tells; bench/audio measures what it survives."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from countermark import audio, errors

RATE = 16000
PAYLOAD = 0xFEDCBA9876543210
Samples = npt.NDArray[Any]


def noise(seconds: float, channels: int = 1) -> npt.NDArray[np.float32]:
    """Softer towards high frequencies, as most sounds are."""
    white = np.random.default_rng(1).normal(0, 0.05, (round(seconds * RATE), channels))
    return np.add.reduce([np.roll(white, step, 0) for step in range(4)]).astype(np.float32)


@pytest.fixture(scope="module")
def marked() -> npt.NDArray[np.float32]:
    return audio.embed(noise(8), RATE, PAYLOAD)


def as_kind(sound: Samples, kind: str) -> Samples:
    if kind == "V3":
        octets = (sound * 2**23).astype("<i4").view(np.uint8).reshape(*sound.shape, 4)[..., :3]
        return np.ascontiguousarray(octets).view("V3")[..., 0]
    whole = np.issubdtype(np.dtype(kind), np.integer)
    scale = 2.0 ** (8 * np.dtype(kind).itemsize - 1) if whole else 1.0
    return (sound.astype(float) * scale).astype(kind)


@pytest.mark.parametrize("kind", ["int16", "V3", "int32", "float32", "float64", ">i2"])
def test_every_type_is_read(marked: Samples, kind: str) -> None:
    found = audio.detect(as_kind(marked, kind), RATE)
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.false_positive_rate <= 1e-8
    assert found.score > 5
    assert found.speed == found.pitch == pytest.approx(1, abs=1e-4)
    assert not found.inverted
    assert 0 <= found.offset_seconds < 0.513
    (stretch,) = found.stretches
    assert stretch.begin == pytest.approx(0, abs=0.3)
    assert stretch.end == pytest.approx(8, abs=0.3)


def test_views_are_read_as_they_lie(marked: Samples) -> None:
    wide = np.zeros((len(marked) * 2, 3), np.float32)
    wide[::2, 1] = marked[:, 0]
    found = audio.detect(wide[::2, 1], RATE)
    assert found is not None
    assert found.payload == PAYLOAD


def test_blocks_tell_what_the_whole_tells(marked: Samples) -> None:
    detector = audio.Detector(RATE)
    assert detector.detect() == ()
    for begin in range(0, len(marked), 3001):
        detector.push(marked[begin : begin + 3001])
    assert detector.detect() == (audio.detect(marked, RATE),)


def test_a_file_cut_together_shows_where(marked: Samples) -> None:
    plain = noise(12)
    other = audio.embed(plain, RATE, 5)
    cut = np.concatenate([marked, plain[: 4 * RATE], other[: 12 * RATE]])
    detector = audio.Detector(RATE)
    detector.push(cut)
    longest, second = detector.detect()
    assert (longest.payload, second.payload) == (5, PAYLOAD)
    for found, begin, end in ((longest, 12, 24), (second, 0, 8)):
        (stretch,) = found.stretches
        assert stretch.begin == pytest.approx(begin, abs=0.6)
        assert stretch.end == pytest.approx(end, abs=0.6)


def test_a_reset_forgets(marked: Samples) -> None:
    detector = audio.Detector(RATE)
    detector.reset()
    detector.push(marked)
    assert detector.detect()
    detector.reset()
    assert detector.detect() == ()
    detector.push(noise(3))
    assert detector.detect() == ()


@pytest.mark.parametrize("effort", ["full", "aligned"])
def test_there_is_nothing_where_nothing_is(effort: Any) -> None:
    assert audio.detect(noise(5, 2), RATE, effort=effort) is None
    for frames in (0, 1, 500):
        assert audio.detect(np.full((frames, 2), 0.5), 44100, effort=effort) is None
    assert audio.detect(np.zeros(26 * RATE, np.int16), RATE, effort=effort) is None


def test_another_key_reads_nothing(marked: Samples) -> None:
    assert audio.detect(marked, RATE, key=b"only for friends") is None


def test_samples_that_are_no_numbers_are_refused(marked: Samples) -> None:
    for wrong in (np.nan, np.inf, -np.inf):
        broken = marked.copy()
        broken[100] = wrong
        with pytest.raises(errors.InvalidSamples):
            audio.detect(broken, RATE)


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(errors.InvalidSamples):
        audio.detect(np.zeros((10, 10, 2), np.float32), RATE)
    with pytest.raises(errors.InvalidSamples):
        audio.detect(np.zeros(10, np.uint8), RATE)
    with pytest.raises(errors.InvalidSamples):
        audio.detect([0.0] * 10, RATE)  # type: ignore[arg-type]
    for channels in (0, 9):
        with pytest.raises(errors.UnsupportedSound):
            audio.detect(np.zeros((10, channels), np.float32), RATE)
    for rate in (7999, 192_001, 0, -1, 16000.5):
        with pytest.raises(errors.UnsupportedSound):
            audio.detect(np.zeros(10, np.float32), rate)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidKey):
        audio.detect(np.zeros(10, np.float32), RATE, key=b"short")
    with pytest.raises(errors.InvalidEffort):
        audio.detect(np.zeros(10, np.float32), RATE, effort="some")  # type: ignore[arg-type]


def test_blocks_that_differ_are_refused(marked: Samples) -> None:
    detector = audio.Detector(RATE)
    detector.push(marked)
    for other in (marked.astype(np.int16), np.zeros((10, 2), np.float32)):
        with pytest.raises(errors.InvalidSamples):
            detector.push(other)
    assert detector.detect()[0].payload == PAYLOAD


def test_detectors_are_used_by_one_thread_at_a_time(marked: Samples) -> None:
    detector = audio.Detector(RATE)
    detector.push(marked[:10])
    refused: list[errors.CountermarkError] = []

    def push() -> None:
        try:
            for _ in range(4):
                detector.push(marked)
        except errors.InUse as error:
            refused.append(error)

    threads = [threading.Thread(target=push) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = detector.detect()
    assert found[0].payload == PAYLOAD
    assert all(isinstance(error, errors.InUse) for error in refused)
