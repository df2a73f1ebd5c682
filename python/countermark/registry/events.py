"""What the log says of each event in the registry, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final

from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.registry.entry import Entry
from countermark.registry.key_use import KeyUse, Outcome, Purpose, utc
from countermark.registry.log import leaf

MARKED: Final = "marked"
DELETED: Final = "deleted"
MANIFEST_ADDED: Final = "manifest-added"
DEPOSITED: Final = "deposited"
DEPOSIT_REMOVED: Final = "deposit-removed"
KEY_USED: Final = "key-used"


def marked(entry: Entry, salt: bytes) -> bytes:
    """The leaf of an entry; its fingerprint would give the picture's likeness away."""
    return leaf.encode(
        MARKED,
        utc(entry.marked_at),
        {
            "payload": payload_text(entry.payload),
            "manifest_sha256": entry.manifest_sha256.hex(),
            "pdq_commitment": leaf.commitment(salt, entry.pdq),
        },
    )


def deleted(payload: int, reason: str, at: datetime) -> bytes:
    """The leaf that says that an entry was taken away."""
    return leaf.encode(DELETED, utc(at), {"payload": payload_text(payload), "reason": reason})


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
