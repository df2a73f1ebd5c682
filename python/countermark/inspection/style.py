"""Colours and sizes of the sheet.

>>> heat(-3.0) == heat(0.0), heat(50.0) == heat(8.0)
(True, True)
"""

from __future__ import annotations

from typing import Final

import numpy as np

PAPER: Final = "#ffffff"
INK: Final = "#1f2328"
QUIET: Final = "#667085"
RULE: Final = "#d8dce2"
AROUND: Final = "#f1f3f5"  # never was a picture
CUT_OFF: Final = "#dfe3e8"  # was one, and is not here
GRID: Final = "#4de1ff"
OUTLINE: Final = "#ffb000"
HALO: Final = "#00000066"  # around lines on the picture
RIM: Final = "#6b6b6b"  # the same on paper
AGREES: Final = "#2b7bba"
DISAGREES: Final = "#c8452d"
CHANCE: Final = "#f6ddd6"  # scores of unmarked pictures
MARKED: Final = "#d3e5f3"  # and of marked ones

SMOOTH: Final = 2  # lines are drawn so many times larger
SMALL_FONT: Final = 16
TEXT_FONT: Final = 19
HEAD_FONT: Final = 38
TILE_FONT: Final = 15

#: Scores from the first to the last colour.
HEAT_RANGE: Final = (0.0, 8.0)
# Viridis (Smith and van der Walt, 2015): even in brightness, told apart by everybody.
_HEAT: Final = np.array(
    [
        (68, 1, 84),
        (70, 50, 127),
        (54, 92, 141),
        (39, 127, 142),
        (31, 161, 135),
        (74, 194, 109),
        (159, 218, 58),
        (253, 231, 37),
    ]
)


def heat(score: float) -> tuple[int, int, int]:
    """The colour of a tile's score."""
    low, high = HEAT_RANGE
    at = np.clip((score - low) / (high - low), 0, 1) * (len(_HEAT) - 1)
    r, g, b = (round(float(np.interp(at, range(len(_HEAT)), channel))) for channel in _HEAT.T)
    return r, g, b
