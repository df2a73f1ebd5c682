"""The Merkle tree over the leaves of a log: its root, and proofs that a part belongs to the whole.

The tree is kept in tiles: the tile of level L and number N holds, side by side, up to 256 hashes
of complete subtrees with 256 ** L leaves each. Everything else is computed from them, so that a
proof over a million leaves reads three or four tiles.

>>> tiles: dict[tuple[int, int], bytes] = {}
>>> leaves = [leaf_hash(b"%d" % number) for number in range(5)]
>>> tiles.update(appended(0, leaves, tiles.__getitem__))
>>> proof = inclusion_proof(3, 5, tiles.__getitem__)
>>> root_from_inclusion(leaves[3], 3, 5, proof) == root(5, tiles.__getitem__)
True

Source: RFC 6962, section 2.1; RFC 9162, section 2.1; C2SP tlog-tiles.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from countermark.errors import InvalidProof

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of a tree without leaves."""

TILE_WIDTH: Final = 256
"""Hashes in a full tile."""

_TILE_HEIGHT: Final = 8  # levels of the tree that a tile spans: 2 ** 8 is its width

Tiles: TypeAlias = Callable[[tuple[int, int]], bytes]
"""The tile of a level and number, as long as the tree has filled it."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; the first byte keeps leaves and inner nodes apart."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def root(size: int, tiles: Tiles) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _range_hash(0, size, tiles) if size else EMPTY_ROOT


def appended(size: int, leaves: Sequence[bytes], tiles: Tiles) -> dict[tuple[int, int], bytes]:
    """The tiles that change when leaves with these hashes are appended to `size` others."""
    changed: dict[tuple[int, int], bytes] = {}
    level, hashes = 0, list(leaves)
    while hashes:
        number, filled = divmod(size, TILE_WIDTH)
        content = tiles((level, number)) if filled else b""
        content += b"".join(hashes)
        full = []
        for start in range(0, len(content), TILE_WIDTH * HASH_BYTES):
            tile = content[start : start + TILE_WIDTH * HASH_BYTES]
            changed[level, number] = tile
            if len(tile) == TILE_WIDTH * HASH_BYTES:
                full.append(_combined(tile))
            number += 1
        level, size, hashes = level + 1, size // TILE_WIDTH, full
    return changed


def inclusion_proof(index: int, size: int, tiles: Tiles) -> list[bytes]:
    """The hashes that lead from the leaf at `index` to the root of the first `size` leaves.

    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise InvalidProof(
            f"A tree of {size} leaves has none at {index}.", remedy="Ask for a smaller index."
        )
    once = functools.cache(tiles)  # most of the hashes stand in the same few tiles
    return [_range_hash(start, end, once) for start, end in _siblings(index, 0, size)]


def consistency_proof(old: int, size: int, tiles: Tiles) -> list[bytes]:
    """The hashes that show that the first `old` leaves are those of the tree of `size` leaves.

    Source: RFC 6962, section 2.1.2.
    """
    check_sizes(old, size)
    if old in (0, size):
        return []
    once = functools.cache(tiles)
    return [_range_hash(start, end, once) for start, end in _frontier(old, size)]


def check_sizes(old: int, size: int) -> None:
    """Raises `InvalidProof` unless a tree of one size can begin with one of another."""
    if not 0 <= old <= size:
        raise InvalidProof(
            f"A log of {size} leaves does not begin with {old}.",
            remedy="If it once had them it was rolled back: restore the newer registry.",
        )


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof claims for the leaf with this hash.

    Raises `InvalidProof` when the proof has another length than the tree asks for.
    """
    if not 0 <= index < size:
        raise _malformed()
    spans = list(_siblings(index, 0, size))
    if len(spans) != len(proof):
        raise _malformed()
    result = leaf
    for (start, _), sibling in zip(spans, proof, strict=True):
        result = _node(sibling, result) if start < index else _node(result, sibling)
    return result


def check_consistency(
    old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Whether the tree with `new_root` begins with the one that has `old_root`.

    Raises `InvalidProof` when it does not. Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old <= size:
        raise _malformed()
    if old in (0, size):
        if proof or (old == size and old_root != new_root):
            raise _malformed() if proof else _differs()
        return
    spans = list(_frontier(old, size))
    known = [old_root] if old & (old - 1) == 0 else []
    hashes = [*known, *proof]
    if len(hashes) != len(spans) + len(known):
        raise _malformed()
    if known:
        spans.insert(0, (0, old))
    former, latter = hashes[0], hashes[0]
    for (start, _), sibling in zip(spans[1:], hashes[1:], strict=True):
        if start < old:
            former, latter = _node(sibling, former), _node(sibling, latter)
        else:
            latter = _node(latter, sibling)
    if former != old_root or latter != new_root:
        raise _differs()


def _siblings(index: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of leaves beside the path from a leaf to the root, the lowest first."""
    spans = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return reversed(spans)


def _frontier(old: int, size: int) -> Iterator[tuple[int, int]]:
    """The spans of a consistency proof, the lowest first.

    The first one is the last complete subtree of the older tree, unless that tree is one itself:
    then its root is known already.
    """
    spans = []
    start, end = 0, size
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return reversed(spans)


def _range_hash(start: int, end: int, tiles: Tiles) -> bytes:
    """The root over the leaves of a span that begins where a subtree of its size can."""
    width = end - start
    if width & (width - 1) == 0:
        return _subtree(width.bit_length() - 1, start, tiles)
    middle = start + _split(width)
    return _node(_range_hash(start, middle, tiles), _range_hash(middle, end, tiles))


def _subtree(height: int, start: int, tiles: Tiles) -> bytes:
    """The root of the complete subtree of that height that begins at a leaf."""
    level, inside = divmod(height, _TILE_HEIGHT)
    number, offset = divmod(start >> (level * _TILE_HEIGHT), TILE_WIDTH)
    tile = tiles((level, number))
    return _combined(tile[offset * HASH_BYTES : (offset + (1 << inside)) * HASH_BYTES])


def _combined(hashes: bytes) -> bytes:
    """The root over a power of two of hashes side by side."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join(
            hashlib.sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest() for at in pairs
        )
    return hashes


def _split(width: int) -> int:
    """The largest power of two below a width of at least two."""
    return 1 << ((width - 1).bit_length() - 1)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _malformed() -> InvalidProof:
    return InvalidProof(
        "The proof does not fit the sizes that it is for.", remedy="Ask the log for a new one."
    )


def _differs() -> InvalidProof:
    return InvalidProof(
        "The log does not contain its own past: it was rolled back, forked or changed.",
        remedy="Keep both checkpoints as evidence, and ask the operator.",
    )
