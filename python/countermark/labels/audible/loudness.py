"""How loud a content is, and where it is quiet, heard block by block.

>>> import numpy as np
>>> loudness = Loudness(8000)
>>> loudness.add(np.full((8000, 1), 0.1, np.float32))
>>> round(loudness.level_db), loudness.length
(-20, 8000)
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_BLOCKS_A_SECOND: Final = 10
_SILENCE: Final = 1e-7  # -70 dB, below which nothing counts as content (ITU-R BS.1770-5, annex 1)
_RELATIVE_GATE: Final = 0.1  # nor what is 10 dB below the mean (ibid.): pauses between words
_LARGEST: Final = 8.0  # of floating point, which may go beyond full scale
_ABOUT_AS_QUIET: Final = 2.0  # 3 dB


class Loudness:
    """Powers of blocks of a tenth of a second, and the quietest sample of each."""

    def __init__(self, rate: int) -> None:
        self._size = max(1, rate // _BLOCKS_A_SECOND)
        self._rest: npt.NDArray[np.float32] | None = None
        self._powers: list[npt.NDArray[np.float64]] = []
        self._quietest: list[npt.NDArray[np.intp]] = []
        self.length = 0
        """Samples heard so far, in each channel."""

    def add(self, samples: npt.NDArray[np.float32]) -> None:
        """Hear the samples that follow; shape (length, channels), full scale 1."""
        self.length += len(samples)
        if self._rest is not None:
            samples = np.concatenate((self._rest, samples))
        whole = len(samples) // self._size * self._size
        self._rest = samples[whole:].copy()
        energies = _energies(samples[:whole]).reshape(-1, self._size)
        self._powers.append(energies.mean(axis=1, dtype=np.float64))
        self._quietest.append(energies.argmin(axis=1))

    @property
    def level_db(self) -> float | None:
        """The root mean square of what is not a pause, against full scale; None for silence."""
        powers = self._all_powers()
        loud = powers[powers > _SILENCE]
        if not len(loud):
            return None
        loud = loud[loud > _RELATIVE_GATE * loud.mean()]
        return float(10 * np.log10(loud.mean()))

    def quiet_point(self) -> int:
        """The sample before which a cue disturbs least: quiet, in the middle third.

        Of the blocks that are about as quiet as the quietest there, the one nearest to the middle;
        in it, the sample nearest to zero.
        """
        powers = np.concatenate(self._powers) if self._powers else np.zeros(0)
        first, last = len(powers) // 3, len(powers) - len(powers) // 3
        if not len(powers):  # shorter than a block
            return self.length // 2
        quiet = np.flatnonzero(powers <= _ABOUT_AS_QUIET * max(powers[first:last].min(), _SILENCE))
        quiet = quiet[(quiet >= first) & (quiet < last)]
        block = int(quiet[np.abs(quiet - len(powers) / 2 + 0.5).argmin()])
        return min(self.length, block * self._size + int(np.concatenate(self._quietest)[block]))

    def _all_powers(self) -> npt.NDArray[np.float64]:
        """With the last block, which may be short: all there is of a very short content."""
        rest = self._rest
        last = [] if rest is None or not rest.size else [float(_energies(rest).mean())]
        return np.concatenate((*self._powers, np.array(last)))


def _energies(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of each sample, over its channels; broken numbers are silence."""
    sane = np.nan_to_num(np.clip(samples, -_LARGEST, _LARGEST), copy=False)
    energies: npt.NDArray[np.float32] = np.einsum("ic,ic->i", sane, sane) / sane.shape[1]
    return energies
