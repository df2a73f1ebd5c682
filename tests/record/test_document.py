"""What docs/record.md shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countermark import keys
from countermark.cli import app

DOCUMENT = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def at_hand(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in with a photograph, and a home folder that is not made yet."""
    monkeypatch.chdir(photo.parent)


def test_python_blocks_print_what_they_say(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for block in blocks("python"):
        exec(compile(block, "record.md", "exec"), {})
        said = capsys.readouterr().out.strip()
        assert said == block.splitlines()[-1].rpartition("# ")[2]


def test_command_lines_work_and_say_what_is_shown(at_hand: None, home: keys.Home) -> None:
    shown = ""
    for block in blocks("sh"):
        for name, content in re.findall(r"^cat > (\S+) <<'END'\n(.*?)^END$", block, re.S | re.M):
            Path(name).write_text(content, encoding="utf-8")
        commands = re.sub(r"^cat > .*?^END$", "", block, flags=re.S | re.M).replace("\\\n", " ")
        for line in filter(None, commands.splitlines()):
            result = CliRunner().invoke(app, shlex.split(line)[1:])
            assert result.exit_code == 0, (line, result.output)
            shown += result.output
    for said in (
        "provided by  Example Works (001191350100M000100Y431MDL1)",
        "filed as     110000000000000000001, https://example.org/filing",
        "provided by  示例公司 (001191350100M000100Y4310000)",
    ):
        assert said in shown
