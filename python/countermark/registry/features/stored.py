"""A feature as the registry holds it, and whether it counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from countermark.errors import InvalidArgument, InvalidFeature
from countermark.registry.database import Database, Row
from countermark.registry.entry import PAYLOAD_BYTES
from countermark.registry.features import snapshot, tables
from countermark.registry.features.act import Act, Step
from countermark.registry.features.feature import Feature
from countermark.registry.features.signers import Signers
from countermark.registry.log.note import NoteVerifier


class State(Enum):
    """Where a feature stands.

    `PROPOSED`: by one reviewer; another has to approve it. `IN_FORCE`: it counts. `REVOKED`: it
    does no longer. `VOID`: its signatures do not hold, or not those of two people on the list.
    """

    PROPOSED = "proposed"
    IN_FORCE = "in force"
    REVOKED = "revoked"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Standing:
    """`problem`: what is wrong with its signatures. `since`: when it came into force.

    `by`: who proposed and who approved it, as far as that holds; nobody for a list's.
    """

    state: State
    problem: str | None = None
    by: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """`authority`: the key of the list that it is from; None for those of this house.

    `acts`: what reviewers of this house did. `listed`: what the list says.
    """

    number: int
    feature: Feature
    salt: bytes
    authority: NoteVerifier | None = None
    acts: Mapping[Step, Act]
    listed: snapshot.Listed | None = None

    def standing(self, signers: Signers) -> Standing:
        """Where it stands for whoever heeds these signers.

        For a feature of a list this believes that the list is whole: see `Features`.
        """
        if self.listed is not None:
            return self._standing_in_list(self.listed, signers)
        done = {step: act.holds(self.feature, signers) for step, act in self.acts.items()}
        if done.get(Step.REVOKED):
            return Standing(State.REVOKED)
        problem = "Its revocation is not signed by a reviewer." if Step.REVOKED in done else None
        proposer, approver = done.get(Step.PROPOSED), done.get(Step.APPROVED)
        if proposer is None:
            return Standing(State.VOID, "Its proposal is not signed by a reviewer.")
        if Step.APPROVED not in done:
            return Standing(State.PROPOSED, problem, (proposer.name,))
        if approver is None:
            return Standing(State.VOID, "Its approval is not signed by a reviewer.")
        if approver.is_same_person(proposer):
            return Standing(State.VOID, "The same reviewer has proposed and approved it.")
        people = (proposer.name, approver.name)
        return Standing(State.IN_FORCE, problem, people, self.acts[Step.APPROVED].at)

    def _standing_in_list(self, listed: snapshot.Listed, signers: Signers) -> Standing:
        if self.authority not in signers.authorities:
            return Standing(State.VOID, "It is of a list whose key is not among the authorities.")
        state = State.IN_FORCE if listed.revoked_at is None else State.REVOKED
        return Standing(state, since=listed.since)


def from_rows(row: Row, acts: list[Row]) -> Stored:
    """The feature in a row of `tables`, with its acts.

    Raises `InvalidFeature` when the row was changed: it is not what its content says.
    """
    number, authority, identifier, content, pdq, payload, salt = row
    try:
        listed = snapshot.parse_line(content) if authority else None
        feature = Feature.from_json(content) if listed is None else listed.feature
        fits = (
            bytes(identifier) == feature.id
            and (None if pdq is None else bytes(pdq)) == feature.pdq
            and (None if payload is None else int.from_bytes(payload, "big")) == feature.payload
        )
        if not fits:
            raise ValueError("its columns are not those of its content")
        done = [Act.from_row(*each) for each in acts]
        return Stored(
            number=int(number),
            feature=feature,
            salt=bytes(salt),
            authority=NoteVerifier.parse(authority) if authority else None,
            acts={act.step: act for act in done},
            listed=listed,
        )
    except (InvalidArgument, InvalidFeature, ValueError, TypeError) as error:
        raise InvalidFeature(
            f"The feature number {number} in the registry was changed or is damaged.",
            remedy="It is not heeded; restore a backup.",
        ) from error


def to_row(number: int, authority: str, feature: Feature, content: str, salt: bytes) -> Row:
    """The values for `tables.INSERT`; `authority` and `content` as there."""
    payload = None if feature.payload is None else payload_key(feature.payload)
    return (number, authority, feature.id, content, feature.pdq, payload, salt)


def next_number(database: Database) -> int:
    """For a feature that is added, inside a transaction."""
    row = database.one(tables.NEXT_NUMBER)
    assert row is not None
    return int(row[0])


def payload_key(payload: int) -> bytes:
    """The payload as it stands in the tables."""
    return payload.to_bytes(PAYLOAD_BYTES, "big")


def shown(identifier: bytes) -> str:
    """How a feature is called: the start of its ID.

    >>> shown(bytes(32))
    '0000000000000000'
    """
    return identifier.hex()[:16]


def members(stored: Stored, standing: Standing) -> dict[str, Any]:
    """For JSON: the feature and where it stands."""
    revoked = stored.acts.get(Step.REVOKED)
    reason = None if revoked is None else revoked.reason
    if stored.listed is not None:
        reason = stored.listed.revoked_reason
    return {
        "id": stored.feature.id.hex(),
        "state": standing.state.value,
        "problem": standing.problem,
        "authority": None if stored.authority is None else stored.authority.name,
        "signed_by": list(standing.by),
        "since": None if standing.since is None else standing.since.isoformat(),
        "revoked_for": reason if standing.state is State.REVOKED else None,
        "feature": json.loads(stored.feature.to_json()),
    }
