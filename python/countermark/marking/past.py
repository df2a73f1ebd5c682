"""What a file brought along to its marking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark import sidecars
from countermark.credentials import Beside, Manifest
from countermark.preserving import Marks, labels_in


@dataclass(frozen=True, slots=True)
class Past:
    """Its manifest, all by which it is known where it comes from, and itself as a parent."""

    manifest: Manifest | None
    marks: Marks
    parent: Beside


def past_of(path: Path) -> Past:
    """Of a movie or a sound, which is not loaded.

    >>> past_of(Path(__file__)).manifest is None
    True

    Raises `SourceNotFound`.
    """
    found = sidecars.brought(path)
    marks = Marks.of(found.manifest, labels_in(path))
    return Past(found.manifest, marks, sidecars.as_parent(path, found))
