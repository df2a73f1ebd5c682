"""Does a received picture show what a signed thumbnail shows?

A watermark alone proves little: its residual can be copied onto another picture. So a manifest
found by watermark or fingerprint counts only if the picture resembles the thumbnail signed in it.

Both are brought into canonical coordinates (origin in the centre of the original, area 512 x 512),
reduced to their structure, and compared by normalised correlation over their overlap. Detection
knows the position only modulo the tile's period, so every position on that lattice is tried.

What is compared lies mostly below the watermark's band (0.06 cycles per canonical pixel), for the
residual is in the thumbnail too and must not vote for itself; it is divided by the local contrast,
so that brightness, contrast and gamma do not matter and smooth pictures count like textured ones.

>>> import numpy as np
>>> thumbnail = np.random.default_rng(1).normal(128, 40, (40, 40)).repeat(8, 0).repeat(8, 1)
>>> turned = np.rot90(thumbnail[:260])                 # cropped, then a quarter turn
>>> k = 512 / 320                                      # canonical pixels per pixel
>>> found = compare(turned, thumbnail, (0, -k, 256 - 96, k, 0, -256 + 3 * 96))
>>> found.convincing, found.offset, round(found.overlap, 1)
(True, (96, -288), 0.8)
>>> compare(turned[::-1], thumbnail, (0, -k, 256, k, 0, -256)).convincing
False

Correlations measured by bench/resemblance.py on 60 photographs, drawings and pages. Each geometry
is the true one, off by up to 0.5 degree, 0.4 % and 2 canonical pixels as a detected one may be. A
match was damaged in one of 28 ways; a non-match is damaged likewise and carries the residual of
the thumbnail's picture, as strong as there or three times so.

    match                              5 %   median
    not damaged                       0.90     0.96
    rotate 5, crop 0.71, JPEG 60      0.59     0.95
    crop to a tenth of the area       0.54     0.94
    twice as large a page, JPEG 60    0.53     0.86
    white box over an eighth          0.42     0.79
    JPEG 10                           0.50     0.95
    noise 25                          0.41     0.95
    perspective 0.1 (0.2)      0.55 (0.32)     0.71 (0.52)

    non-match, overlap              median     99 %  highest  accepted
    up to 0.1                         0.19     0.38     0.44  0 of 315
    0.1 to 0.3                 0.12 - 0.18     0.35     0.39  0 of 540
    more                              0.06     0.14     0.36  0 of 5043

    whole frames: match at least 0.43 of 297, non-match at most 0.37 of 3536

Refused matches are nearly empty pictures (a smooth gradient, a near white plane, a night sky after
strong damage), tenths of two drawings, and three photographs in the stronger perspective.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Plane: TypeAlias = npt.NDArray[np.floating[Any]]
Spectrum: TypeAlias = npt.NDArray[np.complexfloating[Any, Any]]

CANONICAL_SIDE: Final = 512
"""The canonical plane has this side squared as its area."""

PERIOD: Final = 96
"""Period of the watermark's tile in canonical pixels: positions are known modulo this."""

BASE_CORRELATION: Final = 0.30
SMALL_OVERLAP_TERM: Final = 0.08
"""A match needs a correlation of at least BASE + TERM / sqrt(overlap): see `threshold`."""

