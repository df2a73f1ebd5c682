"""`countermark sign`, as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark import keys
from countermark.credentials import Trust, read
from countermark.record import DigitalSource, Record

DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='%d'/></svg>"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trust:
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "home"))
    return Trust.from_file(keys.create_home(tmp_path / "home").trust_path)


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "drawing.svg"
    path.write_text(DRAWING % 9)
    return path


def test_sign_states_the_record(run: Run, drawing: Path, trust: Trust) -> None:
    options = ("--source", "human-created", "--creator", "Ada Example", "--title", "A circle")
    done = run("sign", drawing, "--out", "signed.svg", *options, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    manifest = read(drawing.with_name("signed.svg"), "image/svg+xml", trust=trust)
    assert manifest is not None
    assert manifest.label == said["manifest"]
    assert (manifest.trust.value, manifest.hard_binding) == ("trusted", "match")
    source = DigitalSource.HUMAN_CREATED
    assert manifest.record == Record(source=source, creator="Ada Example", title="A circle")


def test_second_signature_keeps_the_first(run: Run, drawing: Path, trust: Trust) -> None:
    part = drawing.with_name("part.svg")
    part.write_text(DRAWING % 5)
    run("sign", drawing, "--out", drawing)
    first = read(drawing, "image/svg+xml", trust=trust)
    done = run("sign", drawing, "--out", drawing, "--component", part)
    assert done.returncode == 0, done.stderr
    second = read(drawing, "image/svg+xml", trust=trust)
    assert first is not None
    assert second is not None
    assert first.actions == ("c2pa.created",)
    assert second.actions == ("c2pa.opened", "c2pa.placed")
    assert first.label is not None
    assert first.label.encode() in second.bytes
    assert second.trust.value == "trusted"


def test_what_cannot_be_signed_is_said_in_a_sentence(
    run: Run, tmp_path: Path, trust: Trust
) -> None:
    (tmp_path / "letter.docx").write_bytes(b"PK\3\4")
    reasons = {"letter.docx": "are not supported", "nothing.mp4": "cannot be read"}
    for name, reason in reasons.items():
        done = run("sign", name, "--out", "out")
        assert done.returncode == 3
        assert reason in done.stderr
        assert not (tmp_path / "out").exists()


def test_folder_is_verified_with_all_that_can_be_signed(
    run: Run, drawing: Path, trust: Trust, photo: Path
) -> None:
    folder = drawing.with_name("folder")
    (folder / "deep").mkdir(parents=True)
    run("sign", drawing, "--out", folder / "deep" / "signed.SVG")
    (folder / "page.html").write_text("<!doctype html><title>A page</title>")
    (folder / "notes.txt").write_text("no picture")
    (folder / "plain.svg").write_bytes(drawing.read_bytes())
    (folder / "wrong.mp4").write_text("no movie")
    photo.rename(folder / "photo.jpg")
    done = run("verify", folder, "--json")
    found = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert {Path(name).name: line["verdict"] for name, line in found.items()} == {
        "signed.SVG": "intact",
        "photo.jpg": "unmarked",
        "plain.svg": "unmarked",
        "wrong.mp4": "unreadable",
    }
    signed = found[str(folder / "deep" / "signed.SVG")]
    assert (signed["trust"], signed["media_type"]) == ("trusted", "image/svg+xml")
    assert done.returncode == 1
    marked = run("mark", folder, "--out", "marked", "--json")  # no drawings
    statuses = {
        Path(line["file"]).name: line["status"]
        for line in map(json.loads, marked.stdout.splitlines())
    }
    assert statuses == {"photo.jpg": "marked", "wrong.mp4": "failed"}


def test_mark_leads_to_sign(run: Run, drawing: Path, trust: Trust) -> None:
    done = run("mark", drawing, "--out", "marked.svg")
    assert done.returncode == 3
    assert "Files of type image/svg+xml carry no watermark yet." in done.stderr
    assert "countermark sign" in done.stderr
    assert not drawing.with_name("marked.svg").exists()
