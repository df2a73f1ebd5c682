"""Complaints: taken in with a ticket and a deadline, accepted, answered, closed.

>>> import tempfile
>>> from countermark.registry import Registry
>>> from countermark.registry.duties import About, ComplaintKind
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         received = registry.complaints.receive(
...             ComplaintKind.REPORT, About(payload=7), contact="jana@example.org"
...         )
...         ticket = received.complaint.ticket
...         registry.complaints.answer(ticket, answer_sha256=bytes(32))
...         registry.complaints.get(ticket).state.value
'answered'

Who complains, and in which words, is a personal record of the class complaint, encrypted and
erasable while the complaint stays. Each step leaves a leaf with ticket, kind and deadline in the
log, and nothing of what it is about but a commitment.

Source: Deep Synthesis Provisions of the PRC, article 12.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from countermark.errors import InvalidArgument
from countermark.registry import rows
from countermark.registry.database import Database, Row
from countermark.registry.duties.complaint import About, Complaint, ComplaintKind, ComplaintState
from countermark.registry.duties.logged import (
    LoggedRows,
    check_at,
    check_sha256,
    check_text,
    parse_time,
)
from countermark.registry.duties.terms import Terms, read_terms
from countermark.registry.key_use import utc
from countermark.registry.log import leaf
from countermark.registry.personal import PersonalRecords

KINDS: Final = {state: f"complaint-{state.value}" for state in ComplaintState}
"""Of the leaves, one for each state."""

RETENTION_CLASS: Final = "complaint"
LONGEST_TEXT: Final = 4000
"""Characters of what somebody complains about in their own words."""

_TICKET_BYTES: Final = 8
_SECRET_BYTES: Final = 24
_BEFORE: Final = {
    ComplaintState.ACCEPTED: (ComplaintState.RECEIVED,),
    ComplaintState.ANSWERED: (ComplaintState.RECEIVED, ComplaintState.ACCEPTED),
    ComplaintState.CLOSED: (ComplaintState.ANSWERED,),
}
_COLUMNS: Final = (
    "ticket, secret_sha256, kind, payload, pdq, url_sha256, received_at, deadline, state, "
    "answer_sha256, record, salt, position"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM complaint"
_BY_TICKET: Final = f"{_SELECT} WHERE ticket = ?"
_ALL: Final = f"{_SELECT} ORDER BY received_at, ticket"
_IN_STATE: Final = f"{_SELECT} WHERE state = ? ORDER BY received_at, ticket"
_OVERDUE: Final = f"""{_SELECT} WHERE state IN ('received', 'accepted') AND deadline < ?
    ORDER BY deadline, ticket"""
_INSERT: Final = f"""INSERT INTO complaint ({_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE: Final = """UPDATE complaint SET state = ?, answer_sha256 = ?, position = ?
    WHERE ticket = ?"""


@dataclass(frozen=True, slots=True)
class Received:
    """`complaint`, and the `secret` that shows its state to whoever made it; kept nowhere."""

    complaint: Complaint
    secret: str = field(repr=False)


class Complaints(LoggedRows):
    """What `Registry.complaints` is; for any number of threads, which take turns.

    Each method raises `UnreadableRegistry`, those that write `DestinationNotWritable`.
    """

    _NAME = "complaint"

    def __init__(
        self,
        database: Database,
        lock: threading.RLock,
        personal: PersonalRecords,
        folder: Path | None,
    ) -> None:
        super().__init__(database, lock)
        self._personal = personal
        self._folder = folder

    def terms(self) -> Terms:
        """By when complaints are to be answered; raises `UnusableTerms`."""
        return read_terms(self._folder)

    def receive(
        self,
        kind: ComplaintKind,
        about: About,
        *,
        contact: str | None = None,
        text: str | None = None,
        url: str | None = None,
        received_at: datetime | None = None,
    ) -> Received:
        """Take in a complaint; its ticket, its deadline and the secret that shows its state.

        `contact`: of whoever makes it; found by it as a subject (`PersonalRecords.find`). `text`:
        at most `LONGEST_TEXT` characters. `url`: the address whose hash is in `about`, for those
        who have to look at it. These three are kept encrypted. `received_at`: by default now.

        Raises `InvalidArgument`, also for personal words in a registry without a folder for keys;
        `UnusableTerms`, `UnusableRetention`.
        """
        if contact is not None:
            check_text("contact", contact)
        if text is not None and not 0 < len(text) <= LONGEST_TEXT:
            raise InvalidArgument(
                "The text of the complaint is empty or too long.",
                remedy=f"Use at most {LONGEST_TEXT:,} characters.",
            )
        now = datetime.now(timezone.utc)
        at = check_at(received_at or now)
        secret, terms = secrets.token_urlsafe(_SECRET_BYTES), self.terms()
        words = {"contact": contact, "text": text, "url": url}
        personal = {name: value for name, value in words.items() if value is not None}
        with self._writing():
            complaint = Complaint(
                ticket=secrets.token_hex(_TICKET_BYTES),
                secret_sha256=hashlib.sha256(secret.encode()).digest(),
                kind=kind,
                about=about,
                received_at=at,
                deadline=terms.deadline(kind, at),
                state=ComplaintState.RECEIVED,
                since=now,
                record=self._keep(personal, contact, at) if personal else None,
                salt=leaf.new_salt(),
                position=0,
            )
            position = self._tell(KINDS[complaint.state], _told(complaint), now)
            complaint = replace(complaint, position=position)
            self._database.run(_INSERT, _to_row(complaint))
        return Received(complaint, secret)

    def accept(self, ticket: str) -> None:
        """Say that a complaint is being handled.

        Raises `InvalidArgument` when there is none of that ticket, or it is past that.
        """
        self._step(ticket, ComplaintState.ACCEPTED)

    def answer(self, ticket: str, *, answer_sha256: bytes) -> None:
        """Say that whoever complained has got the answer with that SHA-256; as `accept`."""
        check_sha256("answer", answer_sha256)
        self._step(ticket, ComplaintState.ANSWERED, answer_sha256)

    def close(self, ticket: str) -> None:
        """End a complaint that is answered; as `accept`."""
        self._step(ticket, ComplaintState.CLOSED)

    def get(self, ticket: str) -> Complaint:
        """The complaint of that ticket; raises `InvalidArgument` when there is none."""
        with self._reading() as is_there:
            return self._get(ticket, is_there)

    def open_with(self, ticket: str, secret: str) -> Complaint | None:
        """The complaint of that ticket, for whoever has its secret; None for anybody else."""
        try:
            complaint = self.get(ticket)
        except InvalidArgument:
            return None
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        return complaint if hmac.compare_digest(digest, complaint.secret_sha256) else None

    def words(self, ticket: str) -> dict[str, Any]:
        """Contact, text and address, as far as they were given and are not erased.

        Raises as `get`; `RecordErased` when the key alone is gone.
        """
        record = self.get(ticket).record
        return {} if record is None else self._personal.recall(record).values

    def all(self, state: ComplaintState | None = None) -> list[Complaint]:
        """The complaints, or those in one state, the oldest first."""
        if state is None:
            return self._found(_ALL)
        return self._found(_IN_STATE, state.value)

    def overdue(self, at: datetime | None = None) -> list[Complaint]:
        """Those not answered whose time is over, now or at that time, the longest one first."""
        return self._found(_OVERDUE, utc(check_at(at or datetime.now(timezone.utc))))

    def _keep(self, values: dict[str, str], contact: str | None, since: datetime) -> str:
        return self._personal.keep(
            values, retention_class=RETENTION_CLASS, subject=contact, since=since
        )

    def _step(self, ticket: str, state: ComplaintState, answer: bytes | None = None) -> None:
        with self._writing():
            former = self._get(ticket, is_there=True)
            if former.state not in _BEFORE[state]:
                raise InvalidArgument(
                    f"The complaint {ticket} is {former.state.value}, so it cannot become "
                    f"{state.value}.",
                    remedy="Answer it before you close it; after that, take in a new one.",
                )
            changed = replace(former, state=state, answer_sha256=answer or former.answer_sha256)
            position = self._tell(KINDS[state], _told(changed), datetime.now(timezone.utc))
            values = (state.value, changed.answer_sha256, position, ticket)
            self._database.run(_UPDATE, values)

    def _get(self, ticket: str, is_there: bool) -> Complaint:
        rows_found = (
            self._database.all(_BY_TICKET, (ticket,)) if is_there and ticket.isalnum() else []
        )
        if not rows_found:
            raise InvalidArgument(
                f"There is no complaint {ticket!r:.40}.",
                remedy="countermark complaints list shows their tickets.",
            )
        return self._complaint(rows_found[0])

    def _found(self, statement: str, *values: object) -> list[Complaint]:
        with self._reading() as is_there:
            found = self._database.all(statement, values) if is_there else []
            return [self._complaint(row) for row in found]

    def _complaint(self, row: Row) -> Complaint:
        """The complaint in a row, held to its leaf."""
        ticket, secret, kind, payload, pdq, url, received, deadline, state, *others = row
        answer, record, salt, position = others
        try:
            complaint = Complaint(
                ticket=ticket,
                secret_sha256=bytes(secret),
                kind=ComplaintKind(kind),
                about=About(
                    payload=None if payload is None else int.from_bytes(payload, "big"),
                    pdq=None if pdq is None else bytes(pdq),
                    url_sha256=None if url is None else bytes(url),
                ),
                received_at=parse_time(received),
                deadline=parse_time(deadline),
                state=ComplaintState(state),
                since=datetime.min,
                answer_sha256=None if answer is None else bytes(answer),
                record=None if record is None else bytes(record).hex(),
                salt=bytes(salt),
                position=int(position),
            )
            since = self._since(complaint.position, KINDS[complaint.state], _told(complaint))
            return replace(complaint, since=since)
        except (InvalidArgument, ValueError, TypeError) as error:
            raise self._damaged() from error


def _told(complaint: Complaint) -> dict[str, str | int]:
    """The members of the leaf that says how a complaint is.

    Not the personal record, which may go while the complaint stays.
    """
    members: dict[str, str | int] = {
        "ticket": complaint.ticket,
        "secret_sha256": complaint.secret_sha256.hex(),
        "complaint_kind": complaint.kind.value,
        "received_at": utc(complaint.received_at),
        "deadline": utc(complaint.deadline),
        "commitment": leaf.commitment(complaint.salt, complaint.described.encode()),
    }
    if complaint.answer_sha256 is not None:
        members["answer_sha256"] = complaint.answer_sha256.hex()
    return members


def _to_row(complaint: Complaint) -> Row:
    about = complaint.about
    return (
        complaint.ticket,
        complaint.secret_sha256,
        complaint.kind.value,
        None if about.payload is None else rows.payload_key(about.payload),
        about.pdq,
        about.url_sha256,
        utc(complaint.received_at),
        utc(complaint.deadline),
        complaint.state.value,
        complaint.answer_sha256,
        None if complaint.record is None else bytes.fromhex(complaint.record),
        complaint.salt,
        complaint.position,
    )
