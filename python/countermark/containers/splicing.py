"""Files with some of their bytes replaced, copied piece by piece.

>>> import io
>>> out = io.BytesIO()
>>> splice(b"one three", out, [Splice(4, 4, b"two ")])
>>> out.getvalue()
b'one two three'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from countermark.containers.content import Content, pieces


class Splice(NamedTuple):
    """What takes the place of the bytes from `start` to `end`."""

    start: int
    end: int
    content: bytes


def splice(asset: Content, out: BinaryIO, splices: Sequence[Splice]) -> None:
    """Copy the file with these replacements, which are in order and do not overlap."""
    at = 0
    for start, end, content in splices:
        if not at <= start <= end <= len(asset):
            raise ValueError("the parts of the file overlap")
        _copy(asset, out, at, start)
        out.write(content)
        at = end
    _copy(asset, out, at, len(asset))


def moved(splices: Sequence[Splice], offset: int) -> int:
    """Where lies what lay at that offset; what comes in at the offset itself lies before it.

    >>> moved([Splice(4, 4, b"two ")], 4)
    8
    """
    return offset + sum(
        len(content) - (end - start) for start, end, content in splices if end <= offset
    )


def _copy(asset: Content, out: BinaryIO, start: int, end: int) -> None:
    for piece in pieces(asset, start, end):
        out.write(piece)
