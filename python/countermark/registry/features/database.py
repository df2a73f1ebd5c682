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

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

from countermark.clips import Clip
from countermark.errors import InvalidArgument, InvalidFeature, ReviewRefused
from countermark.registry.database import Database, Row, changing
from countermark.registry.entry import MAX_DISTANCE
from countermark.registry.features import leaves, lists, snapshot, tables
from countermark.registry.features.act import Act, Step
from countermark.registry.features.clips import Clips
from countermark.registry.features.feature import Feature
from countermark.registry.features.lists import SignedLines
from countermark.registry.features.notice import Matches, Notice
from countermark.registry.features.search import Hashes
from countermark.registry.features.signers import Reviewer, Signers
from countermark.registry.features.snapshot import Snapshot
from countermark.registry.features.stored import (
    Standing,
    State,
    Stored,
    from_rows,
    next_number,
    payload_key,
    shown,
    to_row,
)
from countermark.registry.key_use import utc
from countermark.registry.log import journal, leaf
from countermark.registry.log.note import NoteKey, NoteVerifier
from countermark.registry.prefix import id_range

_BATCH: Final = 1000
_NOT_WHOLE: Final = "The list that it is of is not as its authority signed it."
_MOST_NOTICES: Final = 8
"""Of one kind, for one picture: the nearest ones."""


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
        self._clips: Clips | None = None
        self._signed_lines = SignedLines(database)

    # ---- what reviewers do ----
    def propose(self, feature: Feature, key: NoteKey, signers: Signers) -> None:
        """Add a feature, which counts for nothing yet.

        Raises `ReviewRefused` when the key is no reviewer's, `InvalidArgument` when it is there.
        """
        act = _signed(Step.PROPOSED, feature, key, signers)
        with changing(self._database):
            if self._database.one(tables.BY_ID, (feature.id,)):
                raise InvalidArgument("This feature is there already.", remedy="Approve that one.")
            salt = leaf.new_salt()
            number = next_number(self._database)
            row = to_row(number, "", feature, feature.to_json(), salt)
            self._database.run(tables.INSERT, row)
            self._add_act(number, feature, act, key.verifier, salt)

    def approve(self, identifier: bytes, key: NoteKey, signers: Signers) -> None:
        """Bring a feature into force.

        Raises `ReviewRefused` when the key is no reviewer's or the proposer's own, or the feature
        does not wait for approval; `InvalidArgument` when there is none.
        """
        with changing(self._database):
            stored = self._get(identifier)
            act = _signed(Step.APPROVED, stored.feature, key, signers)
            proposed = stored.acts.get(Step.PROPOSED)
            proposer = None if proposed is None else proposed.holds(stored.feature, signers)
            if proposer is None:
                raise ReviewRefused(
                    "The proposal of this feature is not signed by a reviewer.",
                    remedy="Propose it again.",
                )
            if proposer.is_same_person(Reviewer(key.verifier)):
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
        with changing(self._database):
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

    def any_with_clip(self) -> bool:
        """Whether any of them has the fingerprint of a sound or movie."""
        with self._reading() as is_there:
            return is_there and len(self._current_clips()) > 0

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
            rows = self._database.all(tables.BY_START, id_range(start)) if is_there else []
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
            rows = self._database.all(tables.BY_START, id_range(start)) if is_there else []
        own = [bytes(row[2]) for row in rows if not row[1]]
        if len(own) != 1:
            raise InvalidArgument(
                f"{len(own)} features of this house begin with {start!r:.40}.",
                remedy="Give the ID of one, as countermark features list shows it.",
            )
        return own[0]

    def match(
        self,
        hashes: Sequence[bytes],
        payloads: Sequence[int],
        signers: Signers,
        *,
        clip: Clip | None = None,
    ) -> Matches:
        """The features that fit content and count.

        `hashes`: 32 bytes each; the eight of `pdq_dihedral` find turned and mirrored copies.
        `payloads`: those in its pixels, its sound or its manifest. `clip`: of a sound or movie, as
        `clips.read` gives it with `query=True`.
        """
        with self._reading() as is_there:
            if not is_there:
                return Matches()
            current = self._current()
            numbers = dict.fromkeys(m.label for m in current.search(hashes, MAX_DISTANCE))
            for payload in payloads:
                rows = self._database.all(tables.BY_PAYLOAD, (payload_key(payload),))
                numbers |= dict.fromkeys(row[0] for row in rows)
            alike = {} if clip is None else self._current_clips().search(clip)
            numbers |= dict.fromkeys(alike)
            return self._matches(numbers, hashes, payloads, alike, signers)

    def record_match(self, notice: Notice, *, use: str) -> None:
        """Append to the log that content was recognised; `use`: mark or verify."""
        with changing(self._database):
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
        listed = list(lists.own(self.all(signers)))
        return snapshot.write(listed, key, at=datetime.now(timezone.utc))

    def import_list(self, found: Snapshot, authority: NoteVerifier) -> bool:
        """Take over a list that was read, in the place of the one before; False if it is that.

        Raises `InvalidFeature` when the one that is there is newer: revocations would be lost.
        """
        with changing(self._database):
            return lists.take_over(self._database, found, authority)

    def drop_list(self, authority: NoteVerifier) -> None:
        """Forget the list of an authority, if it is here."""
        with changing(self._database):
            lists.drop(self._database, authority)

    # ---- reading ----
    def _current(self) -> Hashes:
        if self._hashes is None or self._hashes.state != self._database.one(tables.STATE):
            self._hashes = Hashes.load(self._database)
        return self._hashes

    def _current_clips(self) -> Clips:
        if self._clips is None or self._clips.state != self._database.one(tables.STATE):
            self._clips = Clips.load(self._database)
        return self._clips

    def _matches(
        self,
        numbers: dict[int, None],
        hashes: Sequence[bytes],
        payloads: Sequence[int],
        alike: Mapping[int, float],
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
                share = alike.get(number)
                notices.append(Notice.of(stored, standing, hashes, payloads, share))
        return Matches(tuple(notices), tuple(ignored))

    def _standing(self, stored: Stored, signers: Signers) -> Standing:
        standing = stored.standing(signers)
        if stored.authority is None or standing.state is State.VOID:
            return standing
        return standing if stored in self._signed_lines else Standing(State.VOID, _NOT_WHOLE)

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
