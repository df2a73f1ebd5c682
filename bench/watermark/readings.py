"""Readings that were made before.

What a system reads depends on its code and the pixels alone. So a reading is kept, under both, in
build/bench/readings.sqlite: a run that was stopped goes on where it was, and what did not change
since another run (the other packages above all) is not measured again. Deleting the file measures
everything anew.
"""

import functools
import hashlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from bench.watermark.attacks import Pixels
from bench.watermark.systems import System

FILE = Path("build/bench/readings.sqlite")


@dataclass(frozen=True, slots=True)
class Reading:
    """One detection.

    Attributes:
        payload: What was read, or None.
        seconds: Of the processor, of one thread.
        kept: Whether it was made in an earlier run.
    """

    payload: int | None
    seconds: float
    kept: bool


def read(system: System, pixels: Pixels) -> Reading:
    """Reads the pixels, unless that was done before."""
    key = (system.name, system.version, _digest(pixels))
    query = "SELECT payload, seconds FROM readings WHERE (system, version, pixels) = (?, ?, ?)"
    row = _kept().execute(query, key).fetchone()
    if row is not None:
        return Reading(None if row[0] is None else int(row[0], 16), row[1], True)
    start = time.thread_time()
    payload = system.read(pixels)
    seconds = time.thread_time() - start
    text = None if payload is None else f"{payload:x}"  # SQLite's integers are signed
    with _kept() as database:
        database.execute("REPLACE INTO readings VALUES (?, ?, ?, ?, ?)", (*key, text, seconds))
    return Reading(payload, seconds, False)


def _digest(pixels: Pixels) -> str:
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


@functools.cache
def _kept() -> sqlite3.Connection:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(FILE, timeout=60)
    database.execute(
        "CREATE TABLE IF NOT EXISTS readings (system TEXT, version TEXT, pixels TEXT, "
        "payload TEXT, seconds REAL, PRIMARY KEY (system, version, pixels))"
    )
    return database
