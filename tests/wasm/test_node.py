"""What the module says in node about real pictures, and Python about the same ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import fingerprint, watermark

pytestmark = pytest.mark.wasm

PAYLOAD = 0xC0FFEE0123456789
Photograph = Callable[..., Image.Image]
NAMES = ("coffee", "retina", "rocket")


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_those_of_python(
    core: Callable[..., Any], photograph: Photograph, name: str
) -> None:
    picture = photograph(name, 700).convert("RGBA")
    marked = core("embed", picture, payload=str(PAYLOAD))
    assert np.array_equal(np.asarray(marked), np.asarray(watermark.embed(picture, PAYLOAD)))


@pytest.mark.parametrize("name", NAMES)
def test_what_one_marks_the_other_reads(
    core: Callable[..., Any], photograph: Photograph, as_file: Callable[..., bytes], name: str
) -> None:
    picture = photograph(name, 900)
    by_node = core("embed", picture, payload=str(PAYLOAD)).convert("RGB")
    found = watermark.detect(by_node.rotate(4).crop((90, 80, 700, 500)))
    assert found is not None
    assert found.payload == PAYLOAD
    by_python = watermark.embed(picture, PAYLOAD)
    copy = by_python.rotate(-6, Image.Resampling.BICUBIC).crop((90, 80, 700, 500))
    told, expected = core("detect", copy), watermark.detect(copy)
    assert expected is not None
    assert int(told["payload"]) == expected.payload == PAYLOAD
    assert told["score"] == pytest.approx(expected.score, rel=1e-3)
    assert told["falsePositiveRate"] == pytest.approx(expected.false_positive_rate, rel=1e-3)
    assert _corners(told["geometry"], copy) == pytest.approx(
        _corners(expected.geometry.matrix, copy), abs=1e-3
    )


def _corners(matrix: Any, picture: Image.Image) -> np.ndarray:
    """Where the corners lay, in canonical units."""
    width, height = picture.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    mapped = corners @ np.reshape(matrix, (3, 3)).T
    return np.asarray(mapped[:, :2] / mapped[:, 2:]).ravel()


@pytest.mark.parametrize("effort", ["aligned", "full"])
def test_nothing_is_read_where_nothing_is(
    core: Callable[..., Any], photograph: Photograph, effort: str
) -> None:
    assert core("detect", photograph("chelsea", 500), options={"effort": effort}) is None


@pytest.mark.parametrize("name", NAMES)
def test_fingerprints_are_those_of_python(
    core: Callable[..., Any], photograph: Photograph, name: str
) -> None:
    picture = photograph(name, 600).convert("RGBA")
    expected = fingerprint.pdq(picture)
    assert core("fingerprint", picture) == {
        "bits": expected.bits.hex(),
        "quality": expected.quality,
    }
