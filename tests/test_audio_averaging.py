"""Many sounds marked with one key do not give it away when they are added up.

The attacker knows everything but the key: the tile's length and lines, how sounds are whitened, how
loud the mark is where. He brings the tiles of 200 sounds to the same place before he adds them up,
all of them or each with those that are like it, and takes what he has learned away from other
sounds, or adds it to them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from countermark import audio

RATE = 16000
SECONDS = 5
COUNT = 200
TILE = 8192
LINES = slice(128, 2457)
FRAME, HOP = 1024, 256
VICTIMS = (1000, 1001, 1002)

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[Any]


def sound(seed: int) -> Samples:
    """Notes that fade, one every quarter of a second, over a little noise."""
    random = np.random.default_rng(seed)
    samples = random.normal(0, 0.003, SECONDS * RATE).astype(np.float32)
    times = (np.arange(RATE // 2) / RATE).astype(np.float32)
    for begin in range(0, (SECONDS - 1) * RATE, RATE // 4):
        pitch = random.uniform(150, 700)
        for harmonic in range(1, 5):
            angle = 2 * np.pi * pitch * harmonic * times + random.uniform(0, 6)
            fading = np.exp(-random.uniform(3, 12) * times)
            samples[begin : begin + RATE // 2] += 0.05 / harmonic * fading * np.sin(angle)
    return samples


def payload_for(seed: int) -> int:
    return 1 << 60 | seed


def payloads_in(samples: npt.NDArray[Any]) -> set[int]:
    detector = audio.Detector(RATE)
    detector.push(samples.astype(np.float32))
    return {found.payload for found in detector.detect()}


def cells_of(samples: npt.NDArray[Any]) -> Spectra:
    padded = np.pad(samples, (FRAME, FRAME + -len(samples) % HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    cells: Spectra = np.fft.rfft(frames * np.hanning(FRAME + 1)[:FRAME])
    return cells


def samples_of(cells: Spectra, count: int) -> npt.NDArray[Any]:
    frames = np.fft.irfft(cells) * np.hanning(FRAME + 1)[:FRAME] / 1.5
    sums = np.zeros((len(frames) + 3, HOP))
    for part in range(4):
        sums[part : part + len(frames)] += frames[:, part * HOP : (part + 1) * HOP]
    return sums.reshape(-1)[FRAME : FRAME + count]


def tile_of(samples: Samples) -> Spectra:
    """The sum of all periods of the whitened sound, at the lines of the mark."""
    cells = cells_of(samples)
    power = np.abs(cells) ** 2
    white = samples_of(cells / np.sqrt(power + 1e-4 * power.mean()), len(samples))
    periods = np.pad(white, (0, -len(white) % TILE)).reshape(-1, TILE)
    lines = np.fft.rfft(periods.sum(0))[LINES]
    power = np.abs(lines) ** 2
    tile: Spectra = lines / np.sqrt(power + power.mean())
    return tile


def correlations(spectra: Spectra, template: Spectra) -> Spectra:
    """With a template that begins at every other sample."""
    return np.fft.ifft(spectra * np.conj(template / np.linalg.norm(template)), TILE // 2)


def moved(spectra: Spectra, place: npt.NDArray[Any]) -> Spectra:
    turns = np.outer(place, np.arange(spectra.shape[-1])) / (TILE // 2)
    turned: Spectra = spectra * np.exp(2j * np.pi * turns)
    return turned


def learn(tiles: Spectra, clusters: int) -> Spectra:
    """The sum of each cluster of tiles, which grow alike while they are brought to one place."""
    first = np.random.default_rng(1).permutation(len(tiles))[:clusters]
    templates: Spectra = tiles[first].copy()
    everyone = np.arange(len(tiles))
    for _ in range(3 if clusters > 1 else 8):
        heights = np.stack([correlations(tiles, template) for template in templates])
        best = np.abs(heights).argmax(2)
        peaks = np.take_along_axis(heights, best[:, :, None], 2)[:, :, 0]
        cluster_of = np.abs(peaks).argmax(0)
        place, peak = best[cluster_of, everyone], peaks[cluster_of, everyone]
        aligned = moved(tiles, place) * np.exp(-1j * np.angle(peak))[:, None]
        for cluster in np.unique(cluster_of):
            templates[cluster] = aligned[cluster_of == cluster].sum(0)
    return templates


def smooth(magnitudes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The mean over 9 bins."""
    mean: Spectra = np.apply_along_axis(np.convolve, 1, magnitudes, np.ones(9) / 9, "same")
    return mean


