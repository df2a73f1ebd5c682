"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countermark.cli import app
from countermark.cli.output import FAILURE
from countermark.errors import CountermarkError

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, countermark: str) -> Run:
    """Runs `countermark` in the test's folder; the home folder is the test's own."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [countermark, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", **environment},
            check=False,
        )
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run


@pytest.fixture
def call() -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process, which is faster: its exit code, output and complaints."""

    def call(*arguments: object, stdin: str = "") -> tuple[int, str, str]:
        result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
        if isinstance(result.exception, CountermarkError):
            return FAILURE, result.stdout, f"{result.stderr}{result.exception}"
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return call
