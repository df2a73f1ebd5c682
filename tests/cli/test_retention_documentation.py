"""docs/retention.md does what it says, from top to bottom."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark import keys

DOCUMENT = Path(__file__).parents[2] / "docs/retention.md"


def test_commands_run_one_after_the_other(
    run: Callable[..., subprocess.CompletedProcess[str]],
    photo: Path,
    home: keys.Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    warm: Path,
) -> None:
    marked = run("mark", photo, "--out", "marked.jpg", "--json")
    payload = json.loads(marked.stdout)["payload"]
    text = DOCUMENT.read_text("utf-8")
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (home.folder / "retention.toml").write_text(settings)
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    script = "".join(blocks).replace("0123456789abcdef", payload)
    script = script.replace("12345678901234567890123456789012", "$record")
    places = (os.fspath(warm), os.fspath(Path(sys.executable).parent), os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    result = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert '"prompt": "a cup on a table"' in result.stdout
    assert "1 records were erased." in result.stdout
    assert "invoice " in result.stdout
    assert result.stdout.splitlines()[-1] == "EVERYTHING HOLDS."


def test_the_example_in_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = DOCUMENT.read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    exec(compile(example, "retention.md", "exec"), {"payload": 7})
    assert (tmp_path / "personal-keys.sqlite3").is_file()
