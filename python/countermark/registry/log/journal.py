"""The log in the registry's database: appended to in the transaction of what it tells of.

Source: RFC 6962, section 2.1; C2SP tlog-tiles and tlog-checkpoint.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from countermark.errors import InvalidCheckpoint, InvalidProof, UnreadableRegistry
from countermark.registry.database import Database
from countermark.registry.log import merkle, note
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.merkle import HASH_BYTES, TILE_WIDTH, Tiles
from countermark.registry.log.note import NoteKey, NoteVerifier
from countermark.registry.log.tiles import TilePlace, bundle

TABLES: Final = (
    "CREATE TABLE log_leaf (position INTEGER PRIMARY KEY, content BLOB NOT NULL)",
    """
    CREATE TABLE log_tile (
        level INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        UNIQUE (level, number)
    )
    """,
    "CREATE TABLE log_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
)
DIGEST_TABLES: Final = ("ALTER TABLE log_tile ADD COLUMN digest BLOB",)
"""By which bits of a tile that turned on the disk are seen, before a root over them is signed."""

_FIRST_WITH_DIGESTS: Final = 3
_FULL: Final = TILE_WIDTH * HASH_BYTES
_SIZE: Final = "SELECT max(position) + 1 FROM log_leaf"
_ADD_LEAF: Final = "INSERT INTO log_leaf (position, content) VALUES (?, ?)"
_LEAVES: Final = """SELECT position, content FROM log_leaf
    WHERE position >= ? AND position < ? ORDER BY position"""
_TILE: Final = "SELECT hashes, NULL FROM log_tile WHERE level = ? AND number = ?"
_TILE_WITH_DIGEST: Final = "SELECT hashes, digest FROM log_tile WHERE level = ? AND number = ?"
_LAST_TILE: Final = """SELECT number, length(hashes) FROM log_tile
    WHERE level = 0 ORDER BY number DESC LIMIT 1"""
_ALL_TILES: Final = "SELECT level, number, hashes FROM log_tile"
_SET_DIGEST: Final = "UPDATE log_tile SET digest = ? WHERE level = ? AND number = ?"
_SET_TILE: Final = """INSERT INTO log_tile (level, number, hashes, digest) VALUES (?, ?, ?, ?)
    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes, digest = excluded.digest"""
_NOTES: Final = "SELECT note FROM log_checkpoint ORDER BY size"
_LATEST_NOTE: Final = "SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1"
_NOTE: Final = "SELECT note FROM log_checkpoint WHERE size = ?"
_SET_NOTE: Final = """INSERT INTO log_checkpoint (size, note) VALUES (?, ?)
    ON CONFLICT (size) DO UPDATE SET note = excluded.note"""


def is_there(database: Database) -> bool:
    """Whether the tables of the database are of a version that has a log."""
    return database.version() >= 2


def size(database: Database) -> int:
    """How many leaves the log has."""
    row = database.one(_SIZE)
    found = 0 if row is None or row[0] is None else int(row[0])
    last = database.one(_LAST_TILE)
    full, hashes = (0, 0) if last is None else (last[0], last[1] // HASH_BYTES)
    if found != full * TILE_WIDTH + hashes:
        raise _damaged("its leaves and its tiles differ in number")
    return found


def append(database: Database, leaves: Sequence[bytes]) -> int:
    """Append leaves inside the transaction that writes what they tell of; the first's position."""
    first = size(database)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    changed = merkle.appended(first, hashes, tiles(database))
    database.run_many(_ADD_LEAF, enumerate(leaves, first))
    rows = ((*place, hashes, _digest(place, hashes)) for place, hashes in changed.items())
    database.run_many(_SET_TILE, rows)
    return first


def add_digests(database: Database) -> None:
    """Give each tile its digest, as it is."""
    for level, number, hashes in database.all(_ALL_TILES):
        place = (level, number)
        database.run(_SET_DIGEST, (_digest(place, hashes), *place))


def tiles(database: Database) -> Tiles:
    """The tiles as they are stored, each held to its digest."""
    has_digests = database.version() >= _FIRST_WITH_DIGESTS

    def tile(place: tuple[int, int]) -> bytes:
        row = database.one(_TILE_WITH_DIGEST if has_digests else _TILE, place)
        if row is None or not row[0] or len(row[0]) % HASH_BYTES:
            raise _damaged(f"its tile {place[1]} of level {place[0]} is not there")
        hashes, digest = row
        if has_digests and digest != _digest(place, hashes):
            raise _damaged_tile(place)
        return bytes(hashes)

    return tile


def _digest(place: tuple[int, int], hashes: bytes) -> bytes:
    level, number = place
    return hashlib.sha256(b"%d %d " % (level, number) + hashes).digest()


def leaf(database: Database, position: int) -> bytes:
    """The leaf at that position; raises `InvalidProof` when there is none."""
    for content in leaves(database, position, position + 1):
        return content
    raise InvalidProof(
        f"The log has no leaf at {position}.", remedy=f"It has {size(database)} of them."
    )


