"""The index against the definition: every hash compared with every query."""

from __future__ import annotations

import functools
import mmap
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from countermark import errors, hamming
from countermark.fingerprint import pdq_dihedral
from countermark.hamming import Index, Match

Hashes = npt.NDArray[np.uint8]

REPOSITORY = Path(__file__).parents[1]
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", REPOSITORY / "../shared/corpus"))
SAMPLES = ["astronaut", "camera", "chelsea", "coffee", "coins", "moon", "rocket"]
HEADER_BYTES = 64


def labels_of(hashes: Hashes) -> npt.NDArray[np.int64]:
    """Not the rows, and in no order."""
    return np.random.default_rng(9).permutation(len(hashes)) * 3 + 5


def index_of(hashes: Hashes) -> Index:
    return Index.build(hashes.data, labels_of(hashes))


def brute_force(hashes: Hashes, queries: Hashes, radius: int) -> list[Match]:
    bits = np.bitwise_count(hashes[:, None] ^ queries[None]).sum(axis=2, dtype=int)
    nearest, labels = bits.min(axis=1), labels_of(hashes)
    found = [
        Match(int(labels[row]), int(nearest[row]), int(bits[row].argmin()))
        for row in np.flatnonzero(nearest <= radius)
    ]
    return sorted(found, key=lambda match: (match.distance, match.label))


def expect_exact(hashes: Hashes, index: Index, queries: Hashes, radius: int) -> int:
    expected = brute_force(hashes, queries, radius)
    asked = [query.tobytes() for query in queries]
    assert index.search(asked, radius) == expected, radius
    assert hamming.scan(hashes.data, labels_of(hashes), asked, radius) == expected, radius
    return len(expected)


def flipped(hash_: Hashes, bits: int, random: np.random.Generator) -> Hashes:
    changed = np.unpackbits(hash_)
    changed[random.choice(256, bits, replace=False)] ^= 1
    return np.packbits(changed)


def uniform() -> Hashes:
    return np.random.default_rng(1).integers(0, 256, (6000, 32), np.uint8)


