"""The transparency log of a registry, as those see it who check it.

>>> import tempfile
>>> from countermark.registry import Registry
>>> from countermark.registry.log import NoteKey
>>> key = NoteKey.generate("example.org/log")
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         checkpoint = registry.log.checkpoint(key)
...         registry.log.check(key.verifier).size
0

A log proves what somebody else remembers: give checkpoints away, to witnesses or to whoever
relies on it. Without that, its operator can still rewrite everything.

Source: RFC 6962; C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from countermark.errors import InvalidProof
from countermark.registry.database import Database, changing
from countermark.registry.log import exporting, journal, merkle
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.note import NoteKey, NoteVerifier
from countermark.registry.log.proof import ConsistencyProof, InclusionProof
from countermark.registry.log.tiles import TilePlace, tile_path, tiles_to_root

_BATCH: Final = 1000  # leaves at a time, between which others may write


class TransparencyLog:
    """What was appended, and proofs of it. Each method raises `UnreadableRegistry` for damage."""

    def __init__(self, database: Database, lock: threading.RLock) -> None:
        self._database = database
        self._lock = lock

    @property
    def size(self) -> int:
        """How many leaves it has."""
        with self._reading() as has_leaves:
            return journal.size(self._database) if has_leaves else 0

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The leaves from that position on, or up to another, as they come to be read."""
        while end is None or start < end:
            stop = start + _BATCH if end is None else min(start + _BATCH, end)
            with self._reading() as has_leaves:
                batch = journal.leaves(self._database, start, stop) if has_leaves else []
            yield from batch
            if start + len(batch) < stop:
                return
            start = stop

    def prove(self, position: int, checkpoint: Checkpoint) -> InclusionProof:
        """That the leaf at that position belongs to the log of a checkpoint.

        Raises `InvalidProof` when it does not, or this is not the log of that checkpoint.
        """
        with self._reading():
            journal.check_past(self._database, checkpoint)
            tiles = journal.tiles(self._database)
            return InclusionProof(
                position=position,
                size=checkpoint.size,
                leaf=journal.leaf(self._database, position),
                hashes=tuple(merkle.inclusion_proof(position, checkpoint.size, tiles)),
            )

    def prove_consistency(self, old: int, new: int) -> ConsistencyProof:
        """That the log of one size begins with that of a smaller one.

        Raises `InvalidProof` when it does not have that many leaves.
        """
        with self._reading() as has_leaves:
            size = journal.size(self._database) if has_leaves else 0
            merkle.check_sizes(new, size)
            hashes = merkle.consistency_proof(old, new, journal.tiles(self._database))
            return ConsistencyProof(old=old, new=new, hashes=tuple(hashes))

    def published(self, place: TilePlace) -> bytes:
        """A tile, or the leaves beside it, as C2SP tlog-tiles has it.

        Raises `InvalidProof` when the log has no such tile.
        """
        with self._reading() as has_leaves:
            if not has_leaves:
                raise InvalidProof("The log has no such tile.", remedy="It is empty.")
            return journal.published(self._database, place)

    def check_past(self, remembered: Checkpoint) -> None:
        """Whether the log still begins as a checkpoint of it says.

        Raises `InvalidProof` when it was rolled back, forked or changed.
        """
        with self._reading() as has_leaves:
            if has_leaves:
                journal.check_past(self._database, remembered)
            else:
                merkle.check_sizes(remembered.size, 0)

    def tiles_to_root(
        self, size: int, spans: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[str, bytes]]:
        """The tiles that lead from spans of leaves to the root over the first `size` leaves.

        Each with its path in C2SP tlog-tiles. A span reaches from a position up to another.
        """
        for level, number, width in tiles_to_root(size, spans):
            with self._reading():
                content = journal.tiles(self._database)((level, number))
            yield tile_path(level, number, width), content[: width * merkle.HASH_BYTES]

    def checkpoint(self, key: NoteKey) -> str:
        """A signed checkpoint of the log as it is; kept, so that the log can be held to it.

        Raises `DestinationNotWritable`.
        """
        with changing(self._database):
            return journal.checkpoint(self._database, key)

    def checkpoints(self) -> list[str]:
        """The checkpoints that were signed so far, with the cosignatures of witnesses."""
        with self._reading() as has_leaves:
            return journal.checkpoints(self._database) if has_leaves else []

    def latest_checkpoint(self) -> str | None:
        """The one of most leaves among them; None before the first."""
        with self._reading() as has_leaves:
            return journal.latest_checkpoint(self._database) if has_leaves else None

    def checkpoint_at(self, size: int) -> str | None:
        """The one of so many leaves among them."""
        with self._reading() as has_leaves:
            return journal.checkpoint_at(self._database, size) if has_leaves else None

    def add_cosignatures(
        self, cosigned: str, log: NoteVerifier, witnesses: Sequence[NoteVerifier]
    ) -> int:
        """Keep the valid cosignatures of known witnesses on a checkpoint of this log; how many.

        Raises `InvalidCheckpoint` when the checkpoint is not this log's, or no witness's
        signature on it holds; `InvalidProof` when this log has another past.
        """
        with changing(self._database):
            return journal.add_cosignatures(self._database, cosigned, log, witnesses)

    def check(
        self, verifier: NoteVerifier | None = None, remembered: Sequence[Checkpoint] = ()
    ) -> Checkpoint:
        """Compute all of it anew, and hold it to its checkpoints; what it is now.

        `verifier`: the key that should have signed the checkpoints in the registry. `remembered`:
        others that were seen elsewhere, for a log that was rolled back forgets its own.

        Raises `InvalidProof` when a checkpoint does not fit: the log was rolled back, forked or
        changed; `InvalidCheckpoint` when the key did not sign it.
        """
        with self._reading() as has_leaves:
            if not has_leaves:
                found = Checkpoint("", 0, merkle.EMPTY_ROOT)
                for checkpoint in remembered:
                    merkle.check_sizes(checkpoint.size, 0)
                return found
            found = journal.check(self._database, verifier)
            for checkpoint in remembered:
                journal.check_past(self._database, checkpoint)
            return found

    def export(self, folder: Path, signed: str) -> Checkpoint:
        """Write the log as static files below a folder, up to a checkpoint of it; that checkpoint.

        `signed`: as `checkpoint` gave it. Raises `DestinationNotWritable`.
        """
        with self._reading():
            exporting.export(self._database, signed, folder)
        return Checkpoint.in_note(signed)

    @contextmanager
    def _reading(self) -> Iterator[bool]:
        """One state of the database; whether it has a log."""
        with self._lock:
            if not self._database.version():
                yield False
                return
            with self._database.reading():
                yield journal.is_there(self._database)
