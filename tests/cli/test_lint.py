"""`countermark lint`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def marked(run: Run, photo: Path, tmp_path: Path) -> Path:
    run("init")
    assert run("mark", photo, "--out", "marked.jpg", "--title", "A cup").returncode == 0
    return tmp_path / "marked.jpg"


def test_what_we_mark_has_no_error(run: Run, marked: Path) -> None:
    result = run("lint", marked)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Manifest urn:c2pa:")
    assert result.stdout.endswith("\n0 errors, 0 warnings, 2 notes\n")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_is_marked_again_has_no_error(run: Run, marked: Path) -> None:
    assert run("mark", marked, "--out", "again.jpg").returncode == 0
    result = run("lint", "again.jpg")
    assert result.returncode == 0
    assert result.stdout.count("Manifest urn:c2pa:") == 2


def test_error_is_said_with_place_clause_and_remedy(run: Run, marked: Path) -> None:
    content = marked.read_bytes()
    marked.write_bytes(content.replace(b"allActionsIncluded", b"allActionsIncludeX"))
    result = run("lint", "marked.jpg")
    assert (result.returncode, result.stderr) == (1, "")
    assert "  error: actions-all-included\n" in result.stdout
    assert "      in c2pa.assertions/c2pa.actions.v2\n" in result.stdout
    assert "    -> Say by allActionsIncluded" in result.stdout
    assert "[C2PA 2.2, section 18.14.3" in result.stdout
    as_data = run("lint", "--json", "marked.jpg")
    assert as_data.returncode == 1
    (found,) = [
        line
        for line in map(json.loads, as_data.stdout.splitlines())
        if line["rule"] == "actions-all-included"
    ]
    assert found["file"] == "marked.jpg"
    assert found["severity"] == "error"
    assert found["where"].endswith("/c2pa.assertions/c2pa.actions.v2")


def test_file_without_manifest_is_a_warning(run: Run, photo: Path) -> None:
    result = run("lint", photo)
    assert result.returncode == 0
    assert result.stdout.startswith("File\n  warning: manifest-missing\n")


def test_missing_file_is_a_failure(run: Run) -> None:
    result = run("lint", "nowhere.jpg")
    assert result.returncode == 3
    assert "nowhere.jpg" in result.stderr