def clustered() -> Hashes:
    """Members of a few clusters, 0 to 47 bits from the centre, among others."""
    random = np.random.default_rng(2)
    hashes = uniform()
    for row in range(0, len(hashes), 10):
        hashes[row] = flipped(hashes[row // 1000 + 1], row // 10 % 48, random)
    return hashes


@functools.cache
def real() -> Hashes:
    """Of photographs and of crops of them, turned and mirrored in all ways."""
    random = np.random.default_rng(3)
    pictures = [Image.fromarray(getattr(skimage.data, name)()) for name in SAMPLES]
    for path in sorted(CORPUS.glob("images/*.*g")):
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    found = []
    for picture in pictures:
        picture.thumbnail((512, 512))
        pixels = np.asarray(picture.convert("L"))
        for _ in range(12):
            # Most are slightly cropped copies of one another.
            share = 1 - random.integers(1, 60) / 100
            height, width = (max(64, int(side * share)) for side in pixels.shape)
            y, x = (int(random.integers(0, side + 1)) // 4 for side in pixels.shape)
            crop = pixels[y : y + height, x : x + width]
            found += [hash_.bits for hash_ in pdq_dihedral(np.ascontiguousarray(crop))]
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)


@pytest.mark.parametrize("make", [uniform, clustered, real])
def test_search_equals_brute_force(make: Callable[[], Hashes]) -> None:
    hashes = make()
    index, random = index_of(hashes), np.random.default_rng(4)
    found = 0
    for radius in [*range(0, 50, 2), 31, 47, 49, 100, 256]:
        near = hashes[random.integers(len(hashes), size=8)]
        queries = np.array([flipped(near[i], int(random.integers(48)), random) for i in range(8)])
        found += expect_exact(hashes, index, queries, radius)
        found += expect_exact(hashes, index, queries[:1], radius)
    assert found > 100


def test_search_finds_each_distance_up_to_the_radius_and_no_more() -> None:
    hashes, random = uniform(), np.random.default_rng(5)
    index = index_of(hashes)
    for distance in range(64):
        query = flipped(hashes[distance], distance, random).tobytes()
        label = int(labels_of(hashes)[distance])
        assert index.search([query], 31) == ([Match(label, distance, 0)] if distance < 32 else [])


def test_real_copies_are_found_in_any_turn() -> None:
    picture = skimage.data.chelsea()
    stored = np.frombuffer(pdq_dihedral(picture)[0].bits, np.uint8)
    hashes = np.vstack([uniform(), stored])
    turned = [hash_.bits for hash_ in pdq_dihedral(np.rot90(picture[2:-2, 3:-3] // 2 + 40))]
    (match,) = index_of(hashes).search(turned, 31)
    assert match.label == labels_of(hashes)[-1]
    assert match.query == 3  # by 270 degrees it is upright again


@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_few_hashes(count: int) -> None:
    hashes = uniform()[:count]
    index = index_of(hashes)
    assert len(index) == count
    for radius in (0, 31, 256):
        expect_exact(hashes, index, uniform()[:3], radius)
    assert index.search([], 31) == []
    assert index.search([bytes(32)], -1) == []


def test_a_million_equal_hashes_are_all_found_once() -> None:
    hashes = np.zeros((1_000_000, 32), np.uint8)
    index = Index.build(hashes.data, np.arange(len(hashes)))
    assert index.search([b"\xff" * 4 + bytes(28)], 31) == []
    found = index.search([b"\x01" + bytes(31), b"\x07" + bytes(31)], 31)
    assert [match.label for match in found] == list(range(1_000_000))
    assert {(match.distance, match.query) for match in found} == {(1, 0)}


def test_index_comes_back_from_a_file(tmp_path: Path) -> None:
    hashes, stamp = clustered(), bytes(range(32))
    built = Index.build(hashes.data, labels_of(hashes), stamp=stamp)
    path = tmp_path / "index"
    path.write_bytes(built.block)
    opened = Index.open(path)
    path.unlink()  # what is mapped stays
    assert (len(opened), opened.stamp) == (len(hashes), stamp)
    expect_exact(hashes, opened, hashes[:8], 31)


def test_index_takes_at_most_100_bytes_a_hash() -> None:
    index = Index.build(bytes(32_000_000), np.zeros(1_000_000, np.int64))
    assert memoryview(index.block).nbytes <= 100_000_000


@pytest.fixture(scope="module")
def whole() -> bytes:
    return bytes(memoryview(index_of(uniform()[:100]).block))


def test_each_changed_byte_of_the_header_is_seen(whole: bytes) -> None:
    for place in range(HEADER_BYTES):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= mask
            with pytest.raises(errors.UnreadableIndex):
                Index(damaged)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_seen(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    places = st.integers(0, len(whole) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=5, unique=True)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(errors.UnreadableIndex):
        Index(damaged)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), cut=st.integers(0, 5_000_000))
def test_what_is_no_index_is_refused(whole: bytes, content: bytes, cut: int) -> None:
    for block in (content, whole[:cut] if cut < len(whole) else whole + content + b"\0"):
        with pytest.raises(errors.UnreadableIndex):
            Index(block)


def test_missing_and_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("missing", "empty", "."):
        with pytest.raises(errors.UnreadableIndex):
            Index.open(tmp_path / name)


def test_threads_find_the_same() -> None:
    hashes = clustered()
    index = index_of(hashes)
    queries = [query.tobytes() for query in hashes[:400]]
    expected = [index.search([query], 31) for query in queries]
    found: dict[int, list[list[Match]]] = {}

    def work(number: int) -> None:
        found[number] = [index.search([query], 31) for query in queries]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(4)] == [expected] * 4


def test_wrong_arguments_are_refused() -> None:
    labels = np.arange(2)
    index = Index.build(bytes(64), labels)
    with pytest.raises(errors.InvalidArgument):
        Index.build(bytes(63), labels)
    with pytest.raises(errors.InvalidArgument):
        Index.build(bytes(64), labels, stamp=b"short")
    with pytest.raises(errors.InvalidArgument):
        index.search([bytes(31)], 31)
    with pytest.raises(errors.InvalidArgument):
        hamming.scan(bytes(64), labels[:1], [bytes(32)], 31)
    with pytest.raises(errors.InvalidArgument):
        hamming.scan(memoryview(bytes(128))[::2], labels, [bytes(32)], 31)
    with (
        mmap.mmap(-1, 32 * (hamming.COUNT_MAX + 1)) as too_many,  # takes no memory untouched
        pytest.raises(errors.InvalidArgument, match="16,777,216"),
    ):
        Index.build(too_many, np.broadcast_to(np.uint64(0), hamming.COUNT_MAX + 1))
