"""Linear maps along an axis whose every output is made of a few neighbouring inputs.

Resampling, blurs and short transforms are such maps. They are run as matrix products, since a
graphics card does these best: the outputs in chunks, each from a window of the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from countermark.tensors.device.host import torch

_ALIGNED = 8  # products of half precision want windows and chunks at multiples of it


@dataclass(frozen=True, slots=True)
class Taps:
    """What outputs are made of: the sum of `weights` times the inputs `places`, both (n, taps).

    The same input may come twice. Weights are of double precision.
    """

    places: torch.Tensor
    weights: torch.Tensor


def coarse(device: torch.device) -> torch.dtype:
    """The precision of what need not be finer than half precision, where that is faster."""
    return torch.float16 if device.type == "cuda" else torch.float32


class Banded:
    """A map of `count` inputs along an axis, ready for a device."""

    def __init__(
        self,
        taps: Taps,
        count: int,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        # Outputs of a chunk: many where multiplying costs nothing, and launching does.
        most = 256 if dtype == torch.float16 else 64
        self.outputs = len(taps.places)
        chunks = -(-self.outputs // most)
        chunk = _up(-(-self.outputs // chunks))
        self._windows = []
        self._matrices = []
        for places, weights in zip(
            taps.places.split(chunk), taps.weights.split(chunk), strict=True
        ):
            first = int(places.min()) // _ALIGNED * _ALIGNED
            length = min(_up(int(places.max()) + 1 - first), count - first)
            matrix = torch.zeros(chunk, length, dtype=torch.float64, device="cpu")
            matrix[: len(places)].scatter_add_(1, places - first, weights)
            self._windows.append(slice(first, first + length))
            self._matrices.append(matrix.to(device, dtype or torch.float32))
        self.padded = chunk * len(self._windows)
        self._chunk = chunk

    def down(self, planes: torch.Tensor, onto: torch.Tensor | None = None) -> torch.Tensor:
        """Maps (batch, inputs, width) to (batch, `padded`, width), or adds that to `onto`.

        What is behind the outputs is zero.
        """
        out = onto
        if out is None:
            out = planes.new_empty(len(planes), self.padded, planes.shape[2])
        for part, window, matrix in self._parts(out, 1):
            taken = matrix.expand(len(planes), -1, -1), planes[:, window]
            if onto is None:
                torch.bmm(*taken, out=part)
            else:
                part.baddbmm_(*taken)
        return out

    def across(self, planes: torch.Tensor, onto: torch.Tensor | None = None) -> torch.Tensor:
        """Maps (batch, height, inputs) to (batch, height, `padded`), or adds that to `onto`."""
        out = onto
        if out is None:
            out = planes.new_empty(*planes.shape[:2], self.padded)
        self.rows_across(planes.flatten(0, 1), out.flatten(0, 1), adding=onto is not None)
        return out

    def rows_across(self, rows: torch.Tensor, out: torch.Tensor, *, adding: bool = False) -> None:
        """Maps (rows, inputs) to (rows, `padded`), which may be a view."""
        for part, window, matrix in self._parts(out, 1):
            if adding:
                part.addmm_(rows[:, window], matrix.T)
            else:
                torch.mm(rows[:, window], matrix.T, out=part)

    def _parts(
        self, out: torch.Tensor, axis: int
    ) -> list[tuple[torch.Tensor, slice, torch.Tensor]]:
        parts = out.split(self._chunk, axis)
        return list(zip(parts, self._windows, self._matrices, strict=True))


class Separable:
    """One map down and one across."""

    def __init__(
        self,
        down: Taps,
        across: Taps,
        size: tuple[int, int],
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._down = Banded(down, size[0], device, dtype)
        self._across = Banded(across, size[1], device, dtype)

    def __call__(self, planes: torch.Tensor) -> torch.Tensor:
        """Maps (batch, height, width)."""
        half = self._across.across(planes).narrow(2, 0, self._across.outputs)
        return self._down.down(half).narrow(1, 0, self._down.outputs)


def _up(count: int) -> int:
    return -(-count // _ALIGNED) * _ALIGNED
