"""The examples in docs/keys-stores.md do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SERVERS = ("EstIssuer(", "TimestampAuthority(")  # run where the tests of these have servers


def test_examples_run_one_after_the_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    photo: Path,
    home: Any,
    softhsm: Any,
    examples: list[str],
) -> None:
    """In a process of their own: they log in to a token, and use a keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setenv("KEYRING_PROPERTY_FILE_PATH", os.fspath(tmp_path / "keyring.cfg"))
    softhsm.make_token("cameras", "1234")
    local = [block for block in examples if not any(name in block for name in SERVERS)]
    assert len(local) == len(examples) - len(SERVERS) == 7
    code = "".join(local).replace("/usr/lib/softhsm/libsofthsm2.so", softhsm.library)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=photo.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["False True", "6 False"]
    for name in ("marked.jpg", "marked-by-kms.jpg", "marked-0.jpg", "marked-1.jpg"):
        assert (tmp_path / name).stat().st_size > photo.stat().st_size // 2
