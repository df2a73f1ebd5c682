"""Statements as members of JSON objects, and back.

What is read is checked for its form here; the values themselves are refused by the constructors
that they are given to, in their own words.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Final

from countermark.errors import InvalidRecord
from countermark.record.texts import REMEDY

_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def parse_text(text: str) -> Any:
    """The value of a JSON text; raises `InvalidRecord` for no JSON, or a member stated twice."""
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord("The record is not JSON.", remedy=REMEDY) from error


def opened(what: str, value: object, known: tuple[str, ...]) -> dict[str, Any]:
    """The members of an object, in a dictionary of its own; null is as good as absent.

    Raises `InvalidRecord` for anything else, and for an unknown member: a statement that this
    version cannot render must not be dropped silently.
    """
    if value is None:
        raise InvalidRecord(f"{what} is missing.", remedy="State it.")
    if not isinstance(value, dict):
        raise InvalidRecord(f"{what} is not a JSON object.", remedy=REMEDY)
    unknown = sorted(value.keys() - set(known))
    if unknown:
        raise InvalidRecord(
            f"{what} holds {unknown[0]!r:.100}, which this version does not know.",
            remedy="Update countermark or remove the statement.",
        )
    return {name: one for name, one in value.items() if one is not None}


def parse_time(what: str, text: object) -> Any:
    """A time in ISO 8601."""
    if not isinstance(text, str):
        return text
    try:
        # Python 3.10 reads the offset only in digits.
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError as error:
        raise InvalidRecord(f"{what} {text!r:.100} is not ISO 8601.", remedy=REMEDY) from error


def time_text(time: datetime) -> str:
    """A time in UTC, the same text for the same moment."""
    return time.astimezone(timezone.utc).isoformat()


def parse_digest(what: str, text: object) -> Any:
    """The bytes of a SHA-256 in hexadecimal."""
    if not isinstance(text, str):
        return text
    if not _HEXADECIMAL.fullmatch(text):
        raise InvalidRecord(
            f"{what} is not a SHA-256 in 64 small hexadecimal digits.", remedy=REMEDY
        )
    return bytes.fromhex(text)


def parse_name(what: str, kind: type[Enum], name: object) -> Any:
    """The member of that value."""
    names = {member.value: member for member in kind}
    if not isinstance(name, str):
        return name
    if name not in names:
        raise InvalidRecord(
            f"{what} is {name!r:.60}, which is not known.",
            remedy=f"State one of: {', '.join(names)}.",
        )
    return names[name]


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is stated twice")
    return members
