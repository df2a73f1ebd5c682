"""`countermark keys timestamps`, and mark and sign with it, as a user runs them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark import keys

Run = Callable[..., subprocess.CompletedProcess[str]]
DEAD = "http://127.0.0.1:1/"


@pytest.fixture
def ready(run: Run, home: keys.Home, time_server: Any, tmp_path: Path) -> None:
    """A home that names the time server, after a dead one, and trusts its root."""
    (tmp_path / "root.pem").write_bytes(time_server.root)
    assert run("trust", "add", "root.pem", "--kind", "timestamp").returncode == 0
    done = run("keys", "timestamps", "--server", DEAD, "--server", time_server.url)
    assert done.returncode == 0, done.stderr
    assert DEAD in done.stdout
    assert time_server.url in done.stdout


def test_nothing_is_asked_until_a_server_is_named(
    run: Run, home: keys.Home, time_server: Any, photo: Path
) -> None:
    shown = run("keys", "timestamps")
    assert "No timestamp server is named" in shown.stdout
    assert json.loads(run("keys", "timestamps", "--json").stdout) == {"servers": []}
    done = run("mark", photo, "--out", "marked.jpg", "--json")
    assert json.loads(done.stdout)["waits_for_time_stamp"] is False
    flushed = run("keys", "timestamps", "--flush")
    assert flushed.returncode == 3
    assert "Name one with keys timestamps --server URL" in flushed.stderr
    assert time_server.asked == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--server", "ftp://time.example"),
        ("--server", "http://time.example", "--no-server"),
        ("--drop",),
    ],
)
def test_what_makes_no_sense_is_said(run: Run, home: keys.Home, options: tuple[str, ...]) -> None:
    done = run("keys", "timestamps", *options)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert keys.timestamp_servers(home) == ()


def test_servers_are_taken_away(run: Run, home: keys.Home, ready: None) -> None:
    assert len(keys.timestamp_servers(home)) == 2
    assert run("keys", "timestamps", "--no-server").returncode == 0
    assert keys.timestamp_servers(home) == ()


def test_mark_and_sign_ask_and_verify_tells(
    run: Run, ready: None, time_server: Any, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "drawing.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"
    )
    assert run("mark", photo, "--out", "marked.jpg").stderr == ""
    assert run("sign", "drawing.svg", "--out", "signed.svg").stderr == ""
    assert time_server.asked == 2
    said = run("verify", "marked.jpg")
    assert said.returncode == 0
    assert "Clock, Example Ltd proves that it was signed" in " ".join(said.stdout.split())
    (manifest, *_) = json.loads(run("verify", "--json", "marked.jpg").stdout)["evidence"]
    assert manifest["time_stamped_by"] == "Clock, Example Ltd"
    assert json.loads(run("keys", "timestamps", "--json").stdout)["servers"][0] == DEAD


def test_files_wait_while_no_server_answers_and_are_stamped_later(
    run: Run, ready: None, time_server: Any, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "drawing.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"
    )
    time_server.answers = False
    marked = run("mark", photo, "--out", "marked.jpg")
    signed = run("sign", "drawing.svg", "--out", "signed.svg", "--json")
    assert (marked.returncode, signed.returncode) == (0, 0)
    assert "no time stamp yet; countermark keys timestamps --flush adds it" in marked.stdout
    assert marked.stderr.startswith("Note: No timestamp server gave a valid time stamp")
    assert marked.stderr.count("\n") == 1
    assert json.loads(signed.stdout)["waits_for_time_stamp"] is True
    assert run("verify", "marked.jpg").returncode == 0

    shown = run("keys", "timestamps").stdout
    assert "Files that wait for a time stamp: 2" in shown
    assert str(tmp_path / "signed.svg") in shown
    failed = run("keys", "timestamps", "--flush", "--drop")
    assert failed.returncode == 3
    assert failed.stderr.count("waiting (No timestamp server gave") == 2

    time_server.answers = True
    (tmp_path / "signed.svg").unlink()
    lines = run("keys", "timestamps", "--flush", "--json").stdout.splitlines()
    status = {Path(line["file"]).name: line for line in map(json.loads, lines)}
    assert status["marked.jpg"]["status"] == "stamped"
    assert status["signed.svg"]["status"] == "waiting"
    assert "cannot be read" in status["signed.svg"]["error"]
    dropped = run("keys", "timestamps", "--flush", "--drop")
    assert dropped.returncode == 0
    assert "signed.svg: dropped" in dropped.stderr
    assert "Files that wait for a time stamp: 0" in run("keys", "timestamps").stdout

    said = " ".join(run("verify", "marked.jpg").stdout.split())
    assert "INTACT" in said
    assert "by a time stamp that was added later" in said
    again = run("mark", photo, "--out", "marked.jpg")
    assert "(done before)" in again.stdout


def test_flush_opens_an_encrypted_key_only_when_it_signs(
    run: Run, tmp_path: Path, time_server: Any, photo: Path
) -> None:
    secret = {"COUNTERMARK_PASSPHRASE": "a long one", "COUNTERMARK_HOME": str(tmp_path / "locked")}
    locked = {"COUNTERMARK_HOME": secret["COUNTERMARK_HOME"]}
    (tmp_path / "root.pem").write_bytes(time_server.root)
    run("init", **secret)
    run("trust", "add", "root.pem", "--kind", "timestamp", **secret)
    run("keys", "timestamps", "--server", time_server.url, **secret)
    time_server.answers = False
    assert run("mark", photo, "--out", "marked.jpg", **secret).returncode == 0
    time_server.answers = True
    refused = run("keys", "timestamps", "--flush", **locked)
    assert refused.returncode == 3
    assert "waiting" in refused.stderr
    assert run("keys", "timestamps", "--flush", **secret).returncode == 0
