"""Linear maps along an axis whose every output is made of a few neighbouring inputs.

Resampling, blurs and short transforms are such maps. They are run as matrix products, since a
graphics card does these best: the outputs in chunks, each from a window of the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from countermark.integrations.torch.host import torch

_CHUNK = 64  # outputs at least; a window is then hardly longer than what its outputs share


@dataclass(frozen=True, slots=True)
class Taps:
    """What outputs are made of: the sum of `weights` times the inputs `places`, both (n, taps).

    The same input may come twice. Weights are of double precision or complex.
    """

    places: torch.Tensor
    weights: torch.Tensor


class Banded:
    """A map of `count` inputs along an axis, ready for a device."""

    def __init__(
        self, taps: Taps, count: int, device: torch.device, *, chunk: int = _CHUNK
    ) -> None:
        self._outputs = len(taps.places)
        chunk = min(chunk, self._outputs)
        chunks = -(-self._outputs // chunk)
        parts = taps.places.split(chunk)
        firsts = torch.stack([part.min() for part in parts])
        length = max(int(part.max()) + 1 - int(part.min()) for part in parts)
        begins = firsts.clamp(max=count - length)
        shape = (chunks * chunk, length)
        matrix = torch.zeros(shape, dtype=taps.weights.dtype, device="cpu")
        within = taps.places - begins.repeat_interleave(chunk)[: self._outputs, None]
        matrix[: self._outputs].scatter_add_(1, within, taps.weights)
        single = torch.complex64 if matrix.is_complex() else torch.float32
        self._matrix = matrix.unflatten(0, (chunks, chunk)).to(device, single)
        inputs = begins[:, None] + torch.arange(length, device="cpu")
        self._inputs = inputs.flatten().to(device)
        self._windows = tuple(inputs.shape)

    def down(self, planes: torch.Tensor) -> torch.Tensor:
        """Maps (batch, inputs, width) to (batch, outputs, width)."""
        windows = planes.index_select(1, self._inputs).unflatten(1, self._windows)
        return torch.matmul(self._matrix, windows).flatten(1, 2).narrow(1, 0, self._outputs)

    def across(self, planes: torch.Tensor) -> torch.Tensor:
        """Maps (batch, height, inputs) to (batch, height, outputs)."""
        windows = planes.index_select(2, self._inputs).unflatten(2, self._windows)
        mapped = torch.bmm(windows.flatten(0, 1).transpose(0, 1), self._matrix.mT)
        rows = mapped.transpose(0, 1).flatten(1).narrow(1, 0, self._outputs)
        return rows.unflatten(0, planes.shape[:2])
