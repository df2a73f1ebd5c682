"""Makes pictures look like noise of equal strength everywhere, as the detector does: whitening.cc.

The products of cosines and sines of the core are complex exponentials here: frequencies across, and
their rising and falling partners down. Real and imaginary parts take turns, row by row.
"""

from __future__ import annotations

import math

from countermark.integrations.torch.banded import Banded, Taps
from countermark.integrations.torch.host import torch

_BLOCK, _HOP = 16, 4
_LEAD = _BLOCK - _HOP  # the first block begins so far before the plane
_CYCLES = 3
_FLOOR = 1.0  # grey levels
_MIDDLE = 128.0  # without it grey levels are finer in half precision; no coefficient knows it
_BLOCKS_AT_ONCE = 16


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


def _parts(weights: torch.Tensor) -> torch.Tensor:
    """Complex weights (outputs, inputs) as real ones (2 outputs, 2 inputs), parts taking turns."""
    real = torch.stack((weights.real, -weights.imag), 2).flatten(1)
    imaginary = torch.stack((weights.imag, weights.real), 2).flatten(1)
    return torch.stack((real, imaginary), 1).flatten(0, 1)


def _blocks_over(length: int) -> int:
    return (length + _LEAD + _HOP - 1) // _HOP


def _analysis(length: int, weights: torch.Tensor, parts: int) -> Taps:
    """Block by block, the sums of a plane's samples times each of the weights; edges go on."""
    blocks = torch.arange(_blocks_over(length), device="cpu")
    samples = torch.arange(_BLOCK, device="cpu")
    places = (blocks[:, None] * _HOP + samples - _LEAD).clamp(0, length - 1)
    places = (places[:, :, None] * parts + torch.arange(parts, device="cpu")).flatten(1)
    return Taps(places.repeat_interleave(len(weights), 0), weights.repeat(len(blocks), 1))


def _synthesis(length: int, weights: torch.Tensor, parts: int) -> Taps:
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


class Whitening:
    """For planes of one size. On a graphics card in half precision, which is enough for it."""

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        down = torch.arange(-_CYCLES, _CYCLES + 1, device="cpu").double()
        across = torch.arange(_CYCLES + 1, device="cpu").double()
        self._shape = (len(down), len(across))

        def banded(taps: Taps, count: int, outputs_of_block: int) -> Banded:
            chunk = outputs_of_block * _BLOCKS_AT_ONCE
            return Banded(taps, count, device, chunk=chunk, dtype=self._dtype)

        waves, columns = _analysing(across), _blocks_over(width) * len(across)
        self._analyse_rows = [
            banded(_analysis(width, part, 1), width, len(across))
            for part in (waves.real, waves.imag)
        ]
        self._analyse_columns = banded(
            _analysis(height, _parts(_analysing(down)), 2), 2 * height, 2 * len(down)
        )
        self._join_columns = banded(
            _synthesis(height, _parts(_waves(down).conj().T), 2),
            2 * len(down) * _blocks_over(height),
            2 * _HOP,
        )
        waves = _waves(across).T
        self._join_rows = [
            banded(_synthesis(width, part, 1), columns, _HOP) for part in (waves.real, waves.imag)
        ]
        # Every frequency once, the opposite of which is its conjugate; the mean goes.
        floor = torch.full(self._shape, _FLOOR, dtype=self._dtype, device="cpu")
        floor[down <= 0, 0] = math.inf
        self._floor = floor.to(device)[:, None, :]

    def __call__(self, planes: torch.Tensor) -> torch.Tensor:
        """Whitens (batch, height, width)."""
        levels = (planes - _MIDDLE).to(self._dtype)
        batch, height, _ = planes.shape
        rows = levels.new_empty(batch, height, 2, self._analyse_rows[0].padded)
        for part in (0, 1):
            self._analyse_rows[part].across(levels, rows[:, :, part])
        coefficients = self._analyse_columns.down(rows.flatten(1, 2))
        joined = self._join_columns.down(self._whitened(coefficients)).unflatten(1, (-1, 2))
        real, imaginary = (self._join_rows[part].across(joined[:, :, part]) for part in (0, 1))
        return torch.add(real.to(torch.float32), imaginary)

    def _whitened(self, coefficients: torch.Tensor) -> torch.Tensor:
        down, across = self._shape
        blocks = coefficients.unflatten(1, (-1, down, 2)).unflatten(4, (-1, across))
        level = torch.hypot(blocks[:, :, :, 0], blocks[:, :, :, 1]).add_(self._floor)
        return (blocks * level.pow_(-1.5).unsqueeze(3)).flatten(4).flatten(1, 3)