_GRID: Final = 2  # canonical pixels between samples, before smoothing
_STEP: Final = 4  # canonical pixels between samples of the structure, and of tried positions
_SMOOTHING: Final = 4.0  # canonical pixels (sigma): what is finer belongs to the watermark
_NEIGHBOURHOOD: Final = 12.0  # canonical pixels (sigma): what is coarser is light and shade
_CONTRAST_SHARE, _CONTRAST_FLOOR = 0.3, 0.5  # of the mean contrast; grey levels
_TOLERANCE: Final = 4  # canonical pixels that a position may be off the lattice
_SMALLEST_OVERLAP: Final = 0.06  # of the original's area
_OVERLAP_SHARE: Final = 0.6  # of the smaller of the two pictures
_LARGEST_GRID: Final = 1024  # samples per side; a page four times as wide as the picture on it


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How well a picture and a thumbnail agree where they overlap.

    `correlation` is in [-1, 1]; `overlap` is the share of the original that the picture shows;
    `offset` (canonical pixels, x and y) added to the geometry's translation puts the picture in
    its place on the original.
    """

    correlation: float
    overlap: float
    offset: tuple[int, int]

    @property
    def convincing(self) -> bool:
        """Whether the correlation is above what other pictures reach by chance."""
        return self.correlation >= threshold(self.overlap)


def threshold(overlap: float) -> float:
    """The correlation from which pictures that share this much of the original are the same.

    The less is shared, the more chance can do.

    >>> round(threshold(1.0), 2), round(threshold(0.1), 2)
    (0.38, 0.55)
    """
    return BASE_CORRELATION + SMALL_OVERLAP_TERM / math.sqrt(max(overlap, 1e-6))


def compare(
    picture: npt.ArrayLike, thumbnail: npt.ArrayLike, matrix: Sequence[float]
) -> Resemblance:
    """Compare a picture with the thumbnail of the original under a detected geometry.

    `picture` and `thumbnail` are luma, (height, width), 0..255. `matrix` is that of
    `watermark.Geometry`, of which the last row may be left out: times (x, y, 1) it gives the
    canonical coordinates of the pixel position (x, y), modulo `PERIOD`. Example: see the module.
    """
    return _best(_structure(picture, matrix), _structure_of_whole(thumbnail), period=PERIOD)


def compare_whole(picture: npt.ArrayLike, thumbnail: npt.ArrayLike) -> Resemblance:
    """Compare a picture with the thumbnail of the original, both taken as the whole frame.

    >>> import numpy as np
    >>> scene = np.random.default_rng(1).normal(128, 40, (20, 30)).repeat(8, 0).repeat(8, 1)
    >>> compare_whole(scene[::2, ::2] / 2, scene).convincing
    True
    """
    return next(compare_frames([picture], thumbnail))


def compare_frames(
    frames: Iterable[npt.ArrayLike], thumbnail: npt.ArrayLike
) -> Iterator[Resemblance]:
    """As `compare_whole`, of one frame after the other, for as many as are asked for."""
    height, width = np.shape(thumbnail)
    k = CANONICAL_SIDE / math.sqrt(width * height)
    original = _structure_of_whole(thumbnail)
    for frame in frames:
        rows, columns = np.shape(frame)
        stretched = (k * width / columns, 0, -k * width / 2, 0, k * height / rows, -k * height / 2)
        yield _best(_structure(frame, stretched), original, period=None)


@dataclass(frozen=True, slots=True)
class _Structure:
    """Contrast-free structure on a grid of `_STEP`; `origin` is its first corner (x, y)."""

    values: Plane
    mask: Plane
    origin: tuple[int, int]


def _structure_of_whole(luma: npt.ArrayLike) -> _Structure:
    height, width = np.shape(luma)
    k = CANONICAL_SIDE / math.sqrt(width * height)
    return _structure(luma, (k, 0, -k * width / 2, 0, k, -k * height / 2))


def _structure(luma: npt.ArrayLike, matrix: Sequence[float]) -> _Structure:
    sampled, inside, origin = _place(np.asarray(luma, np.float32), matrix)
    mean = (sampled * inside).sum() / max(inside.sum(), 1)
    rows, columns = (_gaussian(n, _SMOOTHING / _GRID, _STEP // _GRID) for n in sampled.shape)
    weight = rows @ inside @ columns.T
    smooth = (rows @ ((sampled - mean) * inside) @ columns.T) / np.maximum(weight, 1e-3)
    mask = (weight > 0.5).astype(np.float32)

    rows, columns = (_gaussian(n, _NEIGHBOURHOOD / _STEP) for n in smooth.shape)
    weight = np.maximum(rows @ mask @ columns.T, 1e-3)
    detail = (smooth - (rows @ (smooth * mask) @ columns.T) / weight) * mask
    variance = (rows @ (detail * detail) @ columns.T) / weight
    usual = (detail * detail).sum() / max(mask.sum(), 1)
    detail /= np.sqrt(variance + _CONTRAST_SHARE**2 * usual + _CONTRAST_FLOOR**2)
    return _Structure(detail, mask, origin)


def _place(luma: Plane, matrix: Sequence[float]) -> tuple[Plane, Plane, tuple[int, int]]:
    """Sample a picture on the canonical grid: (values, inside as 0 or 1, corner as (x, y))."""
    height, width = luma.shape
    to_canonical = np.array([*matrix, 0, 0, 1][:9], np.float64).reshape(3, 3)
    frame = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    u, v, w = to_canonical @ frame
    nothing = np.zeros((2, 2), np.float32)
    if w.min() <= 0:  # beyond the horizon
        return nothing, nothing, (0, 0)
    left, top = (math.floor((t / w).min() / _STEP) * _STEP for t in (u, v))
    columns = math.ceil(((u / w).max() - left) / _STEP) * (_STEP // _GRID)
    rows = math.ceil(((v / w).max() - top) / _STEP) * (_STEP // _GRID)
    if max(rows, columns) > _LARGEST_GRID:
        return nothing, nothing, (left, top)

    x = left + _GRID * (np.arange(columns) + 0.5)
    y = top + _GRID * (np.arange(rows) + 0.5)
    back = np.linalg.inv(to_canonical)
    source_x, source_y, depth = (np.add.outer(row[1] * y, row[0] * x + row[2]) for row in back)
    source_x, source_y = source_x / depth, source_y / depth
    inside = (source_x >= 0) & (source_x <= width) & (source_y >= 0) & (source_y <= height)
    inside &= depth > 0

    # area averaging first, down to the grid's own density at most; then bilinear
    across, down = np.hypot(*to_canonical[:2, :2])
    factor_x = min(max(int(_GRID / across), 1), width)
    factor_y = min(max(int(_GRID / down), 1), height)
    reduced = np.asarray(Image.fromarray(luma).reduce((factor_x, factor_y)))
    values = _bilinear(reduced, source_x / factor_x - 0.5, source_y / factor_y - 0.5)
    return values, inside.astype(np.float32), (left, top)


def _bilinear(plane: Plane, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Plane:
    height, width = plane.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = (x - left).astype(np.float32), (y - top).astype(np.float32)
    above = plane[top, left] * (1 - u) + plane[top, right] * u
    below = plane[bottom, left] * (1 - u) + plane[bottom, right] * u
    result: Plane = above * (1 - v) + below * v
    return result


def _gaussian(length: int, sigma: float, step: int = 1) -> Plane:
    """A matrix that smooths `length` samples and keeps one of `step`."""
    centres = np.arange(0, length, step) + (step - 1) / 2
    distance = (centres[:, None] - np.arange(length)) / sigma
    weights: Plane = np.exp(-0.5 * distance**2) / (sigma * math.sqrt(2 * math.pi))
    return weights.astype(np.float32)


def _best(picture: _Structure, thumbnail: _Structure, period: int | None) -> Resemblance:
    """The best normalised correlation over all allowed positions, by Fourier transform."""
    rows, columns = (
        _fast_length(n + m) for n, m in zip(picture.mask.shape, thumbnail.mask.shape, strict=True)
    )

    def spectrum(plane: Plane) -> Spectrum:
        return np.fft.rfft2(plane, s=(rows, columns))

    def correlate(over: Spectrum, moving: Spectrum) -> Plane:
        return np.fft.irfft2(over * moving.conj(), s=(rows, columns))

    p, p_mask, p_energy = map(spectrum, (picture.values, picture.mask, picture.values**2))
    t, t_mask, t_energy = map(spectrum, (thumbnail.values, thumbnail.mask, thumbnail.values**2))
    shared = correlate(t_mask, p_mask)
    energy = np.maximum(correlate(t_energy, p_mask), 1) * np.maximum(correlate(t_mask, p_energy), 1)
    correlation = correlate(t, p) / np.sqrt(energy)

    offset_x, allowed_x = _positions(columns, thumbnail.origin[0] - picture.origin[0], period)
    offset_y, allowed_y = _positions(rows, thumbnail.origin[1] - picture.origin[1], period)
    area = float(thumbnail.mask.sum())
    needed = max(_OVERLAP_SHARE * min(area, float(picture.mask.sum())), _SMALLEST_OVERLAP * area)
    allowed = np.logical_and.outer(allowed_y, allowed_x) & (shared >= needed)
    if not allowed.any():
        return Resemblance(0.0, 0.0, (0, 0))
    y, x = np.unravel_index(np.where(allowed, correlation, -1).argmax(), correlation.shape)
    return Resemblance(
        correlation=float(correlation[y, x]),
        overlap=float(shared[y, x]) / area,
        offset=(int(offset_x[x]), int(offset_y[y])),
    )


def _positions(
    length: int, origin: int, period: int | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """For each lag of a circular correlation: the place on the lattice, and if it is close by."""
    lag = np.arange(length)
    offset = origin + _STEP * np.where(lag < length / 2, lag, lag - length)
    off_lattice = offset
    if period is not None:
        off_lattice = (offset + period // 2) % period - period // 2
    return offset - off_lattice, np.abs(off_lattice) <= _TOLERANCE


def _fast_length(length: int) -> int:
    """The next length that the Fourier transform likes: few, and small, odd factors."""
    unit = 1 << max((length - 1).bit_length() - 4, 0)
    return unit * next(odd for odd in (9, 10, 12, 15, 16, 18) if odd * unit >= length)
