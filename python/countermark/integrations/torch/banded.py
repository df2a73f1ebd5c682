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

    The same input may come twice. Weights are of double precision.
    """

    places: torch.Tensor
    weights: torch.Tensor


class Banded:
    """A map of `count` inputs along an axis, ready for a device."""

    def __init__(
        self,
        taps: Taps,
        count: int,
        device: torch.device,
        *,
        chunk: int = _CHUNK,
        dtype: torch.dtype | None = None,
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
        self._matrix = matrix.unflatten(0, (chunks, chunk)).to(device, dtype or torch.float32)
        self.padded = chunks * chunk
        inputs = begins[:, None] + torch.arange(length, device="cpu")
        self._windows = (chunks, length)
        # Where the windows are the inputs themselves, as they lie, nothing has to be copied.
        lie_so = inputs.numel() == count and bool((inputs.flatten().diff() == 1).all())
        self._inputs = None if lie_so else inputs.flatten().to(device)

    def _cut(self, planes: torch.Tensor, axis: int) -> torch.Tensor:
        if self._inputs is not None:
            planes = planes.index_select(axis, self._inputs)
        return planes.unflatten(axis, self._windows)

    def down(self, planes: torch.Tensor) -> torch.Tensor:
        """Maps (batch, inputs, width) to (batch, outputs, width)."""
        return (
            torch.matmul(self._matrix, self._cut(planes, 1))
            .flatten(1, 2)
            .narrow(1, 0, self._outputs)
        )

    def across(self, planes: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """Maps (batch, height, inputs) to (batch, height, outputs).

        `out`: where to, `padded` wide; what is behind the outputs becomes zero.
        """
        windows = self._cut(planes, 2).flatten(0, 1).transpose(0, 1)
        if out is None:
            out = planes.new_empty(*planes.shape[:2], self.padded)
        # Each chunk is written where it belongs, between the others.
        chunks = out.flatten(0, 1).unflatten(1, (len(self._matrix), -1)).transpose(0, 1)
        torch.bmm(windows, self._matrix.mT, out=chunks)
        return out.narrow(2, 0, self._outputs)
