"""The picture with what was found drawn over it: once the grid of tiles, once their scores.

>>> view = View.of((400, 300), None, (200, 200))
>>> view.size, view.place((400.0, 300.0))
((200, 150), (200.0, 150.0))
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from countermark.image import Pixels
from countermark.image.arrays import eight_bit
from countermark.inspection.outline import Outline
from countermark.inspection.plane import Matrix, Point, border, matrix_of, moved
from countermark.inspection.style import (
    AROUND,
    CUT_OFF,
    GRID,
    HALO,
    INK,
    OUTLINE,
    SMOOTH,
    TILE_FONT,
    heat,
)
from countermark.inspection.tiles import told
from countermark.resemblance import PERIOD
from countermark.watermark import Inspection

_RIM: Final = 0.006  # of the longer side, so that the outline is seen whole
_MOST_AROUND: Final = 0.75  # of the picture's sides, shown at each side of it
_LARGEST_GROWTH: Final = 4.0  # of small pictures
_LEAST_SIDE: Final = 96  # of slivers, which are stretched to it
_HEAT_SHARE: Final = 0.62
_LABEL_ROOM: Final = (44, 24)  # across and down, to write a tile's score
_ARROW: Final = 54
_GRID_WIDTH, _OUTLINE_WIDTH = 1.4, 3.5


@dataclass(frozen=True, slots=True)
class View:
    """The part of the plane around a picture that is shown, and how large.

    `left`, `top`: its corner, in the picture's pixels. `scale`: across and down. `size`: of what
    is shown. `picture`: the picture's own size.
    """

    left: float
    top: float
    scale: tuple[float, float]
    size: tuple[int, int]
    picture: tuple[int, int]

    @classmethod
    def of(cls, picture: tuple[int, int], outline: Outline | None, room: tuple[int, int]) -> View:
        """The picture, and of the outline what is not far from it, as large as there is room."""
        low, high = np.zeros(2), np.array(picture, float)
        if outline is not None:
            far = _MOST_AROUND * high
            low = np.maximum(np.minimum(low, np.min(outline.corners, axis=0)), -far)
            high = np.minimum(np.maximum(high, np.max(outline.corners, axis=0)), high + far)
            rim = _RIM * (high - low).max()
            low, high = low - rim, high + rim
        shown = high - low
        scale = min(*(np.array(room) / shown), _LARGEST_GROWTH)
        size = np.clip(np.round(shown * scale), np.minimum(_LEAST_SIDE, room), room)
        across, down = size / shown
        return cls(
            float(low[0]),
            float(low[1]),
            (float(across), float(down)),
            (int(size[0]), int(size[1])),
            picture,
        )

    def place(self, point: Point) -> Point:
        """Where a point of the picture is shown."""
        return (point[0] - self.left) * self.scale[0], (point[1] - self.top) * self.scale[1]

    @property
    def is_stretched(self) -> bool:
        """Whether a sliver is shown thicker than it is."""
        return max(self.scale) > 1.1 * min(self.scale)

    def box(self) -> tuple[int, int, int, int]:
        """Where the picture is shown."""
        left, top = self.place((0, 0))
        right, bottom = self.place(self.picture)
        x, y = round(left), round(top)
        return x, y, max(round(right), x + 1), max(round(bottom), y + 1)


def shown(pixels: Pixels, view: View) -> Image.Image:
    """The picture at the view's scale, over white where it is transparent."""
    left, top, right, bottom = view.box()
    picture = Image.fromarray(eight_bit(pixels))
    much_smaller = picture.width > 2 * (right - left)
    filter_ = Image.Resampling.BOX if much_smaller else Image.Resampling.LANCZOS
    reduced = picture.resize((right - left, bottom - top), filter_)
    if reduced.mode == "RGBA":
        white = Image.new("RGBA", reduced.size, "white")
        reduced = Image.alpha_composite(white, reduced)
    return reduced.convert("RGB")


def geometry(
    picture: Image.Image, view: View, seen: Inspection, outline: Outline | None
) -> Image.Image:
    """The picture with the grid of the mark's tiles, its upward direction and its outline."""
    panel = _around(view, outline)
    to_canonical = matrix_of(seen.geometry)
    left, top = view.box()[:2]
    if seen.detection is not None:
        layer = _Layer(picture.size)
        for ends in _grid(to_canonical, view.picture):
            placed = [view.place(end) for end in ends]
            layer.line([(x - left, y - top) for x, y in placed], GRID, _GRID_WIDTH)
        picture = layer.over(picture)
    panel.paste(picture, (left, top))
    layer = _Layer(panel.size)
    if outline is not None:
        corners = [view.place(corner) for corner in outline.corners]
        layer.line([*corners, corners[0]], OUTLINE, _OUTLINE_WIDTH)
    if seen.detection is not None:
        _arrow(layer, to_canonical, view)
    return layer.over(panel)


