"""The tree against the standard's own recursive definition, over every size that matters."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import InvalidProof
from countermark.registry.log import merkle

HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(1300)]


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def plain_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node(plain_root(hashes[:k]), plain_root(hashes[k:]))


def plain_path(m: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, word by word."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m < k:
        return [*plain_path(m, hashes[:k]), plain_root(hashes[k:])]
    return [*plain_path(m - k, hashes[k:]), plain_root(hashes[:k])]


def plain_proof(m: int, hashes: list[bytes], complete: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2, word by word."""
    if m == len(hashes):
        return [] if complete else [plain_root(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m <= k:
        return [*plain_proof(m, hashes[:k], complete), plain_root(hashes[k:])]
    return [*plain_proof(m - k, hashes[k:], False), plain_root(hashes[:k])]


class Tree:
    """A tree whose tiles are kept in a dictionary."""

    def __init__(self, hashes: list[bytes], steps: list[int] | None = None) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        for step in steps or [len(hashes)]:
            new = hashes[self.size : self.size + step]
            self.tiles.update(merkle.appended(self.size, new, self.tiles.__getitem__))
            self.size += len(new)

    def read(self, key: tuple[int, int]) -> bytes:
        return self.tiles[key]


WHOLE = Tree(HASHES)
SIZES = [*range(1, 40), 63, 64, 65, 127, 128, 255, 256, 257, 511, 512, 513, 767, 1000, 1024, 1300]


def test_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root(0, WHOLE.read) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_proofs_are_those_of_the_standard(size: int) -> None:
    hashes = HASHES[:size]
    root = plain_root(hashes)
    assert merkle.root(size, WHOLE.read) == root
    for index in {0, 1, size // 3, size // 2, size - 1} & set(range(size)):
        proof = merkle.inclusion_proof(index, size, WHOLE.read)
        assert proof == plain_path(index, hashes)
        assert merkle.root_from_inclusion(hashes[index], index, size, proof) == root
    for old in {1, 2, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)):
        proof = merkle.consistency_proof(old, size, WHOLE.read)
        assert proof == plain_proof(old, hashes)
        merkle.check_consistency(old, plain_root(hashes[:old]), size, root, proof)


def test_tiles_are_the_same_however_the_leaves_came() -> None:
    generator = random.Random(5)
    steps: list[int] = []
    while sum(steps) < len(HASHES):
        steps.append(generator.choice([1, 2, 7, 255, 256, 257, 300]))
    assert Tree(HASHES, steps).tiles == WHOLE.tiles
    assert Tree(HASHES, [1] * len(HASHES)).tiles == WHOLE.tiles


def test_a_third_level_of_tiles_holds() -> None:
    hashes = [hashlib.sha256(b"%d" % number).digest() for number in range(256 * 256 + 3)]
    tree = Tree(hashes)
    assert max(level for level, _ in tree.tiles) == 2
    root = merkle.root(len(hashes), tree.read)
    for index in (0, 65535, 65536, 65538):
        proof = merkle.inclusion_proof(index, len(hashes), tree.read)
        assert merkle.root_from_inclusion(hashes[index], index, len(hashes), proof) == root
    proof = merkle.consistency_proof(40000, len(hashes), tree.read)
    merkle.check_consistency(40000, merkle.root(40000, tree.read), len(hashes), root, proof)


@given(
    st.integers(1, 1300).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
)
def test_every_changed_bit_of_an_inclusion_proof_is_refused(case: tuple[int, int]) -> None:
    index, size = case
    root = merkle.root(size, WHOLE.read)
    proof = merkle.inclusion_proof(index, size, WHOLE.read)
    for at, sibling in enumerate(proof):
        wrong = [*proof[:at], bytes([sibling[0] ^ 1]) + sibling[1:], *proof[at + 1 :]]
        assert merkle.root_from_inclusion(HASHES[index], index, size, wrong) != root
    for wrong in (proof[:-1], [*proof, bytes(32)]):
        if wrong != proof:
            with pytest.raises(InvalidProof):
                merkle.root_from_inclusion(HASHES[index], index, size, wrong)
    if size > 1:
        other = (index + 1) % size
        assert merkle.root_from_inclusion(HASHES[other], index, size, proof) != root


@given(
    st.integers(2, 1300).flatmap(lambda size: st.tuples(st.integers(1, size - 1), st.just(size)))
)
def test_a_rewritten_past_is_refused(case: tuple[int, int]) -> None:
    old, size = case
    proof = merkle.consistency_proof(old, size, WHOLE.read)
    former, latter = merkle.root(old, WHOLE.read), merkle.root(size, WHOLE.read)
    merkle.check_consistency(old, former, size, latter, proof)
    other = hashlib.sha256(former).digest()
    wrong_cases = [
        (old, other, size, latter, proof),
        (old, former, size, other, proof),
        (old, former, size, latter, proof[:-1]),
        (old, former, size, latter, [*proof, bytes(32)]),
        *(
            (old, former, size, latter, [*proof[:at], bytes(32), *proof[at + 1 :]])
            for at in range(len(proof))
        ),
    ]
    for case_ in wrong_cases:
        with pytest.raises(InvalidProof):
            merkle.check_consistency(*case_)


def test_trees_of_the_same_size_must_be_the_same() -> None:
    root = merkle.root(5, WHOLE.read)
    merkle.check_consistency(5, root, 5, root, [])
    with pytest.raises(InvalidProof, match="forked"):
        merkle.check_consistency(5, root, 5, bytes(32), [])
    with pytest.raises(InvalidProof):
        merkle.check_consistency(6, root, 5, root, [])


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_a_leaf_beyond_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(InvalidProof, match="5 leaves"):
        merkle.inclusion_proof(index, 5, WHOLE.read)
