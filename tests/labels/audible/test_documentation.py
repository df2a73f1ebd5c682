"""What docs/labels.md shows of labels that are heard is what happens."""

import re
from pathlib import Path

import pytest

from countermark.labels.audible import rhythms_in

DOCUMENT = Path(__file__).parents[3] / "docs/labels.md"


def test_python_runs_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S)
    [shown] = [block for block in blocks if "labels.audible" in block]
    exec(compile(shown, DOCUMENT.name, "exec"), {})
    assert capsys.readouterr().out == "untouched\n"
    assert len(rhythms_in("labelled.wav")) == 1
