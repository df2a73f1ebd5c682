"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path, photo: Path) -> Path:
    """Two pictures, one of them deeper, beside what is none."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(photo, folder / "a.jpg")
    shutil.copy(photo, folder / "deep" / "b.JPG")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.jpg").write_text("no picture")
    return folder


def lines(result: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def complaint(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr.strip()


def test_init_mark_verify(run: Run, photo: Path, tmp_path: Path) -> None:
    assert run("init").returncode == 0
    marked = run("mark", photo, "--out", "marked.jpg", "--creator", "Ada Example")
    assert (marked.returncode, marked.stderr) == (0, "")
    intact = run("verify", "marked.jpg")
    assert intact.returncode == 0
    assert intact.stdout.startswith("INTACT")
    assert "Ada Example" in intact.stdout

    with Image.open(tmp_path / "marked.jpg") as picture:
        picture.resize((480, 320)).save(tmp_path / "copy.jpg", quality=80)
    (tmp_path / "altered.jpg").write_bytes((tmp_path / "marked.jpg").read_bytes() + b"x")
    result = run("verify", "--json", "marked.jpg", "copy.jpg", "altered.jpg", photo)
    assert result.returncode == 1
    assert [(line["file"], line["verdict"], line["trust"]) for line in lines(result)] == [
        ("marked.jpg", "intact", "trusted"),
        ("copy.jpg", "recovered", "trusted"),
        ("altered.jpg", "altered", "trusted"),
        (str(photo), "recovered", "trusted"),  # by its fingerprint
    ]
    assert all(line["evidence"] for line in lines(result))


def test_mark_states_what_the_options_say(run: Run, photo: Path) -> None:
    run("init")
    options = (
        "--source",
        "ai-generated",
        "--system",
        "Model",
        "--system-version",
        "3",
        "--title",
        "A cup",
    )
    result = run("mark", photo, "--out", photo, "--json", *options)
    assert result.returncode == 0
    (line,) = lines(result)
    assert (line["file"], line["status"]) == (str(photo), "marked")
    assert len(line["payload"]) == 16
    record = lines(run("verify", "--json", photo))[0]["record"]
    created = record.pop("created")
    assert created.endswith("+00:00")
    system = {"name": "Model", "version": "3"}
    assert record == {"source": "ai-generated", "system": system, "title": "A cup"}


def test_folder_keeps_its_tree_and_is_done_once(run: Run, folder: Path, tmp_path: Path) -> None:
    run("init")
    first = run("mark", folder, "--out", "marked")
    assert first.returncode == 0
    assert complaint(first) == "2 marked, 0 skipped, 0 failed"
    out = tmp_path / "marked"
    assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == {
        Path("a.jpg"),
        Path("deep/b.JPG"),
    }
    content = (out / "a.jpg").read_bytes()
    again = run("mark", folder, "--out", "marked", "--json")
    assert complaint(again) == "0 marked, 2 skipped, 0 failed"
    assert [line["status"] for line in lines(again)] == ["skipped", "skipped"]
    assert (out / "a.jpg").read_bytes() == content

    os.utime(folder / "a.jpg", (2e9, 2e9))  # edited since
    assert complaint(run("mark", folder, "--out", "marked")) == "1 marked, 1 skipped, 0 failed"
    assert run("verify", "marked").returncode == 0


def test_folder_into_itself_and_below_itself(run: Run, folder: Path) -> None:
    run("init")
    for _ in range(2):
        assert "2 " in complaint(run("mark", folder, "--out", folder / "out"))
    assert run("verify", folder / "out").returncode == 0
    shutil.rmtree(folder / "out")
    assert complaint(run("mark", folder, "--out", folder)) == "2 marked, 0 skipped, 0 failed"
    assert complaint(run("mark", folder, "--out", folder)) == "0 marked, 2 skipped, 0 failed"


def test_bad_file_does_not_stop_the_others(run: Run, folder: Path) -> None:
    run("init")
    (folder / "a.jpg").write_bytes(b"truncated")
    result = run("mark", folder, "--out", "marked", "--json")
    assert result.returncode == 3
    assert [line["status"] for line in lines(result)] == ["failed", "marked"]
    complaints = result.stderr.strip().splitlines()
    assert complaints[0].startswith(f"{folder / 'a.jpg'}: ")
    assert complaints[-1] == "1 marked, 0 skipped, 1 failed"


def test_two_files_for_one_place_are_refused(run: Run, folder: Path, photo: Path) -> None:
    run("init")
    shutil.copy(photo, folder / "deep" / "a.jpg")
    result = run("mark", folder / "a.jpg", folder / "deep" / "a.jpg", "--out", "marked")
    assert result.returncode == 3
    assert "would both become" in complaint(result)


def test_encrypted_key(run: Run, photo: Path) -> None:
    secret = {"COUNTERMARK_PASSPHRASE": "correct horse"}
    assert run("init", **secret).returncode == 0
    assert run("mark", photo, "--out", photo, **secret).returncode == 0
    for environment in ({}, {"COUNTERMARK_PASSPHRASE": "wrong"}):
        result = run("mark", photo, "--out", photo, **environment)
        assert result.returncode == 3
        assert "passphrase" in complaint(result) or "encrypted" in complaint(result)


def test_init_never_overwrites(run: Run) -> None:
    assert run("init", "--organisation", "Example Studio").returncode == 0
    again = run("init")
    assert again.returncode == 3
    assert "COUNTERMARK_HOME" in complaint(again)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["verify"], 2, "Missing argument"),
        (["verify", "--nonsense", "x"], 2, "No such option"),
        (["mark", "photo.jpg"], 2, "--out"),
        (["mark", "photo.jpg", "--out", "x.jpg", "--source", "dream"], 2, "dream"),
        (["mark", "photo.jpg", "--out", "x.jpg"], 3, "Run countermark init"),
        (["verify", "no.jpg"], 3, "Check the path"),
        (["verify", "empty"], 3, "holds no files to verify"),
        (["nonsense"], 2, "No such command"),
        (["demo", "--out", "photo.jpg"], 3, "Name another one"),
    ],
)
def test_wrong_use_is_one_sentence(
    run: Run, photo: Path, arguments: list[str], code: int, says: str
) -> None:
    (photo.parent / "empty").mkdir()
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert says in result.stderr
    if code == 3:
        complaint(result)


def test_unreadable_file_is_a_negative_verdict(run: Run, photo: Path) -> None:
    photo.write_bytes(b"no picture")
    result = run("verify", "--json", photo)
    assert result.returncode == 1
    assert lines(result)[0]["verdict"] == "unreadable"


def test_worst_result_decides_the_exit_code(run: Run, photo: Path) -> None:
    result = run("verify", "--json", photo, "no.jpg")
    assert result.returncode == 3
    assert lines(result)[0]["verdict"] == "unmarked"
    assert "error" in lines(result)[1]


@pytest.mark.parametrize("command", ["init", "mark", "verify", "inspect", "demo"])
def test_help_has_examples(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0
    assert f"countermark {command}" in result.stdout
    assert "For example" in result.stdout


def test_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").stdout == f"countermark {version('countermark')}\n"


def test_help_has_the_exit_codes(run: Run) -> None:
    assert "1 the verdict is negative" in run("--help").stdout


@pytest.mark.parametrize("arguments", [("--help",), ("verify", "--unheard-of"), ("keys", "list")])
def test_process_that_starts_anew_does_the_same(run: Run, arguments: tuple[str, ...]) -> None:
    """As those of `run` do, which have imported everything before; see warm_start.py."""
    anew = subprocess.run(
        [sys.executable, "-m", "countermark", *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    warm = run(*arguments)
    assert anew.returncode == warm.returncode
    for told, expected in ((anew.stdout, warm.stdout), (anew.stderr, warm.stderr)):
        assert told.replace("python -m countermark", "countermark").split() == expected.split()


def test_defects_end_in_one_sentence(run: Run, photo: Path) -> None:
    """A defect of ours, staged: nothing in the program itself can be made to fail that way."""
    code = "import countermark.cli as cli, typer\ncli.app = lambda: 1 / 0\ncli.main()\n"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 3
    assert "Please report this" in complaint(result)


def test_closed_pipe_is_no_failure_of_ours(run: Run, photo: Path) -> None:
    command = f"{sys.executable} -m countermark verify {photo} {photo} | head -c 1"
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.stdout, result.stderr) == (str(photo)[0], "")
