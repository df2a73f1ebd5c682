"""Entries as lines of JSON, to carry them from one registry to another.

>>> from datetime import datetime, timezone
>>> import hashlib
>>> from countermark.record import DigitalSource, Record
>>> entry = Entry(
...     payload=7, pdq=bytes(32), pdq_quality=100, manifest=b"the manifest store",
...     manifest_sha256=hashlib.sha256(b"the manifest store").digest(),
...     record=Record(source=DigitalSource.CAPTURED), width=4000, height=3000,
...     marked_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
... )
>>> from_line(to_line(entry)) == entry
True
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timezone

from countermark.errors import InvalidArgument
from countermark.record import Record
from countermark.registry.entry import Entry


def to_line(entry: Entry) -> str:
    """The entry as one JSON object, without a newline."""
    members = {
        "payload": f"{entry.payload:016x}",
        "pdq": entry.pdq.hex(),
        "pdq_quality": entry.pdq_quality,
        "width": entry.width,
        "height": entry.height,
        "marked_at": entry.marked_at.astimezone(timezone.utc).isoformat(),
        "record": json.loads(entry.record.to_json()),
        "manifest": base64.b64encode(entry.manifest).decode(),
    }
    return json.dumps(members, ensure_ascii=False)


def from_line(line: str | bytes) -> Entry:
    """The entry in a line; raises `InvalidArgument` when it holds none."""
    try:
        members = json.loads(line)
        manifest = base64.b64decode(members["manifest"], validate=True)
        return Entry(
            payload=int(members["payload"], 16),
            pdq=bytes.fromhex(members["pdq"]),
            pdq_quality=members["pdq_quality"],
            manifest=manifest,
            manifest_sha256=hashlib.sha256(manifest).digest(),
            record=Record.from_json(json.dumps(members["record"])),
            width=members["width"],
            height=members["height"],
            marked_at=datetime.fromisoformat(members["marked_at"]),
        )
    except (InvalidArgument, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidArgument(
            "The line holds no entry of a registry.",
            remedy="Use a file that countermark registry export wrote.",
        ) from error
