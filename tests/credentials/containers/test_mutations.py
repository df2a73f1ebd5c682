"""A thousand damaged and hostile files: a report for each, in bounds, and never a forgery.

The files are mutations of good ones by a seeded mutator, so that a failure can be repeated:
`mutation(sources, number)` is the same file every time. They are judged in processes of their
own, two at once, whose memory can be measured; this file is their program too. By default every
third is judged, of every kind, container and source; the rest is slow.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import jumbf
from countermark.credentials import (
    Manifest,
    Signed,
    SoftBinding,
    Trust,
    claim,
    containers,
    read,
)
from countermark.credentials.lint import lint
from countermark.errors import UnreadableManifest
from countermark.marking import mark
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict
from countermark.verifying import verify

SIGNED, OTHERS, MARKED, FOREIGN = 500, 380, 60, 60
PICTURES = {"image/jpeg", "image/png", "image/webp", "image/avif", "image/tiff"}
MAX_SECONDS = 2.0
MAX_MEGABYTES = 200
WORKERS = 2
CORPUS_FILES = (  # of those with a manifest, small ones and odd ones
    "CACA.jpg",
    "adobe_connected_identities.jpg",
    "enc-signed_test.jpg",
    "enc-corrupt_box_type.jpg",
    "enc-valid_jpeg_es256.jpg",
    "cloud.jpg",
    "tiff_poc.tiff",
)


# ---- the mutator ----
@dataclass(frozen=True)
class Segment:
    """A part of a container, and where its length is written."""

    start: int
    end: int
    length_at: int
    length_bytes: int


def segments(data: bytes) -> list[Segment]:
    """The marker segments, chunks, boxes or directory entries of a file."""
    walks = {
        "image/jpeg": _jpeg,
        "image/png": _png,
        "image/webp": _riff,
        "image/avif": _bmff,
        "image/tiff": _tiff,
    }
    kind = containers.media_type(data)
    for name, walk in walks.items():  # of every container with the same structure
        if kind and containers.MEDIA_TYPES[kind] is containers.MEDIA_TYPES[name]:
            return list(walk(data))
    return []


def _jpeg(data: bytes) -> Iterator[Segment]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield Segment(at, min(end, len(data)), at + 2, 2)
        at = end


def _png(data: bytes) -> Iterator[Segment]:
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield Segment(at, min(end, len(data)), at, 4)
        at = end


def _riff(data: bytes) -> Iterator[Segment]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        yield Segment(at, min(end, len(data)), at + 4, 4)
        at = end


def _bmff(data: bytes) -> Iterator[Segment]:
    at = 0
    while at + 8 <= len(data):
        end = at + max(8, int.from_bytes(data[at : at + 4], "big"))
        yield Segment(at, min(end, len(data)), at, 4)
        at = end


def _tiff(data: bytes) -> Iterator[Segment]:
    order: Any = "little" if data[:2] == b"II" else "big"
    at = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[at : at + 2], order)
    for start in range(at + 2, min(at + 2 + 12 * count, len(data) - 12), 12):
        yield Segment(start, start + 12, start + 4, 4)


LENGTHS = (0, 1, 2, 7, 8, 15, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
CBOR_HEADS = (b"\x9b", b"\xbb", b"\x5b", b"\x7b", b"\x9f", b"\xbf", b"\x5f", b"\xdb", b"\xd8\x1c")


def _number(chance: random.Random, length: int) -> bytes:
    value = chance.choice(LENGTHS) if chance.random() < 0.6 else chance.getrandbits(8 * length)
    return (value % 256**length).to_bytes(length, chance.choice(["big", "little"]))


def flip(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 8, 64])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def insert(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    at = chance.choice([len(data), chance.randrange(len(data))])
    return data[:at] + chance.randbytes(chance.choice([1, 8, 100])) + data[at:]


def delete(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice([1, 4, 50]) :]


def duplicate_segment(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    one, other = (chance.choice(segments(data)) for _ in range(2))
    return data[: other.start] + data[one.start : one.end] + data[other.start :]


def remove_segment(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    one = chance.choice(segments(data))
    return data[: one.start] + data[one.end :]


def swap_segments(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    parts = segments(data)
    one, other = sorted(chance.choices(parts, k=2), key=lambda part: part.start)
    if one == other:
        other = dataclasses.replace(one, start=one.end, end=one.end)
    return b"".join(
        (
            data[: one.start],
            data[other.start : other.end],
            data[one.end : other.start],
            data[one.start : one.end],
            data[other.end :],
        )
    )


def edit_length(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    one = chance.choice(segments(data))
    changed = bytearray(data)
    changed[one.length_at : one.length_at + one.length_bytes] = _number(chance, one.length_bytes)
    return bytes(changed)


def _boxes(store: bytes) -> list[jumbf.Box]:
    found = [jumbf.parse(store)]
    for box in found:
        found.extend(box.children)
    return found


def edit_box(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    """Change length, type or description of a JUMBF box."""
    location = containers.locate(data)
    assert location is not None
    store = bytearray(location.extract(data))
    box = chance.choice(_boxes(bytes(store)))
    at = chance.choice([0, 4, box.body - box.start])  # length, kind, first of the content
    size = chance.choice([1, 4])
    store[box.start + at : box.start + at + size] = _number(chance, size)
    return location.replace(data, bytes(store))


def swap_boxes(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    """Change places of two neighbours."""
    location = containers.locate(data)
    assert location is not None
    store = location.extract(data)
    parents = [box for box in _boxes(store) if len(box.children) > 1]
    children = chance.choice(parents).children
    first = chance.randrange(len(children) - 1)
    one, other = children[first : first + 2]
    swapped = store[other.start : other.end] + store[one.start : one.end]
    return location.replace(data, store[: one.start] + swapped + store[other.end :])


def edit_cbor(chance: random.Random, data: bytes, _other: bytes) -> bytes:
    """Change bytes of CBOR, among them into heads of hostile items."""
    location = containers.locate(data)
    assert location is not None
    store = bytearray(location.extract(data))
    box = chance.choice([box for box in _boxes(bytes(store)) if box.kind == b"cbor"])
    at = chance.randrange(box.body, box.end)
    hostile = (chance.choice(CBOR_HEADS) + b"\xff" * 8, b"\x81" * 200, chance.randbytes(1))
    put = chance.choice(hostile)[: box.end - at]
    store[at : at + len(put)] = put
    return location.replace(data, bytes(store))


def splice(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """The head of one file and the tail of another."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def transplant(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """The segments of one file, with one or all of another among them."""
    ours, theirs = segments(data), segments(other)
    if not ours or not theirs:
        return splice(chance, data, other)
    one = chance.choice(theirs)
    at = chance.choice(ours)
    end = chance.choice([at.start, at.end])  # beside it, or in its place
    return data[: at.start] + other[one.start : one.end] + data[end:]


MUTATIONS = (
    *(flip, truncate, insert, delete, duplicate_segment, remove_segment, swap_segments),
    *(edit_length, edit_box, swap_boxes, edit_cbor, splice, transplant),
)
NEEDS_STORE = (edit_box, swap_boxes, edit_cbor)
NEEDS_SEGMENTS = (duplicate_segment, remove_segment, swap_segments, edit_length)


def mutation(sources: list[bytes], number: int) -> tuple[str, bytes]:
    """What was done, and the file; one in five is mutated twice."""
    chance = random.Random(number)
    data, done = sources[number % len(sources)], []
    for _ in range(chance.choice([1, 1, 1, 1, 2])):
        change = MUTATIONS[chance.randrange(len(MUTATIONS))]
        if (change in NEEDS_STORE and not _has_store(data)) or (
            change in NEEDS_SEGMENTS and not segments(data)
        ):
            change = flip
        if data:
            data = change(chance, data, chance.choice(sources))
            done.append(change.__name__)
    return "+".join(done), data


def _has_store(data: bytes) -> bool:
    try:
        location = containers.locate(data)
        return location is not None and bool(jumbf.parse(location.extract(data)))
    except UnreadableManifest:
        return False


# ---- what a hard binding covers ----
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def hashed_content(data: bytes) -> tuple[Any, ...] | None:
    """The store, and what the hard binding covers of the rest; None without a manifest.

    Not covered: the order of boxes in the same superbox (but for that of manifests, the last one
    is the active one), and what the signature carries unprotected, such as a time stamp.
    """
    if not _has_store(data):
        return None
    location = containers.locate(data)
    assert location is not None
    store = location.extract(data)
    try:
        parsed = claim.parse(store)
        boxes = _unordered(store)
    except UnreadableManifest:
        return None
    for box in parsed.named("c2pa.hash.data"):
        excluded = parsed.decoded(box).get("exclusions", ())
        covered, at = [], 0
        for span in sorted(excluded, key=lambda span: int(span["start"])):
            covered.append(data[at : span["start"]])
            at = span["start"] + span["length"]
        return boxes, *covered, data[at:]
    for label in ("c2pa.hash.bmff.v2", "c2pa.hash.bmff.v3"):
        for box in parsed.named(label):
            names = [item["xpath"] for item in parsed.decoded(box)["exclusions"]]
            return boxes, *_covered_boxes(data, names)
    return None


def _unordered(store: bytes) -> tuple[Any, ...]:
    def parts(box: jumbf.Box) -> tuple[Any, ...]:
        if box.label == "c2pa.signature" and (content := box.content(b"cbor")):
            protected, _, _, signature = claim.parse_signature(store[content.body : content.end])
            return protected, signature
        if not box.children:
            return (store[box.start : box.end],)
        return (box.kind, *sorted(map(parts, box.children), key=repr))

    return tuple(map(parts, jumbf.parse(store).children))


def _covered_boxes(data: bytes, excluded: list[str]) -> Iterator[bytes]:
    for part in _bmff(data):
        kind = data[part.start + 4 : part.start + 8].decode("latin-1")
        ours = data[part.start + 8 : part.start + 24] == C2PA_UUID
        if f"/{kind}" not in excluded or (kind == "uuid" and not ours):
            yield part.start.to_bytes(8, "big") + data[part.start : part.end]


# ---- the process that judges ----
def peak_megabytes() -> float:
    """Since the last call; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    Path("/proc/self/clear_refs").write_text("5")
    return int(found[1]) / 1024 if found else 0.0


