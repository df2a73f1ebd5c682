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
>>> from_line(later_to_line(7, b"with a time stamp"))
LaterManifest(payload=7, manifest=b'with a time stamp')
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from countermark.clips import Clip
from countermark.errors import InvalidArgument
from countermark.fingerprint import Chromaprint, Vpdq
from countermark.record import Record
from countermark.registry.entry import Entry, check_payload

_OF_LATER = {"payload", "manifest"}


@dataclass(frozen=True, slots=True)
class LaterManifest:
    """A manifest that an entry got after it was added; see `Manifests.add`."""

    payload: int
    manifest: bytes


def to_line(entry: Entry) -> str:
    """The entry as one JSON object, without a newline."""
    members = {
        "payload": f"{entry.payload:016x}",
        **_fingerprint(entry),
        "width": entry.width,
        "height": entry.height,
        "marked_at": entry.marked_at.astimezone(timezone.utc).isoformat(),
        "record": json.loads(entry.record.to_json()),
        "manifest": base64.b64encode(entry.manifest).decode(),
    }
    return json.dumps(members, ensure_ascii=False)


def later_to_line(payload: int, manifest: bytes) -> str:
    """A later manifest of the entry with that payload, to stand in a line behind it."""
    members = {"payload": f"{payload:016x}", "manifest": base64.b64encode(manifest).decode()}
    return json.dumps(members)


def from_line(line: str | bytes) -> Entry | LaterManifest:
    """What a line holds; raises `InvalidArgument` when that is neither."""
    try:
        members = json.loads(line)
        manifest = base64.b64decode(members["manifest"], validate=True)
        payload = int(members["payload"], 16)
        check_payload(payload)
        if members.keys() == _OF_LATER:
            return LaterManifest(payload, manifest)
        return Entry(
            payload=payload,
            **_read_fingerprint(members),
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


def _fingerprint(entry: Entry) -> dict[str, Any]:
    clip = entry.clip
    if clip is None:
        assert entry.pdq is not None
        return {"pdq": entry.pdq.hex(), "pdq_quality": entry.pdq_quality}
    stated = {
        "seconds": clip.seconds,
        "sound": None if clip.sound is None else base64.b64encode(clip.sound.bits).decode(),
        "video": None if clip.video is None else base64.b64encode(clip.video.bits).decode(),
    }
    return {"clip": {name: value for name, value in stated.items() if value is not None}}


def _read_fingerprint(members: Mapping[str, Any]) -> dict[str, Any]:
    stated = members.get("clip")
    if stated is None:
        return {"pdq": bytes.fromhex(members["pdq"]), "pdq_quality": members["pdq_quality"]}
    sound, video = (
        None if stated.get(name) is None else base64.b64decode(stated[name], validate=True)
        for name in ("sound", "video")
    )
    return {
        "clip": Clip(
            seconds=stated["seconds"],
            sound=None if sound is None else Chromaprint(sound),
            video=None if video is None else Vpdq(video),
        )
    }
