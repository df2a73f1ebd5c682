"""Sounds made for the tests, and readers by others."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., bytes]:
    program = shutil.which("ffmpeg")
    assert program, "install ffmpeg"

    def run(*arguments: object, content: bytes = b"") -> bytes:
        command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        return subprocess.run(command, input=content, check=True, capture_output=True).stdout

    return run


@pytest.fixture(scope="session")
def decoded(ffmpeg: Callable[..., bytes]) -> Callable[..., np.ndarray]:
    """What a reader by others makes of a file: shape (length, channels), full scale 1."""

    def run(path: Path, channels: int) -> np.ndarray:
        content = ffmpeg("-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-")
        return np.frombuffer(content, "<f4").reshape(-1, channels)

    return run