class Clock:
    """Wall-clock time, less what other processes on a busy machine took of it."""

    def __init__(self) -> None:
        self.wall, self.process = time.perf_counter(), time.process_time()

    def seconds(self) -> float:
        return min(time.perf_counter() - self.wall, time.process_time() - self.process)


def judge(folder: Path, first: int) -> Iterator[dict[str, Any]]:
    """Verify and lint every second file, and say what came out."""
    trust = Trust.from_file(folder / "trust.pem")
    plan = json.loads((folder / "plan.json").read_text())
    groups = {
        name: [Path(path).read_bytes() for path in paths] for name, paths in plan["sources"].items()
    }
    originals = {hashed_content(data) for sources in groups.values() for data in sources} - {None}
    with Registry.open(folder / "registry.db") as registry:
        for number, name in list(enumerate(plan["groups"]))[:: plan["every"]][first::WORKERS]:
            done, data = mutation(groups[name], number)
            result = _judged(data, trust, registry)
            forged = result["holds"] and hashed_content(data) not in originals
            changed = hashed_content(data) not in originals
            kept = {"number": number, "group": name, "done": done, **result}
            yield {**kept, "changed": changed, "forged": forged}
        for path in plan["whole"][first::WORKERS]:
            yield {"whole": path, **_judged(Path(path).read_bytes(), trust, registry)}


