"""The side store: records about persons, encrypted, and erased by destroying their keys.

>>> import tempfile
>>> from countermark.registry import DisposalReason, Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         record = registry.personal.keep({"prompt": "a cup"}, retention_class="personal")
...         print(registry.personal.recall(record).values["prompt"])
...         registry.personal.erase(record, reason=DisposalReason.REQUESTED)
...         registry.personal.find()
a cup
[]

Each record has a key of its own: its class may end sooner or later than that of other records
about the same person, who is found again by the subject. The ciphertext is in the registry, the
key in another file (`personal_keys`). The log holds a commitment to each record: SHA-256 over a
salt and the record. The salt is in the ciphertext, so that without the key the commitment says
nothing any more.

Order, so that a crash does no harm: the key is on the disk before the record is; the key is gone
before the record and its leaf are. What was cut off is finished by asking again.

Source: NIST SP 800-88, section 2.6 (cryptographic erase).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from countermark.errors import InvalidArgument, RecordErased, RegistryError
from countermark.registry import events, rows
from countermark.registry.database import Database, Row
from countermark.registry.disposal import DisposalReason, check_minimum, check_reason
from countermark.registry.entry import check_payload
from countermark.registry.log import journal, leaf
from countermark.registry.personal_keys import FILE, PersonalKeys
from countermark.registry.retention import ENTRY, ORDER, RetentionClass, find_class, read_retention
from countermark.registry.sealing import (
    PersonalRecord,
    encode,
    from_seconds,
    members,
    new_key,
    seal,
    to_seconds,
    unseal,
)

TABLES: Final = (
    """
    CREATE TABLE personal (
        id BLOB PRIMARY KEY,
        class TEXT NOT NULL,
        payload BLOB,
        since INTEGER NOT NULL,
        position INTEGER NOT NULL,
        sealed BLOB NOT NULL
    )
    """,
    "CREATE INDEX personal_by_class ON personal (class, since)",
    "CREATE INDEX personal_by_payload ON personal (payload)",
)
FIRST_VERSION: Final = 3
"""Of the tables, with which these came."""

_ID_BYTES: Final = 16
_LONGEST_SUBJECT: Final = 256
_SLACK: Final = timedelta(minutes=5)  # clocks of two machines differ
_COLUMNS: Final = "id, class, payload, since, position, sealed"
_INSERT: Final = f"INSERT INTO personal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT: Final = f"SELECT {_COLUMNS} FROM personal WHERE id = ?"
_ALL: Final = "SELECT id, class, payload FROM personal ORDER BY position"
_OF_PAYLOAD: Final = "SELECT id, class, payload FROM personal WHERE payload = ? ORDER BY position"
_CLASSES: Final = "SELECT DISTINCT class FROM personal ORDER BY class"
_ENDED: Final = """SELECT id FROM personal WHERE class = ? AND since <= ?
    ORDER BY since LIMIT ?"""
_COUNT_ENDED: Final = "SELECT count(*) FROM personal WHERE class = ? AND since <= ?"
_DELETE: Final = "DELETE FROM personal WHERE id = ?"


class PersonalRecords:
    """The records in one registry; threads take turns.

    `folder`: where the keys and retention.toml are; None: there are no keys, and the classes are
    the defaults. `with_each`: statements, each for the ID of a record that is erased, by which
    what belongs to it goes in the same transaction.
    """

    def __init__(
        self,
        database: Database,
        lock: threading.RLock,
        folder: Path | None,
        with_each: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._lock = lock
        self._folder = folder
        self._with_each = with_each

    def retention(self) -> dict[str, RetentionClass]:
        """The classes by name; raises `UnusableRetention`."""
        return read_retention(self._folder)

    def keep(
        self,
        values: Mapping[str, Any],
        *,
        retention_class: str,
        payload: int | None = None,
        subject: str | None = None,
        since: datetime | None = None,
    ) -> str:
        """Keep a record, encrypted; its ID. A leaf of the log commits to it.

        `values`: what JSON can hold, at most 64 KiB. `subject`: whom it is about, in words of
        yours such as an account number; `find` finds the records about the same one. `payload`:
        of the picture that it belongs to. `since`: when it arose, by default now.

        In the body of `Registry.adding` the record and the entry are kept together or not at all.

        Raises `InvalidArgument`, `InvalidPayload`, `UnusableRetention`, `DestinationNotWritable`,
        `UnreadableRegistry`.
        """
        now = datetime.now(timezone.utc)
        since = _checked_since(since or now, now)
        if find_class(self.retention(), retention_class).name in (ENTRY, ORDER):
            raise InvalidArgument(
                f"Records of the class {retention_class!r} are not made by hand.",
                remedy="Use another class; countermark registry classes shows them.",
            )
        if payload is not None:
            check_payload(payload)
        _check_subject(subject)
        content = encode(values)
        with self._lock:
            keys = self._keys()
            self._database.prepare()
            with self._writing():
                return self._insert(keys, content, retention_class, payload, subject, since)

    def recall(self, record: str) -> PersonalRecord:
        """The record with that ID.

        Raises `RecordErased` when its key is gone, `InvalidArgument` when it is not there,
        `UnreadableRegistry` when it is not what was written.
        """
        with self._lock:
            row = self._row(record)
            if row is None:
                raise _unknown(record)
            secret = self._keys().find(bytes(row[0]))
        if secret is None:
            raise RecordErased(
                f"The key of the record {record} is gone.",
                remedy="If that was an erasure, erase it once more to finish; if not, restore "
                f"{FILE} or name the folder in which it is.",
            )
        return unseal(row, secret)

    def find(self, *, payload: int | None = None, subject: str | None = None) -> list[str]:
        """The IDs of the records about a picture, a subject or both, or of all, the oldest first.

        Raises `InvalidPayload`, `InvalidArgument`, `UnreadableRegistry`.
        """
        if payload is not None:
            check_payload(payload)
        _check_subject(subject)
        with self._lock:
            if not self._is_there():
                return []
            if subject is not None:
                about = self._rows(self._keys().of_subject(subject))
                found = sorted(about, key=lambda row: int(row[4]))
            elif payload is not None:
                found = self._database.all(_OF_PAYLOAD, (rows.payload_key(payload),))
            else:
                found = self._database.all(_ALL)
        wanted = None if payload is None else rows.payload_key(payload)
        return [bytes(row[0]).hex() for row in found if wanted in (None, row[2])]

    def erase(self, record: str, *, reason: DisposalReason, order: str | None = None) -> None:
        """Destroy the key of a record, then the record; a leaf says which, when and why.

        `order`: with the reason `ORDERED`, the reference of the order; it is kept as a record of
        the class disposal-order, and the leaf names that. Asked again after a crash, it finishes.

        Raises `RetentionNotOver` before the minimum of its class is over, unless it is ordered;
        `InvalidArgument` for an unknown record, or a reason that does not fit; as `keep`.
        """
        check_reason(reason, order)
        with self._lock:
            row = self._row(record)
            if row is None:
                raise _unknown(record)
            kind = find_class(self.retention(), row[1])
            check_minimum(kind, from_seconds(row[3]), reason)
            self._erase([bytes(row[0])], reason, order)

    def keep_order(self, order: str) -> str:
        """Keep the reference of an order inside a transaction; the ID of that record."""
        content, now = encode({"order": order}), datetime.now(timezone.utc)
        return self._insert(self._keys(), content, ORDER, None, None, now)

    def check_classes(self, classes: Mapping[str, RetentionClass]) -> None:
        """Raises `InvalidArgument` when there are records of a class that is none of these.

        They would never end.
        """
        with self._lock:
            used = self._database.all(_CLASSES) if self._is_there() else []
        for (name,) in used:
            find_class(classes, name)

    def count_ended(self, kind: RetentionClass, at: datetime) -> int:
        """How many records of a class are past its maximum at that time."""
        before = kind.ended(at)
        with self._lock:
            if before is None or not self._is_there():
                return 0
            row = self._database.one(_COUNT_ENDED, (kind.name, to_seconds(before)))
            return 0 if row is None else int(row[0])

    def erase_ended(self, kind: RetentionClass, at: datetime, limit: int) -> int:
        """Erase the oldest records of a class that are past its maximum; how many of `limit`."""
        before = kind.ended(at)
        with self._lock:
            if before is None or not self._is_there():
                return 0
            found = self._database.all(_ENDED, (kind.name, to_seconds(before), limit))
            if found:
                self._erase([bytes(row[0]) for row in found], DisposalReason.EXPIRED, None)
            return len(found)

    def _erase(self, records: Sequence[bytes], reason: DisposalReason, order: str | None) -> None:
        if self._database.in_transaction():
            raise RegistryError(
                "No record can be erased while an entry is being added.", remedy="Do it before."
            )
        keys = self._keys()
        self._database.prepare()
        keys.destroy(records)
        with self._database.writing():
            order_record = self.keep_order(order) if order else None
            gone = [row for row in self._rows(records) if self._database.run(_DELETE, (row[0],))]
            for statement in self._with_each:
                self._database.run_many(statement, [(record,) for record in records])
            now = datetime.now(timezone.utc)
            leaves = [events.erased(members(row), reason, order_record, now) for row in gone]
            if leaves:
                journal.append(self._database, leaves)

    def _insert(
        self,
        keys: PersonalKeys,
        content: bytes,
        retention_class: str,
        payload: int | None,
        subject: str | None,
        since: datetime,
    ) -> str:
        record, secret, salt = secrets.token_bytes(_ID_BYTES), new_key(), leaf.new_salt()
        columns = (
            record,
            retention_class,
            None if payload is None else rows.payload_key(payload),
            to_seconds(since),
        )
        keys.add(record, secret, subject)
        told = events.kept(
            members(columns), leaf.commitment(salt, content), datetime.now(timezone.utc)
        )
        position = journal.append(self._database, [told])
        sealed = seal(secret, salt, content, columns, position)
        self._database.run(_INSERT, (*columns, position, sealed))
        return record.hex()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self._database.in_transaction():  # in the body of `adding`
            yield
            return
        with self._database.writing():
            yield

    def _rows(self, records: Iterable[bytes]) -> list[Row]:
        found = (self._database.one(_SELECT, (record,)) for record in records)
        return [row for row in found if row is not None]

    def _row(self, record: str) -> Row | None:
        try:
            identifier = bytes.fromhex(record)
        except ValueError as error:
            raise _unknown(record) from error
        return self._database.one(_SELECT, (identifier,)) if self._is_there() else None

    def _is_there(self) -> bool:
        return self._database.version() >= FIRST_VERSION

    def _keys(self) -> PersonalKeys:
        if self._folder is None:
            raise InvalidArgument(
                "This registry has no folder for the keys of personal records.",
                remedy="Name one: Registry.open(address, folder=...).",
            )
        return PersonalKeys(self._folder / FILE)


def _check_subject(subject: str | None) -> None:
    if subject is not None and not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()):
        raise InvalidArgument(
            "The subject is empty, too long or not printable.",
            remedy=f"Use at most {_LONGEST_SUBJECT} characters.",
        )


def _checked_since(since: datetime, now: datetime) -> datetime:
    if since.utcoffset() is None or since > now + _SLACK:
        raise InvalidArgument(
            "The time since when it is kept lies in the future, or has no time zone.",
            remedy="Give the time when it arose, or leave it out.",
        )
    return since


def _unknown(record: str) -> InvalidArgument:
    return InvalidArgument(
        f"There is no personal record {record!r:.40}.",
        remedy="Check the ID; if it was erased, the log says when.",
    )
