"""What docs/labels.md says of labels in documents is what happens."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countermark import keys
from countermark.cli import app

DOCUMENT = Path(__file__).parents[3] / "docs/labels.md"
SECTION = re.split(
    r"^## ", DOCUMENT.read_text("utf-8").partition("\n## Labels in documents")[2], flags=re.M
)[0]
RECORD = {
    "source": "ai-generated",
    "producer": {"name": "Example Works", "code": "001191350100M000100Y4310000"},
    "service_class": "dialogue-or-writing",
    "filing": {"number": "110000000000000000001", "url": "https://example.org/filing"},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_commands_work(
    pdf: Callable[..., Path],
    docx: Path,
    home: keys.Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    pdf("letter.pdf")
    docx.rename("letter.docx")
    Path("letter.md").write_text("# A lake\n")
    Path("record.json").write_text(json.dumps(RECORD))
    for line in blocks("sh")[0].splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "countermark":
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, (line, done.output, done.exception)
    assert {path.name for path in tmp_path.glob("*.c2pa")} == {"signed.c2pa", "article.c2pa"}


def test_python_prints_what_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "labels.md", "exec"), {})
    assert capsys.readouterr().out == "AI生成 start\n"