def scores(
    picture: Image.Image, view: View, seen: Inspection, outline: Outline | None
) -> Image.Image:
    """The picture in grey under the colours of its tiles' scores."""
    panel = _around(view, outline)
    dim = ImageOps.grayscale(picture).convert("RGB")
    colours = dim.copy()
    draw = ImageDraw.Draw(colours)
    left, top = view.box()[:2]
    tiles = [
        ([(x - left, y - top) for x, y in map(view.place, tile.corners)], tile.score)
        for tile in told(seen, view.picture)
    ]
    for corners, score in tiles:
        draw.polygon(corners, heat(score))
    mixed = Image.blend(dim, colours, _HEAT_SHARE)
    draw = ImageDraw.Draw(mixed)
    for corners, score in tiles:
        _label(draw, corners, score)
    panel.paste(mixed, (left, top))
    return panel


class _Layer:
    """Smooth lines, drawn larger and made smaller."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.image = Image.new("RGBA", (size[0] * SMOOTH, size[1] * SMOOTH))
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """With a dark rim, to be seen on anything."""
        large = [(x * SMOOTH, y * SMOOTH) for x, y in points]
        for fill, thick in ((HALO, width + 1.6), (colour, width)):
            self.draw.line(large, fill, round(thick * SMOOTH), joint="curve")

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        """Filled, with a dark rim."""
        large = [(x * SMOOTH, y * SMOOTH) for x, y in points]
        self.draw.polygon(large, colour, HALO, SMOOTH)

    def over(self, picture: Image.Image) -> Image.Image:
        """The picture under the lines."""
        small = self.image.resize(self.size, Image.Resampling.BOX)
        return Image.alpha_composite(picture.convert("RGBA"), small).convert("RGB")


def _around(view: View, outline: Outline | None) -> Image.Image:
    """What is shown where the picture is not: what was cut off, and what never was."""
    panel = Image.new("RGB", view.size, AROUND)
    if outline is not None:
        corners = [view.place(corner) for corner in outline.corners]
        ImageDraw.Draw(panel).polygon(corners, CUT_OFF)
    return panel


def _grid(to_canonical: Matrix, size: tuple[int, int]) -> Iterator[tuple[Point, Point]]:
    """Lines between tiles, from border to border of the picture."""
    width, height = size
    corners = moved(to_canonical, border(size))
    if corners is None:
        return
    for axis in (0, 1):
        first = math.ceil(corners[:, axis].min() / PERIOD)
        last = math.floor(corners[:, axis].max() / PERIOD)
        for number in range(first, last + 1):
            # u = number * PERIOD is a straight line of the picture too: a x + b y + c = 0.
            a, b, c = to_canonical[axis] - number * PERIOD * to_canonical[2]
            ends = [(x, -(a * x + c) / b) for x in (0, width) if b]
            ends += [(-(b * y + c) / a, y) for y in (0, height) if a]
            inside = sorted(
                {
                    (round(x, 6), round(y, 6))
                    for x, y in ends
                    if -1e-6 <= x <= width + 1e-6 and -1e-6 <= y <= height + 1e-6
                }
            )
            if len(inside) > 1:
                yield inside[0], inside[-1]


def _label(draw: ImageDraw.ImageDraw, corners: list[Point], score: float) -> None:
    """The score in the middle of what is shown of its tile, where that is large enough."""
    across, down = np.ptp(corners, axis=0)
    if across < _LABEL_ROOM[0] or down < _LABEL_ROOM[1]:
        return
    font = ImageFont.load_default(TILE_FONT)
    x, y = np.mean(corners, axis=0)
    draw.text((x, y), f"{score:.1f}", "white", font, "mm", stroke_width=2, stroke_fill=INK)


def _arrow(layer: _Layer, to_canonical: Matrix, view: View) -> None:
    """From the middle of the picture to where up was when it was marked."""
    middle = (view.picture[0] / 2, view.picture[1] / 2)
    at = moved(to_canonical, [middle])
    if at is None:
        return
    u, v = at[0]
    ahead = moved(np.linalg.inv(to_canonical), [(u, v - 1)])
    if ahead is None:
        return
    x, y = view.place(middle)
    step = np.array(view.place((ahead[0][0], ahead[0][1]))) - (x, y)
    step *= min(_ARROW, 0.35 * min(view.size)) / np.hypot(*step)
    tip = np.array([x, y]) + step
    aside = np.array([-step[1], step[0]]) * 0.2
    neck = tip - 0.36 * step
    layer.line([(x, y), (neck[0], neck[1])], OUTLINE, _OUTLINE_WIDTH)
    head = [tip, neck + aside, neck - aside]
    layer.polygon([(float(a), float(b)) for a, b in head], OUTLINE)
