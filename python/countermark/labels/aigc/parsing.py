"""The text of a label taken apart, whatever its writer made of the standard.

>>> members, findings = parsed('{"AIGC":{"Label":1}}')
>>> members, [finding.problem for finding in findings]  # doctest: +ELLIPSIS
({'Label': '1'}, ["The member 'Label' of the label is not a text.", 'The label lacks ...'])

Source: GB 45438-2025, annex E; labels in files that people exchange.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from countermark.labels.aigc.label import FIELDS

MAX_LENGTH: Final = 1 << 16
"""Characters of a label that is looked at."""

_REMEDY: Final = "Write the label again as its producer."
_EARLIER: Final = ("ServiceProvider", "ServiceUser", "Time", "ContentId", "ContentID")
"""Members of a schema that services used before the standard."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_UNNAMED: Final = re.compile(
    r"AIGC[\"']?\s{0,9}[:=]?\s{0,9}[\"']?\{|Label[\"']?\s{0,9}:\s{0,9}[\"']?AIGC"
    r"|ContentProducer|ProduceID"
)
_UNNAMED_BASE64: Final = ("eyJBSUdD", "eyJMYWJlbCI6")  # {"AIGC and {"Label":


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: what is wrong, which clause says so, and what to do."""

    problem: str
    clause: str
    remedy: str


def breach(problem: str) -> Finding:
    """A breach of the format."""
    return Finding(problem, "GB 45438-2025, annex E", _REMEDY)


def looks_like_label(text: str) -> bool:
    """Whether a text is meant as a label, although it stands in a place for any text.

    >>> looks_like_label('{"AIGC":{"Label":"1"}}'), looks_like_label("AIGC conference, 2026")
    (True, False)
    """
    is_earlier = "ServiceProvider" in text and ("ContentId" in text or "ContentID" in text)
    is_encoded = text.strip().startswith(_UNNAMED_BASE64)
    return is_earlier or is_encoded or _UNNAMED.search(text) is not None


def parsed(text: str) -> tuple[dict[str, str], list[Finding]]:
    """The members of the object, wrapped or not, and what is wrong with its form.

    The first of a name that stands there twice; what is no text as JSON.
    """
    problems: list[str] = []
    pairs = _pairs(text, problems)
    members: dict[str, str] = {}
    for name, value in pairs or ():
        if name in members:
            problems.append(f"The label holds {name!r:.40} twice.")
            continue
        if not isinstance(value, str):
            problems.append(f"The member {name!r:.40} of the label is not a text.")
        members[name] = value if isinstance(value, str) else _as_json(value)
    if pairs is not None:
        problems += _out_of_form(list(members))
    return members, [breach(problem) for problem in problems]


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, with all members that stand there."""


def _pairs(text: str, problems: list[str]) -> _Pairs | None:
    if len(text) > MAX_LENGTH:
        problems.append(f"The label has {len(text):,} characters.")
        return None
    text = text.removeprefix("\ufeff").strip("\0 \t\r\n")
    named = re.match(r"AIGC\s{0,9}[:=]?\s{0,9}(?=\{)", text)
    if named:
        problems.append("The name AIGC stands before the label, in its text.")
        text = text[named.end() :]
    decoded = _decoded(text)
    if decoded is not None:
        problems.append("The label is in Base64.")
        text = decoded
    try:
        value = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        problems.append("The label is not JSON.")
        return None
    if isinstance(value, _Pairs) and [name for name, _ in value] == ["AIGC"]:
        value = value[0][1]
        if isinstance(value, str):  # an object that was made a text once more
            problems.append("The label is a text within JSON.")
            return _pairs(value, problems)
    if not isinstance(value, _Pairs):
        problems.append("The label is not a JSON object.")
        return None
    return value


def _decoded(text: str) -> str | None:
    """What a text in Base64 stands for, if that may be an object."""
    if not _BASE64.fullmatch(text):
        return None
    standard = text.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        decoded = base64.b64decode(standard + "=" * (-len(standard) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.lstrip().startswith("{") else None


def _as_json(value: Any) -> str:
    """What is no text; nested objects as objects again."""
    try:
        return json.dumps(_plain(value), separators=(",", ":"))
    except RecursionError:
        return "..."


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _out_of_form(names: list[str]) -> Iterator[str]:
    """What is wrong with the names of the members."""
    if "Label" in names and any(name in names for name in _EARLIER):
        yield "The label has the members of a schema from before the standard."
    missing = [name for name in FIELDS if name not in names]
    unknown = [name for name in names if name not in FIELDS]
    if missing:
        yield f"The label lacks {', '.join(missing)}."
    if unknown:
        yield f"The label holds members that are not known: {', '.join(unknown)!r:.200}."
    known = [name for name in names if name in FIELDS]
    if known != [name for name in FIELDS if name in names]:
        yield "The members of the label are out of order."
