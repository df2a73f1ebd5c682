"""docs/registry.md does what it says, from top to bottom."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/registry.md"


def chords() -> bytes:
    """Twenty seconds of WAV, in which something happens."""
    random = np.random.default_rng(1)
    time = np.arange(2756) / 11025
    tones = 110 * 2 ** (random.integers(0, 36, (80, 3)) / 12)
    parts = [(np.outer(three, time) % 1 - 0.5).sum(axis=0) for three in tones]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 11025, 0, "NONE", ""))
        file.writeframes((6000 * np.concatenate(parts)).astype("<i2").tobytes())
    return out.getvalue()


def test_commands_run_one_after_the_other(
    run, photo: Path, home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Path
) -> None:
    marked = run("mark", photo, "--out", "marked.jpg", "--json")
    payload = json.loads(marked.stdout)["payload"]
    (tmp_path / "speech.wav").write_bytes(chords())
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
    assert "RECOVERED: lost credentials were found again" in result.stdout, result.stdout[-3000:]
