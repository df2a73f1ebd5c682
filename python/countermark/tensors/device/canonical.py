"""Luma on the canonical plane, and the variant that it decides: plane.cc and spread.cc.

The variant comes from whole grey levels, so that these have to be the core's to the last bit: sums
of whole numbers under 2^24, or the same products and sums in the same order.
"""

from __future__ import annotations

import functools
import zlib

from countermark.tensors.device.banded import Banded, Separable
from countermark.tensors.device.host import torch
from countermark.tensors.device.taps import area_sums, area_weights, cubic

_EVERY = 16  # samples of the plane that decide the variant
_VARIANT_BITS = 4


class Averaging:
    """For pictures that are larger than the plane."""

    def __init__(
        self, picture: tuple[int, int], plane: tuple[int, int], device: torch.device
    ) -> None:
        (height, width), (rows, columns) = picture, plane
        across = area_weights(width, columns)
        widths = across.weights.sum(1, keepdim=True)
        means = across.weights / (256 * widths)
        self._down = Banded(area_sums(height, rows), height, device)
        self._across = Banded(type(across)(across.places, means), width, device)
        sampled = torch.zeros(len(across.places), width, dtype=torch.float64, device="cpu")
        sampled.scatter_add_(1, across.places, across.weights)
        self._sampled = sampled[::_EVERY].T.to(device, torch.float32)
        scales = 1.0 / (256 * widths[::_EVERY, 0].to(torch.float32))
        self._scales = scales.to(device)

    def read(self, luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The plane, and its exact samples."""
        sums = self._down.down(luma).narrow(1, 0, self._down.outputs)
        rows = sums[:, ::_EVERY]
        high = torch.floor(rows / 256)
        halves = torch.matmul(torch.stack((high, rows - 256 * high)), self._sampled)
        exact = halves[0].to(torch.int32) * 256 + halves[1].to(torch.int32)
        plane = self._across.across(sums).narrow(2, 0, self._across.outputs)
        return plane, exact.to(torch.float32) * self._scales


class Interpolating:
    """For pictures that are smaller than the plane."""

    def __init__(
        self, picture: tuple[int, int], plane: tuple[int, int], device: torch.device
    ) -> None:
        (height, width), (rows, columns) = picture, plane
        down, across = cubic(height, rows), cubic(width, columns)
        self._enlarge = Separable(down, across, picture, device)
        self._rows = down.places[::_EVERY].T.contiguous().to(device)
        self._columns = across.places[::_EVERY].T.contiguous().to(device)
        self._down_weights = down.weights[::_EVERY].T.to(device, torch.float32)[:, :, None]
        self._across_weights = across.weights[::_EVERY].T.to(device, torch.float32)

    def read(self, luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The plane, and its exact samples."""
        rows = _weighted(luma[:, self._rows].unbind(1), self._down_weights)
        samples = _weighted(rows[:, :, self._columns].unbind(2), self._across_weights)
        return self._enlarge(luma), samples


def _weighted(taps: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
    total = taps[0] * weights[0]
    for tap, weight in zip(taps[1:], weights[1:], strict=True):
        total = total + tap * weight
    return total


@functools.cache
def _influences(samples: int) -> tuple[torch.Tensor, int]:
    """How each bit of each sample changes the variant, (samples, 8, 4), and that of all zeros.

    CRC-32 is linear over the two-element field, but for a constant: so each bit counts by itself.
    """
    begun = zlib.crc32(bytes(5))
    bits = [zlib.crc32(bytes((1 << bit, 0, 0, 0, 0))) ^ begun for bit in range(8)]
    rows, zeros = [], 0
    for _ in range(samples):
        rows.append([[check >> k & 1 for k in range(_VARIANT_BITS)] for check in bits])
        bits = [zlib.crc32(b"\0" + check.to_bytes(4, "little")) ^ begun for check in bits]
        zeros = zlib.crc32(b"\0" + zeros.to_bytes(4, "little"))
    influence = torch.tensor(rows[::-1], dtype=torch.float32, device="cpu")
    return influence, zeros & ((1 << _VARIANT_BITS) - 1)


class Variants:
    """A few bits of each picture that others most likely do not share."""

    def __init__(self, plane: tuple[int, int], device: torch.device) -> None:
        samples = -(-plane[0] // _EVERY) * -(-plane[1] // _EVERY)
        influence, self._zeros = _influences(samples)
        self._influence = influence.flatten(0, 1).to(device)
        self._bits = torch.arange(8, device="cpu").to(device, torch.int32)
        self._places = torch.arange(_VARIANT_BITS, device="cpu").to(device)

    def of(self, samples: torch.Tensor) -> torch.Tensor:
        """Of (batch, height, width) grey levels."""
        levels = samples.clamp(0, 255).to(torch.int32).flatten(1)
        bits = (levels[:, :, None] >> self._bits & 1).to(torch.float32).flatten(1)
        changed = torch.matmul(bits, self._influence).to(torch.int64) & 1
        return (changed << self._places).sum(1) ^ self._zeros
