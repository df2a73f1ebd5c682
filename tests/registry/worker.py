"""Another process that uses a registry: `python worker.py VERB PATH [NUMBER]`.

Every verb prints "ready" when it has come to its point and then waits for a line.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from countermark.errors import DestinationNotWritable
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry

NOBODY = 65_534


def ready() -> None:
    """Tells the test, and waits for it."""
    print("ready", flush=True)
    sys.stdin.readline()


def make_entry(payload: int, manifest: bytes = b"manifest") -> Entry:
    """An entry with that payload."""
    return Entry(
        payload=payload,
        pdq=bytes(32),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED),
        width=640,
        height=480,
        marked_at=datetime.now(timezone.utc),
    )


def add_five(path: Path, first: int) -> None:
    """Adds five entries, each with a file that its body makes."""
    ready()
    for payload in range(first, first + 5):
        with Registry.open(path) as registry, registry.adding(make_entry(payload)):
            path.with_name(f"{payload}.marked").touch()


def stop_inside(path: Path, payload: int) -> None:
    """Stays inside the body."""
    with Registry.open(path) as registry, registry.adding(make_entry(payload)):
        ready()


def fill_the_disk(path: Path, limit_bytes: int) -> None:
    """Adds a megabyte where files may have no more than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    expect_refusals([path], make_entry(2, bytes(1_000_000)))


def write_read_only(path: Path, payload: int) -> None:
    """Adds to a registry, and makes one, in a folder without the right to write."""
    with Registry.open(path):  # what Python imports late must not lie where only root may read
        make_entry(payload).record.to_json()
    if os.geteuid() == 0:
        os.setuid(NOBODY)  # rights do not bind root
    expect_refusals([path, path.with_name("new.sqlite3")], make_entry(payload))


def expect_refusals(paths: Iterable[Path], entry: Entry) -> None:
    """Reads every registry and fails unless adding to it is refused."""
    for path in paths:
        with Registry.open(path) as registry:
            assert (registry.find_payload(1) is not None) == path.exists()
            try:
                with registry.adding(entry):
                    raise AssertionError("the body ran")
            except DestinationNotWritable:
                continue
    ready()


if __name__ == "__main__":
    verbs = (add_five, stop_inside, fill_the_disk, write_read_only)
    verb = {function.__name__: function for function in verbs}[sys.argv[1]]
    verb(Path(sys.argv[2]), int(sys.argv[3]))
