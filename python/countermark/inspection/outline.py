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
    to_canonical = matrix_of(seen.geometry)
    height, width = pixels.shape[:2]
    if _is_whole(to_canonical, width, height):
        return Outline(((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)), False)
    return None if registry is None else _registered(pixels, seen.detection, registry)


def _is_whole(to_canonical: Matrix, width: int, height: int) -> bool:
    """Whether the corners lie where those of a whole picture do, turned by quarters at most."""
    k = CANONICAL_SIDE / math.sqrt(width * height)
    centre = moved(to_canonical, [(width / 2, height / 2)])
    corners = moved(to_canonical, border((width, height)))
    if centre is None or corners is None:
        return False
    off_lattice = centre - PERIOD * np.round(centre / PERIOD)
    sides = np.abs(np.diff(np.vstack([corners, corners[:1]]), axis=0))
    upright = np.array([[width, 0], [0, height]] * 2) * k
    fits = [np.abs(sides - wanted).max() < _TOLERANCE for wanted in (upright, upright[:, ::-1])]
    return bool(np.abs(off_lattice).max() < _TOLERANCE / 2 and any(fits))


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
