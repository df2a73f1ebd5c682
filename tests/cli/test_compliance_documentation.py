"""docs/compliance.md does what it says, from top to bottom."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from countermark.cli.labels import app
from countermark.labels.profiles import NAMES, profile

DOCUMENT = (Path(__file__).parents[2] / "docs/compliance.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def lake(photograph: Callable[..., Image.Image], tmp_path: Path) -> Path:
    path = tmp_path / "lake.png"
    photograph(long_edge=512).save(path)
    shutil.copy(path, tmp_path / "湖.png")
    (tmp_path / "house.toml").write_text("".join(blocks("toml")), encoding="utf-8")
    return path


@pytest.mark.slow
def test_commands_and_program_run(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    program = 'countermark() { "$PYTHON" -m countermark "$@"; }\n' + "".join(blocks("sh"))
    done = subprocess.run(
        ["bash", "-euc", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The file shows that every duty below was met.") == 2
    assert "Our house rules" in done.stdout
    assert "发布.png: This content was generated or edited by AI." in done.stdout
    (python,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", python], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.startswith("The file shows that every duty below was met."), done.stderr


def test_every_profile_has_its_part_and_its_date() -> None:
    for name in NAMES:
        assert f"(`{name}`)" in DOCUMENT
        assert profile(name).as_of.isoformat() in DOCUMENT


def test_every_command_that_a_table_names_exists() -> None:
    known = {command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    for named in re.findall(r"countermark labels ([a-z, ]+?)(?: -|`)", DOCUMENT):
        assert set(named.replace(" ", "").split(",")) <= known, named
