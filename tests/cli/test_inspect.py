"""`countermark inspect` on copies, unmarked pictures and what is no picture."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import watermark

Run = Callable[..., subprocess.CompletedProcess[str]]
PAYLOAD = 0x0123_4567_89AB_CDEF


@pytest.fixture
def copy(tmp_path: Path, photograph: Callable[..., Image.Image]) -> Path:
    """A marked picture, turned by 5 degrees and cropped."""
    marked = watermark.embed(photograph("chelsea"), PAYLOAD)
    turned = marked.rotate(5, Image.Resampling.BICUBIC)
    width, height = turned.size
    path = tmp_path / "copy.jpg"
    turned.crop((100, 80, width - 90, height - 70)).save(path, quality=80)
    return path


def test_inspect_says_and_draws_what_was_found(run: Run, copy: Path, tmp_path: Path) -> None:
    result = run("inspect", copy, "--out", "seen.png")
    assert (result.returncode, result.stderr) == (0, "")
    first, *facts, last = result.stdout.splitlines()
    assert (first, last) == ("Payload 0123456789abcdef", "Drawn in seen.png")
    told = {line[2:].split("  ")[0]: line.split("  ")[-1].strip() for line in facts}
    assert told["Turned"] == "5.0° anticlockwise"
    assert "it was cropped" in told["Shows"]
    assert "at most" in told["False positives"]
    with Image.open(tmp_path / "seen.png") as sheet:
        assert (sheet.format, sheet.mode, sheet.width) == ("PNG", "RGB", 1600)
        assert 700 < sheet.height < 1400


def test_inspect_as_json(run: Run, copy: Path) -> None:
    result = run("inspect", copy, "--json")
    assert result.returncode == 0
    (line,) = result.stdout.splitlines()
    seen = json.loads(line)
    assert (seen["file"], seen["payload"]) == (str(copy), f"{PAYLOAD:016x}")
    assert seen["rotation_degrees"] == pytest.approx(5, abs=0.1)
    assert seen["coded_bits"] == len(seen["bit_margins"]) > 300
    assert seen["wrong_bits"] == sum(margin < 0 for margin in seen["bit_margins"])
    assert np.median([tile["score"] for tile in seen["tiles"]]) > 2
    assert seen["score"] > seen["least_score"]
    assert seen["outline"] is None


def test_inspect_knows_the_outline_of_a_registered_picture(run: Run, photo: Path) -> None:
    run("init")
    assert run("mark", photo, "--out", "marked.png.jpg").returncode == 0
    with Image.open(photo.parent / "marked.png.jpg") as picture:
        width, height = picture.size
        picture.crop((100, 60, width - 40, height - 20)).save(photo.parent / "crop.jpg", quality=85)
    seen = json.loads(run("inspect", "crop.jpg", "--json", "--out", "seen.png").stdout)
    left, top = -100, -60
    right, bottom = left + width, top + height
    expected = [[left, top], [right, top], [right, bottom], [left, bottom]]
    assert np.abs(np.subtract(seen["outline"], expected)).max() < 4


def test_inspect_of_an_unmarked_picture(run: Run, photo: Path, tmp_path: Path) -> None:
    result = run("inspect", photo, "--out", "seen.png")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("No watermark was read\n  Pilot score")
    with Image.open(tmp_path / "seen.png") as sheet:
        assert sheet.width == 1600
    seen = json.loads(run("inspect", photo, "--json").stdout)
    assert (seen["payload"], seen["false_positive_rate"], seen["bit_margins"]) == (None, None, [])
    assert 3 < seen["score"] < 7
    assert np.mean([tile["score"] for tile in seen["tiles"]]) < 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("broken.jpg",), "is not a picture"),
        (("no.jpg",), "Check the path"),
        (("photo.jpg", "--out", "nowhere/seen.png"), "Make it first"),
        (("photo.jpg", "--out", "./photo.jpg"), "is the picture itself"),
        (("nowhere/photo.jpg", "--out", "seen.png"), "Check the path"),
    ],
)
def test_inspect_fails_in_one_sentence(
    run: Run, photo: Path, arguments: tuple[str, ...], says: str
) -> None:
    (photo.parent / "broken.jpg").write_bytes(b"no picture")
    result = run("inspect", *arguments)
    assert (result.returncode, result.stdout) == (3, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
