"""What docs/labels.md says of labels that people see is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from countermark.cli import app

DOCUMENT = Path(__file__).parents[3] / "docs/labels.md"
SECTION = re.split(
    r"^## ", DOCUMENT.read_text("utf-8").partition("## Labels that people see")[2], flags=re.M
)[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)


def test_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (400, 300), "teal").save("art.png")
    Path("article.md").write_text("# A lake\n")
    for line in blocks("sh")[0].splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "countermark":
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, (line, result.output, result.exception)
    assert Path("labelled.md").read_text("utf-8").count("AI生成") == 2


def test_python_prints_what_it_must(capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):
        exec(compile(block, "labels.md", "exec"), {})
    said = capsys.readouterr().out
    assert "('AI生成', '备案号：网信算备000000000000000000000号') True True" in said
    assert "[('AI生成', 'start')]" in said
    assert said.endswith("[AI-generated]\nIt is a lake.")
