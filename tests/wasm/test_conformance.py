"""The module in node passes the conformance kit, bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.wasm

KIT = Path(__file__).parents[1] / "conformance"


def test_module_passes_what_it_offers(node: str, package: Path) -> None:
    command = [node, KIT / "implementations/conform.mjs", package]
    required = "embed,detect,detect-keyed,pdq"
    done = subprocess.run(
        [sys.executable, KIT / "kit.py", "--timeout", "300", "--require", required, "--", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "close:" not in done.stdout
