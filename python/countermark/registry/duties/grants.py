"""Copies without the visible label: to whom they were given, and by which agreement.

>>> import tempfile
>>> from countermark.registry import Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         grant = registry.grants.add(
...             "content-1", recipient="account 4711", agreement_sha256=bytes(32)
...         )
...         registry.grants.require("content-1") == grant
True

The visible label alone may be missing from such a copy; the implicit one never. The recipient is a
personal record of the class unlabelled-grant, whose ID is the grant's: it must stay for at least
184 days from the provision, and the grant goes with it. The log holds the hash of the agreement,
and of the content a commitment.

Source: Measures for Labeling of AI-Generated Synthetic Content of the PRC (2025), article 9.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from countermark.errors import GrantMissing, InvalidArgument
from countermark.record.content_id import check_content_id
from countermark.registry import rows
from countermark.registry.database import Database, Row
from countermark.registry.disposal import DisposalReason
from countermark.registry.duties.logged import (
    LoggedRows,
    canonical,
    check_at,
    check_sha256,
    check_text,
    parse_time,
)
from countermark.registry.entry import check_payload
from countermark.registry.key_use import utc
from countermark.registry.log import leaf
from countermark.registry.personal import PersonalRecords

GRANTED: Final = "unlabelled-granted"
RETENTION_CLASS: Final = "unlabelled-grant"

_COLUMNS: Final = "record, content, payload, agreement_sha256, granted_at, salt, position"
_SELECT: Final = f"SELECT {_COLUMNS} FROM unlabelled_grant"
_BY_RECORD: Final = f"{_SELECT} WHERE record = ?"
_BY_CONTENT: Final = f"{_SELECT} WHERE content = ? ORDER BY position"
_BY_PAYLOAD: Final = f"{_SELECT} WHERE payload = ? ORDER BY position"
_ALL: Final = f"{_SELECT} ORDER BY position"
_INSERT: Final = f"INSERT INTO unlabelled_grant ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledGrant:
    """That one content may be given out without its visible label; not to whom.

    `id`: 32 hexadecimal digits, also of the personal record with the recipient. `content`: its
    content id (ProduceID). `payload`: of its watermark, if it has one. `agreement_sha256`: of the
    agreement in which the recipient took over the duty to label. `granted_at`: when it was
    provided. `salt`: opens the commitment to the content in the leaf at `position`.
    """

    id: str
    content: str
    payload: int | None
    agreement_sha256: bytes
    granted_at: datetime
    salt: bytes
    position: int

    @property
    def described(self) -> str:
        """What the commitment in the leaf is over."""
        return canonical({"content": self.content})


class Grants(LoggedRows):
    """What `Registry.grants` is; for any number of threads, which take turns.

    Each method raises `UnreadableRegistry`, those that write `DestinationNotWritable` and
    `UnusableRetention`.
    """

    _NAME = "grant"

    def __init__(
        self, database: Database, lock: threading.RLock, personal: PersonalRecords
    ) -> None:
        super().__init__(database, lock)
        self._personal = personal

    def add(
        self,
        content: str,
        *,
        recipient: str,
        agreement_sha256: bytes,
        payload: int | None = None,
        granted_at: datetime | None = None,
    ) -> UnlabelledGrant:
        """Record that a copy without visible label is given to somebody.

        `recipient`: who it is, in one line; kept encrypted, and found by it as a subject
        (`PersonalRecords.find`). `granted_at`: by default now.

        Raises `InvalidArgument` for what is no content id, text or hash, for a time that lies in
        the future, or in a registry without a folder for keys; `InvalidPayload`.
        """
        check_content_id("The content id", content)
        check_text("recipient", recipient)
        check_sha256("agreement", agreement_sha256)
        at = check_at(granted_at or datetime.now(timezone.utc))
        if payload is not None:
            check_payload(payload)
        with self._writing():
            record = self._personal.keep(
                {"recipient": recipient, "content": content},
                retention_class=RETENTION_CLASS,
                subject=recipient,
                since=at,
            )
            grant = UnlabelledGrant(
                id=record,
                content=content,
                payload=payload,
                agreement_sha256=agreement_sha256,
                granted_at=at,
                salt=leaf.new_salt(),
                position=0,
            )
            position = self._tell(GRANTED, _told(grant), datetime.now(timezone.utc))
            self._database.run(
                _INSERT,
                (
                    bytes.fromhex(record),
                    content,
                    None if payload is None else rows.payload_key(payload),
                    agreement_sha256,
                    utc(at),
                    grant.salt,
                    position,
                ),
            )
        return replace(grant, position=position)

    def require(self, content: str) -> UnlabelledGrant:
        """The latest grant for a content; raises `GrantMissing` when there is none.

        Whoever makes a copy without visible label asks this before.
        """
        found = self.find(content=content)
        if not found:
            raise GrantMissing(
                "No grant allows a copy of this content without its visible label.",
                remedy="Record the agreement with its recipient by countermark grants add, or "
                "leave the label on it.",
            )
        return found[-1]

    def get(self, grant: str) -> UnlabelledGrant:
        """The grant with that ID; raises `InvalidArgument` when there is none."""
        try:
            found = self._found(_BY_RECORD, bytes.fromhex(grant))
        except ValueError:
            found = []
        if not found:
            raise InvalidArgument(
                f"There is no grant {grant!r:.40}.",
                remedy="countermark grants list shows them; if it was purged, the log says when.",
            )
        return found[0]

    def find(
        self, *, content: str | None = None, payload: int | None = None
    ) -> list[UnlabelledGrant]:
        """The grants for a content or a payload, or all, the oldest first."""
        if content is not None:
            if not content.isprintable():  # not every database could even be asked for it
                return []
            found = self._found(_BY_CONTENT, content)
            return [grant for grant in found if payload in (None, grant.payload)]
        if payload is not None:
            check_payload(payload)
            return self._found(_BY_PAYLOAD, rows.payload_key(payload))
        return self._found(_ALL)

    def recipient(self, grant: str) -> str:
        """To whom a copy was given; raises `RecordErased`, and as `get`."""
        return str(self._personal.recall(self.get(grant).id).values["recipient"])

    def purge(self, grant: str, *, reason: DisposalReason, order: str | None = None) -> None:
        """Destroy the key of a grant's recipient, then the grant; a leaf says that and why.

        Raises `RetentionNotOver` before the minimum of the class unlabelled-grant is over, counted
        from the provision, unless it is ordered (`order`: the reference); as `get`.
        """
        self._personal.erase(self.get(grant).id, reason=reason, order=order)

    def _found(self, statement: str, *values: object) -> list[UnlabelledGrant]:
        with self._reading() as is_there:
            return (
                [self._grant(row) for row in self._database.all(statement, values)]
                if is_there
                else []
            )

    def _grant(self, row: Row) -> UnlabelledGrant:
        """The grant in a row, held to its leaf."""
        record, content, payload, agreement, granted_at, salt, position = row
        try:
            grant = UnlabelledGrant(
                id=bytes(record).hex(),
                content=content,
                payload=None if payload is None else int.from_bytes(payload, "big"),
                agreement_sha256=bytes(agreement),
                granted_at=parse_time(granted_at),
                salt=bytes(salt),
                position=int(position),
            )
            self._since(grant.position, GRANTED, _told(grant))
        except (InvalidArgument, ValueError, TypeError) as error:
            raise self._damaged() from error
        return grant


def _told(grant: UnlabelledGrant) -> dict[str, str | int]:
    """The members of a grant's leaf."""
    members: dict[str, str | int] = {
        "record": grant.id,
        "agreement_sha256": grant.agreement_sha256.hex(),
        "granted_at": utc(grant.granted_at),
        "commitment": leaf.commitment(grant.salt, grant.described.encode()),
    }
    if grant.payload is not None:
        members["payload"] = f"{grant.payload:016x}"
    return members
