"""Hostile manifests, rightly signed: linting and reading them takes 2 s and 200 MB at most."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark.credentials import claim
from countermark.credentials.lint import lint
from countermark.errors import UnreadableManifest

MEASURE = """
import re, sys, time
from pathlib import Path
from countermark.credentials import Trust, read_detached
from countermark.credentials.lint import lint
begin = time.process_time()
lint(Path(sys.argv[1]))
read_detached(Path(sys.argv[1]).read_bytes(), trust=Trust.nobody())
print(time.process_time() - begin)
status = Path("/proc/self/status")
print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1] if status.exists() else 0)
"""


def check_cost(store: bytes, folder: Path) -> None:
    """Lint and read it in a process of its own, whose memory is measured, interpreter included.

    Not by ru_maxrss: a child begins with that of its parent.
    """
    path = folder / "hostile.c2pa"
    path.write_bytes(store)
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, str(path)]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)
    seconds, kilobytes = map(float, result.stdout.split())
    assert seconds < 2
    assert kilobytes / 1024 < 200


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
    check_cost(store, tmp_path)


@pytest.mark.parametrize(
    "label", ["c2pa.actions.v2", "c2pa.ingredient.v3", "cawg.metadata", "org.example"]
)
def test_many_hostile_assertions_cost_little(forged: Forged, label: str, tmp_path: Path) -> None:
    def fill(draft: Any) -> None:
        for number in range(2, 14):
            draft.put(f"{label}__{number}", HOSTILE["many maps"])

    store = forged(fill)
    check_cost(store, tmp_path)
    assert "assertion-malformed" in {finding.rule for finding in lint(io.BytesIO(store))}


def test_hostile_claim_costs_little(forged: Forged, tmp_path: Path) -> None:
    """Ten thousand references to one large box: hashed each time, that would take minutes."""

    def repeat(draft: Any) -> None:
        zeros = b"\x5a" + (900_000).to_bytes(4, "big") + bytes(900_000)
        draft.put("org.example.large", cbor_box(zeros))
        wrong = {"url": "self#jumbf=c2pa.assertions/org.example.large", "hash": b"wrong"}
        draft.claim["created_assertions"] += [dict(wrong) for _ in range(10_000)]
        draft.final = True

    store = forged(repeat)
    check_cost(store, tmp_path)
    assert len(lint(io.BytesIO(store))) == 1000
    with pytest.raises(UnreadableManifest, match="twice"):
        claim.parse(store)


def test_assertions_that_are_too_large_together_are_not_decoded(forged: Forged) -> None:
    def fill(draft: Any) -> None:
        for number in range(2, 5):
            content = cbor_box(b"\x5a" + (400_000).to_bytes(4, "big") + bytes(400_000))
            draft.put(f"c2pa.actions.v2__{number}", content)

    parsed = claim.parse(forged(fill))
    with pytest.raises(UnreadableManifest, match="too large"):
        next(parsed.named("c2pa.actions.v2"))


def test_ingredients_that_are_too_large_together_are_not_decoded(forged: Forged) -> None:
    def fill(draft: Any) -> None:
        for number in range(2, 12):
            content = cbor_box(b"\x5a" + (900_000).to_bytes(4, "big") + bytes(900_000))
            draft.put(f"c2pa.ingredient.v3__{number}", content)

    with pytest.raises(UnreadableManifest, match="ingredients are too large"):
        claim.parse(forged(fill))
