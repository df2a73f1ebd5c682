"""Hostile manifests, rightly signed: linting and reading them takes 2 s and 200 MB at most."""

from __future__ import annotations

import hashlib
import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark import jumbf
from countermark.credentials import Trust, claim, read_detached
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


Check = Callable[[bytes], None]


@pytest.fixture
def check_cost(warm: Path, tmp_path: Path) -> Check:
    """Lints and reads a store in a process of its own, whose memory is measured, all in all.

    Not by ru_maxrss: a child begins with that of its parent.
    """

    def check_cost(store: bytes) -> None:
        path = tmp_path / "hostile.c2pa"
        path.write_bytes(store)
        command = [warm / "python", "-c", MEASURE, str(path)]
        result = subprocess.run(command, capture_output=True, check=True, timeout=60)
        seconds, kilobytes = map(float, result.stdout.split())
        assert seconds < 2
        assert kilobytes / 1024 < 200

    return check_cost


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
def test_hostile_assertion_costs_little(forged: Forged, content: bytes, check_cost: Check) -> None:
    store = forged(lambda draft: draft.put("c2pa.soft-binding__2", content))
    check_cost(store)


@pytest.mark.parametrize(
    "label",
    [
        "c2pa.actions.v2",
        "org.example",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("c2pa.ingredient.v3", "cawg.metadata")),
    ],
)
def test_many_hostile_assertions_cost_little(forged: Forged, label: str, check_cost: Check) -> None:
    def fill(draft: Any) -> None:
        for number in range(2, 14):
            draft.put(f"{label}__{number}", HOSTILE["many maps"])

    store = forged(fill)
    check_cost(store)
    assert "assertion-malformed" in {finding.rule for finding in lint(io.BytesIO(store))}


def numbered(label: str, number: int, data: Any) -> Callable[[Any], None]:
    def fill(draft: Any) -> None:
        for index in range(number):
            draft.put(f"{label}__{index + 1}", data)

    return fill


@pytest.mark.parametrize("number", [900, 10_000])
@pytest.mark.parametrize("label", ["c2pa.actions.v2", "org.example"])
def test_many_assertions_cost_little(
    forged: Forged, label: str, number: int, check_cost: Check
) -> None:
    """The library's time grows with their square: 10,000 of them took it minutes."""
    store = forged(numbered(label, number, {"actions": [{"action": "c2pa.edited"}]}))
    check_cost(store)
    refused = number > 1000
    assert ("too many boxes" in reasons(store)) == refused


@pytest.mark.parametrize("number", [100, 200, 3000])
def test_many_ingredients_cost_little(forged: Forged, number: int, check_cost: Check) -> None:
    """Each is the same earlier manifest, or one another, or the manifest itself."""
    earlier = manifest_of(forged(lambda draft: relabel(draft, "urn:c2pa:earlier")))
    digest = hashlib.sha256(earlier[8:]).digest()
    reference = {"url": "self#jumbf=/c2pa/urn:c2pa:earlier", "hash": digest}
    data = {"relationship": "componentOf", "dc:title": "again", "activeManifest": reference}
    active = manifest_of(forged(numbered("c2pa.ingredient.v3", number, data)))
    store = joined(earlier, active)
    check_cost(store)
    assert ("too many" in reasons(store)) == (number > 256)


def test_manifests_that_are_each_others_ingredients_end(forged: Forged, check_cost: Check) -> None:
    manifests = []
    for own, other in (("one", "two"), ("two", "one"), ("self", "self")):

        def edit(draft: Any, own: str = own, other: str = other) -> None:
            relabel(draft, f"urn:c2pa:{own}")
            reference = {"url": f"self#jumbf=/c2pa/urn:c2pa:{other}", "hash": bytes(32)}
            data = {"relationship": "parentOf", "dc:title": "x", "activeManifest": reference}
            draft.put("c2pa.ingredient.v3", data)

        manifests.append(manifest_of(forged(edit)))
    for store in (joined(*manifests[:2]), joined(manifests[2])):
        check_cost(store)
        found = read_detached(store, trust=Trust.nobody())
        assert not (found.signature_valid and found.assertions_valid)


def test_many_manifests_cost_little(forged: Forged, check_cost: Check) -> None:
    one = manifest_of(forged(lambda draft: relabel(draft, "urn:c2pa:00000")))
    for number in (250, 300):
        others = (one.replace(b"urn:c2pa:00000", b"urn:c2pa:%05d" % n) for n in range(number))
        store = joined(*others)
        check_cost(store)
        assert ("too many" in reasons(store)) == (number > 256)


