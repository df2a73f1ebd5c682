"""What the README shows is what happens."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import shutil
import wave
from importlib import resources
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import countermark
from countermark.cli import app

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/batch.md",
    "docs/camera.md",
    "docs/compliance.md",
    "docs/credentials.md",
    "docs/duties.md",
    "docs/keys-stores.md",
    "docs/labels.md",
    "docs/lint.md",
    "docs/platforms.md",
    "docs/retention.md",
    "docs/service.md",
    "docs/text.md",
    "docs/text_generation.md",
    "docs/verdicts.md",
    "docs/watermark.md",
]


def text(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text("README.md"), re.DOTALL | re.MULTILINE)


def tables(document: str) -> list[str]:
    return re.findall(r"(?:^\|.*\|\n)+", document, re.MULTILINE)


@pytest.fixture
def photo_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, with the photograph that the demo shows."""
    photograph = resources.files("countermark") / "assets" / "coffee.jpg"
    (tmp_path / "photo.jpg").write_bytes(photograph.read_bytes())
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("photo_at_hand")
def test_python_block_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    first, tensors, server = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(first, "README.md", "exec"), names)
    assert capsys.readouterr().out.strip() == first.splitlines()[-1].rpartition("# ")[2]
    exec(compile(tensors, "README.md", "exec"), names)
    found = countermark.watermark.detect(np.rint(names["made"][1] * 255).astype(np.uint8))
    assert found is not None
    names["app"] = None
    exec(compile(server, "README.md", "exec"), names)
    names["app"].marker.check()


def record_clip(path: Path) -> None:
    """A second in which a camera moves over a scene."""
    with Image.open("photo.jpg") as picture:
        scene = np.asarray(picture.convert("RGB").resize((400, 300)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 360, 300, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for at in range(10):
            view = np.ascontiguousarray(scene[:, 4 * at : 4 * at + 360])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        container.mux(stream.encode())


def record_speech(path: Path) -> None:
    """Eight seconds of noise as of a voice that is not understood."""
    noise = np.random.default_rng(1).normal(0, 900, 8 * 16_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.convolve(noise, np.ones(4), "same").astype("<i2").tobytes())


@pytest.mark.usefixtures("photo_at_hand")
def test_command_lines_work() -> None:
    lines = blocks("sh")[2].splitlines()
    for folder in ("photos", "downloads"):
        Path(folder).mkdir()
        shutil.copy("photo.jpg", folder)
    Path("drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    record_clip(Path("clip.mp4"))
    record_speech(Path("speech.wav"))
    for line in lines:
        program, *arguments = shlex.split(line.partition(" | ")[0], comments=True)
        assert program == "countermark"
        if "copy.jpg" in arguments:
            shutil.copy("marked.jpg", "copy.jpg")
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (line, result.output)


@pytest.mark.usefixtures("photo_at_hand")
def test_labelled_picture_complies() -> None:
    compliance = text("docs/compliance.md")
    record = re.search(r"^cat > record.json <<'JSON'\n(.*?)^JSON$", compliance, re.S | re.M)
    assert record is not None
    Path("record.json").write_text(record[1], encoding="utf-8")
    with Image.open("photo.jpg") as picture:
        picture.save("art.png")
    assert CliRunner().invoke(app, ["init"]).exit_code == 0
    for line in blocks("sh")[3].splitlines():
        result = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
        assert result.exit_code == 0, (line, result.output)


def test_c_block_stands_in_the_example() -> None:
    """The example is compiled and run in test_c_abi.py."""
    (block,) = blocks("c")
    lines = [line.removeprefix("  ") for line in text("examples/c/mark.c").splitlines()]
    assert block in "\n".join(lines)


def test_tables_are_the_measured_ones() -> None:
    results = (REPOSITORY / "bench/results").glob("*.md")
    measured = {table for path in results for table in tables(path.read_text(encoding="utf-8"))}
    for table in tables(text("README.md")):
        assert table in measured, table


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    for link in re.findall(r"\]\((?!https:)([^)#]+)", text(document)):
        assert ((REPOSITORY / document).parent / link).exists(), link


def test_version_is_one_number() -> None:
    version = countermark.__version__
    assert importlib.metadata.version("countermark") == version
    assert f"\n## {version}" in text("CHANGELOG.md")
