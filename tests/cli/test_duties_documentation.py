"""docs/duties.md does what it says, from top to bottom."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from countermark import duties, keys
from countermark.registry import Registry
from countermark.registry.duties import ComplaintKind, ComplaintState, Term, complaints, read_terms
from countermark.registry.duties.grants import GRANTED
from countermark.registry.duties.models import KINDS

DOCUMENT = (Path(__file__).parents[2] / "docs/duties.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_commands_and_the_example_run_one_after_the_other(
    home: keys.Home, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    program = 'countermark() { "$PYTHON" -m countermark "$@"; }\n' + "".join(blocks("sh"))
    result = subprocess.run(
        ["bash", "-euc", program], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert "assessed 2026-11-01" in result.stdout
    assert '"recipient": "account 4711"' in result.stdout
    assert "must stay for 184 days" in result.stderr
    assert "1 records were erased." in result.stdout
    with Registry.open(home.registry_path) as registry:
        (complaint,) = registry.complaints.all(ComplaintState.CLOSED)
        assert complaint.record is None
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    exec(compile(example, "duties.md", "exec"), {})
    assert (tmp_path / "marked.jpg").exists()


def test_the_terms_that_are_shown_can_be_used(tmp_path: Path) -> None:
    (settings,) = blocks("toml")
    (tmp_path / "complaints.toml").write_text(settings, "utf-8")
    found = read_terms(tmp_path)
    assert found.terms[ComplaintKind.REPORT] == Term(7, working=False)
    assert (len(found.holidays), len(found.working_weekends)) == (3, 1)


def test_every_leaf_and_class_is_named() -> None:
    named = re.sub(r"`(\w+)-\w+`((?:, `-\w+`)+)", _spelled_out, DOCUMENT)
    for kind in (*KINDS, GRANTED, *complaints.KINDS.values()):
        assert f"`{kind}`" in named
    for one in duties.BIOMETRIC:
        assert f"`{one.value}`" in DOCUMENT


def _spelled_out(match: re.Match[str]) -> str:
    return match[0].replace("`-", f"`{match[1]}-")
