"""What is stated about a picture; every layer renders from it.

>>> from countermark.record import DigitalSource, Record
>>> record = Record(source=DigitalSource.AI_GENERATED, generator="Example Model 3", title="A lake")
>>> Record.from_json(record.to_json()) == record
True
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from countermark.errors import InvalidRecord

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

MAX_TEXT_LENGTH: Final = 1024
"""Characters allowed in one text; every field is a name or a title, none is a document."""

_VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_TEXTS: Final = ("creator", "generator", "title")
_REMEDY: Final = "Correct the record and try again."


class DigitalSource(Enum):
    """Where a picture comes from, in the terms of the IPTC digital source type vocabulary.

    The value is the name on the command line, `uri` the term that stands in a manifest.

    >>> DigitalSource("ai-edited").uri
    'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia'

    Source: IPTC NewsCodes, scheme digitalsourcetype; C2PA 2.2, section "Actions".
    """

    AI_GENERATED = "ai-generated", "trainedAlgorithmicMedia"
    AI_EDITED = "ai-edited", "compositeWithTrainedAlgorithmicMedia"
    ALGORITHMIC = "algorithmic", "algorithmicMedia"
    CAPTURED = "captured", "digitalCapture"
    COMPOSITE = "composite", "composite"
    COMPUTATIONAL_CAPTURE = "computational-capture", "computationalCapture"
    DATA_DRIVEN = "data-driven", "dataDrivenMedia"
    HUMAN_CREATED = "human-created", "digitalCreation"
    HUMAN_EDITED = "human-edited", "humanEdits"
    SCANNED_NEGATIVE = "scanned-negative", "negativeFilm"
    SCANNED_POSITIVE = "scanned-positive", "positiveFilm"
    SCANNED_PRINT = "scanned-print", "print"
    SCREEN_CAPTURE = "screen-capture", "screenCapture"

    uri: str

    def __new__(cls, name: str, term: str) -> Self:
        member = object.__new__(cls)
        member._value_ = name
        member.uri = _VOCABULARY + term
        return member


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The statements that a marked picture carries; nothing here is checked against the pixels.

    >>> Record(source=DigitalSource.CAPTURED, creator="Ada Example").edits_existing
    False

    `source`: where the picture comes from.
    `creator`: the person or organisation behind it.
    `generator`: the software or model that made or edited it.
    `title`: what the picture is called.
    `created`: when it was made, with a time zone; None leaves it to the time of marking.

    Raises `InvalidRecord` for a value of the wrong type, a text that is empty, longer than
    `MAX_TEXT_LENGTH` or holds control characters, and for a time without a time zone.
    """

    source: DigitalSource
    creator: str | None = None
    generator: str | None = None
    title: str | None = None
    created: datetime | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, DigitalSource):
            names = ", ".join(member.value for member in DigitalSource)
            raise InvalidRecord(
                f"The source of the record is {self.source!r}, not a DigitalSource.",
                remedy=f"State one of: {names}.",
            )
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        _check_time(self.created)

    @property
    def edits_existing(self) -> bool:
        """Whether the picture was made from an earlier one, which a manifest calls opened.

        >>> Record(source=DigitalSource.AI_EDITED).edits_existing
        True

        Source: C2PA 2.2, section "Actions": c2pa.opened against c2pa.created.
        """
        return self.source in (DigitalSource.AI_EDITED, DigitalSource.HUMAN_EDITED)

    def to_json(self) -> str:
        """The record as one line of JSON, the same text for equal statements.

        >>> Record(source=DigitalSource.CAPTURED, title="Café").to_json()
        '{"source":"captured","title":"Café"}'

        Absent statements are left out; `created` is ISO 8601 with its offset.
        """
        members: dict[str, str | None] = {"source": self.source.value}
        members.update((name, getattr(self, name)) for name in _TEXTS)
        members["created"] = None if self.created is None else self.created.isoformat()
        stated = {name: value for name, value in members.items() if value is not None}
        return json.dumps(stated, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote.

        >>> Record.from_json('{"source":"captured","created":"2026-11-23T12:00:00Z"}').created
        datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)

        Raises `InvalidRecord` for anything that is not such a record, unknown members included:
        a statement that this version cannot render must not be dropped silently.
        """
        members = _parse_object(text)
        unknown = sorted(members.keys() - {"source", "created", *_TEXTS})
        if unknown:
            raise InvalidRecord(
                f"The record holds {unknown[0]!r:.100}, which this version does not know.",
                remedy="Update countermark or remove the statement.",
            )
        source = members.pop("source", None)
        created = members.pop("created", None)
        return cls(source=_parse_source(source), created=_parse_time(created), **members)


def _check_text(name: str, text: object) -> None:
    if text is None:
        return
    if not isinstance(text, str):
        kind = type(text).__name__
        raise InvalidRecord(f"The {name} of the record is a {kind}, not a text.", remedy=_REMEDY)
    if not text.strip():
        raise InvalidRecord(f"The {name} of the record is empty.", remedy="Leave it out instead.")
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidRecord(
            f"The {name} of the record has {len(text):,} characters.",
            remedy=f"Shorten it to at most {MAX_TEXT_LENGTH:,}.",
        )
    # Cc would break lines in reports and XML, Cs cannot be written as UTF-8.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidRecord(
            f"The {name} of the record holds control characters.",
            remedy="State it as plain text on one line.",
        )


def _check_time(time: object) -> None:
    if time is None:
        return
    if not isinstance(time, datetime):
        kind = type(time).__name__
        raise InvalidRecord(f"The created time is a {kind}, not a datetime.", remedy=_REMEDY)
    if time.utcoffset() is None:
        raise InvalidRecord(
            "The created time has no time zone.",
            remedy="State one, for example datetime.now(timezone.utc).",
        )


def _parse_object(text: str) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord("The record is not JSON.", remedy=_REMEDY) from error
    if not isinstance(members, dict):
        raise InvalidRecord("The record is not a JSON object.", remedy=_REMEDY)
    return members


def _parse_source(name: object) -> Any:
    """The member of that name, or what was given: the constructor refuses it in its own words."""
    names = {member.value: member for member in DigitalSource}
    return names.get(name, name) if isinstance(name, str) else name


def _parse_time(text: object) -> Any:
    if not isinstance(text, str):
        return text
    try:
        # Python 3.10 reads the offset only in digits.
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError as error:
        problem = f"The created time {text!r:.100} is not ISO 8601."
        raise InvalidRecord(problem, remedy=_REMEDY) from error