def _judged(data: bytes, trust: Trust, registry: Registry) -> dict[str, Any]:
    peak_megabytes()
    result: dict[str, Any] = {"holds": False}
    try:
        clock = Clock()
        report = verify(io.BytesIO(data), trust=trust, registry=registry)
        result["seconds"] = clock.seconds()
        result["verdict"] = report.verdict.value
        # A file whose pixels do not decode is unreadable, whatever its manifest says.
        manifest = read(io.BytesIO(data), "image/jpeg", trust=trust)
        result["holds"] = report.verdict is Verdict.INTACT or _is_intact(manifest)
        clock = Clock()
        lint(io.BytesIO(data))
        result["lint_seconds"] = clock.seconds()
    except BaseException as error:  # a panic of the library is none of Exception's
        result["error"] = f"{type(error).__name__}: {error}"
    result["megabytes"] = peak_megabytes()
    return result


def _is_intact(manifest: Manifest | None) -> bool:
    return (
        manifest is not None
        and manifest.hard_binding == "match"
        and manifest.signature_valid
        and manifest.assertions_valid
    )


def main() -> None:
    for result in judge(Path(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(result), flush=True)


# ---- the tests ----
def _prepare(
    folder: Path,
    signed: Callable[..., Signed],
    signed_samples: Callable[[str], Signed],
    signer: Any,
    trust: Trust,
    corpus: Path,
    every: int,
) -> None:
    """Good files of every container: pictures, some marked in their pixels too, and others'."""
    import skimage.data

    sources: dict[str, list[str]] = {"signed": [], "others": [], "marked": [], "foreign": []}
    photograph = Image.fromarray(skimage.data.coffee())
    another = Image.fromarray(skimage.data.chelsea())
    thumbnail = io.BytesIO()
    another.resize((64, 48)).save(thumbnail, "JPEG")
    record = Record(source=DigitalSource.AI_GENERATED, title="A cup")
    with Registry.open(folder / "registry.db") as registry:
        for form, media_type in (
            ("JPEG", "image/jpeg"),
            ("PNG", "image/png"),
            ("WEBP", "image/webp"),
            ("AVIF", "image/avif"),
            ("TIFF", "image/tiff"),
        ):
            small, large = io.BytesIO(), io.BytesIO()
            another.resize((120, 90)).save(small, form)  # too small to search for a mark
            photograph.resize((384, 288)).save(large, form)  # holds any payload
            first = signed(media_type, asset=small.getvalue(), thumbnail=thumbnail.getvalue())
            again = signed(
                media_type,
                asset=small.getvalue(),
                record=Record(source=DigitalSource.HUMAN_EDITED),
                parent=(io.BytesIO(first.asset), media_type),
                soft_bindings=[SoftBinding.of_payload(8)],
                thumbnail=thumbnail.getvalue(),
            )
            for name, content in ((f"{form}-1", first.asset), (f"{form}-2", again.asset)):
                (folder / name).write_bytes(content)
                sources["signed"].append(str(folder / name))
            marked = io.BytesIO()
            mark(
                io.BytesIO(large.getvalue()),
                marked,
                record=record,
                signer=signer,
                registry=registry,
            )
            (folder / f"{form}-3").write_bytes(marked.getvalue())
            sources["marked"].append(str(folder / f"{form}-3"))
    for media_type in sorted(containers.MEDIA_TYPES.keys() - PICTURES):
        path = folder / media_type.replace("/", "-")
        path.write_bytes(signed_samples(media_type).asset)
        sources["others"].append(str(path))
    sources["foreign"] = [str(corpus / n) for n in CORPUS_FILES if (corpus / n).exists()]
    groups = ["signed"] * SIGNED + ["others"] * OTHERS + ["marked"] * MARKED
    groups += ["foreign" if sources["foreign"] else "signed"] * FOREIGN
    whole = sorted(map(str, corpus.glob("*.*"))) if corpus.exists() else []
    plan = {"sources": sources, "groups": groups, "every": every, "whole": whole}
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "trust.pem").write_bytes(trust.anchors)


