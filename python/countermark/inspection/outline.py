"""Where the border of the picture that was marked lies in a copy of it.

A detection knows places modulo one tile only. The border is known all the same where the copy is
whole, and where the registry keeps a thumbnail that shows which tile is which.

>>> import numpy as np
>>> pixels = np.random.default_rng(1).integers(40, 215, (300, 400), dtype=np.uint8)
>>> whole = find_outline(pixels, watermark.inspect(watermark.embed(pixels, 7)), None)
>>> whole.corners, whole.is_registered
(((0.0, 0.0), (400.0, 0.0), (400.0, 300.0), (0.0, 300.0)), False)
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from countermark import credentials, image, resemblance, watermark
from countermark.credentials import Trust
from countermark.errors import ImageError
from countermark.image import Pixels
from countermark.inspection.plane import Matrix, Point, border, matrix_of, moved
from countermark.registry import Registry
from countermark.resemblance import CANONICAL_SIDE, PERIOD

__all__ = ["Corners", "Outline", "find_outline"]

Corners: TypeAlias = tuple[Point, Point, Point, Point]

_QUADRANTS: Final = ((-1, -1), (1, -1), (1, 1), (-1, 1))  # clockwise from the top left
_TOLERANCE: Final = 3.0  # canonical units that a corner of a whole picture may be off


@dataclass(frozen=True, slots=True)
class Outline:
    """Corners of the marked picture, in pixels of the copy, clockwise from where its top left was.

    `is_registered`: found by the thumbnail in the registry; else the copy was taken for whole.
    """

    corners: Corners
    is_registered: bool


def find_outline(
    pixels: Pixels, seen: watermark.Inspection, registry: Registry | None
) -> Outline | None:
    """The outline, or None where it is not known.

    Example: see the module. `pixels`: those that were inspected.
    """
    if seen.detection is None:
        return None
    whole = _whole(matrix_of(seen.geometry), (pixels.shape[1], pixels.shape[0]))
    if whole is not None or registry is None:
        return whole
    return _registered(pixels, seen.detection, registry)


def _whole(to_canonical: Matrix, size: tuple[int, int]) -> Outline | None:
    """The picture's border, if its corners lie where those of a whole picture do."""
    width, height = size
    corners = moved(to_canonical, border(size))
    if corners is None:
        return None
    k = CANONICAL_SIDE / math.sqrt(width * height)
    off_lattice = (corners[0] + corners[2]) / 2
    off_lattice -= PERIOD * np.round(off_lattice / PERIOD)
    sides = np.abs(np.diff(np.vstack([corners, corners[:1]]), axis=0))
    upright = np.array([[width, 0], [0, height]] * 2) * k
    fits = [np.abs(sides - wanted).max() < _TOLERANCE for wanted in (upright, upright[:, ::-1])]
    if np.abs(off_lattice).max() > _TOLERANCE / 2 or not any(fits):
        return None
    was = [tuple(place) for place in np.sign(corners - corners.mean(axis=0)).tolist()]
    a, b, c, d = (border(size)[was.index(place)] for place in _QUADRANTS)
    return Outline((a, b, c, d), False)


def _registered(
    pixels: Pixels, detection: watermark.Detection, registry: Registry
) -> Outline | None:
    entry = registry.find_payload(detection.payload)
    if entry is None:
        return None
    manifest = credentials.read_detached(entry.manifest, trust=Trust.nobody())
    if not manifest.signature_valid or manifest.thumbnail is None:
        return None
    try:
        thumbnail = image.luma(image.read(io.BytesIO(manifest.thumbnail)).pixels)
    except ImageError:
        return None
    found = resemblance.compare(image.luma(pixels), thumbnail, detection.geometry.matrix)
    if not found.convincing:
        return None
    k = CANONICAL_SIDE / math.sqrt(entry.width * entry.height)
    x, y = k * entry.width / 2, k * entry.height / 2
    corners = np.array([(-x, -y), (x, -y), (x, y), (-x, y)]) - found.offset
    placed = moved(np.linalg.inv(matrix_of(detection.geometry)), corners.tolist())
    if placed is None:
        return None
    a, b, c, d = ((float(px), float(py)) for px, py in placed)
    return Outline((a, b, c, d), True)
