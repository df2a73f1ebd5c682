"""Another process that searches a registry: `python search_worker.py VERB PATH NUMBER`.

Every verb prints "ready" when it has come to its point and then waits for a line.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

from countermark.registry import Registry
from countermark.registry import sqlite_search as search


def ready() -> None:
    """Tells the test, and waits for it."""
    print("ready", flush=True)
    sys.stdin.readline()


def find(registry: Registry, payload: int) -> list[int]:
    """Payloads of what resembles that entry."""
    entry = registry.find_payload(payload)
    assert entry is not None
    return [found.payload for found, _ in registry.find_similar([entry.pdq])]


def search_until_all_are_there(path: Path, scanned: int) -> None:
    """Searches until the writer has added its last entry; every one it has seen stays found."""
    search.SCANNED_ROWS = scanned
    ready()
    with Registry.open(path) as registry:
        seen = 0
        while seen < 60:
            while registry.find_payload(1000 + seen) is not None:
                seen += 1
            for payload in (3, *range(1000, 1000 + seen)):
                assert payload in find(registry, payload), payload


def add(path: Path, count: int) -> None:
    """Adds entries like others."""
    ready()
    with Registry.open(path) as registry:
        for number in range(count):
            known = registry.find_payload(number % 100)
            assert known is not None
            pdq = bytes(
                byte ^ (number if place == 5 else 0) for place, byte in enumerate(known.pdq)
            )
            with registry.adding(dataclasses.replace(known, payload=1000 + number, pdq=pdq)):
                pass


def stop_before_replacing(path: Path, scanned: int) -> None:
    """Stops when the draft is whole and not yet in its place."""
    search.SCANNED_ROWS = scanned
    os.replace = lambda *_: ready()  # type: ignore[assignment]
    with Registry.open(path) as registry:
        find(registry, 3)


if __name__ == "__main__":
    verbs = {
        "search": search_until_all_are_there,
        "add": add,
        "stop_before_replacing": stop_before_replacing,
    }
    verbs[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
