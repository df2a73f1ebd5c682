"""Exact search for similar fingerprints: every stored hash is compared with every query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countermark.errors import InvalidArgument
from countermark.registry.entry import PDQ_BYTES

MAX_DISTANCE: Final = 31
"""Bits of 256; the distance up to which the authors of PDQ call two pictures the same."""

MIN_QUALITY: Final = 50
"""PDQ quality; hashes below it match anything, and their authors advise to discard them."""

_WORDS: Final = PDQ_BYTES // 8


def pack(hashes: Sequence[bytes]) -> NDArray[np.uint64]:
    """The hashes as rows of four 64-bit words.

    Raises `InvalidArgument` for a hash that does not have 32 bytes.
    """
    if any(len(value) != PDQ_BYTES for value in hashes):
        raise InvalidArgument(
            "A PDQ hash does not have 32 bytes.", remedy="Use the bits that pdq() gives."
        )
    return np.frombuffer(b"".join(hashes), np.uint64).reshape(-1, _WORDS)


def nearest(
    stored: NDArray[np.uint64], queries: NDArray[np.uint64], max_distance: int
) -> list[tuple[int, int]]:
    """Row and distance of each stored hash within reach of any query, the nearest first.

    >>> nearest(pack([bytes(32), b"\\x07" + bytes(31)]), pack([bytes(32)]), 31)
    [(0, 0), (1, 3)]
    """
    distances = np.full(len(stored), 8 * PDQ_BYTES + 1, np.uint16)
    for query in queries:
        bits = np.bitwise_count(stored ^ query).sum(axis=1, dtype=np.uint16)
        np.minimum(distances, bits, out=distances)
    rows = np.flatnonzero(distances <= max_distance)
    rows = rows[np.argsort(distances[rows], kind="stable")]
    return [(int(row), int(distances[row])) for row in rows]
