"""Labels on pictures of every size, shape and type: there, large enough, and legible."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from countermark.errors import (
    FontMissing,
    InvalidArgument,
    InvalidPixels,
    LabelDoesNotFit,
    ReadOnlyBuffer,
)
from countermark.image.arrays import eight_bit
from countermark.labels.visible import Corner, Labelled, Wording, label_picture, wording

CN: Final = wording("cn")
FILED: Final = wording("cn", filing_number="网信算备000000000000000000000号")
# Letters that are seen apart, without a hyphen among them.
APART: Final = Wording(text="AI合成", jurisdiction="cn", language="zh-Hans")


def luminance(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Written again from WCAG 2.2, for any picture without alpha."""
    value = pixels / np.iinfo(pixels.dtype).max
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear if pixels.ndim == 2 else linear @ np.array([0.2126, 0.7152, 0.0722])


def ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def measured_heights(before: NDArray[Any], labelled: Labelled) -> list[int]:
    """Rows of ink in each letter, from what the label changed alone; for a plain ground."""
    changed = np.abs(
        labelled.ink_box.of(eight_bit(labelled.pixels)).astype(int)
        - labelled.ink_box.of(eight_bit(before)).astype(int)
    )
    ink = changed if changed.ndim == 2 else changed.max(axis=2)
    heights, rows = [], np.zeros(len(ink), bool)
    for column in (*(ink >= ink.max() / 2).T, np.zeros(len(ink), bool)):
        if column.any():
            rows |= column
        elif rows.any():
            (found,) = np.nonzero(rows)
            heights.append(int(found[-1] - found[0] + 1))
            rows[:] = False
    return heights


@pytest.mark.parametrize(
    ("height", "width"), [(720, 1280), (1280, 720), (3000, 4000), (200, 5000), (500, 500)]
)
def test_ink_of_the_smallest_letter_has_five_percent(height: int, width: int) -> None:
    before = np.full((height, width, 3), 240, np.uint8)
    labelled = label_picture(before, APART)
    heights = measured_heights(before, labelled)
    assert len(heights) >= 4
    assert min(heights) >= 0.05 * min(height, width)
    assert labelled.ink_height == min(heights)
    assert min(heights) <= 0.05 * min(height, width) + 2  # and no more than that


def test_larger_letters_on_request() -> None:
    before = np.zeros((400, 600), np.uint8)
    assert min(measured_heights(before, label_picture(before, APART, height_fraction=0.1))) >= 40
    for fraction in (0.049, 0.3, math.nan):
        with pytest.raises(InvalidArgument, match="shortest side"):
            label_picture(before, CN, height_fraction=fraction)


SHAPES: Final = st.tuples(
    st.one_of(st.integers(16, 90), st.integers(90, 900)),
    st.one_of(st.integers(16, 90), st.integers(90, 900)),
    st.sampled_from([(), (3,), (4,)]),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SHAPES, st.sampled_from([np.uint8, np.uint16]), st.integers(0, 4), st.booleans())
