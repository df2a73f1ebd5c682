"""The entry of the registry that tells of a marked copy."""

from __future__ import annotations

import hashlib
from datetime import datetime

from countermark.marking.originals import Look
from countermark.record import Record
from countermark.registry import Entry


def entry_of(
    record: Record, look: Look, payload: int, manifest: bytes, marked_at: datetime
) -> Entry:
    """`look`: by what the copy is found again. `manifest`: the store."""
    return Entry(
        payload=payload,
        pdq=None if look.pdq is None else look.pdq.bits,
        pdq_quality=None if look.pdq is None else look.pdq.quality,
        clip=look.clip,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=record,
        width=look.width,
        height=look.height,
        marked_at=marked_at,
    )
