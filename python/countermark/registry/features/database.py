"""The features of a registry: reviewed by two people, searched, exchanged as signed lists.

>>> import tempfile
>>> from datetime import datetime, timezone
>>> from countermark.registry import Registry
>>> from countermark.registry.features import Feature, Kind, Reviewer, Signers
>>> from countermark.registry.log import NoteKey
>>> ada, ben = NoteKey.generate("ada"), NoteKey.generate("ben")
>>> signers = Signers((Reviewer(ada.verifier), Reviewer(ben.verifier)))
>>> feature = Feature(
...     kind=Kind.ILLEGAL, reason="court-order", source="court.example/1",
...     at=datetime.now(timezone.utc), pdq=bytes(32), pdq_quality=100,
... )
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         registry.features.propose(feature, ada, signers)
...         registry.features.match([bytes(32)], [], signers).notices
...         registry.features.approve(feature.id, ben, signers)
...         registry.features.match([bytes(32)], [], signers).notices[0].signed_by
()
('ada', 'ben')
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from countermark.errors import InvalidArgument, InvalidFeature, ReviewRefused
from countermark.fingerprint import distance
from countermark.registry.database import Database, Row
from countermark.registry.entry import MAX_DISTANCE
from countermark.registry.features import leaves, snapshot, tables
from countermark.registry.features.act import Act, Step
from countermark.registry.features.feature import Feature
from countermark.registry.features.notice import Notice
from countermark.registry.features.search import Hashes
from countermark.registry.features.signers import Signers
from countermark.registry.features.snapshot import Listed, Snapshot
from countermark.registry.features.stored import (
    Standing,
    State,
    Stored,
    from_rows,
    payload_key,
    shown,
)
from countermark.registry.key_use import utc
from countermark.registry.log import journal, leaf
from countermark.registry.log.note import NoteKey, NoteVerifier

_BATCH: Final = 1000
_NOT_WHOLE: Final = "The list that it is of is not as its authority signed it."
_MOST_NOTICES: Final = 8
"""Of one kind, for one picture: the nearest ones."""


@dataclass(frozen=True, slots=True)
class Matches:
    """`notices`: the features that fit and count, the nearest first.

    `ignored`: what is wrong with others that fit; whoever may write the registry did that, or a
    reviewer was removed.
    """

    notices: tuple[Notice, ...] = ()
    ignored: tuple[str, ...] = ()


class Features:
    """What `Registry.features` is; for any number of threads, which take turns.

    Each method raises `UnreadableRegistry`, those that write `DestinationNotWritable`. Searches
    look at fingerprints whose signatures were not checked; what they find is checked before it
    counts. Checking all beforehand would take 20 s for 100,000 features, in each process.
    """

    def __init__(self, database: Database, lock: threading.RLock) -> None:
        self._database = database
        self._lock = lock
        self._hashes: Hashes | None = None
        self._lists: dict[str, tuple[Row | None, frozenset[bytes]]] = {}

    # ---- what reviewers do ----
    def propose(self, feature: Feature, key: NoteKey, signers: Signers) -> None:
        """Add a feature, which counts for nothing yet.

        Raises `ReviewRefused` when the key is no reviewer's, `InvalidArgument` when it is there.
        """
        act = _signed(Step.PROPOSED, feature, key, signers)
        with self._writing():
            if self._database.one(tables.BY_ID, (feature.id,)):
                raise InvalidArgument("This feature is there already.", remedy="Approve that one.")
            salt = leaf.new_salt()
            number = self._insert("", feature, feature.to_json(), salt)
            self._add_act(number, feature, act, key.verifier, salt)

    def approve(self, identifier: bytes, key: NoteKey, signers: Signers) -> None:
        """Bring a feature into force.

        Raises `ReviewRefused` when the key is no reviewer's or the proposer's own, or the feature
        does not wait for approval; `InvalidArgument` when there is none.
        """
        with self._writing():
            stored = self._get(identifier)
            act = _signed(Step.APPROVED, stored.feature, key, signers)
            proposed = stored.acts.get(Step.PROPOSED)
            proposer = None if proposed is None else proposed.holds(stored.feature, signers)
            if proposer is None:
                raise ReviewRefused(
                    "The proposal of this feature is not signed by a reviewer.",
                    remedy="Propose it again.",
                )
            if proposer.name == key.name or proposer.verifier.public_key == (
                key.verifier.public_key
            ):
                raise ReviewRefused(
                    f"{key.name!r} has proposed this feature.", remedy="Let somebody else approve."
                )
            if stored.standing(signers).state in (State.IN_FORCE, State.REVOKED):
                raise ReviewRefused(
                    "This feature is approved or revoked already.", remedy="There is nothing to do."
                )
            self._add_act(stored.number, stored.feature, act, key.verifier, stored.salt)

    def revoke(self, identifier: bytes, key: NoteKey, signers: Signers, *, reason: str) -> None:
        """Take a feature back for good; `reason`: a code, such as mistake.

        Raises as `approve`; any reviewer may.
        """
        with self._writing():
            stored = self._get(identifier)
            act = _signed(Step.REVOKED, stored.feature, key, signers, reason)
            if stored.standing(signers).state is State.REVOKED:
                raise ReviewRefused("This feature is revoked already.", remedy="Nothing to do.")
            self._add_act(stored.number, stored.feature, act, key.verifier, stored.salt)

    # ---- what is there ----
    def any(self) -> bool:
        """Whether there are any, whatever their state."""
        return self._has(tables.ANY)

    def any_with_payload(self) -> bool:
        """Whether any of them names a payload, so that looking for a watermark is worth it."""
        return self._has(tables.ANY_PAYLOAD)

    def all(self, signers: Signers) -> Iterator[tuple[Stored, Standing]]:
        """Every one with where it stands, in the order in which they came.

        Raises `InvalidFeature`, after all others, when a row was changed.
        """
        last, damage = 0, None
        while True:
            checked = []
            with self._reading() as is_there:
                rows = self._database.all(tables.AFTER, (last, _BATCH)) if is_there else []
                for row in rows:
                    try:
                        stored = self._stored(row)
                        checked.append((stored, self._standing(stored, signers)))
                    except InvalidFeature as error:
                        damage = error
            yield from checked
            if len(rows) < _BATCH:
                break
            last = rows[-1][0]
        if damage is not None:
            raise damage

    def find(self, start: str, signers: Signers) -> list[tuple[Stored, Standing]]:
        """Those whose ID begins so, of this house and of lists; raises `InvalidArgument`."""
        with self._reading() as is_there:
            rows = self._database.all(tables.BY_START, _range(start)) if is_there else []
            if not rows:
                raise InvalidArgument(
                    f"There is no feature {start!r:.40}.",
                    remedy="countermark features list shows them.",
                )
            found = [self._stored(row) for row in rows]
            return [(each, self._standing(each, signers)) for each in found]

    def resolve(self, start: str) -> bytes:
        """The ID of the one feature of this house that begins so; raises `InvalidArgument`."""
        with self._reading() as is_there:
            rows = self._database.all(tables.BY_START, _range(start)) if is_there else []
        own = [bytes(row[2]) for row in rows if not row[1]]
        if len(own) != 1:
            raise InvalidArgument(
                f"{len(own)} features of this house begin with {start!r:.40}.",
                remedy="Give the ID of one, as countermark features list shows it.",
            )
        return own[0]

    def match(self, hashes: Sequence[bytes], payloads: Sequence[int], signers: Signers) -> Matches:
        """The features that fit a picture and count.

        `hashes`: 32 bytes each; the eight of `pdq_dihedral` find turned and mirrored copies.
        `payloads`: those in its pixels or its manifest.
        """
        with self._reading() as is_there:
            if not is_there:
                return Matches()
            current = self._current()
            numbers = dict.fromkeys(m.label for m in current.search(hashes, MAX_DISTANCE))
            for payload in payloads:
                rows = self._database.all(tables.BY_PAYLOAD, (payload_key(payload),))
                numbers |= dict.fromkeys(row[0] for row in rows)
            return self._matches(numbers, hashes, payloads, signers)

    def record_match(self, notice: Notice, *, use: str) -> None:
        """Append to the log that content was recognised; `use`: mark or verify."""
        with self._writing():
            identifier = bytes.fromhex(notice.feature)
            for row in self._database.all(tables.ALL_BY_ID, (identifier,)):
                stored = self._stored(row)
                name = None if stored.authority is None else stored.authority.name
                if name == notice.authority:
                    at = datetime.now(timezone.utc)
                    told = leaves.matched(stored.feature, stored.salt, use, at)
                    journal.append(self._database, [told])
                    return

    # ---- lists ----
    def export(self, key: NoteKey, signers: Signers) -> bytes:
        """The features of this house that are or were in force, as a list that the key signs.

        Raises `InvalidFeature` when one is void: a list that lacks something must not look whole.
        """
        listed = []
        for stored, standing in self.all(signers):
            if stored.authority is not None or standing.state is State.PROPOSED:
                continue
            if standing.state is State.VOID:
                raise InvalidFeature(
                    f"The feature {shown(stored.feature.id)} is void. {standing.problem}",
                    remedy="Approve it anew, or revoke it.",
                )
            approved, revoked = stored.acts.get(Step.APPROVED), stored.acts.get(Step.REVOKED)
            if approved is not None:
                is_revoked = standing.state is State.REVOKED and revoked is not None
                listed.append(
                    Listed(
                        feature=stored.feature,
                        since=approved.at,
                        revoked_at=revoked.at if is_revoked and revoked else None,
                        revoked_reason=revoked.reason if is_revoked and revoked else None,
                    )
                )
        return snapshot.write(listed, key, at=datetime.now(timezone.utc))

    def import_list(self, found: Snapshot, authority: NoteVerifier) -> bool:
        """Take over a list that was read, in the place of the one before; False if it is that.

        Raises `InvalidFeature` when the one that is there is newer: revocations would be lost.
        """
        with self._writing():
            row = self._database.one(tables.LIST_NOTE, (authority.encoded,))
            if row is not None and row[0] == found.note:
                return False
            if row is not None and snapshot.time_of(row[0]) >= found.at:
                raise InvalidFeature(
                    "A newer list of this authority is here already.", remedy="Get the latest one."
                )
            self._database.run(tables.DELETE_LIST, (authority.encoded,))
            lines = [each.line for each in found.listed]
            first = self._next_number()
            self._database.run_many(
                tables.INSERT,
                (
                    _row(number, authority.encoded, each.feature, line, leaf.new_salt())
                    for number, (each, line) in enumerate(
                        zip(found.listed, lines, strict=True), first
                    )
                ),
            )
            told = leaves.imported(authority, len(lines), snapshot.digest(lines), found.at)
            position = journal.append(self._database, [told])
            self._database.run(tables.SET_LIST, (authority.encoded, found.note, position))
            return True

    def drop_list(self, authority: NoteVerifier) -> None:
        """Forget the list of an authority, if it is here."""
        with self._writing():
            if not self._database.run(tables.DELETE_NOTE, (authority.encoded,)):
                return
            self._database.run(tables.DELETE_LIST, (authority.encoded,))
            told = leaves.dropped(authority, datetime.now(timezone.utc))
            journal.append(self._database, [told])

    # ---- reading ----
    def _current(self) -> Hashes:
        if self._hashes is None or self._hashes.state != self._database.one(tables.STATE):
            self._hashes = Hashes.load(self._database)
        return self._hashes

    def _matches(
        self,
        numbers: dict[int, None],
        hashes: Sequence[bytes],
        payloads: Sequence[int],
        signers: Signers,
    ) -> Matches:
        notices: list[Notice] = []
        ignored: list[str] = []
        for number in numbers:
            row = self._database.one(tables.BY_NUMBER, (number,))
            if row is None:
                continue
            try:
                stored = self._stored(row)
            except InvalidFeature as error:
                ignored.append(str(error))
                continue
            if sum(notice.kind is stored.feature.kind for notice in notices) >= _MOST_NOTICES:
                continue
            standing = self._standing(stored, signers)
            if standing.problem is not None:
                ignored.append(f"Feature {shown(stored.feature.id)}: {standing.problem}")
            if standing.state is State.IN_FORCE:
                notices.append(_notice(stored, standing, hashes, payloads))
        return Matches(tuple(notices), tuple(ignored))

    def _standing(self, stored: Stored, signers: Signers) -> Standing:
        standing = stored.standing(signers)
        if stored.authority is None or stored.listed is None or standing.state is State.VOID:
            return standing
        is_signed = _digest(stored.listed.line) in self._signed_lines(stored.authority)
        return standing if is_signed else Standing(State.VOID, _NOT_WHOLE)

    def _signed_lines(self, authority: NoteVerifier) -> frozenset[bytes]:
        """SHA-256 of each line of a list; none when its signature does not hold in this state."""
        state = self._database.one(tables.STATE)
        known, digests = self._lists.get(authority.encoded, (None, frozenset()))
        if known == state:
            return digests
        row = self._database.one(tables.LIST_NOTE, (authority.encoded,))
        lines = [line for (line,) in self._database.all(tables.LINES, (authority.encoded,))]
        try:
            snapshot.check("" if row is None else row[0], lines, authority)
        except InvalidFeature:
            lines = []
        self._lists[authority.encoded] = (state, frozenset(map(_digest, lines)))
        return self._lists[authority.encoded][1]

    def _stored(self, row: Row) -> Stored:
        return from_rows(row, self._database.all(tables.ACTS, (row[0],)))

    def _get(self, identifier: bytes) -> Stored:
        row = self._database.one(tables.BY_ID, (identifier,))
        if row is None:
            raise InvalidArgument(
                f"There is no feature {shown(identifier)} of this house.",
                remedy="countermark features list shows them.",
            )
        return self._stored(row)

    def _has(self, statement: str) -> bool:
        with self._reading() as is_there:
            return is_there and self._database.one(statement) is not None

    @contextmanager
    def _reading(self) -> Iterator[bool]:
        """One state of the database; whether it has features."""
        with self._lock:
            if self._database.version() < tables.FIRST_VERSION:
                yield False
                return
            with self._database.reading():
                yield True

    # ---- writing ----
    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._database.prepare()
            with self._database.writing():
                yield

    def _next_number(self) -> int:
        row = self._database.one(tables.NEXT_NUMBER)
        assert row is not None
        return int(row[0])

    def _insert(self, authority: str, feature: Feature, content: str, salt: bytes) -> int:
        number = self._next_number()
        self._database.run(tables.INSERT, _row(number, authority, feature, content, salt))
        return number

    def _add_act(
        self, number: int, feature: Feature, act: Act, by: NoteVerifier, salt: bytes
    ) -> None:
        position = journal.append(self._database, [leaves.acted(feature, act, by, salt)])
        values = (number, act.step.value, utc(act.at), act.reason, act.line, position)
        self._database.run(tables.SET_ACT, values)


def _signed(
    step: Step, feature: Feature, key: NoteKey, signers: Signers, reason: str | None = None
) -> Act:
    """The act, when the key is that of a reviewer who may still sign."""
    act = Act.sign(step, feature, key, reason)
    if act.holds(feature, signers) is None:
        raise ReviewRefused(
            f"The key of {key.name!r:.80} is not that of a reviewer on the list.",
            remedy="countermark features reviewer list shows them.",
        )
    return act


def _notice(
    stored: Stored, standing: Standing, hashes: Sequence[bytes], payloads: Sequence[int]
) -> Notice:
    feature = stored.feature
    assert standing.since is not None
    near = [] if feature.pdq is None else [distance(feature.pdq, query) for query in hashes]
    bits = min(near, default=MAX_DISTANCE + 1)
    return Notice(
        kind=feature.kind,
        reason=feature.reason,
        source=feature.source,
        statement=feature.statement,
        distance=bits if bits <= MAX_DISTANCE else None,
        by_watermark=feature.payload in payloads,
        feature=feature.id.hex(),
        signed_by=standing.by,
        authority=None if stored.authority is None else stored.authority.name,
        since=standing.since,
    )


def _digest(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()


def _row(number: int, authority: str, feature: Feature, content: str, salt: bytes) -> Row:
    payload = None if feature.payload is None else payload_key(feature.payload)
    return (number, authority, feature.id, content, feature.pdq, payload, salt)


def _range(start: str) -> tuple[bytes, bytes]:
    """The first and the last ID that begin so."""
    try:
        if not 4 <= len(start) <= 64:
            raise ValueError("too short or too long")
        return bytes.fromhex(start.ljust(64, "0")), bytes.fromhex(start.ljust(64, "f"))
    except ValueError as error:
        raise InvalidArgument(
            f"{start!r:.40} is not the start of an ID.", remedy="Give 4 to 64 hexadecimal digits."
        ) from error
