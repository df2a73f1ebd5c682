"""`countermark labels picture | text | interface | wordings`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner, Result

from countermark import keys, mark
from countermark.cli import app
from countermark.errors import CountermarkError
from countermark.record import DigitalSource, Record

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """A command; an error of ours comes out as it would be said."""

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(app, ["labels", *map(str, arguments)])
        if isinstance(result.exception, CountermarkError):
            raise result.exception
        return result

    return run


def test_picture_is_labelled_as_people_see_it(
    run: Run, photograph: Callable[..., Image.Image], tmp_path: Path
) -> None:
    """Stored on its side, with EXIF and an ICC profile that stay."""
    path, out = tmp_path / "photo.png", tmp_path / "labelled.png"
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "A cup"
    photograph("coffee", 600).save(path, exif=exif, icc_profile=b"profile")
    result = run(
        *("picture", path, "--out", out, "--wording", "cn", "--corner", "top-left"),
        *("--filing-number", "网信算备000000000000000000000号"),
    )
    assert result.exit_code == 0
    assert "AI生成 | 备案号：网信算备000000000000000000000号, top-left" in result.output
    before, after = Image.open(path), Image.open(out)
    assert after.getexif()[0x010E] == "A cup"
    assert after.info["icc_profile"] == b"profile"
    changed = np.argwhere((np.asarray(before) != np.asarray(after)).any(axis=2))
    # The top left of what is seen is the bottom left of what is stored.
    assert before.height - 40 < changed[:, 0].max() < before.height
    assert 0 < changed[:, 1].min() < 40
    assert changed[:, 1].max() < 120


def test_signed_picture_is_left_alone(
    run: Run, photo: Path, home: keys.Home, tmp_path: Path
) -> None:
    signed, out = tmp_path / "signed.jpg", tmp_path / "out.jpg"
    mark(photo, signed, record=Record(source=DigitalSource.CAPTURED), signer=home.signer())
    with pytest.raises(CountermarkError, match="before it is marked or signed"):
        run("picture", signed, "--out", out, "--wording", "eu")
    assert not out.exists()


def test_metadata_label_in_the_source_is_kept(run: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "art.png", tmp_path / "out.png"
    info = PngInfo()
    info.add_text("AIGC", '{"Label":"1"}')
    Image.new("RGB", (200, 200)).save(path, pnginfo=info)
    assert run("picture", path, "--out", out, "--wording", "cn").exit_code == 0
    with Image.open(out) as opened:
        assert opened.text == {"AIGC": '{"Label":"1"}'}


def test_failure_leaves_the_destination_as_it_was(run: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "small.png", tmp_path / "out.png"
    Image.new("L", (9, 9)).save(path)
    out.write_bytes(b"former")
    for arguments, said in (
        (("--wording", "cn"), "no room"),
        (("--wording", "cn", "--height", "0.01"), "shortest side"),
        (("--wording", "mars"), "no packaged wording"),
    ):
        with pytest.raises(CountermarkError, match=said):
            run("picture", path, "--out", out, *arguments)
    with pytest.raises(CountermarkError, match="stays one"):
        run("picture", path, "--out", tmp_path / "out.jpg", "--wording", "cn")
    assert out.read_bytes() == b"former"


def test_text_is_labelled_by_its_kind_and_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "article.md"
    path.write_bytes("---\ntitle: x\n---\n# 湖\r\n".encode())
    for _ in range(2):
        result = run("text", path, "--out", path, "--wording", "cn", "--where", "both")
        assert result.output == f"{path}: AI生成 (start), AI生成 (end)\n"
    labelled = path.read_bytes().decode()
    assert labelled.startswith("---\ntitle: x\n---\n**AI生成**\r\n")
    assert labelled.count("AI生成") == 2
    path.write_bytes("湖".encode("gb18030"))
    with pytest.raises(CountermarkError, match="not UTF-8"):
        run("text", path, "--out", path, "--wording", "cn")


def test_interface_and_wordings_are_printed(run: Run) -> None:
    html = run("interface", "--wording", "eu", "--language", "fr", "--place", "top").output
    assert html.startswith('<aside class="countermark-label"')
    assert "position:sticky" in html
    assert "<span>Généré par IA</span>" in html
    lines = run("wordings", "--json").output.splitlines()
    found = [json.loads(line) for line in lines]
    assert {each["jurisdiction"] for each in found} == {"cn", "eu", "us-ca", "in", "kr"}
    assert "GB 45438-2025" in run("wordings").output
