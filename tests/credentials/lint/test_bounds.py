"""Hostile manifests, rightly signed: linting and reading them takes 2 s and 200 MB at most."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark.credentials import Trust, read_detached
from countermark.credentials.lint import lint


def seconds_of(store: bytes) -> float:
    begin = time.process_time()
    lint(io.BytesIO(store))
    read_detached(store, trust=Trust.nobody())
    return time.process_time() - begin


MEASURE = """
import re, sys
from pathlib import Path
from countermark.credentials import Trust, read_detached
from countermark.credentials.lint import lint
lint(Path(sys.argv[1]))
read_detached(Path(sys.argv[1]).read_bytes(), trust=Trust.nobody())
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak_megabytes_of(store: bytes, folder: Path) -> float:
    """Of a whole process that lints and reads it, the interpreter included; 0 where nothing tells.

    Not ru_maxrss: a child begins with that of its parent.
    """
    path = folder / "hostile.c2pa"
    path.write_bytes(store)
    if not Path("/proc/self/status").exists():
        return 0
    command = [sys.executable, "-c", MEASURE, str(path)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout) / 2**10


def cbor_box(data: bytes) -> bytes:
    return (len(data) + 8).to_bytes(4, "big") + b"cbor" + data


HOSTILE = {
    "nested arrays": cbor_box(b"\x81" * 500_000 + b"\0"),
    "nested tags": cbor_box(b"\xc1" * 500_000 + b"\0"),
    "nested maps": cbor_box(b"\xa1\0" * 250_000 + b"\0"),
    "long array": cbor_box(b"\x9b" + b"\xff" * 8),
    "long string": cbor_box(b"\x7b" + b"\xff" * 8),
    "endless array": cbor_box(b"\x9f" * 500_000),
    "many maps": cbor_box(b"\x9a\x00\x0f\xff\x00" + b"\xa0" * 0xFFF00),
    "too many maps": cbor_box(b"\x9a\x00\xff\xff\xff" + b"\xa0" * 0xFFFFFF),
    "laughs": cbor_box(b"\x82\xd8\x1c\x81\x62ha" + b"\xd8\x1d\x00"),
    "array in itself": cbor_box(b"\xd8\x1c\x81\xd8\x1d\x00"),
    "big number": cbor_box(b"\xc2\x5a\x00\x07\xff\xff" + b"\xff" * 0x7FFFF),
    "nested JSON": (1_000_008).to_bytes(4, "big") + b"json" + b"[" * 1_000_000,
    "many boxes": b"\0\0\0\x08free" * 200_000,
}


Forged = Callable[[Callable[[Any], None]], bytes]


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_assertion_costs_little(forged: Forged, content: bytes, tmp_path: Path) -> None:
    store = forged(lambda draft: draft.put("c2pa.soft-binding__2", content))
    assert seconds_of(store) < 2
    assert peak_megabytes_of(store, tmp_path) < 200


@pytest.mark.parametrize(
    "label",
    ["c2pa.actions.v2", "c2pa.ingredient.v3", "c2pa.soft-binding", "cawg.metadata", "org.example"],
)
def test_many_hostile_assertions_cost_little(forged: Forged, label: str, tmp_path: Path) -> None:
    def fill(draft: Any) -> None:
        for number in range(2, 14):
            draft.put(f"{label}__{number}", HOSTILE["many maps"])

    store = forged(fill)
    assert seconds_of(store) < 2
    assert peak_megabytes_of(store, tmp_path) < 250
    assert "assertion-malformed" in {finding.rule for finding in lint(io.BytesIO(store))}


def test_hostile_claim_costs_little(forged: Forged) -> None:
    """Ten thousand references to one large box: hashed each time, that would take minutes."""

    def repeat(draft: Any) -> None:
        zeros = b"\x5a" + (900_000).to_bytes(4, "big") + bytes(900_000)
        draft.put("org.example.large", cbor_box(zeros))
        wrong = {"url": "self#jumbf=c2pa.assertions/org.example.large", "hash": b"wrong"}
        draft.claim["created_assertions"] += [dict(wrong) for _ in range(10_000)]
        draft.final = True

    store = forged(repeat)
    assert seconds_of(store) < 2
    assert len(lint(io.BytesIO(store))) == 1000