def leaves(database: Database, start: int, end: int) -> list[bytes]:
    """The leaves from one position up to another, as far as there are any, held to the tiles."""
    found = _stored(database, start, end)
    if len(found) != max(min(end, size(database)) - start, 0):
        raise _damaged("leaves are missing")
    tile = functools.cache(tiles(database))
    for position, content in enumerate(found, start):
        number, place = divmod(position, TILE_WIDTH)
        expected = tile((0, number))[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        if merkle.leaf_hash(content) != expected:
            raise _damaged(f"its leaf {position} is not what was appended")
    return found


def _stored(database: Database, start: int, end: int) -> list[bytes]:
    rows = database.all(_LEAVES, (start, end))
    if [row[0] for row in rows] != list(range(start, start + len(rows))):
        raise _damaged("leaves are missing")
    return [bytes(row[1]) for row in rows]


def root(database: Database, at: int) -> bytes:
    """The root over the first `at` leaves."""
    return merkle.root(at, tiles(database))


def checkpoint(database: Database, key: NoteKey) -> str:
    """A signed checkpoint of the log as it is; kept, so that the log can be held to it.

    What witnesses have said of the same one stands beneath.
    """
    now = size(database)
    signed = Checkpoint(key.name, now, root(database, now)).signed(key)
    return str(_keep(database, now, note.parse(signed)))


def checkpoints(database: Database) -> list[str]:
    """The checkpoints that were signed so far, with the cosignatures of witnesses."""
    return [row[0] for row in database.all(_NOTES)]


def latest_checkpoint(database: Database) -> str | None:
    """The checkpoint of most leaves that was signed so far; None before the first."""
    row = database.one(_LATEST_NOTE)
    return None if row is None else str(row[0])


def checkpoint_at(database: Database, at: int) -> str | None:
    """The checkpoint that was signed of so many leaves."""
    row = database.one(_NOTE, (at,))
    return None if row is None else str(row[0])


def published(database: Database, place: TilePlace) -> bytes:
    """A tile, or the leaves beside it, as it is published.

    Raises `InvalidProof` when the log has no such tile.
    """
    if not place.exists_in(size(database)):
        raise InvalidProof("The log has no such tile.", remedy="Ask as its checkpoint allows.")
    if place.level is None:
        start = place.number * TILE_WIDTH
        return bundle(leaves(database, start, start + place.width))
    return tiles(database)((place.level, place.number))[: place.width * HASH_BYTES]


def add_cosignatures(
    database: Database, cosigned: str, log: NoteVerifier, witnesses: Sequence[NoteVerifier]
) -> int:
    """Keep the valid cosignatures of known witnesses on a checkpoint of this log; how many.

    Raises `InvalidCheckpoint` when the checkpoint is not this log's, or no witness's signature
    on it holds; `InvalidProof` when this log has another past.
    """
    found = Checkpoint.open(cosigned, log)
    check_past(database, found)
    given = note.parse(cosigned)
    valid = [
        signature
        for witness in witnesses
        if given.cosigned_at(witness) is not None
        and (signature := given.signed_by(witness)) is not None
    ]
    if not valid:
        raise InvalidCheckpoint(
            "None of the known witnesses has signed this checkpoint.",
            remedy="Name the witnesses' public keys, or ask them again.",
        )
    own = given.signed_by(log)
    assert own is not None
    _keep(database, found.size, note.Note(given.text, (own, *valid)))
    return len(valid)


def _keep(database: Database, at: int, given: note.Note) -> note.Note:
    known = checkpoint_at(database, at)
    if known is not None:
        given = note.parse(known).with_signatures(given.signatures)
    database.run(_SET_NOTE, (at, str(given)))
    return given


def check_past(database: Database, remembered: Checkpoint) -> None:
    """Whether the log still begins as a checkpoint of it says.

    Raises `InvalidProof` when it was rolled back, forked or changed.
    """
    now = size(database)
    if remembered.size > now:
        raise InvalidProof(
            f"The log had {remembered.size} leaves and has {now}: it was rolled back.",
            remedy="Restore the newer registry; what was appended since is lost otherwise.",
        )
    if root(database, remembered.size) != remembered.root:
        raise InvalidProof(
            f"The first {remembered.size} leaves of the log are not those of the checkpoint: "
            "it was forked or changed.",
            remedy="Keep both as evidence, and restore the registry from a backup.",
        )


def check(database: Database, verifier: NoteVerifier | None = None) -> Checkpoint:
    """Compute the whole log anew: every leaf, every tile, every checkpoint; its present state.

    `verifier`: the key that should have signed the checkpoints.
    Raises `UnreadableRegistry` for damage, `InvalidProof` and `InvalidCheckpoint` for
    checkpoints that do not fit.
    """
    stored = tiles(database)
    expected: dict[tuple[int, int], bytes] = {}
    at = 0
    for batch in _batches(database):
        hashes = [merkle.leaf_hash(content) for content in batch]
        expected.update(merkle.appended(at, hashes, expected.__getitem__))
        at += len(batch)
        for place in [p for p, content in expected.items() if len(content) == _FULL]:
            if stored(place) != expected.pop(place):
                raise _damaged_tile(place)
    for place, content in expected.items():
        if stored(place) != content:
            raise _damaged_tile(place)
    for signed in checkpoints(database):
        if verifier is not None:
            Checkpoint.open(signed, verifier)
        check_past(database, Checkpoint.in_note(signed))
    if at != size(database):
        raise _damaged("leaves are missing")
    return Checkpoint("" if verifier is None else verifier.name, at, root(database, at))


def _batches(database: Database) -> Iterator[list[bytes]]:
    start = 0
    while batch := _stored(database, start, start + 16 * TILE_WIDTH):
        yield batch
        start += len(batch)


def _damaged_tile(place: tuple[int, int]) -> UnreadableRegistry:
    return _damaged(f"its tile {place[1]} of level {place[0]} is damaged")


def _damaged(how: str) -> UnreadableRegistry:
    return UnreadableRegistry(
        f"The log in the registry is damaged: {how}.", remedy="Restore a backup."
    )
