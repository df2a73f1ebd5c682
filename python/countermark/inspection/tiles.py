"""The tiles of which a picture shows enough to tell whether the mark is in them.

>>> import numpy as np
>>> from countermark import watermark
>>> pixels = np.random.default_rng(1).integers(40, 215, (512, 512), dtype=np.uint8)
>>> seen = watermark.inspect(pixels, effort="aligned")
>>> [round(value) for value in told(seen, (512, 512))[0].corners[0]]
[0, 0]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from countermark.inspection.plane import Point, area, clipped, matrix_of, moved
from countermark.resemblance import PERIOD
from countermark.watermark import Inspection

#: Of a tile, from which on the pilot is called visible: one unmarked tile in 40 has it.
VISIBLE_SCORE: Final = 2.0
_LEAST_SHARE: Final = 0.25  # of its area; what shows less of a tile tells nothing


@dataclass(frozen=True, slots=True)
class ShownTile:
    """The part of a tile that is in the picture, in pixels, and the tile's score."""

    corners: list[Point]
    score: float

    @property
    def is_visible(self) -> bool:
        """Whether the pilot is seen there."""
        return self.score >= VISIBLE_SCORE


def told(seen: Inspection, size: tuple[int, int]) -> list[ShownTile]:
    """Those of which at least a quarter is in the picture, which is of this size."""
    to_canonical = matrix_of(seen.geometry)
    to_picture = np.linalg.inv(to_canonical)
    tiles = []
    for tile in seen.tiles:
        centre = moved(to_canonical, [(tile.x, tile.y)])
        if centre is None:
            continue
        u, v = (PERIOD * math.floor(value / PERIOD) for value in centre[0])
        square: list[Point] = [(u, v), (u + PERIOD, v), (u + PERIOD, v + PERIOD), (u, v + PERIOD)]
        whole = moved(to_picture, square)
        if whole is None:
            continue
        corners = clipped(whole.tolist(), size)
        if area(corners) >= _LEAST_SHARE * area(whole.tolist()):
            tiles.append(ShownTile(corners, tile.score))
    return tiles