def nearest(templates: Spectra, samples: Samples) -> Spectra:
    tile = tile_of(samples)
    return max(templates, key=lambda template: np.abs(correlations(tile, template)).max())


def residual(template: Spectra, samples: Samples) -> npt.NDArray[Any]:
    """The template where it fits the sound best, as loud in each cell as a mark is there."""
    heights = correlations(tile_of(samples), template)
    place = int(np.abs(heights).argmax())
    spectrum = np.zeros(TILE // 2 + 1, complex)
    # The lines as numbered from the first one have turned in `moved`.
    spectrum[LINES] = moved(template[None], np.array([-place]))[0]
    spectrum *= np.exp(1j * np.angle(heights[place]))
    cells = cells_of(np.resize(np.fft.irfft(spectrum), len(samples)))
    like = audio.embed(samples, RATE, 0, key=bytes(16)) - samples
    cells *= smooth(np.abs(cells_of(like)))
    wave = samples_of(cells, len(samples))
    wave *= np.linalg.norm(like) / np.linalg.norm(wave)
    return wave


@pytest.fixture(scope="module")
def marked() -> list[Samples]:
    return [audio.embed(sound(seed), RATE, payload_for(seed)) for seed in range(COUNT)]


def test_average_carries_no_mark(marked: list[Samples]) -> None:
    mean = np.mean(marked, axis=0, dtype=np.float64)
    average = 0.1 * mean / mean.std()
    assert not payloads_in(average)
    assert not payloads_in(sound(1000) + average)
    share = np.dot(marked[77], average) / np.dot(average, average)
    assert payloads_in(marked[77] - share * average) == {payload_for(77)}


@pytest.fixture(scope="module")
def tiles(marked: list[Samples]) -> Spectra:
    return np.stack([tile_of(samples) for samples in marked])


@pytest.fixture(scope="module", params=[1, 16])
def templates(tiles: Spectra, request: pytest.FixtureRequest) -> Spectra:
    return learn(tiles, request.param)


@pytest.mark.parametrize("victim", VICTIMS)
def test_templates_strip_no_mark(templates: Spectra, victim: int) -> None:
    samples = audio.embed(sound(victim), RATE, payload_for(victim))
    taken = residual(nearest(templates, samples), samples)
    assert payload_for(victim) in payloads_in(samples - taken)


@pytest.mark.parametrize("victim", VICTIMS)
def test_templates_forge_no_message(templates: Spectra, victim: int) -> None:
    """A mark may be copied, for which one sound is enough; no other comes out of it."""
    samples = sound(victim)
    forged = payloads_in(samples + residual(nearest(templates, samples), samples))
    assert forged <= {payload_for(seed) for seed in range(COUNT)}


def test_same_attack_learns_a_tile_that_many_sounds_bear() -> None:
    """Parts of one sound bear one tile, of which it takes most of the pilot."""
    whole = audio.embed(np.concatenate([sound(seed) for seed in range(20)]), RATE, 1)
    parts = np.split(whole, 20)
    (template,) = learn(np.stack([tile_of(part) for part in parts]), 1)
    before = audio.detect(parts[3], RATE)
    after = audio.detect((parts[3] - residual(template, parts[3])).astype(np.float32), RATE)
    assert before is not None
    assert before.score > 12
    assert after is None or after.score < 0.65 * before.score
