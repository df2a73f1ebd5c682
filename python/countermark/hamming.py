"""Exact search among PDQ hashes: which of them differ from a query in at most so many bits.

>>> hashes = [bytes(32), b"\\x07" + bytes(31), b"\\xff" * 32]
>>> index = Index.build(b"".join(hashes), np.array([10, 20, 30], np.uint64))
>>> [(match.label, match.distance) for match in index.search(hashes[:1], 31)]
[(10, 0), (20, 3)]

Source: "Fast Exact Search in Hamming Space with Multi-Index Hashing", Norouzi, Punjani, Fleet 2014.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from countermark import _core, errors
from countermark._bridge import core_errors

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self  # in the standard library from Python 3.12, 3.11

__all__ = ["COUNT_MAX", "Index", "Match", "scan"]

COUNT_MAX: Final = _core.HAMMING_COUNT_MAX
"""The most hashes in one index: 16,777,216."""

_HASH_BYTES: Final = 32
_STAMP_BYTES: Final = 32
_RADIUS_MAX: Final = 8 * _HASH_BYTES


@dataclass(frozen=True, slots=True)
class Match:
    """A hash within reach.

    Attributes:
        label: What the hash is called.
        distance: Bits in which it differs from the nearest query.
        query: Which query that is, from 0; the first one of several.
    """

    label: int
    distance: int
    query: int


class Index:
    """Up to `COUNT_MAX` hashes, with their labels, in memory or in a file that is mapped into it.

    It takes 88 bytes a hash and 4 MiB, and is never changed. Any number of threads may search at
    once; other Python threads run meanwhile.
    """

    def __init__(self, block: Buffer) -> None:
        """Takes over an index that was built before, and reads all of it once to check it.

        Raises:
            UnreadableIndex: It is damaged, or was built by another version.
        """
        self._block = block
        with core_errors():
            self._count, self._stamp = _core.hamming_check(block)

    @classmethod
    def build(
        cls, hashes: Buffer, labels: npt.NDArray[Any], *, stamp: bytes = bytes(_STAMP_BYTES)
    ) -> Self:
        """Builds an index; about half a second for a million hashes.

        Args:
            hashes: 32 bytes each, one behind the other.
            labels: int64 or uint64, not negative, one for each hash.
            stamp: 32 bytes that the index keeps, to tell whether it still fits what it is about.

        Raises:
            InvalidArgument: The numbers of hashes and labels differ, there are more than
                `COUNT_MAX`, or the stamp has another length.
        """
        names = _names(hashes, labels)
        if len(stamp) != _STAMP_BYTES:
            raise errors.InvalidArgument(
                "A stamp does not have 32 bytes.", remedy="Pad it, or use a digest."
            )
        with core_errors():
            block = mmap.mmap(-1, _core.hamming_index_size(len(names)))
            _core.hamming_build(hashes, names, stamp, block)
        return cls(block)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Self:
        """Maps an index that was written to a file.

        The file may be replaced by another one or deleted meanwhile, but not be written to.

        Raises:
            UnreadableIndex: There is none, it is damaged, or another version built it.
        """
        try:
            with open(path, "rb") as file:
                block = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise errors.UnreadableIndex(
                f"The search index {str(path)!r} cannot be read ({error}).",
                remedy="Build it again.",
            ) from error
        return cls(block)

    @property
    def block(self) -> Buffer:
        """Its bytes, to be written to a file."""
        return self._block

    @property
    def stamp(self) -> bytes:
        """The 32 bytes given to `build`."""
        return self._stamp

    def __len__(self) -> int:
        return self._count

    def search(self, queries: Sequence[bytes], radius: int) -> list[Match]:
        """Finds every hash within the radius of any query, once, the nearest first.

        Args:
            queries: 32 bytes each, such as those of `fingerprint.pdq_dihedral`.
            radius: Bits; up to 47 it takes much less than a scan of all hashes.

        Raises:
            InvalidArgument: A query does not have 32 bytes.
        """
        asked = _joined(queries)
        with core_errors():
            return _matches(_core.hamming_search(self._block, asked, _clamped(radius)), radius)


def scan(
    hashes: Buffer, labels: npt.NDArray[Any], queries: Sequence[bytes], radius: int
) -> list[Match]:
    """Finds the same as `Index.search` by comparing every hash, without an index.

    >>> scan(bytes(64), np.array([7, 8]), [b"\\x01" + bytes(31)], 31)
    [Match(label=7, distance=1, query=0), Match(label=8, distance=1, query=0)]

    Args:
        hashes: 32 bytes each, one behind the other.
        labels: int64 or uint64, not negative, one for each hash.
        queries: 32 bytes each.
        radius: Bits.

    Raises:
        InvalidArgument: The numbers of hashes and labels differ, or a query does not have 32 bytes.
    """
    names = _names(hashes, labels)
    asked = _joined(queries)
    with core_errors():
        return _matches(_core.hamming_scan(hashes, names, asked, _clamped(radius)), radius)


def _names(hashes: Buffer, labels: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    if memoryview(hashes).nbytes != _HASH_BYTES * len(labels):
        raise errors.InvalidArgument(
            "The numbers of hashes and labels differ.", remedy="Pass a label for each hash."
        )
    if not memoryview(hashes).c_contiguous:
        raise errors.InvalidArgument(
            "The hashes do not lie one behind the other.", remedy="Make a copy of them."
        )
    whole = np.ascontiguousarray(labels)
    # The same bits: nothing is copied for each search.
    return whole.view(np.uint64) if whole.dtype == np.int64 else whole.astype(np.uint64, copy=False)


def _joined(queries: Sequence[bytes]) -> bytes:
    if any(len(query) != _HASH_BYTES for query in queries):
        raise errors.InvalidArgument(
            "A PDQ hash does not have 32 bytes.", remedy="Use the bits that pdq() gives."
        )
    return b"".join(queries)


def _clamped(radius: int) -> int:
    return min(max(radius, 0), _RADIUS_MAX)


def _matches(found: tuple[npt.NDArray[Any], ...], radius: int) -> list[Match]:
    if radius < 0:
        return []
    labels, distances, queries = found
    order = np.lexsort((labels, distances))
    columns = (column[order].tolist() for column in (labels, distances, queries))
    return [Match(*row) for row in zip(*columns, strict=True)]
