"""The registry: entries, their fingerprints and the log of what happened, written in transactions.

One set of rules for every database: what SQLite and PostgreSQL do differently is behind `Database`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from countermark.clips import Clip
from countermark.errors import InvalidArgument, RegistryError
from countermark.registry import entries, events, manifests, rows
from countermark.registry.clips import ClipMatch, ClipSearch, Of
from countermark.registry.database import Database, changing
from countermark.registry.disclosure import Disclosure
from countermark.registry.disposal import BATCH, DisposalReason, check_minimum, check_reason
from countermark.registry.duties import Complaints, Grants, Models
from countermark.registry.duties.tables import WITH_PERSONAL
from countermark.registry.entry import (
    MAX_DISTANCE,
    PAYLOAD_BYTES,
    Entry,
    Fingerprint,
    check_payload,
)
from countermark.registry.features import Features
from countermark.registry.ingest_decision import IngestDecision
from countermark.registry.key_use import KeyUse
from countermark.registry.log import TransparencyLog, journal, leaf
from countermark.registry.personal import PersonalRecords
from countermark.registry.postgres import PostgresDatabase
from countermark.registry.retention import ENTRY
from countermark.registry.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

_URLS: Final = ("postgresql://", "postgres://")


class Registry:
    """The entries and the log in one database, for any number of threads and processes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Registry.open(folder + "/registry.sqlite3") as registry:
    ...         payload = registry.new_payload()
    ...         registry.find_payload(payload) is None
    True

    A file is made, readable by its owner only, when something is first written. Tables that an
    earlier version wrote are read as they are, and brought up to date before anything is added.
    The threads of one `Registry` take turns; processes wait for each other.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database = database
        self._lock = database.lock
        self.log = TransparencyLog(database, self._lock)
        self.manifests = manifests.Manifests(database, self._lock)
        self.personal = PersonalRecords(database, self._lock, folder, WITH_PERSONAL)
        self.features = Features(database, self._lock)
        self.models = Models(database, self._lock)
        self.grants = Grants(database, self._lock, self.personal)
        self.complaints = Complaints(database, self._lock, self.personal, folder)
        self._clips = ClipSearch(database, self._lock)

    @classmethod
    def open(
        cls, address: str | PathLike[str], *, folder: str | PathLike[str] | None = None
    ) -> Self:
        """The registry at that path; an empty one, without making a file, if there is none.

        `address`: of a SQLite file, or a URL that begins with postgresql:// (extra `postgres`).
        `folder`: where retention.toml and the keys of personal records are, by default the folder
        of the SQLite file; without one a registry in PostgreSQL keeps no personal records.

        Raises `UnreadableRegistry` for what is damaged, not a registry or not reachable, and
        `RegistryTooNew` for one that a later version wrote; neither is changed.
        """
        name = os.fspath(address)
        beside = None if folder is None else Path(folder)
        if name.startswith(_URLS):
            return cls(PostgresDatabase(name), beside)
        return cls(SqliteDatabase(Path(name)), beside or Path(name).parent)

    def close(self) -> None:
        """Lets go of the database; closing again does nothing."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def upgrade(self) -> None:
        """Bring tables of an earlier version up to date now, and not with the first write.

        Raises `DestinationNotWritable`.
        """
        with self._lock:
            if self._database.version():
                self._database.prepare()

    @contextmanager
    def adding(self, *new: Entry) -> Iterator[None]:
        """Adds the entries if the body of the `with` statement succeeds, and nothing otherwise.

        The body puts the marked file in its place: either both exist afterwards or, when it
        raises or the process dies in it, the entry does not. A leaf of the log tells of each.

        Raises `PayloadTaken` before the body is entered when a payload is or was in the
        registry, `DestinationNotWritable` when the folder, its rights or the disk refuse: before
        the body too, except when the disk fills up while the body runs.
        """
        with changing(self._database):
            for entry in new:
                entries.insert(self._database, entry)
            yield

    def put(self, entry: Entry) -> bool:
        """Adds the entry unless it is there already; whether it was added.

        So whoever got no answer can ask again. Raises `PayloadTaken` when another one has its
        payload, `DestinationNotWritable`.
        """
        with self._lock:
            if entries.added(self._database, rows.payload_key(entry.payload)) == entry:
                return False
        with self.adding(entry):
            return True

    def delete(self, payload: int, *, reason: DisposalReason, order: str | None = None) -> None:
        """Takes an entry away for good; the log keeps that it was there, and why it is gone.

        `order`: with the reason `ORDERED`, the reference of the order, kept as a personal record.
        The payload is never given again. Personal records of the picture have a class of their own.

        Raises `InvalidPayload`, `InvalidArgument` when no entry has it or the reason does not fit,
        `RetentionNotOver` before the minimum of the class `entry`, unless it is ordered,
        `UnusableRetention`, `DestinationNotWritable`.
        """
        check_payload(payload)
        check_reason(reason, order)
        kind = self.personal.retention()[ENTRY]
        key = rows.payload_key(payload)
        with changing(self._database):
            found = entries.find(self._database, rows.BY_PAYLOAD, key)
            if found is None:
                raise InvalidArgument(
                    f"No entry has the payload {payload:016x}.", remedy="Check the payload."
                )
            check_minimum(kind, found[1].marked_at, reason)
            told = self.personal.keep_order(order) if order else None
            entries.delete(self._database, [found], reason, told)

    def dispose(self, *, dry_run: bool = False) -> dict[str, int]:
        """Erases what is past the maximum of its class, in batches; how many of each class.

        Each leaves a leaf. What was cut off goes on when it is asked again. `dry_run`: only count.

        Raises `InvalidArgument` for a record of a class that is not known any more,
        `UnusableRetention`, `DestinationNotWritable`, `UnreadableRegistry`.
        """
        now = datetime.now(timezone.utc)
        disposed = {}
        classes = self.personal.retention()
        self.personal.check_classes(classes)
        for kind in classes.values():
            if kind.name == ENTRY:
                disposed[kind.name] = entries.dispose(self._database, kind, now, dry_run=dry_run)
            elif dry_run:
                disposed[kind.name] = self.personal.count_ended(kind, now)
            else:
                disposed[kind.name] = 0
                while done := self.personal.erase_ended(kind, now, BATCH):
                    disposed[kind.name] += done
        return disposed

    def record_key_use(self, use: KeyUse) -> None:
        """Appends a use of a key to the log; it is on the disk when this returns.

        Raises `DestinationNotWritable` when the folder, its rights or the disk refuse,
        `UnreadableRegistry`, `RegistryError` in the body of `adding`, with which the leaf would
        be undone.
        """
        self.record_key_uses([use])

    def record_key_uses(self, uses: Sequence[KeyUse]) -> None:
        """As `record_key_use`, for several at once."""
        with self._lock:
            if self._database.in_transaction():
                raise RegistryError(
                    "The use of a key cannot be recorded while an entry is being added.",
                    remedy="Sign before that.",
                )
            with changing(self._database):
                journal.append(self._database, [events.key_used(use) for use in uses])

    @contextmanager
    def disclosing(self, disclosure: Disclosure) -> Iterator[None]:
        """Logs that a report was given out if the body succeeds, which puts it in its place.

        Raises `DestinationNotWritable`, `UnreadableRegistry`.
        """
        with changing(self._database):
            now = datetime.now(timezone.utc)
            journal.append(self._database, [events.disclosed(disclosure, now)])
            yield

    @contextmanager
    def deciding(self, decision: IngestDecision) -> Iterator[None]:
        """Logs what was decided about a file if the body succeeds, which puts it in its place.

        Raises `DestinationNotWritable`, `UnreadableRegistry`.
        """
        with changing(self._database):
            now = datetime.now(timezone.utc)
            journal.append(self._database, [events.ingest_decided(decision, now)])
            yield

    def key_uses(self) -> Iterator[KeyUse]:
        """The uses of keys in the log, the oldest first.

        Raises `UnreadableRegistry`.
        """
        for content in self.log.leaves():
            members = leaf.decode(content)
            if members["kind"] == events.KEY_USED:
                yield events.key_use(members)

    def find_payload(self, payload: int) -> Entry | None:
        """The entry with that payload, and with its latest manifest (see `Manifests.add`).

        Raises `InvalidPayload`, `UnreadableRegistry`.
        """
        check_payload(payload)
        with self._lock:
            found = entries.added(self._database, rows.payload_key(payload))
            return None if found is None else entries.latest(self._database, found)

    def find_leaf(self, payload: int) -> int | None:
        """Where the log tells of the entry with that payload; None when it is not there.

        Raises `InvalidPayload`, `UnreadableRegistry`, also when the leaf is not that of the entry.
        """
        check_payload(payload)
        told = entries.told(self._database, payload)
        return None if told is None else told[1]

    def find_fingerprint(self, payload: int) -> Fingerprint | None:
        """The fingerprint of the entry with that payload, to be proven to others by its leaf.

        Raises as `find_leaf`.
        """
        check_payload(payload)
        told = entries.told(self._database, payload)
        if told is None:
            return None
        entry, position, salt = told
        return Fingerprint(
            payload=payload,
            pdq=entry.pdq,
            pdq_quality=entry.pdq_quality,
            clip=entry.clip,
            position=position,
            salt=salt,
        )

    def find_similar(
        self,
        hashes: Sequence[bytes],
        max_distance: int = MAX_DISTANCE,
        *,
        limit: int | None = None,
    ) -> list[tuple[Entry, int]]:
        """Entries whose PDQ hash is within reach of any of the hashes, the nearest first.

        `hashes`: 32 bytes each; the eight of `pdq_dihedral` find turned and mirrored copies.
        `max_distance`: bits. `limit`: no more than so many; of those as near as each other, the
        ones that were added first. Stored hashes of a quality under `MIN_QUALITY` are passed over;
        whoever asks should pass over such queries too.

        Raises `InvalidArgument` for a hash of another length, `UnreadableRegistry`.
        """
        for anew in (False, True):  # what was deleted, or given anew, since they were read
            found = entries.near(self._database, hashes, max_distance, limit, anew=anew)
            if found is not None:
                return found
        with self._lock, self._database.reading():  # where nothing is deleted meanwhile
            found = entries.near(self._database, hashes, max_distance, limit, anew=True)
        if found is None:
            raise rows.damaged()
        return found

    def any_clips(self) -> bool:
        """Whether there are sounds or movies to be found.

        Raises `UnreadableRegistry`.
        """
        return self._clips.any()

    def find_clips(self, query: Clip) -> list[ClipMatch]:
        """Sounds and movies that the query is a part of, or that are a part of it.

        >>> Registry.open("no such file").find_clips(Clip(seconds=5.0))
        []

        `query`: as `clips.read` gives it with `query=True`. Those with like pictures come first.
        Raises `UnreadableRegistry`.
        """
        found = []
        for match in self._clips.search(query):
            entry = self.find_payload(int.from_bytes(match.payload, "big"))
            if entry is not None:
                found.append(ClipMatch(entry, match.sound, match.video))
        return found

    def find_clips_by_digest(self, of: Of, digest: bytes) -> list[Entry]:
        """Sounds and movies of whose fingerprint this is the SHA-256, as it is signed.

        >>> Registry.open("no such file").find_clips_by_digest("sound", bytes(32))
        []

        `of`: whether it is that of the sound or of the moving pictures. Raises
        `UnreadableRegistry`.
        """
        keys = self._clips.with_digest(of, digest)
        found = (self.find_payload(int.from_bytes(key, "big")) for key in keys)
        return [entry for entry in found if entry is not None]

    def entries(self, after: int = 0, limit: int = 100) -> list[tuple[int, Entry]]:
        """Entries as they were added, in that order, each with its place in it.

        >>> Registry.open("no such file").entries()
        []

        `after`: the place behind which to begin. `limit`: at most so many. Raises
        `UnreadableRegistry`.
        """
        with self._lock:
            version = self._database.version()
            if not version:
                return []
            found = self._database.all(rows.select(rows.AFTER, version), (after, limit))
            return [rows.from_row(row, version) for row in found]

    def all_entries(self) -> Iterator[Entry]:
        """Every entry, in the order in which they were added, while others may add more.

        Raises `UnreadableRegistry`.
        """
        place = 0
        while batch := self.entries(after=place):
            yield from (entry for _, entry in batch)
            place = batch[-1][0]

    def back_up(self, path: str | PathLike[str]) -> None:
        """Copy the registry, its log included, to a file that does not exist yet.

        Others may use it meanwhile; the copy is as it was at one moment, and appears whole or not
        at all. Raises `InvalidArgument` for one in PostgreSQL, which pg_dump copies,
        `DestinationNotWritable` when the file exists or cannot be written, `UnreadableRegistry`.
        """
        with self._lock:
            if not isinstance(self._database, SqliteDatabase):
                raise InvalidArgument(
                    "A registry in PostgreSQL is not a file.", remedy="Copy it by pg_dump."
                )
            self._database.back_up(Path(path))

    def new_payload(self) -> int:
        """A random payload that no entry has or had.

        It is not reserved: `adding` says `PayloadTaken` in the unlikely case that another
        process has added the same one meanwhile.
        """
        while True:
            payload = secrets.randbits(8 * PAYLOAD_BYTES)
            if not entries.is_taken(self._database, payload):
                return payload
