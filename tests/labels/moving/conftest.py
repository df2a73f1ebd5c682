"""Movies made for the tests, and readers by others."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., bytes]:
    program = shutil.which("ffmpeg")
    assert program, "install ffmpeg"

    def run(*arguments: object) -> bytes:
        command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, check=True, capture_output=True)
        assert not done.stderr, done.stderr  # a decoder that stumbles says so, and goes on
        return done.stdout

    return run


@pytest.fixture(scope="session")
def probe() -> Callable[..., dict[str, Any]]:
    program = shutil.which("ffprobe")
    assert program, "install ffmpeg"

    def run(path: Path, *options: str) -> dict[str, Any]:
        shown = ("-show_format", "-show_streams", "-show_chapters", *options)
        command = [program, "-v", "error", "-of", "json", *shown, path]
        answer: dict[str, Any] = json.loads(
            subprocess.run(command, check=True, capture_output=True).stdout
        )
        return answer

    return run
