"""What a manifest states, from the assertions whose hashes agree with its claim.

Source: C2PA 2.2, sections "Actions", "Thumbnail"; CAWG metadata 1.1.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from countermark.credentials import build, soft_binding, training_mining
from countermark.credentials.claim import Claim
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.training_mining import TrainingMining
from countermark.errors import InvalidRecord
from countermark.record import Record

_ACTIONS: Final = (build.ACTIONS, "c2pa.actions")


@dataclass(frozen=True, slots=True)
class Statements:
    """The part of `reading.Manifest` that the signer states."""

    soft_bindings: tuple[SoftBinding, ...]
    digital_source: str | None
    actions: tuple[str, ...]
    title: str | None
    creator: str | None
    generator: str | None
    created: datetime | None
    thumbnail: bytes | None
    record: Record | None
    training_mining: TrainingMining | None
    redactions: tuple[str, ...]


def statements(claim: Claim) -> Statements:
    """Read the statements; what has an unexpected type is left out.

    Raises `UnreadableManifest` for assertions that do not parse.
    """
    actions = _actions(claim)
    return Statements(
        soft_bindings=tuple(
            binding
            for box in claim.named(soft_binding.LABEL)
            for binding in soft_binding.read(claim.decoded(box))
        ),
        digital_source=_first_text(action.get("digitalSourceType") for action in actions),
        actions=tuple(name for action in actions if (name := _text(action.get("action")))),
        title=_text(claim.content.get("dc:title")),
        creator=_creator(claim),
        generator=_first_text(_agent(action) for action in actions),
        created=next((t for action in actions if (t := parse_time(action.get("when")))), None),
        thumbnail=_thumbnail(claim),
        record=_record(claim),
        training_mining=_training_mining(claim),
        redactions=tuple(claim.redactions),
    )


def parse_time(text: object) -> datetime | None:
    """A time in ISO 8601, in UTC; None for anything else.

    >>> parse_time("2026-11-23T12:00:00Z")
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
    """
    text = getattr(text, "value", text)  # in CBOR it may carry the tag of a time
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return time.astimezone(timezone.utc) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _actions(claim: Claim) -> list[dict[Any, Any]]:
    found: list[dict[Any, Any]] = []
    for box in (box for label in _ACTIONS for box in claim.named(label)):
        data = claim.decoded(box)
        listed = data.get("actions") if isinstance(data, dict) else None
        if isinstance(listed, (list, tuple)):
            found.extend(action for action in listed if isinstance(action, dict))
    return found


def _agent(action: dict[Any, Any]) -> object:
    """The software with its version: a text in the first version of actions, then a map."""
    agent = action.get("softwareAgent")
    if not isinstance(agent, dict):
        return agent
    name, version = _text(agent.get("name")), _text(agent.get("version"))
    return f"{name} {version}" if name and version else name


def _creator(claim: Claim) -> str | None:
    for box in claim.named(build.METADATA):
        data = claim.decoded(box)
        creators = data.get("dc:creator") if isinstance(data, dict) else None
        listed = creators if isinstance(creators, list) else [creators]
        names = [name for name in listed if isinstance(name, str)]
        if names:
            return ", ".join(names)
    return None


def _thumbnail(claim: Claim) -> bytes | None:
    for label, box in claim.assertions.items():
        if label.startswith("c2pa.thumbnail.claim") and (content := box.content(b"bidb")):
            return claim.data(content)
    return None


def _record(claim: Claim) -> Record | None:
    """Our own assertion; None for one that this version cannot render as a whole."""
    for box in claim.named(build.RECORD):
        if content := box.content(b"json"):
            with contextlib.suppress(InvalidRecord, UnicodeDecodeError):
                return Record.from_json(claim.data(content).decode())
    return None


def _training_mining(claim: Claim) -> TrainingMining | None:
    found = (training_mining.parse(claim.decoded(b)) for b in claim.named(training_mining.LABEL))
    return next((one for one in found if one is not None), None)


def _first_text(values: Any) -> str | None:
    return next((text for value in values if (text := _text(value))), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
