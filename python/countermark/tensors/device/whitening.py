"""Makes pictures look like noise of equal strength everywhere, as the detector does: whitening.cc.

The products of cosines and sines of the core are complex exponentials here: frequencies across, and
their rising and falling partners down.
"""

from __future__ import annotations

import math

from countermark.tensors.device.banded import Banded, Taps, coarse
from countermark.tensors.device.host import torch

_BLOCK, _HOP = 16, 4
_LEAD = _BLOCK - _HOP  # the first block begins so far before the plane
_CYCLES = 3
_FLOOR = 1.0  # grey levels
_MIDDLE = 128.0  # without it grey levels are finer in half precision; no coefficient knows it


def _waves(cycles: torch.Tensor) -> torch.Tensor:
    """exp(+2 pi i k x / 16) under Hann's window, squares of which add up to 1: (k, x)."""
    place = torch.arange(_BLOCK, device="cpu").double() + 0.5
    window = (0.5 - 0.5 * torch.cos(2 * math.pi * place / _BLOCK)) / math.sqrt(6)
    angle = 2 * math.pi / _BLOCK * cycles[:, None] * (place - _BLOCK / 2)
    return torch.polar(window.expand_as(angle).contiguous(), angle)


def _analysing(cycles: torch.Tensor) -> torch.Tensor:
    """Hann's window lets the mean through to one cycle per block: here it is taken out."""
    waves = _waves(cycles)
    window = _waves(torch.zeros(1, dtype=torch.float64, device="cpu"))
    mean = waves.real.sum(1, keepdim=True) / window.real.sum()
    return waves - torch.where(cycles.abs()[:, None] == 1, mean, 0) * window


def _blocks_over(length: int) -> int:
    return (length + _LEAD + _HOP - 1) // _HOP


def _analysis(length: int, weights: torch.Tensor, parts: int = 1) -> Taps:
    """Block by block, the sums of a plane's samples times each of the weights; edges go on.

    `weights`: (sums, samples of a block and their parts).
    """
    blocks = torch.arange(_blocks_over(length), device="cpu")
    samples = torch.arange(_BLOCK, device="cpu")
    places = (blocks[:, None] * _HOP + samples - _LEAD).clamp(0, length - 1)
    places = (places[:, :, None] * parts + torch.arange(parts, device="cpu")).flatten(1)
    return Taps(places.repeat_interleave(len(weights), 0), weights.repeat(len(blocks), 1))


def _synthesis(length: int, weights: torch.Tensor, parts: int = 1) -> Taps:
    """Every sample from the coefficients of the four blocks that it lies in.

    `weights`: (samples of a block and their parts, coefficients of a block).
    """
    count = weights.shape[1]
    samples = torch.arange(length, device="cpu")
    blocks = samples[:, None] // _HOP + torch.arange(_BLOCK // _HOP, device="cpu")
    within = samples[:, None] - (blocks * _HOP - _LEAD)
    places = (blocks[:, :, None] * count + torch.arange(count, device="cpu")).flatten(1)
    chosen = weights.unflatten(0, (_BLOCK, parts))[within].transpose(1, 2).flatten(2)
    return Taps(places.repeat_interleave(parts, 0), chosen.flatten(0, 1))


def _turns(first: torch.Tensor, second: torch.Tensor, axis: int) -> torch.Tensor:
    """Takes of both in turns along an axis."""
    return torch.stack((first, second), axis + 1).flatten(axis, axis + 1)


class Whitening:
    """For planes of one size. On a graphics card in half precision, which is enough for it."""

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        self._dtype = coarse(device)
        down = torch.arange(-_CYCLES, _CYCLES + 1, device="cpu").double()
        across = torch.arange(_CYCLES + 1, device="cpu").double()
        rows, columns = _blocks_over(height) * len(down), _blocks_over(width) * len(across)

        def banded(taps: Taps, count: int) -> Banded:
            return Banded(taps, count, device, self._dtype)

        # Pairs of maps: to the real and the imaginary part, or from them.
        analysing, waves = _analysing(across), _waves(across)
        self._analyse_rows = [
            banded(_analysis(width, part), width) for part in (analysing.real, analysing.imag)
        ]
        self._join_rows = [
            banded(_synthesis(width, part.T), columns) for part in (waves.real, waves.imag)
        ]
        analysing, waves = _analysing(down), _waves(down)
        self._analyse_columns = [
            banded(_analysis(height, _turns(*parts, 1), 2), 2 * height)
            for parts in ((analysing.real, -analysing.imag), (analysing.imag, analysing.real))
        ]
        self._join_columns = [
            banded(_synthesis(height, _turns(*parts, 0), 2), rows)
            for parts in ((waves.real.T, -waves.imag.T), (waves.imag.T, waves.real.T))
        ]
        # Every frequency once, the opposite of which is its conjugate; the mean goes.
        floor = torch.full((len(down), len(across)), _FLOOR, dtype=self._dtype, device="cpu")
        floor[down <= 0, 0] = math.inf
        floor = floor.repeat(_blocks_over(height), _blocks_over(width))
        padding = self._analyse_rows[0].padded - columns, self._analyse_columns[0].padded - rows
        padded = torch.nn.functional.pad(floor, (0, padding[0], 0, padding[1]), value=_FLOOR)
        self._floor = padded.to(device)

    def __call__(self, planes: torch.Tensor) -> torch.Tensor:
        """Whitens (batch, height, width)."""
        levels = (planes - _MIDDLE).to(self._dtype)
        batch, height, _ = planes.shape
        turns = levels.new_empty(batch * height, 2, self._analyse_rows[0].padded)
        for part in (0, 1):
            self._analyse_rows[part].rows_across(levels.flatten(0, 1), turns[:, part])
        turns = turns.view(batch, 2 * height, -1)
        real, imaginary = (analyse.down(turns) for analyse in self._analyse_columns)
        gain = torch.hypot(real, imaginary).add_(self._floor).pow_(-1.5)
        joined = self._join_columns[0].down(real.mul_(gain))
        joined = self._join_columns[1].down(imaginary.mul_(gain), onto=joined)
        joined = joined.narrow(1, 0, 2 * height).unflatten(1, (height, 2))
        white = self._join_rows[0].across(joined[:, :, 0])
        white = self._join_rows[1].across(joined[:, :, 1], onto=white)
        return white.narrow(2, 0, planes.shape[2]).to(torch.float32)
