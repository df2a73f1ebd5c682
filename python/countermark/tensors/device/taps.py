"""How the core resamples and blurs, as `Taps`: plane.cc, blur.cc, residual.cc and lift.cc."""

from __future__ import annotations

import math

from countermark.tensors.device.banded import Taps
from countermark.tensors.device.host import torch

_STEPS = 256  # positions along an axis are counted in 1/256 pixel
CELL = 16  # canonical pixels across and down


def _indices(count: int) -> torch.Tensor:
    return torch.arange(count, device="cpu")


def _edges(pixels: int, areas: int) -> torch.Tensor:
    """Where the areas begin and, at last, end."""
    return (2 * _STEPS * _indices(areas + 1) * pixels + areas) // (2 * areas)


def _covered(pixels: int, areas: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The pixels under each area, and where it begins and ends in each of them."""
    edges = _edges(pixels, areas)
    first = edges[:-1] // _STEPS
    touched = int(((edges[1:] - 1) // _STEPS - first).max()) + 1
    under = first[:, None] + _indices(touched)
    begins = torch.minimum(torch.maximum(under * _STEPS, edges[:-1, None]), edges[1:, None])
    ends = torch.minimum(torch.maximum((under + 1) * _STEPS, edges[:-1, None]), edges[1:, None])
    return under.clamp(max=pixels - 1), begins - edges[:-1, None], ends - edges[:-1, None]


def area_sums(pixels: int, areas: int) -> Taps:
    """256 times the mean of what each area covers, by whole weights: down a column of pixels."""
    places, begins, ends = _covered(pixels, areas)
    width = ends.amax(1, keepdim=True)
    shares = [(2 * _STEPS * part + width) // (2 * width) for part in (begins, ends)]
    return Taps(places, (shares[1] - shares[0]).double())


def area_weights(pixels: int, areas: int) -> Taps:
    """The sum of what each area covers, in 1/256 pixel: along a row of pixels."""
    places, begins, ends = _covered(pixels, areas)
    return Taps(places, (ends - begins).double())


def cubic_weights(fractions: torch.Tensor) -> torch.Tensor:
    """Of the samples at -1, 0, 1, 2 (Keys 1981, a = -1/2)."""
    t = fractions
    t2, t3 = t * t, t * t * t
    return torch.stack(
        (
            -0.5 * t3 + t2 - 0.5 * t,
            1.5 * t3 - 2.5 * t2 + 1.0,
            -1.5 * t3 + 2.0 * t2 + 0.5 * t,
            0.5 * t3 - 0.5 * t2,
        ),
        dim=1,
    )


def cubic(inputs: int, outputs: int) -> Taps:
    """Cubic convolution, the samples at the ends going on."""
    at = (_indices(outputs).double() + 0.5) * (inputs / outputs) - 0.5
    whole = at.floor()
    places = whole.long()[:, None] + torch.arange(-1, 3, device="cpu")
    return Taps(places.clamp(0, inputs - 1), cubic_weights(at - whole))


def residual_across(canonical: int, pixels: int) -> Taps:
    """From a row of the canonical plane to the picture's.

    Halfway samples come by cubic convolution, pixels from the nearest two in steps of 1/256.
    """
    at = 2 * ((_indices(pixels).double() + 0.5) * (canonical / pixels) - 0.5) + 2
    positions = (at * _STEPS).long()
    left = positions // _STEPS
    way = (positions % _STEPS).double()[:, None] / _STEPS
    halfway = torch.tensor((-0.0625, 0.5625, 0.5625, -0.0625), dtype=torch.float64, device="cpu")
    whole = torch.tensor((0.0, 1.0, 0.0, 0.0), dtype=torch.float64, device="cpu")
    places, weights = [], []
    for fine, share in ((left, 1 - way), (left + 1, way)):
        places.append(fine[:, None] // 2 + torch.arange(-2, 2, device="cpu"))
        weights.append(share * torch.where(fine[:, None] % 2 == 1, halfway, whole))
    return Taps(torch.cat(places, 1).clamp(0, canonical - 1), torch.cat(weights, 1))


def gaussian(count: int, deviation: float) -> Taps:
    """Sampled out to three deviations, the plane mirrored at its edges."""
    radius = int(3 * deviation + 0.999)
    offsets = torch.arange(-radius, radius + 1, device="cpu")
    weights = torch.exp(-0.5 * offsets.double() ** 2 / deviation**2)
    last = max(count - 1, 1)
    around = (_indices(count)[:, None] + offsets).abs() % (2 * last)
    places = torch.where(around > last, 2 * last - around, around).clamp(max=count - 1)
    return Taps(places, (weights / weights.sum()).expand(count, -1))


def cells_of(count: int) -> int:
    """How many cells lie along so many canonical pixels; the last may be cut."""
    return math.ceil(count / CELL)


def cell_sums(count: int) -> Taps:
    """The sum over each cell."""
    under = _indices(cells_of(count))[:, None] * CELL + _indices(CELL)
    return Taps(under.clamp(max=count - 1), (under < count).double())


def from_cells(count: int) -> Taps:
    """Between the centres of cells, the outermost going on to the ends."""
    place = _indices(count) + CELL // 2
    after = place // CELL
    way = ((place % CELL).double() + 0.5) / CELL
    places = torch.stack(((after - 1).clamp(min=0), after.clamp(max=cells_of(count) - 1)), dim=1)
    return Taps(places, torch.stack((1 - way, way), dim=1))