@pytest.fixture(scope="module", params=[3, pytest.param(1, marks=pytest.mark.slow)])
def every(request: pytest.FixtureRequest) -> int:
    """So many there are from one mutation that is judged to the next."""
    return int(request.param)


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory,
    signed: Callable[..., Signed],
    signed_samples: Callable[[str], Signed],
    signer: Any,
    trust: Trust,
    corpus: Path,
    every: int,
) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("mutations")
    _prepare(folder, signed, signed_samples, signer, trust, corpus, every)
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, str(folder), str(first)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COUNTERMARK_HOME": str(folder / "home")},
        )
        for first in range(WORKERS)
    ]
    found = []
    for worker in workers:
        out, complaints = worker.communicate(timeout=900)
        assert worker.returncode == 0, complaints[-2000:]
        found += [json.loads(line) for line in out.splitlines()]
    return found


@pytest.fixture(scope="module")
def mutated(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [result for result in results if "number" in result]


def test_every_mutation_gives_a_report(mutated: list[dict[str, Any]], every: int) -> None:
    numbers = sorted(result["number"] for result in mutated)
    assert numbers == list(range(0, 1000, every))
    assert [result for result in mutated if "error" in result] == []


def test_every_file_of_others_gives_a_report(results: list[dict[str, Any]], corpus: Path) -> None:
    """Among them a TIFF of endless directories, and whatever else is there to do harm."""
    whole = [result for result in results if "whole" in result]
    assert len(whole) == (len(list(corpus.glob("*.*"))) if corpus.exists() else 0)
    assert [result for result in whole if "error" in result] == []


def test_no_file_takes_long(results: list[dict[str, Any]]) -> None:
    slow = [r for r in results if max(r["seconds"], r["lint_seconds"]) > MAX_SECONDS]
    assert slow == []


def test_no_file_takes_much_memory(results: list[dict[str, Any]]) -> None:
    assert [r for r in results if r["megabytes"] > MAX_MEGABYTES] == []


def test_no_change_inside_a_hashed_range_is_intact(
    mutated: list[dict[str, Any]], every: int
) -> None:
    assert [result for result in mutated if result["forged"]] == []
    # Else this would say nothing: most are changed where it counts, some only elsewhere.
    assert sum(result["changed"] for result in mutated) > 800 // every
    assert any(result["verdict"] == "intact" for result in mutated)
    others = [result for result in mutated if result["group"] == "others"]
    assert len({result["number"] % 14 for result in others}) == 14  # of every container
    assert any(result["holds"] for result in others)


def test_mutations_are_of_every_kind(mutated: list[dict[str, Any]], every: int) -> None:
    done = Counter(name for result in mutated for name in result["done"].split("+"))
    assert set(done) == {change.__name__ for change in MUTATIONS}
    assert min(done.values()) > 20 // every
    verdicts = Counter(result["verdict"] for result in mutated)
    assert set(verdicts) >= {"intact", "altered", "recovered", "unmarked", "unreadable"}


def test_unchanged_files_are_intact(
    signed: Callable[..., Signed], trust: Trust, tmp_path: Path
) -> None:
    with Registry.open(tmp_path / "registry.db") as registry:
        for media_type in ("image/jpeg", "image/avif"):
            asset = signed(media_type).asset
            report = verify(io.BytesIO(asset), trust=trust, registry=registry)
            assert report.verdict is Verdict.INTACT
            assert hashed_content(asset) is not None


if __name__ == "__main__":
    main()
