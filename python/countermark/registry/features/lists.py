"""Signed lists in the tables: those of others, and what of this house goes into its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from countermark.errors import InvalidFeature
from countermark.registry.database import Database, Row
from countermark.registry.features import leaves, snapshot, tables
from countermark.registry.features.act import Step
from countermark.registry.features.snapshot import Listed, Snapshot
from countermark.registry.features.stored import (
    Standing,
    State,
    Stored,
    next_number,
    shown,
    to_row,
)
from countermark.registry.log import journal, leaf
from countermark.registry.log.note import NoteVerifier


class SignedLines:
    """The lines of the lists in the tables whose signatures hold, looked at once in each state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[Row | None, frozenset[bytes]]] = {}

    def __contains__(self, stored: Stored) -> bool:
        assert stored.authority is not None
        assert stored.listed is not None
        return _digest(stored.listed.line) in self._of(stored.authority)

    def _of(self, authority: NoteVerifier) -> frozenset[bytes]:
        state = self._database.one(tables.STATE)
        known, digests = self._known.get(authority.encoded, (None, frozenset()))
        if known == state:
            return digests
        row = self._database.one(tables.LIST_NOTE, (authority.encoded,))
        lines = [line for (line,) in self._database.all(tables.LINES, (authority.encoded,))]
        try:
            snapshot.check("" if row is None else row[0], lines, authority)
        except InvalidFeature:
            lines = []
        self._known[authority.encoded] = (state, frozenset(map(_digest, lines)))
        return self._known[authority.encoded][1]


def own(features: Iterable[tuple[Stored, Standing]]) -> Iterator[Listed]:
    """Those of this house that are or were in force, as they stand in its list.

    Raises `InvalidFeature` when one is void: a list that lacks something must not look whole.
    """
    for stored, standing in features:
        approved, revoked = stored.acts.get(Step.APPROVED), stored.acts.get(Step.REVOKED)
        if stored.authority is not None or approved is None:
            continue
        if standing.state is State.VOID:
            raise InvalidFeature(
                f"The feature {shown(stored.feature.id)} is void. {standing.problem}",
                remedy="Approve it anew, or revoke it.",
            )
        if standing.state is not State.REVOKED:
            revoked = None
        yield Listed(
            feature=stored.feature,
            since=approved.at,
            revoked_at=None if revoked is None else revoked.at,
            revoked_reason=None if revoked is None else revoked.reason,
        )


def take_over(database: Database, found: Snapshot, authority: NoteVerifier) -> bool:
    """Put a list in the place of the one before; False if it is that. Inside a transaction.

    Raises `InvalidFeature` when the one that is there is newer: revocations would be lost.
    """
    row = database.one(tables.LIST_NOTE, (authority.encoded,))
    if row is not None and row[0] == found.note:
        return False
    if row is not None and snapshot.time_of(row[0]) >= found.at:
        raise InvalidFeature(
            "A newer list of this authority is here already.", remedy="Get the latest one."
        )
    database.run(tables.DELETE_LIST, (authority.encoded,))
    lines = [each.line for each in found.listed]
    rows = (
        to_row(number, authority.encoded, each.feature, line, leaf.new_salt())
        for number, (each, line) in enumerate(
            zip(found.listed, lines, strict=True), next_number(database)
        )
    )
    database.run_many(tables.INSERT, rows)
    told = leaves.imported(authority, len(lines), snapshot.digest(lines), found.at)
    position = journal.append(database, [told])
    database.run(tables.SET_LIST, (authority.encoded, found.note, position))
    return True


def drop(database: Database, authority: NoteVerifier) -> None:
    """Forget the list of an authority, if it is here. Inside a transaction."""
    if database.run(tables.DELETE_NOTE, (authority.encoded,)):
        database.run(tables.DELETE_LIST, (authority.encoded,))
        journal.append(database, [leaves.dropped(authority, datetime.now(timezone.utc))])


def _digest(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()
