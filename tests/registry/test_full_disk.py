"""Disks that get full at any moment: a clear refusal, and everything else as it was."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import keys

WORKER = Path(__file__).with_name("full_disk_worker.py")
FIFTY_SIZES_KIB = range(5, 505, 10)
NAMESPACE = ("unshare", "--map-root-user", "--mount")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(60, 200, (256, 256, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.jpg", quality=50)
    return tmp_path / "picture.jpg"


def can_mount(folder: Path) -> bool:
    """Whether a file system of our own can be had here; containers often forbid it."""
    try:
        command = [*NAMESPACE, "mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="file systems of known size")
@pytest.mark.parametrize(
    "sizes", [FIFTY_SIZES_KIB[::4], pytest.param(FIFTY_SIZES_KIB, marks=pytest.mark.slow)], ids=len
)
def test_full_disks(tmp_path: Path, picture: Path, home: keys.Home, sizes: range) -> None:
    """A file system for each size where one may be mounted; otherwise a limit on each file."""
    namespace, how = (NAMESPACE, "tmpfs") if can_mount(tmp_path) else ((), "limit")
    expect_refusals(namespace, how, picture, sizes)


def test_files_that_may_not_grow(picture: Path, home: keys.Home) -> None:
    expect_refusals((), "limit", picture, range(54, 255, 50))


def expect_refusals(namespace: tuple[str, ...], how: str, picture: Path, sizes: range) -> None:
    command = [*namespace, sys.executable, WORKER, how, picture, *map(str, sizes)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    told = [line.split(" ", 2) for line in result.stdout.splitlines()]
    assert [int(size) for size, _, _ in told] == list(sizes)
    counts = [int(count) for _, count, _ in told]
    assert counts[0] == 0
    assert counts[-1] > 0
    reason = os.strerror(errno.ENOSPC if how == "tmpfs" else errno.EFBIG)
    for _, _, said in told:
        assert reason in said or "disk is full" in said or "disk I/O error" in said
        assert "Check the folder, its rights and the space on the disk." in said
