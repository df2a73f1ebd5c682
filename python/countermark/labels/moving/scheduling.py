"""Keeps an encoder from taking the machine: SVT-AV1 makes itself a real-time process where it may.

Run as root on Linux, it gives the thread that opens it, and all that it starts, the highest
real-time priority (SCHED_FIFO, 99), which other programs wait for, and child processes inherit.

>>> with ordinary_priority():
...     pass  # open the encoder here
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_THREADS: Final = Path("/proc/self/task")


@contextlib.contextmanager
def ordinary_priority() -> Iterator[None]:
    """Whatever the body does to the scheduling of this process is undone behind it."""
    before = _policies()
    try:
        yield
    finally:
        for thread, policy in _policies().items():
            if policy in (os.SCHED_FIFO, os.SCHED_RR) and before.get(thread) != policy:
                with contextlib.suppress(OSError):  # a thread that has ended
                    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _policies() -> dict[int, int]:
    """The scheduling of each thread, on Linux."""
    policies: dict[int, int] = {}
    for task in _THREADS.iterdir() if _THREADS.is_dir() else ():
        with contextlib.suppress(OSError):
            policies[int(task.name)] = os.sched_getscheduler(int(task.name))
    return policies
