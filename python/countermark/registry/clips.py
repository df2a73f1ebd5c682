"""Sounds and movies in the registry: their fingerprints, and the search among them.

The search reads all fingerprints into memory, 12 bytes for each number of a sound and 88 for each
frame of a movie, with their digests, and what is added later with each search. So it is the same,
and exact, in every database.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from countermark.clips import Clip, SoundIndex, SoundMatch, VideoIndex, VideoMatch
from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.fingerprint import Chromaprint, Vpdq
from countermark.registry.database import Database
from countermark.registry.entry import Entry
from countermark.registry.log import journal

FIRST_VERSION: Final = 5
"""Of the tables, with `TABLES` among them."""

TABLES: Final = (
    # By the leaf that tells of it, whose position no other one ever has. `sound`, `video`: NULL
    # when there is nothing by which it could be told from others.
    """
    CREATE TABLE clip (
        position INTEGER PRIMARY KEY,
        payload BLOB NOT NULL UNIQUE,
        milliseconds INTEGER NOT NULL,
        sound BLOB,
        video BLOB
    )
    """,
    # Over all fingerprints that were ever added, and those taken away, as of pictures.
    "CREATE TABLE clip_sum (added INTEGER NOT NULL, removed INTEGER NOT NULL)",
    "INSERT INTO clip_sum (added, removed) VALUES (0, 0)",
)

COLUMNS: Final = "clip.milliseconds, clip.sound, clip.video"
JOIN: Final = "LEFT JOIN clip ON clip.payload = entry.payload"

_INSERT: Final = """INSERT INTO clip (position, payload, milliseconds, sound, video)
    VALUES (?, ?, ?, ?, ?)"""
_DELETE: Final = "DELETE FROM clip WHERE payload = ?"
_ADD: Final = "UPDATE clip_sum SET added = added + ?"
_REMOVE: Final = "UPDATE clip_sum SET removed = removed + ?"
_SUM: Final = "SELECT added - removed FROM clip_sum"
_COUNT: Final = "SELECT count(*) FROM clip WHERE position <= ?"
_AFTER: Final = """SELECT position, sound, video FROM clip WHERE position > ?
    ORDER BY position LIMIT ?"""
_PAYLOAD: Final = "SELECT payload FROM clip WHERE position = ?"
_BATCH: Final = 200
_NEWER_SHARE: Final = 1 / 8
_NEWER_BYTES: Final = 1 << 19
"""An index is built anew when more bytes than that, and than that share of its own, are newer."""


Of: TypeAlias = Literal["sound", "video"]
"""Which of its two fingerprints."""


@dataclass(frozen=True, slots=True)
class ClipMatch:
    """An entry that a query leads to: by its sound, its moving pictures, or both."""

    entry: Entry
    sound: SoundMatch | None
    video: VideoMatch | None


@dataclass(frozen=True, slots=True)
class Found:
    """A clip that is like the query: by its sound, its moving pictures, or both."""

    payload: bytes
    sound: SoundMatch | None
    video: VideoMatch | None


def columns(clip: Clip) -> tuple[Any, ...]:
    """What stands of it in a row, in the order of `COLUMNS`."""
    return (
        round(clip.seconds * 1000),
        None if clip.sound is None else clip.sound.bits,
        None if clip.video is None else clip.video.bits,
    )


def from_columns(values: Sequence[Any]) -> Clip | None:
    """The clip in a row; None for a picture. Raises as the fingerprints and `Clip`."""
    milliseconds, sound, video = values
    if milliseconds is None:
        return None
    return Clip(
        seconds=milliseconds / 1000,
        sound=None if sound is None else Chromaprint(bytes(sound)),
        video=None if video is None else Vpdq(bytes(video)),
    )


def insert(database: Database, position: int, key: bytes, clip: Clip) -> None:
    """Add the clip of the entry with that payload; `position`: of its leaf."""
    values = columns(clip)
    database.run(_INSERT, (position, key, *values))
    database.run(_ADD, (_checksum(*values[1:]),))


def forget(database: Database, key: bytes, clip: Clip) -> None:
    """Take it away again."""
    database.run(_DELETE, (key,))
    database.run(_REMOVE, (_checksum(*columns(clip)[1:]),))


class ClipSearch:
    """Finds the clips of one registry; the threads take turns by its lock."""

    def __init__(self, database: Database, lock: threading.RLock) -> None:
        self._database = database
        self._lock = lock
        self._known: _Known | None = None

    def any(self) -> bool:
        """Whether there is any clip to be found.

        Raises `UnreadableRegistry`.
        """
        return self._current().count > 0

    def search(self, query: Clip) -> list[Found]:
        """The clips that are like it, those with like pictures first, the most alike first.

        Raises `UnreadableRegistry`.
        """
        known = self._current()
        sounds: dict[int, SoundMatch] = {}
        videos: dict[int, VideoMatch] = {}
        for indexes in (known.main, known.recent):
            sounds |= {match.label: match for match in indexes.sounds.search(query.sounds)}
            if query.video is not None:
                videos |= {match.label: match for match in indexes.videos.search(query.video)}
        found = []
        for label in sounds.keys() | videos.keys():
            payload = self._payload(label)
            if payload is not None:
                found.append(Found(payload, sounds.get(label), videos.get(label)))
        return sorted(found, key=_rank)

    def with_digest(self, of: Of, digest: bytes) -> list[bytes]:
        """The payloads of clips of whose fingerprint this is the SHA-256, the first one first.

        Raises `UnreadableRegistry`.
        """
        known = self._current()
        labels = {*known.main.labels_of(of, digest), *known.recent.labels_of(of, digest)}
        found = (self._payload(label) for label in sorted(labels))
        return [payload for payload in found if payload is not None]

    def _payload(self, label: int) -> bytes | None:
        """None when it was deleted meanwhile."""
        with self._lock:
            row = self._database.one(_PAYLOAD, (label,))
        return None if row is None else bytes(row[0])

    def _current(self) -> _Known:
        with self._lock:
            if self._database.version() < FIRST_VERSION:
                return _Known()
            if self._database.in_transaction():  # which may be undone: nothing of it is kept
                return self._renewed(_Known())
            with self._database.reading():
                size = journal.size(self._database)
                if self._known is None or self._known.log_size != size:
                    self._known = self._renewed(self._known or _Known(), size)
            return self._known

    def _renewed(self, known: _Known, log_size: int = -1) -> _Known:
        """With what was added since; read again from the beginning if something is gone."""
        there = self._database.one(_COUNT, (known.last,))
        if there is None or there[0] != known.count:
            known = _Known()
        shapes = self._shapes(known.last)
        newer = (*known.newer, *shapes)
        size = sum(shape.size for shape in newer)
        if not known.count:
            renewed = _Known(main=_Indexes.of(shapes), size=size)
        elif size <= max(_NEWER_BYTES, _NEWER_SHARE * known.size):
            renewed = replace(known, recent=_Indexes.of(newer), newer=newer)
        else:
            return self._renewed(_Known(), log_size)
        renewed = replace(
            renewed,
            log_size=log_size,
            last=shapes[-1].position if shapes else known.last,
            count=known.count + len(shapes),
            checksum=known.checksum + sum(shape.checksum for shape in shapes),
        )
        sum_ = self._database.one(_SUM)
        if sum_ is None or sum_[0] != renewed.checksum:
            raise _damaged()
        return renewed

    def _shapes(self, after: int) -> list[_Shape]:
        shapes: list[_Shape] = []
        while batch := self._database.all(_AFTER, (after, _BATCH)):
            shapes += (_Shape(*row) for row in batch)
            after = batch[-1][0]
        return shapes


@dataclass(frozen=True, slots=True)
class _Shape:
    """The fingerprints of one clip, by the position of its leaf."""

    position: int
    sound: bytes | None
    video: bytes | None

    @property
    def size(self) -> int:
        return len(self.sound or b"") + len(self.video or b"")

    @property
    def checksum(self) -> int:
        return _checksum(self.sound, self.video)


@dataclass(frozen=True, slots=True)
class _Indexes:
    """Of some clips."""

    sounds: SoundIndex
    videos: VideoIndex
    digests: Mapping[tuple[Of, bytes], Sequence[int]]

    def labels_of(self, of: Of, digest: bytes) -> Sequence[int]:
        """The positions of those whose fingerprint has that digest."""
        return self.digests.get((of, digest), ())

    @classmethod
    def of(cls, shapes: Sequence[_Shape]) -> _Indexes:
        """Raises `UnreadableRegistry` for what are no fingerprints."""
        try:
            return cls(
                SoundIndex.build(
                    (one.position, Chromaprint(bytes(one.sound))) for one in shapes if one.sound
                ),
                VideoIndex.build(
                    (one.position, Vpdq(bytes(one.video))) for one in shapes if one.video
                ),
                _digests(shapes),
            )
        except (InvalidArgument, TypeError) as error:
            raise _damaged() from error


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read: up to the leaf `last` of a log of `log_size` leaves.

    `size`: of the fingerprints in `main`, in bytes. `newer`: the clips in `recent`.
    """

    log_size: int = -1
    last: int = -1
    count: int = 0
    checksum: int = 0
    size: int = 0
    main: _Indexes = field(default_factory=lambda: _Indexes.of([]))
    recent: _Indexes = field(default_factory=lambda: _Indexes.of([]))
    newer: tuple[_Shape, ...] = ()


def _digests(shapes: Sequence[_Shape]) -> dict[tuple[Of, bytes], list[int]]:
    digests: dict[tuple[Of, bytes], list[int]] = defaultdict(list)
    for one in shapes:
        kinds: tuple[tuple[Of, bytes | None], ...] = (("sound", one.sound), ("video", one.video))
        for of, bits in kinds:
            if bits:
                digests[of, hashlib.sha256(bits).digest()].append(one.position)
    return dict(digests)


def _rank(found: Found) -> tuple[float, float, bytes]:
    share = 0.0 if found.video is None else max(found.video.query_share, found.video.share)
    return -share, 1.0 if found.sound is None else found.sound.error_rate, found.payload


def _checksum(sound: bytes | None, video: bytes | None) -> int:
    return zlib.crc32(sound or b"") + zlib.crc32(video or b"")


def _damaged() -> UnreadableRegistry:
    return UnreadableRegistry(
        "The registry holds a damaged fingerprint of a sound or movie.", remedy="Restore a backup."
    )
