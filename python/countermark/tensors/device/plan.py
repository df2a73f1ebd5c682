"""All of an embedding for pictures of one size on one device: embed.cc, step by step."""

from __future__ import annotations

import math

from countermark.tensors.device.banded import Separable, coarse
from countermark.tensors.device.canonical import Averaging, Interpolating, Variants
from countermark.tensors.device.hiding import Arrival, Mask
from countermark.tensors.device.host import torch
from countermark.tensors.device.pattern import Fold, Layout, Tiles
from countermark.tensors.device.rejection import without_host
from countermark.tensors.device.taps import cubic, residual_across
from countermark.tensors.device.whitening import Whitening

_CANONICAL_SIDE = 512


def canonical_size(height: int, width: int) -> tuple[int, int]:
    """The size of the plane that carries the mark of such pictures.

    >>> canonical_size(1024, 1024), canonical_size(1080, 1920)
    ((512, 512), (384, 683))
    """
    scale = _CANONICAL_SIDE / math.sqrt(float(width) * float(height))
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


class Plan:
    """Its constants stay on the device; it waits for nothing that the device does."""

    def __init__(
        self, picture: tuple[int, int], key: bytes, strength: float, device: torch.device
    ) -> None:
        self.picture = picture
        plane = canonical_size(*picture)
        grows = plane[0] * plane[1] > picture[0] * picture[1]
        self._reader = (Interpolating if grows else Averaging)(picture, plane, device)
        self._variants = Variants(plane, device)
        self._layout = Layout(key, device)
        self._tiles = Tiles(picture, plane, device)
        self._mask = Mask(picture, plane, strength, device)
        self._whitening = Whitening(*plane, device)
        self._arrival = Arrival(plane, device)
        self._fold = Fold(plane, self._tiles.back())
        self._dtype = coarse(device)
        down, across = cubic(plane[0], picture[0]), residual_across(plane[1], picture[1])
        self._enlarge = Separable(down, across, plane, device, self._dtype)

    def residual(self, luma: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """What is to be added to pictures, in grey levels: (batch, height, width).

        `luma` in whole grey levels, of float32; `words` as `words_of` tells them, on the device.
        """
        plane, samples = self._reader.read(luma)
        mask = self._mask.of(plane)
        signs, origins = self._layout.components(words, self._variants.of(samples))
        pattern = torch.view_as_complex(signs * self._tiles.amplitudes[:, None])
        pattern, mask = self._informed(plane, mask, pattern, origins)
        residual = mask * self._tiles.spread(pattern, origins)
        return self._enlarge(residual.to(self._dtype))

    def _informed(
        self, plane: torch.Tensor, mask: torch.Tensor, pattern: torch.Tensor, origins: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The pattern less part of the host, and the mask, lifted where the host is loud."""
        spread = self._tiles.spread(pattern, origins)
        before, after = self._whitening(torch.cat((plane, plane + mask * spread))).chunk(2)
        lifted, gain = self._arrival.lift(mask, spread, before, after)
        host, power = self._fold.sum(before, origins)
        freed = without_host(pattern, host / gain[:, None], power, self._layout)
        arrives = gain > 0  # a picture of one colour hides and disturbs nothing
        return (
            torch.where(arrives[:, None], freed, pattern),
            torch.where(arrives[:, None, None], lifted, mask),
        )
