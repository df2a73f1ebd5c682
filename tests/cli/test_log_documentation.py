"""docs/registry.md does what it says, from top to bottom."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/registry.md"


def test_commands_run_one_after_the_other(
    run, photo: Path, home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Path
) -> None:
    marked = run("mark", photo, "--out", "marked.jpg", "--json")
    payload = json.loads(marked.stdout)["payload"]
    blocks = re.findall(
        r"^```sh\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    script = "".join(blocks).replace("0123456789abcdef", payload)
    monkeypatch.setenv("PATH", f"{warm}{os.pathsep}{os.environ['PATH']}")
    result = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (0, "")
    proven = [line for line in result.stdout.splitlines() if line.startswith('{"at"')]
    assert json.loads(proven[-1])["payload"] == payload
    assert "1 entries were added" in result.stdout
    assert (tmp_path / "public-log/checkpoint").is_file()
