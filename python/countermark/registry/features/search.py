"""Exact search among the fingerprints of features, in memory until something changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countermark import hamming
from countermark.hamming import Index, Match
from countermark.registry.database import Database, Row
from countermark.registry.features import tables
from countermark.registry.sqlite_search import SCANNED_ROWS


@dataclass(frozen=True, slots=True)
class Hashes:
    """The fingerprints as they were in one state of the tables, by the features' numbers."""

    state: Row | None
    hashes: bytes
    numbers: NDArray[np.int64]
    index: Index | None

    @classmethod
    def load(cls, database: Database) -> Hashes:
        """Those in the tables now, not checked yet: that is done for what is found."""
        rows = database.all(tables.HASHES)
        good = [(number, bytes(pdq)) for number, pdq in rows if len(pdq) == 32]
        hashes = b"".join(pdq for _, pdq in good)
        numbers = np.array([number for number, _ in good], np.int64)
        index = Index.build(hashes, numbers) if len(good) > SCANNED_ROWS else None
        return cls(database.one(tables.STATE), hashes, numbers, index)

    def search(self, queries: Sequence[bytes], radius: int) -> list[Match]:
        """Every one within reach of any query, the nearest first."""
        if self.index is not None:
            return self.index.search(queries, radius)
        return hamming.scan(self.hashes, self.numbers, queries, radius)
