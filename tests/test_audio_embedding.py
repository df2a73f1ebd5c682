"""What goes into the audio embedder and what comes out; bench/audio measures the mark itself."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from countermark import audio, errors

RATE = 16000
Samples = npt.NDArray[Any]


@pytest.fixture(scope="module")
def sound() -> npt.NDArray[np.float32]:
    """Two seconds of noise in two channels, a tenth of full scale, as 16 bits can hold it."""
    noise = np.random.default_rng(1).normal(0, 0.1 * 2**15, (2 * RATE, 2))
    return (np.rint(noise) / 2**15).astype(np.float32)


def packed_24(samples: npt.NDArray[np.int32]) -> Samples:
    octets = samples.astype("<i4").view(np.uint8).reshape(*samples.shape, 4)[..., :3]
    return np.ascontiguousarray(octets).view("V3")[..., 0]


def unpacked_24(samples: Samples) -> npt.NDArray[np.int32]:
    octets = samples.reshape(-1).view(np.uint8).reshape(*samples.shape, 3)
    whole = np.concatenate([np.zeros_like(octets[..., :1]), octets], axis=-1)
    return np.ascontiguousarray(whole).view("<i4")[..., 0] >> 8


def as_kind(sound: Samples, kind: str) -> Samples:
    if kind == "V3":
        return packed_24((sound * 2**23).astype(np.int32))
    whole = np.issubdtype(np.dtype(kind), np.integer)
    scale = 2.0 ** (8 * np.dtype(kind).itemsize - 1) if whole else 1.0
    return (sound.astype(float) * scale).astype(kind)


def as_numbers(samples: Samples) -> npt.NDArray[np.float64]:
    if samples.dtype == np.dtype("V3"):
        return unpacked_24(samples) / 2**23
    whole = np.issubdtype(samples.dtype, np.integer)
    return samples.astype(float) / (2.0 ** (8 * samples.itemsize - 1) if whole else 1)


@pytest.mark.parametrize("kind", ["int16", "V3", "int32", "float32", "float64", ">i2", ">f8"])
def test_every_type_carries_the_same_mark(sound: Samples, kind: str) -> None:
    given = as_kind(sound, kind)
    kept = given.copy()
    marked = audio.embed(given, RATE, 7)
    assert marked.dtype == given.dtype
    assert marked.shape == given.shape
    assert np.array_equal(given, kept)
    residual = audio.embed(sound, RATE, 7) - sound
    step = 2.0**-15 if kind in ("int16", ">i2") else 2.0**-23
    assert np.abs(residual).max() > 100 * 2.0**-15
    assert np.abs(as_numbers(marked) - as_numbers(given) - residual).max() < step


def test_one_dimension_is_one_channel(sound: Samples) -> None:
    mono = sound[:, 0]
    assert np.array_equal(audio.embed(mono, RATE, 7), audio.embed(mono[:, None], RATE, 7)[:, 0])


def test_samples_may_lie_anywhere(sound: Samples) -> None:
    backwards = sound[::-1, ::-1]
    marked = audio.embed(backwards, RATE, 7)
    assert np.array_equal(marked, audio.embed(backwards.copy(), RATE, 7))


@pytest.mark.parametrize("low_latency", [False, True])
def test_blocks_of_any_length_make_the_same_sound(sound: Samples, low_latency: bool) -> None:
    def mark(*ends: int) -> Samples:
        embedder = audio.Embedder(7, RATE, low_latency=low_latency)
        parts = [embedder.push(part) for part in np.split(sound, ends)]
        return np.concatenate([*parts, embedder.finish()])

    whole = mark()
    assert len(whole) == len(sound)
    assert np.array_equal(mark(0, 1, 5000, 5000, 31999), whole)
    assert np.array_equal(whole, audio.embed(sound, RATE, 7)) != low_latency


@pytest.mark.parametrize(("low_latency", "seconds"), [(False, 6.5), (True, 0.5)])
@pytest.mark.parametrize("rate", [8000, 44100, 192_000])
def test_latency_is_bounded_and_kept(rate: int, low_latency: bool, seconds: float) -> None:
    embedder = audio.Embedder(7, rate, low_latency=low_latency)
    assert embedder.latency == 0
    assert len(embedder.push(np.zeros(0, np.int16))) == 0
    assert 0 < embedder.latency <= seconds * rate
    assert len(embedder.push(np.zeros(embedder.latency, np.int16))) == 0
    assert len(embedder.push(np.zeros(10, np.int16))) == 10
    assert len(embedder.finish()) == embedder.latency
    assert len(embedder.finish()) == 0


@pytest.mark.parametrize("frames", [0, 1, 2, 100])
def test_short_sounds_keep_their_length(frames: int) -> None:
    assert audio.embed(np.ones((frames, 2), np.int16), 44100, 7).shape == (frames, 2)
    embedder = audio.Embedder(7, 44100)
    pushed = embedder.push(np.ones(frames, np.float32))
    assert len(pushed) + len(embedder.finish()) == frames


def test_unused_embedder_finishes_empty() -> None:
    assert len(audio.Embedder(7, RATE).finish()) == 0


def test_keys_payloads_and_strengths_make_different_marks(sound: Samples) -> None:
    marked = [
        audio.embed(sound, RATE, 7),
        audio.embed(sound, RATE, 8),
        audio.embed(sound, RATE, 7, key=b"only for friends"),
        audio.embed(sound, RATE, 7, strength=0.5),
    ]
    for i, one in enumerate(marked):
        assert not any(np.array_equal(one, other) for other in marked[:i])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(sound: Samples, bad: float) -> None:
    damaged = sound.copy()
    damaged[-1, 1] = bad
    with pytest.raises(errors.InvalidSamples, match="infinite or not a number"):
        audio.embed(damaged, RATE, 7)
    embedder = audio.Embedder(7, RATE)
    with pytest.raises(errors.InvalidSamples):
        embedder.push(damaged)
    # Nothing of the refused block was taken.
    assert np.array_equal(
        np.concatenate([embedder.push(sound), embedder.finish()]), audio.embed(sound, RATE, 7)
    )


def test_numbers_beyond_float32_are_refused() -> None:
    with pytest.raises(errors.InvalidSamples):
        audio.embed(np.full(100, 1e300), RATE, 7)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(100, np.uint8),
        np.zeros(100, np.float16),
        np.zeros(100, np.complex64),
        np.zeros(100, np.dtype("V4")),
        np.zeros((10, 2, 2), np.int16),
        np.int16(3),
        [0, 1, 2],
    ],
    ids=lambda samples: f"{type(samples).__name__}-{getattr(samples, 'dtype', '')}",
)
def test_arrays_that_are_no_sounds_are_refused(samples: Any) -> None:
    with pytest.raises(errors.InvalidSamples):
        audio.embed(samples, RATE, 7)


@pytest.mark.parametrize("channels", [0, 9, 80000])
def test_number_of_channels_is_limited(channels: int) -> None:
    with pytest.raises(errors.UnsupportedSound, match="1 to 8"):
        audio.embed(np.zeros((2, channels), np.int16), RATE, 7)


@pytest.mark.parametrize("rate", [0, -1, 7999, 192_001, 2**40, 44100.0])
def test_rate_is_limited(rate: Any) -> None:
    with pytest.raises(errors.UnsupportedSound, match="sampling rate"):
        audio.embed(np.zeros(10, np.int16), rate, 7)
    with pytest.raises(errors.UnsupportedSound):
        audio.Embedder(7, rate)


@pytest.mark.parametrize("strength", [0, -1, 4.01, float("nan"), "loud"])
def test_strength_is_limited(strength: Any) -> None:
    with pytest.raises(errors.InvalidStrength):
        audio.embed(np.zeros(10, np.int16), RATE, 7, strength=strength)


def test_payload_and_key_are_checked() -> None:
    with pytest.raises(errors.InvalidPayload):
        audio.embed(np.zeros(10, np.int16), RATE, 2**64)
    with pytest.raises(errors.InvalidKey):
        audio.Embedder(7, RATE, key=b"short")


def test_blocks_must_be_alike(sound: Samples) -> None:
    embedder = audio.Embedder(7, RATE)
    embedder.push(sound)
    for other in (sound[:, 0], sound.astype(np.float64)):
        with pytest.raises(errors.InvalidSamples, match="differs from the first"):
            embedder.push(other)


def test_nothing_follows_the_end(sound: Samples) -> None:
    embedder = audio.Embedder(7, RATE)
    embedder.push(sound)
    embedder.finish()
    with pytest.raises(errors.InvalidArgument, match="at its end"):
        embedder.push(sound)


def test_threads_mark_at_the_same_time(sound: Samples) -> None:
    expected = audio.embed(sound, RATE, 7)
    made: list[Samples] = []

    def mark() -> None:
        made.append(audio.embed(sound, RATE, 7))

    threads = [threading.Thread(target=mark) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(one, expected) for one in made)
