"""Labels in pictures beside the XMP, which go when a label is written."""

from __future__ import annotations

from typing import NamedTuple


class Stray(NamedTuple):
    """A label that was found: its text and place, and whether a guide names that place.

    `changes`: the ranges of the file that hold it, and what the file holds there without it.
    """

    text: str
    place: str
    is_proper: bool
    changes: tuple[tuple[int, int, bytes], ...]
