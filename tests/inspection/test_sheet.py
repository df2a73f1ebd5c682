"""The sheet: what stands where, in pictures of all shapes."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from countermark import inspection, watermark
from countermark.inspection import Findings, style
from countermark.inspection.tiles import told
from countermark.inspection.view import View, scores, shown

Photograph = Callable[..., Image.Image]


def inspected(picture: Image.Image) -> Findings:
    file = io.BytesIO()
    picture.save(file, "PNG")
    file.seek(0)
    return inspection.inspect(file)


def share_of(colour: str, picture: Image.Image) -> float:
    """Of the pixels, those of nearly this colour."""
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return float((np.abs(np.asarray(picture, int) - wanted).max(axis=2) < 12).mean())


@pytest.fixture(scope="module")
def half(photograph: Photograph) -> Findings:
    """The right half of a marked picture shows another, unmarked one; some bits are corrected."""
    picture = watermark.embed(photograph("chelsea"), 7, strength="subtle")
    cover = photograph("coffee").resize(picture.size)
    middle = picture.width // 2
    picture.paste(cover.crop((middle, 0, *picture.size)), (middle, 0))
    return inspected(picture)


def test_tiles_of_the_covered_half_show_no_pilot(half: Findings) -> None:
    assert half.seen.detection is not None
    width, height = half.pixels.shape[1], half.pixels.shape[0]
    middle = width / 2
    tiles = told(half.seen, (width, height))
    kept = [t.score for t in tiles if max(x for x, _ in t.corners) <= middle + 2]
    covered = [t.score for t in tiles if min(x for x, _ in t.corners) >= middle - 2]
    assert min(len(kept), len(covered)) > 6
    assert np.median(kept) > 3
    assert abs(np.median(covered)) < 1
    assert np.mean([t.is_visible for t in tiles]) == pytest.approx(0.5, abs=0.15)


def test_heat_map_tells_the_covered_half_apart(half: Findings) -> None:
    size = (half.pixels.shape[1], half.pixels.shape[0])
    view = View.of(size, None, (600, 600))
    heated = scores(shown(half.pixels, view), view, half.seen, None)
    assert heated.size == view.size
    red, green, _ = np.asarray(heated, float).transpose(2, 0, 1)
    greener = green - red
    middle = view.size[0] // 2
    assert greener[:, :middle].mean() > 20  # teal to green
    assert greener[:, middle:].mean() < 5  # violet


def test_sheet_has_grid_outline_and_margins_of_a_marked_picture(half: Findings) -> None:
    sheet = half.sheet()
    assert sheet.width == 1600
    for colour in (style.GRID, style.OUTLINE, style.AGREES, style.DISAGREES):
        assert share_of(colour, sheet) > 5e-4, colour


def test_sheet_of_an_unmarked_picture_has_a_gauge_instead(photograph: Photograph) -> None:
    findings = inspected(photograph("coffee", long_edge=400))
    assert findings.seen.detection is None
    assert findings.outline is None
    sheet = findings.sheet()
    assert share_of(style.MARKED, sheet) > 5e-3
    assert share_of(style.AGREES, sheet) < 5e-4
    assert str(findings).startswith("No watermark was read")


@pytest.mark.parametrize(
    ("size", "height"),
    [((128, 128), 1200), ((3000, 130), 1100), ((130, 3000), 1500), ((4000, 4000), 1500)],
)
def test_sheet_of_any_shape_is_of_a_size_to_look_at(
    photograph: Photograph, size: tuple[int, int], height: int
) -> None:
    pixels = np.asarray(photograph("coffee").resize(size))
    seen = watermark.inspect(pixels, effort="aligned")
    sheet = Findings(pixels, seen, None).sheet()
    assert sheet.width == 1600
    assert 600 < sheet.height < height


@pytest.mark.parametrize("mode", ["gray8", "gray16", "rgba"])
def test_every_kind_of_pixels_is_shown(photograph: Photograph, mode: str) -> None:
    pixels = np.asarray(photograph("coffee", long_edge=300))
    if mode == "rgba":
        pixels = np.dstack([pixels, np.zeros_like(pixels[:, :, 0])])
    elif mode == "gray8":
        pixels = np.ascontiguousarray(pixels[:, :, 1])
    else:
        pixels = pixels[:, :, 1].astype(np.uint16) * 257
    view = View.of((pixels.shape[1], pixels.shape[0]), None, (600, 600))
    picture = shown(pixels, view)
    assert picture.mode == "RGB"
    if mode == "rgba":
        assert np.asarray(picture).min() == 255  # transparent


def test_outline_of_a_turned_picture_that_is_whole(photograph: Photograph) -> None:
    marked = watermark.embed(photograph("chelsea", long_edge=600), 7)
    whole = inspected(marked.transpose(Image.Transpose.ROTATE_90))
    assert whole.outline is not None
    assert not whole.outline.is_registered
    width, height = whole.pixels.shape[1], whole.pixels.shape[0]
    # Its top left corner is now at the bottom left, the others follow clockwise.
    assert whole.outline.corners == ((0, height), (0, 0), (width, 0), (width, height))
    cropped = inspected(marked.crop((40, 40, 560, 360)))
    assert cropped.seen.detection is not None
    assert cropped.outline is None