def test_any_picture_gets_a_legible_label_and_keeps_the_rest(
    shape: tuple[int, int, tuple[int, ...]], dtype: Any, ground: int, filed: bool
) -> None:
    height, width, channels = shape
    full = np.iinfo(dtype).max
    pixels = np.full((height, width, *channels), full * ground // 4, dtype)
    if ground == 3:  # everything at once
        generator = np.random.default_rng(height * 1000 + width)
        pixels = generator.integers(0, full, pixels.shape, dtype, endpoint=True)
    before = pixels.copy()
    try:
        labelled = label_picture(pixels, FILED if filed else CN)
    except LabelDoesNotFit:
        assert filed, "the label alone fits from 16 pixels on"
        assert min(height, width) < 100
        return
    after, box = labelled.pixels, labelled.box
    assert np.array_equal(pixels, before)
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert 0 <= box.left < box.right <= width
    assert 0 <= box.top < box.bottom <= height
    outside = after.copy()
    box.of(outside)[...] = box.of(before)
    assert np.array_equal(outside, before)
    assert labelled.contrast >= 4.5
    assert labelled.ink_height >= 0.05 * min(height, width)
    touches = (box.left, box.top, width - box.right, height - box.bottom)
    assert sorted(touches)[1] <= 0.12 * max(min(height, width), 120)  # a corner


@pytest.mark.parametrize("side", [16, 20, 32, 64])
def test_small_pictures(side: int) -> None:
    labelled = label_picture(np.full((side, side, 3), 90, np.uint8), CN)
    assert "".join(labelled.lines) == "AI生成"
    assert labelled.ink_height >= (5 if side < 24 else 9)
    assert (
        label_picture(np.full((side, side), 90, np.uint8), wording("eu")).lines[0].startswith("AI")
    )


def test_no_room_names_the_remedy() -> None:
    for shape, words in (((8, 8), CN), ((16, 16, 3), wording("us-ca")), ((64, 64), FILED)):
        with pytest.raises(LabelDoesNotFit, match="Use a larger picture or shorter words"):
            label_picture(np.zeros(shape, np.uint8), words)


@pytest.mark.parametrize(("height", "width"), [(100, 20000), (20000, 100), (40, 3000)])
def test_panoramas(height: int, width: int) -> None:
    labelled = label_picture(np.full((height, width, 3), 30, np.uint8), FILED)
    assert labelled.lines[0] == "AI生成"
    assert "".join(labelled.lines[1:]).replace(" ", "") == FILED.note
    assert labelled.ink_height >= 9


def test_words_break_into_lines_where_they_must() -> None:
    narrow = label_picture(np.zeros((900, 100), np.uint8), wording("eu"))
    assert narrow.lines == ("AI-", "generated")
    assert label_picture(np.zeros((900, 900), np.uint8), wording("eu")).lines == ("AI-generated",)


@pytest.mark.slow
def test_side_of_twenty_thousand_pixels_takes_little_memory() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    pixels = np.full((13_000, 20_000), 128, np.uint8)
    tracemalloc.start()
    labelled = label_picture(pixels, CN, out=pixels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert labelled.ink_height >= 650
    assert peak < pixels.nbytes / 4


def test_contrast_is_that_of_the_pixels_beneath(photograph: Callable[..., Image.Image]) -> None:
    for name in ("astronaut", "chelsea", "coffee", "hubble", "ihc", "retina", "rocket"):
        before = np.asarray(photograph(name, 600))
        labelled = label_picture(before, CN)
        after = labelled.ink_box.of(labelled.pixels)
        seen = luminance(after)
        ink = 1.0 if (after == 255).all(axis=2).any() and seen.mean() < 0.4 else 0.0
        # The box's border of one pixel is plate or picture, never ink at all four corners.
        ground = [seen[0, 0], seen[0, -1], seen[-1, -1]]
        assert min(ratio(ink, each) for each in ground) >= 4.5, name
        assert labelled.contrast >= 4.5
        if not labelled.has_plate:
            beneath = luminance(labelled.ink_box.of(before))
            worst = min(ratio(ink, beneath.min()), ratio(ink, beneath.max()))
            assert worst == pytest.approx(labelled.contrast, abs=0.02), name


def test_plate_only_where_it_is_needed() -> None:
    assert not label_picture(np.zeros((300, 300, 3), np.uint8), CN).has_plate
    assert not label_picture(np.full((300, 300), 65535, np.uint16), CN).has_plate
    checks = np.indices((300, 300)).sum(axis=0).astype(np.uint8) % 2 * 255
    assert label_picture(checks, CN).has_plate


def test_label_goes_into_the_quietest_corner() -> None:
    generator = np.random.default_rng(2)
    for quiet in Corner:
        pixels = generator.integers(0, 256, (400, 600), np.uint8)
        vertical, horizontal = quiet.value.split("-")
        rows = slice(200) if vertical == "top" else slice(200, None)
        columns = slice(300) if horizontal == "left" else slice(300, None)
        pixels[rows, columns] = 128
        assert label_picture(pixels, CN).corner is quiet
        assert label_picture(pixels, CN, corner=Corner.TOP_LEFT).box.left < 30


def test_transparent_picture_shows_its_label_on_anything() -> None:
    pixels = np.zeros((300, 400, 4), np.uint8)
    labelled = label_picture(pixels, CN)
    assert labelled.has_plate
    letters = Image.fromarray(labelled.pixels).crop(labelled.ink_box)
    for behind in (0, 60, 128, 200, 255):
        page = Image.new("RGBA", letters.size, (behind, behind, behind, 255))
        seen = luminance(np.asarray(Image.alpha_composite(page, letters).convert("RGB")))
        assert ratio(seen.max(), seen.min()) >= 4.5, behind


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_label_lies_within_what_is_visible_of_a_cut_out_picture(dtype: Any) -> None:
    full = np.iinfo(dtype).max
    pixels = np.full((800, 800, 4), full // 2, dtype)
    rows, columns = np.mgrid[:800, :800]
    pixels[..., 3] = ((rows - 500) ** 2 + (columns - 450) ** 2 < 200**2) * full
    labelled = label_picture(pixels, CN)
    assert labelled.box.left > 250
    assert labelled.box.right < 650
    assert labelled.box.top > 300
    assert labelled.box.bottom < 700
    assert labelled.ink_height >= 0.05 * 399
    assert labelled.contrast >= 4.5
    shown = labelled.ink_box.of(labelled.pixels)[..., 3]
    assert shown.min() >= 0.6 * full  # plate and letters are there where the picture is not


def test_speck_of_a_picture_does_not_keep_the_label_away() -> None:
    pixels = np.zeros((300, 400, 4), np.uint8)
    pixels[5, 5] = 255
    assert label_picture(pixels, CN).lines == ("AI生成",)


def test_sixteen_bits_look_as_eight() -> None:
    generator = np.random.default_rng(3)
    eight = generator.integers(0, 256, (200, 300, 4), np.uint8)
    one = label_picture(eight, CN, corner=Corner.TOP_LEFT)
    other = label_picture(eight.astype(np.uint16) * 257, CN, corner=Corner.TOP_LEFT)
    far = np.abs(eight_bit(other.pixels).astype(int) - one.pixels.astype(int))
    assert one.box == other.box
    assert far.max() <= 2


def test_output_may_be_given_and_may_be_the_picture() -> None:
    pixels = np.full((200, 300, 3), 200, np.uint8)
    expected = label_picture(pixels, CN).pixels
    out = np.empty_like(pixels)
    assert label_picture(pixels, CN, out=out).pixels is out
    turned = pixels.copy()[::-1].swapaxes(0, 1)  # as a stored picture is seen upright
    label_picture(turned, CN, out=turned)
    assert (turned != 200).any()
    label_picture(pixels, CN, out=pixels)
    assert np.array_equal(out, expected)
    assert np.array_equal(pixels, expected)
    with pytest.raises(InvalidPixels, match="The output is"):
        label_picture(pixels, CN, out=out[1:])
    out.flags.writeable = False
    with pytest.raises(ReadOnlyBuffer):
        label_picture(pixels, CN, out=out)


def test_errors_are_ours() -> None:
    with pytest.raises(InvalidPixels):
        label_picture(np.zeros((200, 200), np.float32), CN)
    with pytest.raises(FontMissing):
        label_picture(np.zeros((200, 200), np.uint8), CN, font="no such font.ttf")


PHOTOGRAPHS: Final = [
    *("coffee", "astronaut"),
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("chelsea", "hubble", "ihc", "retina", "rocket")
    ),
]
READERS: Final = [("chi_sim", CN), ("eng", wording("eu"))]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(("language", "words"), READERS, ids=["chi_sim", "eng"])
def test_others_read_the_label_on_a_photograph(
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    name: str,
    language: str,
    words: Wording,
) -> None:
    labelled = label_picture(np.asarray(photograph(name, 640)), words)
    seen = Image.fromarray(labelled.pixels).crop(labelled.box)
    # To a sans-serif eye, and to OCR, capital i and small L are one stroke.
    assert words.text.replace("I", "l") in read(as_file(seen, "PNG"), language).replace("I", "l")


def read(picture: bytes, language: str) -> str:
    """What Tesseract reads in one block of text, without its spaces."""
    tool = shutil.which("tesseract")
    assert tool, "install tesseract-ocr and tesseract-ocr-chi-sim"
    run = subprocess.run(
        [tool, "-", "-", "-l", language, "--psm", "6"],
        input=picture,
        capture_output=True,
        env={"OMP_THREAD_LIMIT": "1"},
        check=True,
    )
    return "".join(run.stdout.decode().split())
