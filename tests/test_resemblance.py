"""A picture resembles its own thumbnail after damage, and another's never."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from countermark.resemblance import PERIOD, compare, compare_whole, threshold

NAMES = ("astronaut", "chelsea", "coffee", "hubble", "ihc", "retina", "rocket")
IDENTITY = (1, 0, 0, 0, 1, 0)
Photograph = Callable[..., Image.Image]


def luma(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), np.float32)


def thumbnail(picture: Image.Image) -> np.ndarray:
    small = picture.copy()
    small.thumbnail((512, 512))
    return luma(small)


def geometry(
    size: tuple[int, int], received_to_original: tuple[float, ...] = IDENTITY
) -> tuple[float, ...]:
    """What a detection says of it: canonical, the translation modulo the period."""
    k = 512 / math.sqrt(size[0] * size[1])
    a, b, c, d, e, f = received_to_original
    x, y = k * (c - size[0] / 2), k * (f - size[1] / 2)
    return (k * a, k * b, x % PERIOD, k * d, k * e, y % PERIOD)


def turned_and_cropped(picture: Image.Image, degrees: float, side: float) -> tuple:
    """The copy, and where its pixels were."""
    width, height = picture.size
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    left, top = width * (1 - side) / 2, height * (1 - side) / 2
    x, y = left - width / 2, top - height / 2
    back = (c, -s, c * x - s * y + width / 2, s, c, s * x + c * y + height / 2)
    size = round(width * side), round(height * side)
    return picture.transform(size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC), back


@pytest.mark.parametrize("name", NAMES)
def test_turned_and_cropped_copy_is_convincing(photograph: Photograph, name: str) -> None:
    picture = photograph(name)
    copy, back = turned_and_cropped(picture, 5, 0.71)
    found = compare(luma(copy), thumbnail(picture), geometry(picture.size, back))
    assert found.convincing
    assert found.correlation > 0.7
    assert 0.4 < found.overlap < 0.6


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.filter(ImageFilter.GaussianBlur(3)),
        lambda p: p.point(lambda v: v * 0.3),
        lambda p: p.point(lambda v: 255 * (v / 255) ** 2),
        lambda p: p.convert("L").convert("RGB"),
        lambda p: Image.merge("RGB", p.split()[1:] + p.split()[:1]),
        lambda p: Image.fromarray(
            (np.asarray(p) + np.random.default_rng(1).normal(0, 20, (p.height, p.width, 1)))
            .clip(0, 255)
            .astype(np.uint8)
        ),
    ],
    ids=["blur", "darker", "gamma", "gray", "hue", "noise"],
)
@pytest.mark.parametrize(
    "name", ["astronaut", *(pytest.param(n, marks=pytest.mark.slow) for n in ("coffee", "rocket"))]
)
def test_changed_values_are_convincing(photograph: Photograph, name: str, change: Callable) -> None:
    picture = photograph(name)
    assert compare(luma(change(picture)), thumbnail(picture), geometry(picture.size)).convincing


@pytest.mark.parametrize("name", NAMES)
def test_picture_on_a_page_is_convincing(photograph: Photograph, name: str) -> None:
    picture = photograph(name)
    page = Image.new("RGB", (picture.width * 2, picture.height * 2), (240, 240, 240))
    page.paste(picture, (300, 77))
    found = compare(luma(page), thumbnail(picture), geometry(picture.size, (1, 0, -300, 0, 1, -77)))
    assert found.convincing
    assert found.overlap == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_corner_of_a_tenth_is_convincing(photograph: Photograph, name: str) -> None:
    picture = photograph(name)
    box = (200, 120, 200 + round(picture.width * 0.33), 120 + round(picture.height * 0.33))
    found = compare(
        luma(picture.crop(box)),
        thumbnail(picture),
        geometry(picture.size, (1, 0, 200, 0, 1, 120)),
    )
    assert found.convincing


@pytest.mark.parametrize("others", [2, pytest.param(len(NAMES) - 1, marks=pytest.mark.slow)])
def test_other_pictures_are_never_convincing(photograph: Photograph, others: int) -> None:
    thumbnails = {name: thumbnail(photograph(name)) for name in NAMES}
    for number, shown in enumerate(NAMES):
        picture = photograph(shown)
        copy, back = turned_and_cropped(picture, 5, 0.71)
        plane, where = luma(copy), geometry(picture.size, back)
        for claimed in (*NAMES, *NAMES)[number + 1 : number + 1 + others]:
            found = compare(plane, thumbnails[claimed], where)
            assert not found.convincing, (shown, claimed, found)


def test_flat_picture_is_not_convincing(photograph: Photograph) -> None:
    flat = np.full((600, 800), 128, np.float32)
    found = compare(flat, thumbnail(photograph()), geometry((800, 600)))
    assert not found.convincing
    assert not compare_whole(flat, flat).convincing


def test_offset_puts_the_picture_in_its_place(photograph: Photograph) -> None:
    picture = photograph()
    copy = picture.crop((300, 200, 900, 600))
    matrix = geometry(picture.size, (1, 0, 300, 0, 1, 200))
    found = compare(luma(copy), thumbnail(picture), matrix)
    k = 512 / math.sqrt(picture.width * picture.height)
    assert matrix[2] + found.offset[0] == pytest.approx(k * (300 - picture.width / 2))
    assert matrix[5] + found.offset[1] == pytest.approx(k * (200 - picture.height / 2))


def test_whole_frame_tolerates_a_small_crop_and_refuses_others(photograph: Photograph) -> None:
    picture = photograph("astronaut")
    copy = picture.crop((15, 15, picture.width - 15, picture.height - 15)).resize((300, 300))
    assert compare_whole(luma(copy), thumbnail(picture)).convincing
    assert not compare_whole(luma(copy), thumbnail(photograph("rocket"))).convincing
    assert not compare_whole(luma(copy)[::-1], thumbnail(picture)).convincing


def test_tiny_and_huge_geometries_are_not_convincing(photograph: Photograph) -> None:
    small = thumbnail(photograph())
    assert not compare(np.zeros((1, 1)), small, geometry((512, 341))).convincing
    far = compare(luma(photograph()), small, (50, 0, 0, 0, 50, 0))
    assert (far.correlation, far.overlap, far.convincing) == (0, 0, False)


def test_threshold_asks_more_of_less() -> None:
    assert threshold(0.1) > threshold(0.5) > threshold(1)
