"""docs/text.md does what it says, and its table is what was measured."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from countermark import keys, text

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/text.md").read_text("utf-8")
MEASURED = (ROOT / "bench/results/text_survival.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


def test_commands_run_one_after_the_other(
    home: keys.Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    program = 'countermark() { "$PYTHON" -m countermark "$@"; }\n' + "".join(blocks("sh"))
    result = subprocess.run(
        ["bash", "-euc", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("beside it") == 1
    assert result.stdout.count("INTACT") == 4


def test_example_prints_what_it_says(home: keys.Home, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python")
    names: dict[str, str] = {}
    exec(compile(example, "text.md", "exec"), names)
    said = re.findall(r"print\(.*\)  # (.*)", example)
    assert capsys.readouterr().out.split() == said == ["intact", "altered", "unmarked"]
    assert text.verify(names["page"], media_type="text/html").verdict.value == "intact"


@pytest.mark.parametrize(
    ("transform", "cells"),
    [
        ("NFD", ["intact", "altered 2, intact 3", "altered 2, intact 3"]),
        ("JSON", ["intact"] * 3),
        ("trimmed at both ends", ["intact", "altered 4, intact 1", "altered"]),
        ("a line end added", ["altered"] * 3),
        ("from a text field into another", ["intact"] * 3),
        ("from pre into a text field", ["intact", "altered 4, intact 1", "altered"]),
        ("quoted by > in an answer", ["altered"] * 3),
        ("variation selectors taken out", ["lost", "altered 1, intact 4", "altered 1, intact 4"]),
        ("first 2,000 characters", ["altered", "altered", "lost"]),
    ],
)
def test_what_is_stated_was_measured(transform: str, cells: list[str]) -> None:
    assert f"\n| {transform} | {' | '.join(cells)} |\n" in MEASURED
