"""Points between a picture and the canonical plane.

>>> moved(np.diag([2.0, 3.0, 1.0]), [(1, 1), (2, 0)]).tolist()
[[2.0, 3.0], [4.0, 0.0]]
>>> corners = clipped([(-2, -2), (2, -2), (2, 2), (-2, 2)], (8, 8))
>>> corners, area(corners)
([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)], 4.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from countermark.watermark import Geometry

Point: TypeAlias = tuple[float, float]
Matrix: TypeAlias = npt.NDArray[np.floating[Any]]


def matrix_of(geometry: Geometry) -> Matrix:
    """From pixels to canonical units, as a matrix of 3 x 3."""
    return np.reshape(np.array(geometry.matrix), (3, 3))


def moved(matrix: Matrix, points: Sequence[Point]) -> Matrix | None:
    """The points under a homography, one a row; None where one is beyond the horizon."""
    u, v, w = matrix @ np.vstack([np.transpose(points), np.ones(len(points))])
    return None if w.min() <= 0 else np.stack([u / w, v / w], axis=1)


def border(size: tuple[int, int]) -> list[Point]:
    """The corners of a picture, clockwise from its top left one."""
    width, height = map(float, size)
    return [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]


def area(corners: Sequence[Point]) -> float:
    """Of a polygon."""
    pairs = zip(corners, [*corners[1:], *corners[:1]], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def clipped(corners: Sequence[Point], size: tuple[int, int]) -> list[Point]:
    """The part of a convex polygon that is in a picture (Sutherland and Hodgman, 1974)."""
    kept = list(corners)
    for axis in (0, 1):
        for side, limit in ((-1, 0), (1, size[axis])):
            before, kept = kept, []
            for a, b in zip([*before[-1:], *before[:-1]], before, strict=True):
                out_a, out_b = (side * (point[axis] - limit) for point in (a, b))
                if (out_a > 0) != (out_b > 0):
                    share = out_a / (out_a - out_b)
                    kept.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
                if out_b <= 0:
                    kept.append(b)
    return [(float(x), float(y)) for x, y in kept]
