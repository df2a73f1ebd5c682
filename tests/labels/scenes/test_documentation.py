"""What docs/labels.md says of virtual scenes is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countermark import keys
from countermark.cli import app
from countermark.labels.scenes import Overlay
from countermark.labels.visible import wording
from countermark.record import (
    DigitalSource,
    Filing,
    Producer,
    ProviderCode,
    Record,
    ServiceClass,
)

DOCUMENT = Path(__file__).parents[3] / "docs/labels.md"
SECTION = re.split(
    r"^## ", DOCUMENT.read_text("utf-8").partition("\n## Virtual scenes")[2], flags=re.M
)[0]
RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=ProviderCode("001191110102MACQD9K64010000")),
    service_class=ServiceClass.IMMERSIVE_SCENE,
    content_id="room-7",
    filing=Filing(number="Filing 1234567890", url="https://example.org/filing"),
    label=Overlay.of(wording("cn"), seconds=3).label,
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)


def test_commands_work(
    cube: bytes, home: keys.Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("room.glb").write_bytes(cube)
    Path("record.json").write_text(RECORD.to_json(), "utf-8")
    for line in blocks("sh")[0].splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "countermark":
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, (line, result.output, result.exception)


def test_python_prints_what_it_must(capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):
        exec(compile(block, "labels.md", "exec"), {})
    said = capsys.readouterr().out
    assert '"text":"AI生成"' in said
    assert said.endswith("(720, 1280, 4) True True\n")