@pytest.mark.parametrize("depth", [200, 60_000])
def test_deep_boxes_cost_little(forged: Forged, depth: int, check_cost: Check) -> None:
    description = b"\0\0\0\x1bjumd" + jumbf.STORE_UUID + b"\x03a\0"
    size = 8 + len(description)
    deep = b"".join(
        (size * (depth - at)).to_bytes(4, "big") + b"jumb" + description for at in range(depth)
    )
    check_cost(joined(deep))


def test_compressed_manifest_is_not_expanded(forged: Forged, check_cost: Check) -> None:
    """A brob box, of Brotli that would expand without end, or of nonsense."""
    identity = jumbf.type_uuid(b"c2cm")
    description = b"jumd" + identity + b"\x03urn:c2pa:small\0"
    body = (len(description) + 4).to_bytes(4, "big") + description
    endless = b"\x5b\xff\xff\xff" + bytes(60_000)
    for content in (endless, b"jumb" + endless, b""):
        brob = (len(content) + 8).to_bytes(4, "big") + b"brob" + content
        store = joined((len(body + brob) + 8).to_bytes(4, "big") + b"jumb" + body + brob)
        check_cost(store)
        assert not read_detached(store, trust=Trust.nobody()).signature_valid


def test_many_certificates_cost_little(
    forged: Forged, signer: Any, chain_of: Callable[..., list[bytes]], check_cost: Check
) -> None:
    def crowd(draft: Any) -> None:
        draft.protected[33] = chain_of(*signer.chain) + chain_of(signer.chain[1]) * 1200

    store = forged(crowd)
    check_cost(store)
    with pytest.raises(UnreadableManifest, match="too many certificates"):
        claim.parse(store).chain()


@pytest.mark.parametrize("number", [1, 23])
def test_many_actions_cost_little(forged: Forged, number: int, check_cost: Check) -> None:
    """23 manifests of 25,000 actions each took the library 7 s and 540 MB."""
    actions = {"actions": [{"action": "c2pa.edited"}] * 25_000}

    def fill(draft: Any) -> None:
        draft.put("c2pa.actions.v2", actions)
        relabel(draft, "urn:c2pa:00000")

    one = manifest_of(forged(fill))
    others = (one.replace(b"urn:c2pa:00000", b"urn:c2pa:%05d" % n) for n in range(number))
    store = joined(*others)
    check_cost(store)
    assert ("states more than 2 MiB" in reasons(store)) == (number > 1)


def test_large_store_is_not_read(forged: Forged, check_cost: Check) -> None:
    for megabytes in (14, 40):
        zeros = bytes(megabytes << 20)
        content = (len(zeros) + 8).to_bytes(4, "big") + b"bidb" + zeros
        store = forged(lambda draft, content=content: draft.put("org.example", content))
        check_cost(store)
        assert ("more than 16 MiB" in reasons(store)) == (megabytes > 16)


def reasons(store: bytes) -> str:
    return read_detached(store, trust=Trust.nobody()).explanation


def relabel(draft: Any, label: str) -> None:
    draft.label = label
    draft.claim["signature"] = "self#jumbf=c2pa.signature"


def manifest_of(store: bytes) -> bytes:
    box = jumbf.parse(store).children[-1]
    return store[box.start : box.end]


def joined(*manifests: bytes) -> bytes:
    description = b"\0\0\0\x1ejumd" + jumbf.STORE_UUID + b"\x03c2pa\0"
    content = description + b"".join(manifests)
    return (len(content) + 8).to_bytes(4, "big") + b"jumb" + content


def test_hostile_claim_costs_little(forged: Forged, check_cost: Check) -> None:
    """Ten thousand references to one large box: hashed each time, that would take minutes."""

    def repeat(draft: Any) -> None:
        zeros = b"\x5a" + (900_000).to_bytes(4, "big") + bytes(900_000)
        draft.put("org.example.large", cbor_box(zeros))
        wrong = {"url": "self#jumbf=c2pa.assertions/org.example.large", "hash": b"wrong"}
        draft.claim["created_assertions"] += [dict(wrong) for _ in range(10_000)]
        draft.final = True

    store = forged(repeat)
    check_cost(store)
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
