"""docs/features.md does what it says, from top to bottom."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from countermark.screening.policy import Policy, read_policy

DOCUMENT = (Path(__file__).parents[2] / "docs/features.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_commands_run_one_after_the_other(
    home, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Path
) -> None:
    monkeypatch.setenv("PATH", f"{warm}{os.pathsep}{os.environ['PATH']}")
    program = "".join(blocks("sh"))
    result = subprocess.run(
        ["bash", "-euc", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    identifier = (tmp_path / "id").read_text().strip()
    assert result.stderr.splitlines() == [
        f"Next: another reviewer runs countermark features approve {identifier}"
    ]
    assert f"{identifier}  in force  refuted    false-context" in result.stdout
    assert "\nREFUTED: Not the flood of 2026\n" in result.stdout
    assert "0 features of countermark/" in result.stdout
    assert "count, 1 are revoked." in result.stdout


def test_the_policy_that_is_shown_is_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "features.toml"
    path.write_text("".join(blocks("toml")))
    assert read_policy(path) == Policy()
