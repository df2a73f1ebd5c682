"""How much mark each place of a picture can hide: mask.cc and lift.cc."""

from __future__ import annotations

import math

from countermark.tensors.device.banded import Separable, coarse
from countermark.tensors.device.host import torch
from countermark.tensors.device.taps import cell_sums, cells_of, from_cells, gaussian

_DETAIL, _TEXTURE, _SMOOTH, _WINDOW = 2.0, 1.5, 2.0, 3.5  # deviations of the blurs
_MIDDLE = 128.0  # without it grey levels are finer in half precision
_EROSION = 3
_AMPLITUDE, _FLOOR, _CEILING = 0.715, 0.4, 6.0
_USUAL_ACTIVITY, _RICH_ACTIVITY, _MOST_FOR_SMOOTH = 1.6, 3.2, 1.25
_LARGE_SCALE, _SHARE_EXPONENT = 1.6, 0.62
_LEAST_RATIO, _MOST_LIFT, _MOST_DEVIATION = 0.052, 3.0, 3.2


def _blur(
    plane: tuple[int, int], deviation: float, device: torch.device, dtype: torch.dtype
) -> Separable:
    height, width = plane
    return Separable(gaussian(height, deviation), gaussian(width, deviation), plane, device, dtype)


class Mask:
    """The amplitude of the mark in grey levels, from the texture of the canonical plane."""

    def __init__(
        self,
        picture: tuple[int, int],
        plane: tuple[int, int],
        strength: float,
        device: torch.device,
    ) -> None:
        self._dtype = coarse(device)
        self._detail = _blur(plane, _DETAIL, device, self._dtype)
        self._texture = _blur(plane, _TEXTURE, device, self._dtype)
        self._smooth = _blur(plane, _SMOOTH, device, self._dtype)
        scale = min(max(math.sqrt(picture[0] * picture[1]) / 512, 1.0), _LARGE_SCALE)
        self._amplitude = strength * _AMPLITUDE * (_LARGE_SCALE / scale) ** _SHARE_EXPONENT

    def of(self, luma: torch.Tensor) -> torch.Tensor:
        """Of canonical planes."""
        levels = (luma - _MIDDLE).to(self._dtype)
        texture = self._texture((levels - self._detail(levels)).abs_())
        activity = texture.clamp(max=_RICH_ACTIVITY).to(torch.float32).mean((1, 2), keepdim=True)
        share = (_USUAL_ACTIVITY / (activity + 1e-6)).sqrt_().clamp_(max=_MOST_FOR_SMOOTH)
        smooth = self._smooth(_least_nearby(texture)).to(torch.float32)
        return smooth.clamp_(max=_CEILING).add_(_FLOOR).sqrt_().mul_(share * self._amplitude)


def _least_nearby(planes: torch.Tensor) -> torch.Tensor:
    for axis in (1, 2):
        beside = (0, 0) if axis == 1 else ()
        padding = (*beside, _EROSION, _EROSION)
        planes = torch.nn.functional.pad(planes, padding, value=math.inf)
        for apart in (1, 2, _EROSION):  # of two, of four, of seven
            count = planes.shape[axis] - apart
            planes = torch.minimum(planes.narrow(axis, 0, count), planes.narrow(axis, apart, count))
    return planes


class Arrival:
    """What a detector finds of the mark, place by place; and the lift that this asks for."""

    def __init__(self, plane: tuple[int, int], device: torch.device) -> None:
        height, width = plane
        cells = (cells_of(height), cells_of(width))
        self._sums = Separable(cell_sums(height), cell_sums(width), plane, device)
        self._window = _blur(cells, _WINDOW, device, torch.float32)
        self._spread = Separable(from_cells(height), from_cells(width), cells, device)
        ones = torch.ones(1, height, width, dtype=torch.float32, device=device)
        self._pixels = self._sums(ones)

    def lift(
        self,
        mask: torch.Tensor,
        pattern: torch.Tensor,
        before: torch.Tensor,
        after: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The lifted mask, and the factor between the pattern and what is folded, (batch,).

        The mark is to stand over the picture in every window that a crop may leave.
        `pattern` as it is spread, of mean square 1; the whitened picture without and with it.
        """
        products = torch.cat(((after - before) * pattern, before * before))
        sums = self._sums(products)
        arriving, opposing = (sums / self._pixels).chunk(2)
        gain, noise = self._window(torch.cat((arriving, opposing))).chunk(2)
        wanted = (_LEAST_RATIO * noise).clamp_(min=0).sqrt_() / gain.clamp(min=1e-9)
        lift = wanted.clamp_(1.0, _MOST_LIFT)
        most = _root_mean_square(mask).clamp(min=_MOST_DEVIATION)
        lifted = mask * self._spread(lift)
        share = (most / (_root_mean_square(lifted) + 1e-9)).clamp_(max=1.0)
        total = sums.chunk(2)[0].sum((1, 2))
        grown = (arriving * lift).sum((1, 2)) / arriving.sum((1, 2))
        return lifted * share, share.flatten() * grown * total


def _root_mean_square(planes: torch.Tensor) -> torch.Tensor:
    return planes.square().mean((1, 2), keepdim=True).sqrt_()
