"""What the detector saw, in words.

>>> import numpy as np
>>> from countermark import watermark
>>> pixels = np.random.default_rng(1).integers(40, 215, (300, 400), dtype=np.uint8)
>>> headline(watermark.inspect(pixels, effort="aligned"))
'No watermark was read'
"""

from __future__ import annotations

from typing import Final

import numpy as np

from countermark.inspection.outline import Outline
from countermark.inspection.plane import area, border, matrix_of, moved
from countermark.inspection.tiles import VISIBLE_SCORE, told
from countermark.resemblance import CANONICAL_SIDE
from countermark.watermark import Geometry, Inspection

#: Of a picture, which no unmarked one exceeded in bench/results/false_positives.md.
CHANCE_SCORE: Final = 6.8

_SMALL_TURN_DEGREES: Final = 0.1
_WHOLE: Final = (0.99, 1.01)  # shares of the area that are called all of it
_PERSPECTIVE: Final = 1.01  # from this ratio of depths on it is named


def headline(seen: Inspection) -> str:
    """The payload, or that there is none."""
    if seen.detection is None:
        return "No watermark was read"
    return f"Payload {seen.detection.payload:016x}"


def facts(
    seen: Inspection, size: tuple[int, int], outline: Outline | None
) -> list[tuple[str, str]]:
    """A name and a value each. `size`: of the picture, width and height."""
    inside = told(seen, size)
    shown = sum(tile.is_visible for tile in inside)
    tiles = f"{shown} of {len(inside)} show the pilot (score {VISIBLE_SCORE:.0f} or more)"
    found = seen.detection
    if found is None:
        return [
            ("Pilot score", _rejected(seen)),
            ("Tiles", f"{tiles}, where they would be if it is as it was marked"),
            ("This means", "nothing about where the picture comes from"),
        ]
    bits = len(seen.bit_margins)
    return [
        ("Pilot score", f"{seen.score:.1f}; decoding begins at {seen.least_score:.1f}"),
        ("False positives", f"at most {found.false_positive_rate:.1g} for any unmarked picture"),
        ("Likeness", f"the pattern fits by {seen.likeness:.1f} deviations of chance"),
        ("Coded bits", f"{seen.wrong_bits} of {bits} corrected ({seen.wrong_bits / bits:.1%})"),
        ("Tiles", tiles),
        ("Turned", _turn(found.geometry)),
        ("Scale", f"{found.geometry.scale:.2f} pixels a unit; a tile is 96 units wide"),
        ("Shows", _extent(found.geometry, size)),
        ("Outline", _outline(outline)),
    ]


def _rejected(seen: Inspection) -> str:
    if seen.score < seen.least_score:
        return f"{seen.score:.1f} at most; decoding begins at {seen.least_score:.1f}"
    told = f"{seen.score:.1f} at most: decoded, but the message failed its checks"
    if seen.score <= CHANCE_SCORE:
        return f"{told}; unmarked pictures reach {CHANCE_SCORE:.1f}"
    return f"{told}; more than unmarked pictures reach, so a damaged mark may be in it"


def _turn(geometry: Geometry) -> str:
    degrees = geometry.rotation_degrees
    mirrored = "mirrored" if geometry.mirrored else ""
    if abs(degrees) < _SMALL_TURN_DEGREES:
        return mirrored or "not at all"
    way = "anticlockwise" if degrees > 0 else "clockwise"
    return f"{mirrored}{', then ' if mirrored else ''}{abs(degrees):.1f}° {way}"


def _extent(geometry: Geometry, size: tuple[int, int]) -> str:
    """How much of the canonical plane the picture covers."""
    matrix = matrix_of(geometry)
    frame = border(size)
    corners = moved(matrix, frame)
    if corners is None:
        return "a view up to the horizon"
    share = area(corners.tolist()) / CANONICAL_SIDE**2
    depths = (matrix @ np.array([[*corner, 1] for corner in frame]).T)[2]
    perspective = ", in perspective" if depths.max() / depths.min() > _PERSPECTIVE else ""
    if share > _WHOLE[1]:
        return f"{share:.0%} of the marked picture's area: its canvas grew{perspective}"
    if share < _WHOLE[0]:
        return f"{share:.0%} of the marked picture's area: it was cropped{perspective}"
    return f"as large an area as the marked picture{perspective}"


def _outline(outline: Outline | None) -> str:
    if outline is None:
        return "unknown: places are known modulo one tile"
    if outline.is_registered:
        return "known from the thumbnail in the registry"
    return "the border: the picture is whole"
