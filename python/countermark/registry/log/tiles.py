"""A log as static files, which any web server can offer and foreign tools read.

>>> tile_path(0, 1234067, 256)
'tile/0/x001/x234/067'
>>> tile_path(1, 5, 7)
'tile/1/005.p/7'

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from countermark.errors import InvalidProof
from countermark.registry.log.merkle import TILE_WIDTH

CHECKPOINT_PATH: Final = "checkpoint"
MAX_LEAF_BYTES: Final = 0xFFFF
"""The length of an entry has two bytes."""

_PATH: Final = re.compile(
    r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Which part of a log a path names; `level` is None for a bundle of leaves."""

    level: int | None
    number: int
    width: int

    @classmethod
    def parse(cls, path: str) -> TilePlace:
        """What a path says behind `tile/`.

        >>> TilePlace.parse("0/x001/x234/067")
        TilePlace(level=0, number=1234067, width=256)

        Raises `InvalidProof` for one that no tile has.
        """
        found = _PATH.fullmatch(path)
        if found is not None:
            level = None if found[1] == "entries" else int(found[1])
            number = int(found[2].replace("x", "").replace("/", ""))
            place = cls(level, number, int(found[3] or TILE_WIDTH))
            if place.width <= TILE_WIDTH and place.path == f"tile/{path}":
                return place
        raise InvalidProof("No tile has this path.", remedy="Follow C2SP tlog-tiles.")

    @property
    def path(self) -> str:
        """Where it is."""
        if self.level is None:
            return entries_path(self.number, self.width)
        return tile_path(self.level, self.number, self.width)

    def exists_in(self, size: int) -> bool:
        """Whether a log of that size has it, or has grown beyond it."""
        hashes = size
        for _ in range(self.level or 0):
            hashes //= TILE_WIDTH
        return self.width <= hashes - self.number * TILE_WIDTH


def tile_path(level: int, number: int, width: int) -> str:
    """Where the tile of that level and number is, with `width` hashes in it."""
    return f"tile/{level}/{_number(number)}{_partial(width)}"


def entries_path(number: int, width: int) -> str:
    """Where the leaves are whose hashes stand in the tile of level 0 with that number."""
    return f"tile/entries/{_number(number)}{_partial(width)}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, number and width of each tile that a log of that size has."""
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        for number in range(full):
            yield level, number, TILE_WIDTH
        if rest:
            yield level, full, rest
        level, size = level + 1, full


def tiles_to_root(size: int, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """The tiles that lead from leaves to the root, as in `tiles_of`: a part of all.

    `spans`: of leaves, each from a position up to another. A full tile is proven by its hash in
    the tile above; the last ones of each level make up the root.

    >>> list(tiles_to_root(70_000, [(3, 5)]))
    [(0, 0, 256), (0, 273, 112), (1, 0, 256), (1, 1, 17), (2, 0, 1)]
    """
    numbers: set[int] = set()
    for start, end in spans:
        numbers.update(range(start // TILE_WIDTH, (end - 1) // TILE_WIDTH + 1))
    level = 0
    while size:
        full, rest = divmod(size, TILE_WIDTH)
        for number in sorted(numbers | {full} if rest else numbers):
            yield level, number, rest if number == full else TILE_WIDTH
        numbers = {number // TILE_WIDTH for number in numbers if number < full}
        level, size = level + 1, full


def bundle(leaves: Sequence[bytes]) -> bytes:
    """The leaves one after another, each after its length."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def unbundle(content: bytes) -> list[bytes]:
    """The leaves in a bundle; raises `InvalidProof` when it is cut off."""
    leaves, at = [], 0
    while at < len(content):
        start = at + 2
        at = start + int.from_bytes(content[at:start], "big")
        if at > len(content):
            raise InvalidProof(
                "A bundle of log entries is cut off.", remedy="Get the tile again, whole."
            )
        leaves.append(content[start:at])
    return leaves


def _number(number: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


def _partial(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
