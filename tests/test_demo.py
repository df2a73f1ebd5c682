"""The demo tells the truth, in words and in pictures, and touches nothing else."""

from __future__ import annotations

import io
import os
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import demo, errors
from countermark.report import Verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(folder: Path) -> demo.Told:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERMARK_HOME", os.fspath(folder / "home"))
        return demo.run(folder / "pictures")


def pixels(told: demo.Told, name: str) -> np.ndarray:
    (path,) = [path for path in told.pictures if path.name == name]
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"), np.int32)


def test_demo_recovers(told: demo.Told) -> None:
    assert told.report.verdict is Verdict.RECOVERED
    assert told.report.record.creator == "Rachel Michetti"
    assert "RECOVERED" in told.text


def test_pictures_show_what_the_text_says(told: demo.Told) -> None:
    before, after = pixels(told, "before.jpg"), pixels(told, "after.jpg")
    residual = pixels(told, "residual.png")
    assert 38 < 10 * np.log10(255**2 / np.mean((after - before) ** 2)) < 50
    assert np.array_equal(residual, np.clip(128 + 8 * (after - before), 0, 255))
    damaged = pixels(told, "damaged.jpg")
    assert damaged.shape[0] < 0.73 * before.shape[0]


def test_recovered_picture_lies_where_it_was(told: demo.Told) -> None:
    """In the middle of the frame the copy covers the original, pixel on pixel."""
    before, recovered = pixels(told, "before.jpg"), pixels(told, "recovered.png")
    assert recovered.shape == before.shape
    height, width = before.shape[:2]
    middle = np.s_[height // 4 : -height // 4, width // 4 : -width // 4]
    assert np.corrcoef(before[middle].ravel(), recovered[middle].ravel())[0, 1] > 0.98
    for moved in (np.roll(recovered, 3, 0), np.roll(recovered, 3, 1)):
        here = np.abs(before[middle] - recovered[middle]).mean()
        assert here < np.abs(before[middle] - moved[middle]).mean()


def test_home_of_the_user_is_not_touched(told: demo.Told, folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == ["pictures"]


def test_demo_can_be_repeated(told: demo.Told, folder: Path) -> None:
    again = demo.run(folder / "pictures")
    assert again.pictures == told.pictures
    assert set((folder / "pictures").iterdir()) == set(told.pictures)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(errors.DestinationNotWritable):
        demo.run(tmp_path / "file")


def test_photograph_is_small_and_attributed() -> None:
    assets = resources.files("countermark") / "assets"
    assert len((assets / "coffee.jpg").read_bytes()) <= 30_000
    assert "CC0" in (assets / "README.md").read_text(encoding="utf-8")
