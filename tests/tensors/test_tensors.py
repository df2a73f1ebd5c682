"""Arrays of numpy, PIL and libraries of the array API standard carry marks as files do."""

from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from countermark import tensors, watermark
from countermark.errors import CountermarkError, InvalidArgument, InvalidPixels, ReadOnlyBuffer
from countermark.tensors import Layout, Range

LAYOUTS = ["BHWC", "BCHW", "CBWH", "WCHB"]
PAYLOADS = [0, 2**64 - 1]


@pytest.fixture(scope="module")
def batch(photograph: Callable[..., Image.Image]) -> NDArray[np.uint8]:
    """Two photographs: (2, 256, 384, 3)."""
    names = ("coffee", "rocket")
    return np.stack([np.asarray(photograph(name, 512).crop((0, 0, 384, 256))) for name in names])


def laid_out(batch: NDArray[Any], layout: str) -> NDArray[Any]:
    return batch.transpose(["BHWC".index(axis) for axis in layout])


def in_range(batch: NDArray[np.uint8], name: str, dtype: str) -> NDArray[Any]:
    low, high = Range(name).limits
    values = batch / 255 * (high - low) + low
    return (np.rint(values) if np.dtype(dtype).kind in "iu" else values).astype(dtype)


def payloads(x: Any, **stated: Any) -> list[int | None]:
    found = [watermark.detect(each, effort="aligned") for each in tensors.pixels(x, **stated)]
    return [None if one is None else one.payload for one in found]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("limits", "dtype"),
    [
        ("u8", "uint8"),
        ("u8", "int32"),
        ("u8", "float32"),
        ("u16", "uint16"),
        ("unit", "float16"),
        ("unit", "float32"),
        ("unit", ">f4"),
        ("signed", "float64"),
    ],
)
def test_every_picture_of_a_batch_has_its_own_payload(
    batch: NDArray[np.uint8], layout: str, limits: Any, dtype: str
) -> None:
    x = laid_out(in_range(batch, limits, dtype), layout)
    before = x.copy()
    marked = tensors.embed(x, PAYLOADS, layout=layout, range=limits)
    assert (marked.shape, marked.dtype) == (x.shape, x.dtype)
    assert np.array_equal(x, before)
    assert payloads(marked, layout=layout, range=limits) == PAYLOADS
    low, high = Range(limits).limits
    assert low <= marked.min() <= marked.max() <= high


def test_as_the_watermark_of_the_pixels(batch: NDArray[np.uint8]) -> None:
    own = np.stack([watermark.embed(p, v) for p, v in zip(batch, PAYLOADS, strict=True)])
    assert np.array_equal(tensors.embed(batch, PAYLOADS, layout="BHWC", range="u8"), own)
    floats = in_range(batch, "unit", "float32")
    marked = tensors.embed(floats, PAYLOADS, layout="BHWC", range="unit")
    assert np.abs(marked * 255 - own).max() < 1.6  # the one rounds, the other does not
    files = np.stack(tensors.pixels(marked, layout="BHWC", range="unit"))
    assert np.abs(files.astype(int) - own).max() <= 2
    assert np.mean(files != own) < 0.1


def test_values_that_are_not_changed_keep_their_precision(batch: NDArray[np.uint8]) -> None:
    alpha = np.full((*batch.shape[:3], 1), 0.123456789)
    x = np.concatenate([in_range(batch, "unit", "float64"), alpha], 3)
    marked = tensors.embed(x, PAYLOADS, layout="BHWC", range="unit")
    assert np.array_equal(marked[..., 3], x[..., 3])
    assert payloads(marked, layout="BHWC", range="unit") == PAYLOADS


def test_grey_pictures_with_and_without_an_axis_for_it(batch: NDArray[np.uint8]) -> None:
    grey = batch[..., 1]
    flat = tensors.embed(grey, PAYLOADS, layout="BHW", range="u8")
    deep = tensors.embed(grey[..., None], PAYLOADS, layout="BHWC", range="u8")
    assert np.array_equal(flat, deep[..., 0])
    one = tensors.embed(grey[0], PAYLOADS[:1], layout="HW", range="u8")
    assert np.array_equal(one, flat[0])


def test_output_may_be_the_input_or_other_memory(batch: NDArray[np.uint8]) -> None:
    expected = tensors.embed(batch, PAYLOADS, layout="BHWC", range="u8")
    out, own = np.empty_like(batch), batch.copy()
    assert tensors.embed(batch, PAYLOADS, layout="BHWC", range="u8", out=out) is out
    assert tensors.embed(own, PAYLOADS, layout="BHWC", range="u8", out=own) is own
    assert np.array_equal(out, expected)
    assert np.array_equal(own, expected)


