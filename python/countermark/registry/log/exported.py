"""A log in static files, read and checked by whoever has them and its key, without the registry.

Source: C2SP tlog-tiles, tlog-checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from countermark import files
from countermark.errors import InvalidProof, SourceNotFound
from countermark.registry.log import merkle
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.merkle import HASH_BYTES, TILE_WIDTH
from countermark.registry.log.note import NoteVerifier
from countermark.registry.log.tiles import (
    CHECKPOINT_PATH,
    entries_path,
    tile_path,
    tiles_of,
    unbundle,
)

_FULL: Final = TILE_WIDTH * HASH_BYTES


def check_exported(
    folder: Path, verifier: NoteVerifier, *, witnesses: Sequence[NoteVerifier] = ()
) -> Checkpoint:
    """Compute the whole log below a folder anew; its checkpoint, which holds then.

    Raises `SourceNotFound` without a checkpoint there, `InvalidCheckpoint` when the key or one of
    the witnesses has not signed it, `InvalidProof` when a leaf or a tile is missing or damaged, or
    is not what was signed.
    """
    signed = files.load(folder / CHECKPOINT_PATH).decode("utf-8", "replace")
    found = Checkpoint.open(signed, verifier, witnesses=witnesses)
    expected: dict[tuple[int, int], bytes] = {}
    for level, number, width in tiles_of(found.size):
        if level:
            break
        leaves = unbundle(_read(folder, entries_path(number, width)))
        if len(leaves) != width:
            raise _damaged(entries_path(number, width))
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        expected.update(merkle.appended(number * TILE_WIDTH, hashes, expected.__getitem__))
        for place in [p for p, content in expected.items() if len(content) == _FULL]:
            _compare(folder, place, expected.pop(place))
    for place, content in expected.items():
        _compare(folder, place, content)
    if merkle.root(found.size, expected.__getitem__) != found.root:
        raise InvalidProof(
            "The leaves below the folder are not those that the checkpoint speaks of.",
            remedy="Get them again; if they stay so, keep both as evidence.",
        )
    return found


def _compare(folder: Path, place: tuple[int, int], expected: bytes) -> None:
    path = tile_path(*place, len(expected) // HASH_BYTES)
    if _read(folder, path) != expected:
        raise _damaged(path)


def _read(folder: Path, path: str) -> bytes:
    try:
        return files.load(folder / path)
    except SourceNotFound as error:
        raise _damaged(path) from error


def _damaged(path: str) -> InvalidProof:
    return InvalidProof(
        f"The file {path!r} of the log is damaged or missing.",
        remedy="Get it again, or delete it and export the log again.",
    )
