"""What stands in a report: one function a file, each over what is disclosed.

Every line that states something can be held to a leaf of the log, at the position that it names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeAlias

from countermark import keys
from countermark.certificates import dump_pem
from countermark.errors import InvalidArgument, InvalidFeature, RecordErased
from countermark.registry import Registry, events
from countermark.registry.duties import (
    Complaint,
    Model,
    UnlabelledGrant,
    complaints,
    grants,
    models,
)
from countermark.registry.features import Signers, Step, Stored, leaves
from countermark.registry.key_use import utc
from countermark.registry.log import Checkpoint, NoteVerifier
from countermark.registry.log.leaf import commitment
from countermark.screening import read_signers

Span: TypeAlias = tuple[int, int]
"""Leaves from a position up to another."""


@dataclass(frozen=True, kw_only=True)
class Disclosable:
    """The part of a log that a report is about, and where its contents come from.

    `checkpoint`: how far the log counts. `start`, `end`: the times of the leaves, the end not
    included. `witnesses`: who may have cosigned the checkpoint.
    """

    registry: Registry
    home: keys.Home
    log: NoteVerifier
    witnesses: Sequence[NoteVerifier]
    checkpoint: Checkpoint
    start: datetime
    end: datetime

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where the leaves of that time are: found in one pass over the log."""
        start, end = utc(self.start), utc(self.end)
        spans: list[Span] = []
        for position, leaf in enumerate(self.registry.log.leaves(0, self.checkpoint.size)):
            if not start <= json.loads(leaf)["at"] < end:
                continue
            if spans and spans[-1][1] == position:
                spans[-1] = (spans[-1][0], position + 1)
            else:
                spans.append((position, position + 1))
        return tuple(spans)

    @property
    def count(self) -> int:
        """How many leaves these are."""
        return sum(end - start for start, end in self.spans)

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """The leaves of that time with their positions."""
        for start, end in self.spans:
            yield from enumerate(self.registry.log.leaves(start, end), start)

    def events(self, *kinds: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """What the leaves of these kinds say, with their positions."""
        for position, leaf in self.leaves():
            members = json.loads(leaf)
            if members["kind"] in kinds:
                yield position, members


def leaf_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """The leaves as they are hashed, one a line."""
    return (leaf + b"\n" for _, leaf in disclosed.leaves())


def disposal_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """What was taken away in that time, and why."""
    for position, members in disclosed.events(*events.DISPOSALS):
        yield _line({"position": position, "leaf": members})


def fingerprint_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """The fingerprints of what was marked in that time, as far as it is still here."""
    for position, members in disclosed.events(events.MARKED):
        found = disclosed.registry.find_fingerprint(int(members["payload"], 16))
        if found is not None and found.position == position:
            yield _line(
                {
                    "position": position,
                    "payload": members["payload"],
                    **{name: bits.hex() for name, bits in events.fingerprints(found)},
                    **({} if found.pdq is None else {"pdq_quality": found.pdq_quality}),
                    "salt": found.salt.hex(),
                }
            )


def feature_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """What reviewers did to features, refutations among them, and which were recognised.

    As far as the features are still here; the signature only of reviewers in the list of keys.
    """
    known = _features(disclosed.registry)
    listed = {leaves.key_sha256(verifier) for verifier in _reviewers(disclosed)}
    steps = {f"feature-{step.value}": step for step in Step}
    for position, members in disclosed.events(*steps, leaves.MATCHED):
        stored = known.get(members["feature_commitment"])
        if stored is None:
            continue
        line = {
            "position": position,
            "feature": stored.feature.to_json(),
            "salt": stored.salt.hex(),
        }
        if members.get("key_sha256") in listed:
            line["signature"] = stored.acts[steps[members["kind"]]].line.rstrip("\n")
        yield _line(line)


def model_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """Names of the models that were added, assessed or retired in that time, as they are now."""
    return _opened(disclosed, models.KINDS, disclosed.registry.models.all())


def grant_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """Of what copies without visible label were given in that time, as far as still here."""
    return _opened(disclosed, (grants.GRANTED,), disclosed.registry.grants.find())


def complaint_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """About what the complaints are that came, or went on, in that time."""
    kinds = tuple(complaints.KINDS.values())
    return _opened(disclosed, kinds, disclosed.registry.complaints.all())


def personal_lines(disclosed: Disclosable) -> Iterator[bytes]:
    """The personal records that were kept in that time, as far as they are not erased."""
    for position, members in disclosed.events(events.KEPT):
        try:
            found = disclosed.registry.personal.recall(members["record"])
        except (RecordErased, InvalidArgument):
            continue
        yield _line(
            {
                "position": position,
                "record": found.id,
                "salt": found.salt.hex(),
                "content": found.content.decode(),
            }
        )


def key_list(disclosed: Disclosable) -> dict[str, Any]:
    """The public keys: of log, witnesses and reviewers; of signers with their certificates."""
    return {
        "log": disclosed.log.encoded,
        "witnesses": [witness.encoded for witness in disclosed.witnesses],
        "reviewers": [verifier.encoded for verifier in _reviewers(disclosed)],
        "signers": [_signer(entry) for entry in keys.list_keys(disclosed.home)],
    }


Lines: TypeAlias = Callable[[Disclosable], Iterator[bytes]]
FILES: Final[dict[str, Lines]] = {
    "leaves.jsonl": leaf_lines,
    "disposals.jsonl": disposal_lines,
    "fingerprints.jsonl": fingerprint_lines,
    "features.jsonl": feature_lines,
    "models.jsonl": model_lines,
    "grants.jsonl": grant_lines,
    "complaints.jsonl": complaint_lines,
}
PERSONAL: Final = "personal.jsonl"


def _opened(
    disclosed: Disclosable,
    kinds: Sequence[str],
    known: Iterable[Model | UnlabelledGrant | Complaint],
) -> Iterator[bytes]:
    """What the commitments in leaves of these kinds are over."""
    by_commitment = {commitment(each.salt, each.described.encode()): each for each in known}
    for position, members in disclosed.events(*kinds):
        found = by_commitment.get(members["commitment"])
        if found is not None:
            yield _line(
                {"position": position, "content": found.described, "salt": found.salt.hex()}
            )


def _features(registry: Registry) -> dict[str, Stored]:
    """By what the log says of each."""
    known = {}
    try:
        for stored, _ in registry.features.all(Signers()):
            known[commitment(stored.salt, stored.feature.id)] = stored
    except InvalidFeature:  # of rows that were changed, after all others: they fit no leaf
        pass
    return known


def _reviewers(disclosed: Disclosable) -> list[NoteVerifier]:
    return [reviewer.verifier for reviewer in read_signers(disclosed.home).reviewers]


def _signer(entry: keys.KeyEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "algorithm": entry.algorithm,
        "state": entry.state.value,
        "subject": entry.subject,
        "expires": entry.expires.isoformat(),
        "revoked_at": None if entry.revoked_at is None else entry.revoked_at.isoformat(),
        "revocation_reason": entry.reason,
        "certificates": dump_pem(*entry.chain).decode(),
    }


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"
