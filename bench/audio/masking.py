"""How far what was added to a sound lies below what the sound masks: the noise-to-mask ratio.

The ear model, its constants and the mask are those of the Basic Version of Recommendation ITU-R
BS.1387 (PEAQ), annex 2: the FFT-based ear model, the noise-to-mask ratio. They are written from the
form that P. Kabal, "An Examination and Interpretation of ITU-R BS.1387: Perceptual Evaluation of
Audio Quality", McGill University, 2003, gives them. Two things are stricter here:

- the noise is the difference of the two sounds. The standard takes the difference of the
  magnitudes of their spectra, in which a noise beside what is in the sound counts for half;
- only bands up to 7 kHz are counted, in which the mark lives; empty bands above would raise every
  figure.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

Values = npt.NDArray[np.float64]

RATE = 48_000
FRAME = 2048
STEP = FRAME // 2
LOUDEST = 92.0  # dB SPL of a sine at full scale, as the standard assumes where none is known
#: Of such a sine in the middle between two bins, what a Hann window leaves at worst.
BETWEEN_BINS = 0.84971762641205
LOWEST, HIGHEST, WIDTH = 80.0, 18_000.0, 0.25  # Hz, Hz, Bark
COUNTED = 7000.0  # Hz
#: No band is quieter: the logarithm of nothing.
FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of one sound.

    Attributes:
        mean_db: Of the mean over all bands and frames, the standard's Total NMR.
        over: The share of bands and frames in which the noise is above the mask.
    """

    mean_db: float
    over: float


def noise_to_mask(sound: Values, marked: Values, rate: int) -> Ratio:
    """Compares two sounds of one channel, full scale being -1 to 1.

    >>> sound = np.random.default_rng(1).normal(0, 0.1, 48000)
    >>> ratio = noise_to_mask(sound, sound * 1.01, 48000)  # 40 dB below
    >>> -40 < ratio.mean_db < -35, ratio.over
    (True, 0.0)
    """
    ear = Ear()
    mask = ear.mask(ear.bands(_at_model_rate(sound, rate)))
    noise = ear.bands(_at_model_rate(marked - sound, rate))
    ratios = (noise / mask)[:, ear.centres <= COUNTED]
    return Ratio(float(10 * np.log10(ratios.mean() + FLOOR)), float(np.mean(ratios > 1)))


def _at_model_rate(samples: Values, rate: int) -> Values:
    divisor = np.gcd(RATE, rate)
    return np.asarray(resample_poly(samples, RATE // divisor, rate // divisor), np.float64)


def _bark(hertz: Values) -> Values:
    return 7 * np.arcsinh(hertz / 650)


def _hertz(bark: Values) -> Values:
    return 650 * np.sinh(bark / 7)


class Ear:
    """The 109 bands of a quarter of a Bark."""

    def __init__(self) -> None:
        ends = _bark(np.array([LOWEST, HIGHEST]))
        count = int(np.ceil((ends[1] - ends[0]) / WIDTH))
        edges = np.minimum(ends[0] + WIDTH * np.arange(count + 1), ends[1])
        lower, upper = _hertz(edges[:-1]), _hertz(edges[1:])
        self.centres = _hertz((edges[:-1] + edges[1:]) / 2)
        bins = RATE / FRAME * np.arange(FRAME // 2 + 1)
        half = RATE / FRAME / 2
        shared = np.minimum(upper, bins[:, None] + half) - np.maximum(lower, bins[:, None] - half)
        kilohertz = np.maximum(bins, half) / 1000
        self._of_bins = np.maximum(shared, 0) / (2 * half) * _outer_ear(kilohertz)[:, None]
        self._inner_noise = 10 ** (0.1456 * (self.centres / 1000) ** -0.8)
        bark = WIDTH * np.arange(count)
        self._offset = 10 ** (np.where(bark <= 12, 3.0, 0.25 * bark) / 10)
        time = 0.008 + 100 / self.centres * (0.030 - 0.008)
        self._decay = np.exp(-STEP / RATE / time)
        self._norm = self._spread_once(np.ones((1, count)))

    def bands(self, samples: Values) -> Values:
        """Energies by frame and band, of what passes the outer and middle ear."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP]
        level = 10 ** (LOUDEST / 20) / (BETWEEN_BINS * (FRAME - 1) / 4)
        window = level * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1)))
        power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
        return np.asarray(np.maximum(power @ self._of_bins, FLOOR))

    def mask(self, bands: Values) -> Values:
        """What stays unheard beside these energies."""
        spread = self._spread_once(bands + self._inner_noise) / self._norm
        heard = np.empty_like(spread)
        state = np.zeros(spread.shape[1])
        for number, frame in enumerate(spread):
            state = self._decay * state + (1 - self._decay) * frame
            heard[number] = np.maximum(state, frame)
        return heard / self._offset

    def _spread_once(self, bands: Values) -> Values:
        """Each band to the others, upwards the less steep the louder it is."""
        count = bands.shape[1]
        down = 10 ** (-2.7 * WIDTH * np.arange(count))
        up = 10 ** ((-2.4 - 23 / self.centres) * WIDTH) * bands ** (0.2 * WIDTH)
        spread = np.zeros_like(bands)
        for band in range(count):
            upwards = up[:, band, None] ** np.arange(1, count - band)
            downwards = np.broadcast_to(down[band:0:-1], (len(bands), band))
            slopes = np.concatenate([downwards, np.ones((len(bands), 1)), upwards], axis=1)
            slopes *= (bands[:, band] / slopes.sum(1))[:, None]
            spread += slopes**0.4
        return np.asarray(spread ** (1 / 0.4))


def _outer_ear(kilohertz: Values) -> Values:
    """As a factor of power."""
    decibels = (
        -0.6 * 3.64 * kilohertz**-0.8
        + 6.5 * np.exp(-0.6 * (kilohertz - 3.3) ** 2)
        - 1e-3 * kilohertz**3.6
    )
    return np.asarray(10 ** (decibels / 10))
