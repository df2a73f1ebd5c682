"""Making a report: bundle, envelope, a leaf that says so, and the file in its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import resources
from os import PathLike
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from countermark import files, keys
from countermark.disclosing import contents
from countermark.disclosing.bundle import Bundle
from countermark.disclosing.contents import Disclosable
from countermark.disclosing.envelope import seal
from countermark.publishing import sign_checkpoint
from countermark.registry import Disclosure, DisclosureReason, Registry
from countermark.registry.disclosure import check_times
from countermark.registry.key_use import utc
from countermark.registry.log import Checkpoint, NoteKey, NoteVerifier

SCHEMA: Final = 1
"""Of the report; a change of what its files mean raises it."""

_SCRIPT: Final = "check.py"
_INSTRUCTIONS: Final = ("README.md", "README.zh.md")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What was given out: `disclosure` as the log says it, `checkpoint` as it was signed."""

    disclosure: Disclosure
    checkpoint: str


def disclose(
    home: keys.Home,
    registry: Registry,
    destination: str | PathLike[str],
    *,
    key: NoteKey,
    recipient: x509.Certificate,
    reason: DisclosureReason,
    start: datetime,
    end: datetime,
    include_personal: bool = False,
    witnesses: Sequence[NoteVerifier] = (),
) -> Disclosed:
    """Write what the log says of a time, encrypted to an authority; the log says that too.

    `key`: of the log. `recipient`: from `load_recipient`. `start`, `end`: the end not included,
    with time zones. `include_personal`: personal records that are not erased, too. `witnesses`:
    whose cosignatures the checkpoint has.

    The file and its leaf are there together or not at all. It is in memory until it is encrypted:
    four to five times what the ZIP has.

    Raises `InvalidArgument` for times that are none, `DestinationNotWritable`,
    `UnreadableRegistry`, `UnusableCertificate` for damaged certificates of the home.
    """
    check_times(start, end)
    place = files.target(destination)
    signed = sign_checkpoint(home, registry, key)
    disclosed = Disclosable(
        registry=registry,
        home=home,
        log=key.verifier,
        witnesses=witnesses,
        checkpoint=Checkpoint.open(signed, key.verifier),
        start=start,
        end=end,
    )
    digest = recipient.fingerprint(hashes.SHA256())
    personal = list(contents.personal_lines(disclosed)) if include_personal else []
    about = _about(disclosed, reason, digest, len(personal))
    content = _bundle(disclosed, about, signed, personal, key)
    sealed = seal(content, recipient)
    disclosure = Disclosure(
        reason=reason,
        start=start,
        end=end,
        leaves=disclosed.count,
        personal=len(personal),
        recipient_sha256=digest,
        bundle_sha256=hashlib.sha256(sealed).digest(),
    )
    with files.replacing(place, sealed) as put, registry.disclosing(disclosure):
        put()
    return Disclosed(disclosure, signed)


def _bundle(
    disclosed: Disclosable,
    about: dict[str, Any],
    signed: str,
    personal: list[bytes],
    key: NoteKey,
) -> bytes:
    bundle = Bundle()
    for name in (*_INSTRUCTIONS, _SCRIPT):
        bundle.add(name, [resources.files(__package__).joinpath(name).read_bytes()])
    bundle.add("report.json", [_json(about)])
    bundle.add("keys.json", [_json(contents.key_list(disclosed))])
    bundle.add("log/checkpoint", [signed.encode()])
    for path, tile in disclosed.registry.log.tiles_to_root(
        disclosed.checkpoint.size, disclosed.spans
    ):
        bundle.add(f"log/{path}", [tile])
    for name, lines in contents.FILES.items():
        bundle.add(name, lines(disclosed))
    if personal:
        bundle.add(contents.PERSONAL, personal)
    return bundle.finish(key)


def _about(
    disclosed: Disclosable, reason: DisclosureReason, recipient_sha256: bytes, personal: int
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "made_at": utc(datetime.now(timezone.utc)),
        "reason": reason.value,
        "from": utc(disclosed.start),
        "to": utc(disclosed.end),
        "recipient_sha256": recipient_sha256.hex(),
        "log_size": disclosed.checkpoint.size,
        "leaves": disclosed.count,
        "spans": [list(span) for span in disclosed.spans],
        "personal_records": personal,
    }


def _json(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, indent=2).encode() + b"\n"
