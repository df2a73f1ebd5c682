"""All features of a house as a signed list, to be taken over by others, revocations with them.

The first line of the file is a signed note, each other one a feature, as JSON: a program that
reads JSON Lines reads it, and it appears whole or not at all, which two files would not. Whose
signatures brought a feature into force is not in it: the house speaks with the key of its log.

>>> from countermark.registry.log import NoteKey
>>> key = NoteKey.generate("example.org/list")
>>> content = write([], key, at=datetime(2026, 11, 26, tzinfo=timezone.utc))
>>> read(content, key.verifier).at.isoformat()
'2026-11-26T00:00:00+00:00'

Source: https://jsonlines.org; RFC 8785; C2SP signed-note.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

import rfc8785

from countermark.errors import CountermarkError, InvalidFeature
from countermark.registry.features.feature import Feature, check_code
from countermark.registry.key_use import utc
from countermark.registry.log import note
from countermark.registry.log.note import NoteKey, NoteVerifier

_TITLE: Final = "countermark features 1"
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A feature in a list. `since`: when it came into force there; `revoked_reason`: a code."""

    feature: Feature
    since: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None

    @property
    def line(self) -> str:
        """Canonical JSON."""
        others: dict[str, Any] = {"since": utc(self.since)}
        if self.revoked_at is not None:
            others |= {"revoked_at": utc(self.revoked_at), "revoked_reason": self.revoked_reason}
        # "feature" comes first in their order, and is canonical already.
        rest = bytes(rfc8785.dumps(others)).decode()
        return f'{{"feature":{self.feature.to_json()},{rest[1:]}'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A list whose signature was checked. `note`: that, as text. `at`: when it was written."""

    note: str
    at: datetime
    listed: tuple[Listed, ...]


def write(listed: Iterable[Listed], key: NoteKey, *, at: datetime) -> bytes:
    """The list as a file."""
    lines = [each.line for each in sorted(listed, key=lambda each: each.feature.id)]
    signed = note.sign(_text(key.name, lines, at), key)
    return "".join(f"{line}\n" for line in (json.dumps({"note": signed}), *lines)).encode()


def read(content: bytes, authority: NoteVerifier) -> Snapshot:
    """The list in a file, when that key has signed all of it.

    Raises `InvalidFeature` when it has not, or the file is none.
    """
    try:
        head, *lines = content.decode().removesuffix("\n").split("\n")
        signed = json.loads(head)["note"]
        at = check(signed, lines, authority)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidFeature(
            "The file is no signed list of features.",
            remedy="Use one that countermark features export wrote, unchanged and whole.",
        ) from error
    listed = tuple(parse_line(line) for line in lines)
    if len({each.feature.id for each in listed}) != len(listed):
        raise InvalidFeature("The list has a feature twice.", remedy="Ask for a new one.")
    return Snapshot(signed, at, listed)


def check(signed: str, lines: Sequence[str], authority: NoteVerifier) -> datetime:
    """Whether that key has signed exactly these lines; when.

    Raises `InvalidFeature` when not.
    """
    try:
        opened = note.parse(signed)
        at = time_of(signed)
        is_whole = opened.text == _text(authority.name, lines, at)
        if not is_whole or opened.signed_by(authority) is None:
            raise ValueError("not signed, or not these lines")
    except (CountermarkError, ValueError, TypeError, AttributeError) as error:
        raise InvalidFeature(
            f"The list of features is not as the key of {authority.name!r:.80} signed it.",
            remedy="Check the public key, or get the list again.",
        ) from error
    return at


def time_of(signed: str) -> datetime:
    """When a list was signed, by its note; raises `InvalidFeature` for another note."""
    try:
        title, *_, time = signed.split("\n")[:5]
        if title != _TITLE:
            raise ValueError("no note of a list")
        return datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise InvalidFeature(
            "This is no signed list of features.", remedy="Get it again, unchanged and whole."
        ) from error


def parse_line(line: str) -> Listed:
    """The feature in a line; raises `InvalidFeature`."""
    try:
        stated = json.loads(line)
        revoked_at, reason = stated.get("revoked_at"), stated.get("revoked_reason")
        if revoked_at is not None:
            check_code(reason)
        found = Listed(
            feature=Feature.from_members(stated["feature"]),
            since=datetime.strptime(stated["since"], _TIME).replace(tzinfo=timezone.utc),
            revoked_at=None
            if revoked_at is None
            else datetime.strptime(revoked_at, _TIME).replace(tzinfo=timezone.utc),
            revoked_reason=reason,
        )
        if found.line != line:
            raise ValueError("not canonical")
    except (CountermarkError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidFeature(
            "A line of the list is no feature.", remedy="Get the list again, unchanged and whole."
        ) from error
    return found


def digest(lines: Sequence[str]) -> bytes:
    """SHA-256 of the lines, each with its end."""
    found = hashlib.sha256()
    for line in lines:
        found.update(line.encode() + b"\n")
    return found.digest()


def _text(origin: str, lines: Sequence[str], at: datetime) -> str:
    content = base64.b64encode(digest(lines)).decode()
    return f"{_TITLE}\n{origin}\n{len(lines)}\n{content}\n{utc(at)}\n"
