"""Marks on full disks, one size after another: `python full_disk_worker.py HOW PICTURE KIB...`.

HOW is "tmpfs", in a mount namespace of its own, for real disks that get full, or "limit" for files
that may not grow beyond the size. Prints a line for each size: pictures marked, and what was said.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from countermark import keys, mark, verify
from countermark.errors import DestinationNotWritable
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict

RECORD = Record(source=DigitalSource.CAPTURED)
ENOUGH_KIB = 4096


@contextlib.contextmanager
def disk(folder: Path, size_kib: int) -> Iterator[Callable[[], None]]:
    """The folder is a disk of that size; the function given makes it larger."""
    size = f"size={size_kib}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", folder], check=True)
    try:
        yield lambda: enlarge(folder)
    finally:
        subprocess.run(["umount", folder], check=True)


def enlarge(folder: Path) -> None:
    option = f"remount,size={ENOUGH_KIB}k"
    subprocess.run(["mount", "-o", option, folder], check=True)


@contextlib.contextmanager
def limit(folder: Path, size_kib: int) -> Iterator[Callable[[], None]]:
    """No file grows beyond that size; the function given lifts this."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (size_kib * 1024, hard))
    try:
        yield lift
    finally:
        lift()


def mark_until_full(picture: Path, folder: Path, enlarge: Callable[[], None]) -> tuple[int, str]:
    """How many pictures were marked, and the first refusal."""
    signer = keys.open_home().signer()
    path = folder / "registry.sqlite3"
    acknowledged: dict[int, Path] = {}

    def mark_next() -> None:
        out = folder / f"{len(acknowledged)}.jpg"
        with Registry.open(path) as registry:
            done = mark(picture, out, record=RECORD, signer=signer, registry=registry)
        acknowledged[done.payload] = out

    said = ""
    while not said:
        try:
            mark_next()
        except DestinationNotWritable as error:
            said = str(error)
    expect_all(folder, path, acknowledged)
    enlarge()
    mark_next()
    expect_all(folder, path, acknowledged)
    assert all(verify(file).verdict is Verdict.INTACT for file in acknowledged.values())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return len(acknowledged) - 1, said


def expect_all(folder: Path, path: Path, acknowledged: dict[int, Path]) -> None:
    """What was acknowledged is there, and no other entry or file."""
    assert {file.name for file in folder.iterdir() if "sqlite3" not in file.name} == {
        file.name for file in acknowledged.values()
    }
    with Registry.open(path) as registry:
        assert {entry.payload for entry in registry.all_entries()} == set(acknowledged)
        registry.log.check()
        assert all(registry.find_leaf(payload) is not None for payload in acknowledged)


def main(how: str, picture: Path, sizes: list[int]) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for size_kib in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with {"tmpfs": disk, "limit": limit}[how](folder, size_kib) as enlarge:
                count, said = mark_until_full(picture, folder, enlarge)
                print(size_kib, count, said, flush=True)
                for file in folder.iterdir():
                    file.unlink()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(size) for size in sys.argv[3:]])