def test_pil_images_need_no_layout(photograph: Callable[..., Image.Image]) -> None:
    picture = photograph("coffee", 320)
    for mode in ("RGB", "L", "RGBA"):
        marked = tensors.embed(picture.convert(mode), [9])
        assert (marked.mode, marked.size) == (mode, picture.size)
        assert payloads(marked) == [9]
    with pytest.raises(InvalidArgument, match="not written to"):
        tensors.embed(picture, [9], out=picture)


def test_any_library_of_the_array_api(batch: NDArray[np.uint8]) -> None:
    x = array_api_strict.asarray(in_range(batch, "signed", "float32"))
    marked = tensors.embed(x, PAYLOADS, layout="BHWC", range="signed")
    assert type(marked) is type(x)
    assert marked.dtype == x.dtype
    assert payloads(marked, layout="BHWC", range="signed") == PAYLOADS


def test_beyond_the_range_comes_out_no_farther(batch: NDArray[np.uint8]) -> None:
    x = in_range(batch, "signed", "float32") * np.float32(1.1)
    marked = tensors.embed(x, PAYLOADS, layout="BHWC", range="signed")
    beyond = np.abs(x) > 1
    assert beyond.any()
    assert np.all(np.abs(marked[beyond]) <= np.abs(x[beyond]))
    assert payloads(marked, layout="BHWC", range="signed") == PAYLOADS


@pytest.mark.parametrize(
    ("stated", "kind", "words"),
    [
        ({}, InvalidArgument, "not stated"),
        ({"layout": "BHWC"}, InvalidArgument, "not stated"),
        ({"layout": "NHWC", "range": "u8"}, InvalidArgument, "'NHWC' is unknown"),
        ({"layout": "BHHC", "range": "u8"}, InvalidArgument, "is unknown"),
        ({"layout": "BC", "range": "u8"}, InvalidArgument, "is unknown"),
        ({"layout": "HWC", "range": "u8"}, InvalidPixels, "4 dimensions"),
        ({"layout": "BWCH", "range": "u8"}, InvalidPixels, "of 1, 3 or 4 channels"),
        ({"layout": "BHWC", "range": "0-255"}, InvalidArgument, "'0-255' is unknown"),
        ({"layout": "BHWC", "range": "unit"}, InvalidArgument, "uint8 cannot have the range"),
        ({"layout": "BHWC", "range": "u16"}, InvalidArgument, "uint8 cannot have the range"),
    ],
)
def test_what_is_not_stated_is_not_guessed(
    batch: NDArray[np.uint8], stated: Any, kind: type[CountermarkError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        tensors.embed(batch, PAYLOADS, **stated)


def test_what_is_no_picture(batch: NDArray[np.uint8]) -> None:
    as_stated: Any = {"layout": "BHWC", "range": "unit"}
    floats = in_range(batch, "unit", "float32")
    floats[0, 3, 3, 1] = np.nan
    with pytest.raises(InvalidPixels, match="not a number"):
        tensors.embed(floats, PAYLOADS, **as_stated)
    with pytest.raises(InvalidPixels, match="the shape"):
        tensors.embed(floats[:0], [], **as_stated)
    with pytest.raises(InvalidPixels, match="a list, not an array"):
        tensors.embed([[1.0]], PAYLOADS, **as_stated)
    with pytest.raises(InvalidArgument, match="2 pictures and 1 payloads"):
        tensors.embed(batch, [1], layout="BHWC", range="u8")


def test_outputs_that_cannot_be_written_to(batch: NDArray[np.uint8]) -> None:
    for out in (batch[:1].copy(), batch.astype(np.float32), batch.tolist()):
        with pytest.raises(InvalidPixels, match="differs"):
            tensors.embed(batch, PAYLOADS, layout="BHWC", range="u8", out=out)
    fixed = batch.copy()
    fixed.flags.writeable = False
    with pytest.raises(ReadOnlyBuffer):
        tensors.embed(batch, PAYLOADS, layout="BHWC", range="u8", out=fixed)


@given(st.permutations("BHWC"), st.booleans(), st.booleans())
def test_layouts_there_and_back(order: list[str], has_batch: bool, has_channel: bool) -> None:
    gone = ("" if has_batch else "B") + ("" if has_channel else "C")
    axes = "".join(axis for axis in order if axis not in gone)
    sizes = {"B": 2, "H": 5, "W": 7, "C": 3}
    array = np.arange(np.prod([sizes[a] for a in axes])).reshape([sizes[a] for a in axes])
    layout = Layout.parse(axes, ndim=len(axes))
    pictures = layout.pictures(array)
    assert pictures.shape == (2 if has_batch else 1, 5, 7, 3 if has_channel else 1)
    assert np.array_equal(layout.restored(pictures), array)
