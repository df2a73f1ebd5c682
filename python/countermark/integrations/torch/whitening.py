"""Makes pictures look like noise of equal strength everywhere, as the detector does: whitening.cc.

The products of cosines and sines of the core are complex exponentials here: of three frequencies
across and their rising and falling partners down, each is one coefficient.
"""

from __future__ import annotations

import math

from countermark.integrations.torch.banded import Banded, Taps
from countermark.integrations.torch.host import torch

_BLOCK, _HOP = 16, 4
_LEAD = _BLOCK - _HOP  # the first block begins so far before the plane
_CYCLES = 3
_FLOOR = 1.0  # grey levels


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


def _analysis(length: int, weights: torch.Tensor) -> Taps:
    """Block by block, the sums of a plane's samples times each of the weights; edges go on."""
    blocks = torch.arange(_blocks_over(length), device="cpu")
    samples = torch.arange(_BLOCK, device="cpu")
    places = (blocks[:, None] * _HOP + samples - _LEAD).clamp(0, length - 1)
    sums = len(weights)
    return Taps(places.repeat_interleave(sums, 0), weights.repeat(len(blocks), 1))


def _synthesis(length: int, weights: torch.Tensor) -> Taps:
    """Every sample from the coefficients of the four blocks that it lies in."""
    count = len(weights)
    samples = torch.arange(length, device="cpu")
    blocks = samples[:, None] // _HOP + torch.arange(_BLOCK // _HOP, device="cpu")
    within = samples[:, None] - (blocks * _HOP - _LEAD)
    places = blocks[:, :, None] * count + torch.arange(count, device="cpu")
    return Taps(places.flatten(1), weights.T[within].flatten(1))


class Whitening:
    """For planes of one size."""

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        down = torch.arange(-_CYCLES, _CYCLES + 1, device="cpu").double()
        across = torch.arange(_CYCLES + 1, device="cpu").double()
        self._shape = (len(down), len(across))
        analysing = torch.view_as_real(_analysing(across)).transpose(1, 2).flatten(0, 1)
        waves = torch.view_as_real(_waves(across)).transpose(1, 2).flatten(0, 1)
        columns, rows = 2 * _blocks_over(width) * len(across), _blocks_over(height) * len(down)
        self._analyse_rows = Banded(
            _analysis(width, analysing), width, device, chunk=len(analysing) * _BLOCK
        )
        self._analyse_columns = Banded(
            _analysis(height, _analysing(down)), height, device, chunk=len(down) * _BLOCK
        )
        self._join_columns = Banded(_synthesis(height, _waves(down).conj()), rows, device)
        self._join_rows = Banded(_synthesis(width, waves), columns, device)
        # Every frequency once, the opposite of which is its conjugate; the mean goes.
        keep = torch.ones(self._shape, dtype=torch.float32, device="cpu")
        keep[down <= 0, 0] = 0
        self._keep = keep.to(device)[:, None, :]

    def __call__(self, planes: torch.Tensor) -> torch.Tensor:
        """Whitens (batch, height, width)."""
        down, across = self._shape
        rows = self._analyse_rows.across(planes).unflatten(2, (-1, 2)).contiguous()
        coefficients = self._analyse_columns.down(torch.view_as_complex(rows))
        parts = coefficients.unflatten(1, (-1, down)).unflatten(3, (-1, across))
        gain = (parts.abs() + _FLOOR).pow_(-1.5).mul_(self._keep)
        joined = self._join_columns.down((parts * gain).flatten(3).flatten(1, 2))
        return self._join_rows.across(torch.view_as_real(joined).flatten(2))
