"""A changed copy of a file, of which only the changes are in memory.

>>> import io
>>> edits = Edits(b"one two three")
>>> edits.replace(4, 7, b"2")
>>> edits.place(8)  # of the first byte of what was "three"
6
>>> out = io.BytesIO()
>>> edits.write(out)
>>> out.getvalue()
b'one 2 three'
"""

from __future__ import annotations

from typing import BinaryIO

from countermark.containers.content import Content
from countermark.containers.splicing import Splice, moved, splice


class Edits:
    """Ranges of a file, and what the copy holds in their places."""

    __slots__ = ("_asset", "_splices")

    def __init__(self, asset: Content) -> None:
        self._asset = asset
        self._splices: list[Splice] = []

    def replace(self, start: int, end: int, new: bytes) -> None:
        """Put `new` in the place of a range; an empty range lets it in before that offset.

        What is let in at one offset stays in the order of the calls. Raises `ValueError` for
        ranges that overlap, which only a damaged file asks for.
        """
        if not 0 <= start <= end <= len(self._asset):
            raise ValueError(f"the range {start} to {end} is outside the file")
        if any(start < other.end and other.start < end for other in self._splices):
            raise ValueError(f"the range {start} to {end} is in use twice")
        self._splices.append(Splice(start, end, new))
        # Stable; what is let in at an offset comes before what is replaced from there on.
        self._splices.sort(key=lambda one: one[:2])

    def place(self, offset: int) -> int:
        """Where the copy holds what the file holds at that offset."""
        return moved(self._splices, offset)

    def write(self, out: BinaryIO) -> None:
        """Write the copy, a piece at a time."""
        splice(self._asset, out, self._splices)
