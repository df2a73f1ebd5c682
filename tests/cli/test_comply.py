"""`countermark comply`, and marking and publishing with profiles, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., tuple[int, str, str]]

RECORD = {
    "source": "ai-generated",
    "producer": {"name": "Example Works", "code": "001191350100M000100Y4310000"},
    "system": {"name": "Example Model", "version": "3"},
    "service_class": "immersive-scene",
}
PLATFORM = "001191350100M000100Y4328705"


@pytest.fixture
def marked(call: Call, photo: Path, tmp_path: Path) -> Path:
    (tmp_path / "record.json").write_text(json.dumps(RECORD), encoding="utf-8")
    assert call("init")[0] == 0
    done = call(
        *("mark", photo, "--out", tmp_path / "marked.jpg"),
        *("--record", tmp_path / "record.json", "--profile", "cn,us-ca"),
    )
    assert done[0] == 0, done[2]
    return tmp_path / "marked.jpg"


def test_text_names_rule_clause_evidence_and_remedy(run: Run, marked: Path) -> None:
    good = run("comply", marked, "--profile", "cn", "--profile", "us-ca")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("The file shows that every duty below was met.\n")
    assert "  satisfied       cn-implicit-label\n" in good.stdout
    assert max(map(len, good.stdout.splitlines())) <= 100
    bad = run("comply", marked, "--profile", "eu")
    assert bad.returncode == 1
    for part in ("missing         eu-time-stamp", "measure 1.1.1", "-> Name a server with"):
        assert part in bad.stdout


def test_json_says_the_same(call: Call, marked: Path) -> None:
    code, output, _ = call("comply", marked, "--profile", "cn,eu", "--json")
    found = json.loads(output)
    assert code == 1
    assert found["complies"] is False
    statuses = {one["rule"]: one["status"] for one in found["rules"]}
    assert statuses["cn-explicit-label"] == "satisfied"
    assert statuses["eu-time-stamp"] == "missing"


@pytest.mark.parametrize("names", ["atlantis", "cn,,atlantis", "house.toml"])
def test_unknown_profile_is_an_error_not_a_verdict(names: str, call: Call, marked: Path) -> None:
    code, output, complaint = call("comply", marked, "--profile", names)
    assert (code, output) == (3, "")
    assert "profile" in complaint


def test_missing_file(call: Call) -> None:
    assert call("comply", "missing.jpg", "--profile", "cn")[0] == 3


def test_mark_refuses_what_a_profile_lacks_and_says_what(call: Call, photo: Path) -> None:
    call("init")
    out = photo.with_name("out.jpg")
    options = ("--source", "ai-generated", "--profile", "cn")
    code, _, complaint = call("mark", photo, "--out", out, *options)
    assert code == 3
    assert "cn-implicit-label" in complaint
    assert not out.exists()


def test_platform_publishes_what_was_marked(call: Call, marked: Path) -> None:
    out = marked.with_name("published.jpg")
    code, output, complaint = call(
        *("labels", "ingest", marked, "--out", out, "--as", PLATFORM, "--id", "post-42", "--json")
    )
    assert code == 0, complaint
    said = json.loads(output)
    assert (said["decision"], said["notice_zh"]) == ("is", "是")
    assert said["label"]["ContentProducer"] == RECORD["producer"]["code"]  # type: ignore[index]
    assert said["label"]["ContentPropagator"] == PLATFORM
    assert call("comply", out, "--profile", "cn")[0] == 0
    assert call("lint", out)[0] == 0
