"""The pattern of a word as coefficients of the band: layout.cc, spectrum.cc, spread.cc, fold.cc.

Where the key and the channel code decide, the core is asked.
"""

from __future__ import annotations

import math

from countermark import _core
from countermark.tensors.device.host import torch

TILE = 96
_INNER2, _OUTER2, _HIGHEST = 34, 446, 21
_CODED_BITS, _VARIANTS = 400, 16
_NEARBY = 2  # frequencies over which the power of noise is averaged


def _in_band(kx: int, ky: int) -> bool:
    return _INNER2 <= kx * kx + ky * ky <= _OUTER2


#: (kx, ky) in cycles per tile, in the order of the format.
BAND = [
    (kx, ky)
    for ky in range(-_HIGHEST, _HIGHEST + 1)
    for kx in range(_HIGHEST + 1)
    if _in_band(kx, ky) and (kx > 0 or ky > 0)
]


def words_of(payloads: list[int], key: bytes) -> torch.Tensor:
    """What the core says of payloads, in main memory: (payloads, variants, bytes)."""
    told = torch.frombuffer(_core.words(payloads, key), dtype=torch.uint8)
    return told.view(len(payloads), _VARIANTS, 4 + _CODED_BITS)


class Layout:
    """What a key decides, on a device."""

    def __init__(self, key: bytes, device: torch.device) -> None:
        told = torch.frombuffer(_core.layout(key), dtype=torch.int16).view(len(BAND), 2, 2)
        bits, signs = told.to(device, torch.int64).unbind(2)
        self.bits = bits.flatten()  # of each component, or one too many: the pilot's
        self.signs = signs.to(torch.float32)
        self.pilot = (bits[:, 0] == _CODED_BITS).to(torch.float32)
        bit = torch.arange(_CODED_BITS + 1, device="cpu").to(device)
        self.carriers = (self.bits[:, None] == bit).to(torch.float32)
        self.carriers[:, _CODED_BITS] = 0

    def components(
        self, words: torch.Tensor, variants: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Signs of the components, (batch, coefficients, 2), and where the tile begins."""
        batch = torch.arange(len(words), device=words.device)
        chosen = words[batch, variants]
        origins = chosen[:, :4].contiguous().view(torch.int16).to(torch.int64)
        plain = torch.nn.functional.pad(1 - 2 * chosen[:, 4:].to(torch.float32), (0, 1), value=1.0)
        return plain[:, self.bits].unflatten(1, (-1, 2)) * self.signs, origins


class Tiles:
    """The tile on canonical planes of one size, of pictures of one size."""

    def __init__(
        self, picture: tuple[int, int], plane: tuple[int, int], device: torch.device
    ) -> None:
        limits = [0.5 * TILE * whole / part for whole, part in zip(picture, plane, strict=True)]
        squares = [
            math.sqrt(kx * kx + ky * ky) if kx <= limits[1] and abs(ky) <= limits[0] else 0.0
            for kx, ky in BAND
        ]
        scale = 0.5 / math.sqrt(sum(squares))
        amplitudes = [scale * math.sqrt(square) for square in squares]
        self.amplitudes = torch.tensor(amplitudes, dtype=torch.float32, device="cpu").to(device)
        self._kx = torch.tensor([kx for kx, _ in BAND], device="cpu").to(device)
        self._ky = torch.tensor([ky for _, ky in BAND], device="cpu").to(device)
        self._half = (1 - plane[0] % 2, 1 - plane[1] % 2)  # the centre lies between pixels
        turns = torch.arange(2 * TILE, device="cpu").double() * (math.pi / TILE)
        wheel = torch.polar(torch.ones_like(turns), turns)
        self._wheel = wheel.to(device, torch.complex64)
        self._places = _places().to(device)
        height, width = plane
        rows = (torch.arange(height, device="cpu") - height // 2) % TILE
        columns = (torch.arange(width, device="cpu") - width // 2) % TILE
        self._cells = (rows[:, None] * TILE + columns).flatten().to(device)
        self._plane = plane

    def spread(self, pattern: torch.Tensor, origins: torch.Tensor) -> torch.Tensor:
        """The pattern, tile by tile, all over the plane."""
        half_y, half_x = self._half
        x, y = half_x - 2 * origins[:, :1], half_y - 2 * origins[:, 1:]
        moved = pattern * self._wheel[(self._kx * x + self._ky * y) % (2 * TILE)]
        known = torch.nn.functional.pad(torch.cat((moved, moved.conj()), 1), (1, 0))
        grid = known[:, self._places].unflatten(1, (TILE, -1))
        tiles = torch.fft.irfft2(grid, s=(TILE, TILE), norm="forward")
        return tiles.flatten(1)[:, self._cells].unflatten(1, self._plane)

    def back(self) -> torch.Tensor:
        """Undoes the half pixels of samples that were taken at pixels."""
        half_y, half_x = self._half
        return self._wheel[-(self._kx * half_x + self._ky * half_y) % (2 * TILE)]


def _places() -> torch.Tensor:
    """Of each frequency of a transform of real numbers, which coefficient of the band it has.

    0 is none; after that come the coefficients, and then their conjugates.
    """
    places = torch.zeros(TILE, TILE // 2 + 1, dtype=torch.int64, device="cpu")
    for i, (kx, ky) in enumerate(BAND):
        places[ky % TILE, kx] = 1 + i
        if kx == 0:
            places[-ky % TILE, 0] = 1 + len(BAND) + i
    return places.flatten()


class Fold:
    """Whitened planes of one size, cut into tiles and added up."""

    def __init__(self, plane: tuple[int, int], back: torch.Tensor) -> None:
        device = back.device
        self._back = back
        self._counts, self._padding, indices = [], [], []
        for length in plane:
            # The tiles that may touch the plane, wherever in a tile it begins.
            before = -(-(length // 2 + TILE - 1) // TILE)
            count = before + -(-(length - length // 2) // TILE)
            lead = before * TILE - length // 2
            self._counts.append(count)
            self._padding.append((lead, (count + 1) * TILE - 1 - lead - length))
            indices.append(torch.arange(count * TILE, device="cpu").to(device))
        self._rows = indices[0].view(1, self._counts[0], 1, TILE, 1)
        self._columns = indices[1].view(1, 1, self._counts[1], 1, TILE)
        band = [(ky % TILE) * (TILE // 2 + 1) + kx for kx, ky in BAND]
        self._band = torch.tensor(band, device="cpu").to(device)
        self._smooth = _smoothing().to(device)

    def sum(self, planes: torch.Tensor, origins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The spectrum of the sum, and the power of its noise."""
        padded = torch.nn.functional.pad(planes, (*self._padding[1], *self._padding[0]))
        x, y = (origin.view(-1, 1, 1, 1, 1) for origin in origins.unbind(1))
        batch = torch.arange(len(planes), device=planes.device).view(-1, 1, 1, 1, 1)
        tiles = padded[batch, y + self._rows, x + self._columns].flatten(1, 2)
        spectra = torch.fft.rfft2(tiles).flatten(2)[:, :, self._band]
        power = torch.view_as_real(spectra).square().sum((1, 3))
        return spectra.sum(1) * self._back, torch.matmul(power, self._smooth)


def _smoothing() -> torch.Tensor:
    """Means over the frequencies nearby, as a matrix: (from, to)."""
    number = {frequency: i for i, frequency in enumerate(BAND)}
    number |= {(-kx, -ky): i for (kx, ky), i in number.items()}  # of a real tile the same
    smooth = torch.zeros(len(BAND), len(BAND), dtype=torch.float32, device="cpu")
    near = range(-_NEARBY, _NEARBY + 1)
    for i, (kx, ky) in enumerate(BAND):
        around = [number.get((kx + dx, ky + dy)) for dx in near for dy in near]
        sources = [source for source in around if source is not None]
        for source in sources:
            smooth[source, i] += 1 / len(sources)
    return smooth
