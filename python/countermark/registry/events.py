"""What the log says of each event in the registry, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.registry.disclosure import Disclosure
from countermark.registry.disposal import DisposalReason
from countermark.registry.entry import Entry, Fingerprint
from countermark.registry.ingest_decision import IngestDecision
from countermark.registry.key_use import KeyUse, Outcome, Purpose, utc
from countermark.registry.log import leaf
from countermark.registry.retention import ENTRY

MARKED: Final = "marked"
DELETED: Final = "deleted"
MANIFEST_ADDED: Final = "manifest-added"
DEPOSITED: Final = "deposited"
DEPOSIT_REMOVED: Final = "deposit-removed"
KEY_USED: Final = "key-used"
KEPT: Final = "kept"
ERASED: Final = "erased"
DISCLOSED: Final = "disclosed"
INGEST_DECIDED: Final = "ingest-decided"
DISPOSALS: Final = (DELETED, ERASED)
"""The kinds of leaves that tell of something taken away."""


def marked(entry: Entry, salt: bytes) -> bytes:
    """The leaf of an entry; its fingerprints would give its likeness away.

    Of consents it holds a digest, which says nothing of who gave them.
    """
    members = {
        "payload": payload_text(entry.payload),
        "manifest_sha256": entry.manifest_sha256.hex(),
        **{f"{name}_commitment": leaf.commitment(salt, bits) for name, bits in fingerprints(entry)},
    }
    if (consents := entry.record.consents_sha256) is not None:
        members["consents_sha256"] = consents.hex()
    return leaf.encode(MARKED, utc(entry.marked_at), members)


def fingerprints(entry: Entry | Fingerprint) -> list[tuple[str, bytes]]:
    """The fingerprints of an entry, by what leaves and reports call them."""
    clip = entry.clip
    found = {
        "pdq": entry.pdq,
        "sound": None if clip is None or clip.sound is None else clip.sound.bits,
        "video": None if clip is None or clip.video is None else clip.video.bits,
    }
    return [(name, bits) for name, bits in found.items() if bits is not None]


def deleted(payload: int, reason: DisposalReason, order: str | None, at: datetime) -> bytes:
    """The leaf that says that an entry was taken away; `order`: the record of the order for it."""
    members = {"payload": payload_text(payload), "class": ENTRY}
    return _disposal(DELETED, members, reason, order, at)


def kept(record: Mapping[str, str], commitment: str, at: datetime) -> bytes:
    """The leaf of a personal record, which says nothing of what is in it."""
    return leaf.encode(KEPT, utc(at), {**record, "commitment": commitment})


def erased(
    record: Mapping[str, str], reason: DisposalReason, order: str | None, at: datetime
) -> bytes:
    """The leaf that says that a personal record was erased; `order` as in `deleted`."""
    return _disposal(ERASED, record, reason, order, at)


def disclosed(disclosure: Disclosure, at: datetime) -> bytes:
    """The leaf of a report to an authority; to whom, only that authority can tell."""
    members = {
        "reason": disclosure.reason.value,
        "from": utc(disclosure.start),
        "to": utc(disclosure.end),
        "leaves": disclosure.leaves,
        "personal": disclosure.personal,
        "recipient_sha256": disclosure.recipient_sha256.hex(),
        "bundle_sha256": disclosure.bundle_sha256.hex(),
    }
    return leaf.encode(DISCLOSED, utc(at), members)


def ingest_decided(decision: IngestDecision, at: datetime) -> bytes:
    """The leaf of a decision about a file; of its content and its label it holds digests alone."""
    members = {
        "decision": decision.code,
        "source_sha256": decision.source_sha256.hex(),
        "published_sha256": decision.published_sha256.hex(),
    }
    return leaf.encode(INGEST_DECIDED, utc(at), members)


def _disposal(
    kind: str, what: Mapping[str, str], reason: DisposalReason, order: str | None, at: datetime
) -> bytes:
    members = {**what, "reason": reason.value}
    if order is not None:
        members["order"] = order
    return leaf.encode(kind, utc(at), members)


def manifest_added(payload: int, manifest_sha256: bytes, at: datetime) -> bytes:
    """The leaf of a later manifest of an entry, such as one with a time stamp."""
    members = {"payload": payload_text(payload), "manifest_sha256": manifest_sha256.hex()}
    return leaf.encode(MANIFEST_ADDED, utc(at), members)


def deposited(manifest_sha256: bytes, at: datetime) -> bytes:
    """The leaf of a manifest that somebody deposited; its label may hold any text."""
    return leaf.encode(DEPOSITED, utc(at), {"manifest_sha256": manifest_sha256.hex()})


def deposit_removed(manifest_sha256: bytes, at: datetime) -> bytes:
    """The leaf that says that a deposit was taken away."""
    return leaf.encode(DEPOSIT_REMOVED, utc(at), {"manifest_sha256": manifest_sha256.hex()})


def key_used(use: KeyUse) -> bytes:
    """The leaf of one use of a key."""
    members = {
        "purpose": use.purpose.value,
        "key_sha256": use.key_sha256.hex(),
        "algorithm": use.algorithm,
        "signed_sha256": use.signed_sha256.hex(),
        "outcome": use.outcome.value,
    }
    if use.manifest is not None:
        members["manifest"] = use.manifest
    return leaf.encode(KEY_USED, utc(use.at), members)


def key_use(members: Mapping[str, Any]) -> KeyUse:
    """The use that a leaf tells of.

    Raises `UnreadableRegistry` when a member is none that could have been written.
    """
    try:
        at = datetime.strptime(members["at"], "%Y-%m-%dT%H:%M:%S.%fZ")
        return KeyUse(
            at=at.replace(tzinfo=timezone.utc),
            purpose=Purpose(members["purpose"]),
            key_sha256=bytes.fromhex(members["key_sha256"]),
            algorithm=members["algorithm"],
            signed_sha256=bytes.fromhex(members["signed_sha256"]),
            manifest=members.get("manifest"),
            outcome=Outcome(members["outcome"]),
        )
    except (InvalidArgument, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableRegistry(
            "The registry holds a damaged leaf in its log.", remedy="Restore a backup."
        ) from error


def payload_text(payload: int) -> str:
    """A payload as people read it."""
    return f"{payload:016x}"
