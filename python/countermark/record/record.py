"""The record: all that is stated about a file, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, Final, TypeAlias

import rfc8785

from countermark.errors import InvalidRecord
from countermark.record.consent import ConsentReceipt
from countermark.record.content_id import check_content_id
from countermark.record.digital_source import DigitalSource
from countermark.record.filing import Filing
from countermark.record.members import opened, parse_name, parse_text, parse_time, time_text
from countermark.record.producer import Producer
from countermark.record.service_class import ServiceClass
from countermark.record.subject import Subject
from countermark.record.system import System
from countermark.record.texts import REMEDY, check_kind, check_text, check_time
from countermark.record.unlabelled import Grant, Refusal

MAX_CONSENTS: Final = 256
"""Receipts in one record."""

_WHAT: Final = "The record"
_Check: TypeAlias = Callable[[str, object], None]
_PARTS: Final[dict[str, Any]] = {
    "producer": Producer,
    "system": System,
    "subject": Subject,
    "filing": Filing,
    "grant": Grant,
    "refusal": Refusal,
}
_CREATED: Final = "The record's time of creation"
_EARLIER_SYSTEM: Final = "generator"
"""The name of the system, as version 0.1 wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The statements that a marked file carries; nothing here is checked against the content.

    >>> Record(source=DigitalSource.CAPTURED, creator="Ada Example").edits_existing
    False

    `source`: where the file comes from.
    `creator`: the person or organisation behind it.
    `title`: what it is called.
    `created`: when it was made, with a time zone; None leaves it to the time of marking.
    `producer`: who provides the service that made it.
    `system`: the software or model that made or edited it.
    `service_class`: what kind of service that is, in the terms of the Deep Synthesis Provisions.
    `content_id`: the producer's own number of it (ProduceID): ASCII without spaces, " and \\.
    `subject`: who asked for it, as a hash under the host's key.
    `consents`: the receipts of those whose face or voice was edited; at most `MAX_CONSENTS`.
    `filing`: under which number the service is filed.
    `grant`, `refusal`: what was answered if a copy without a visible label was asked for.

    Raises `InvalidRecord` for a value of the wrong type, a text that is empty, longer than
    `MAX_TEXT_LENGTH` or holds control characters, a time without a time zone, a receipt that is
    stated twice, and for a grant and a refusal at once.
    """

    source: DigitalSource
    creator: str | None = None
    title: str | None = None
    created: datetime | None = None
    producer: Producer | None = None
    system: System | None = None
    service_class: ServiceClass | None = None
    content_id: str | None = None
    subject: Subject | None = None
    consents: tuple[ConsentReceipt, ...] = ()
    filing: Filing | None = None
    grant: Grant | None = None
    refusal: Refusal | None = None

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None or name in ("source", "consents"):
                check(f"{_WHAT}'s {name}", value)
        if self.grant is not None and self.refusal is not None:
            raise InvalidRecord(
                "The record states that an unlabelled copy was granted and that it was refused.",
                remedy="State the one that holds for this copy.",
            )

    @property
    def edits_existing(self) -> bool:
        """Whether the file was made from an earlier one, which a manifest calls opened.

        >>> Record(source=DigitalSource.AI_EDITED).edits_existing
        True

        Source: C2PA 2.2, section "Actions": c2pa.opened against c2pa.created.
        """
        return self.source in (DigitalSource.AI_EDITED, DigitalSource.HUMAN_EDITED)

    @property
    def consents_sha256(self) -> bytes | None:
        """One digest for all receipts, as it stands in the log; None without any.

        >>> Record(source=DigitalSource.CAPTURED).consents_sha256 is None
        True

        SHA-256 over the canonical JSON of an array of the receipts' digests in hexadecimal.
        """
        if not self.consents:
            return None
        digests = [receipt.sha256.hex() for receipt in self.consents]
        return hashlib.sha256(rfc8785.dumps(digests)).digest()

    def to_json(self) -> str:
        """The record as one line of JSON, the same text for equal records.

        >>> Record(source=DigitalSource.CAPTURED, title="Café").to_json()
        '{"source":"captured","title":"Café"}'

        Absent statements are left out; times are in UTC. The form is canonical (RFC 8785).
        """
        stated = {one.name: getattr(self, one.name) for one in fields(self)}
        members = {
            name: _member(value) for name, value in stated.items() if value not in (None, ())
        }
        return rfc8785.dumps(members).decode()

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote; also that of version 0.1, which named a `generator`.

        >>> Record.from_json('{"source":"captured","created":"2026-11-23T12:00:00Z"}').created
        datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
        >>> Record.from_json('{"source":"ai-generated","generator":"Example Model 3"}').system
        System(name='Example Model 3', version=None, model_sha256=None)

        Raises `InvalidRecord` for anything that is not such a record, unknown members included:
        a statement that this version cannot render must not be dropped silently.
        """
        names = tuple(one.name for one in fields(cls))
        members = opened(_WHAT, parse_text(text), (*names, _EARLIER_SYSTEM))
        if (name := members.pop(_EARLIER_SYSTEM, None)) is not None:
            if "system" in members:
                raise InvalidRecord(
                    "The record names a system and a generator, which is the same.",
                    remedy="Keep the system.",
                )
            members["system"] = {"name": name}
        for name, parse in _PARSERS.items():
            if name in members:
                members[name] = parse(members[name])
        return cls(**{"source": None, **members})


def _member(value: Any) -> Any:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, tuple):
        return [one.members() for one in value]
    if isinstance(value, (DigitalSource, ServiceClass)):
        return value.value
    return value if isinstance(value, str) else value.members()


def _check_consents(what: str, value: object) -> None:
    if not isinstance(value, tuple):
        raise InvalidRecord(f"{what} are no tuple.", remedy="Give a tuple of ConsentReceipt.")
    for receipt in value:
        check_kind("A receipt of consent", receipt, ConsentReceipt, remedy="Give a ConsentReceipt.")
    if len(set(value)) < len(value):
        raise InvalidRecord("A receipt of consent is stated twice.", remedy="State it once.")
    if len(value) > MAX_CONSENTS:
        raise InvalidRecord(
            f"The record states {len(value)} receipts of consent.",
            remedy=f"State at most {MAX_CONSENTS}.",
        )


def _is(kind: type, remedy: str) -> _Check:
    return partial(check_kind, kind=kind, remedy=remedy)


def _is_one_of(kind: type[Enum]) -> _Check:
    return _is(kind, f"State one of: {', '.join(member.value for member in kind)}.")


def _parse_consents(value: object) -> Any:
    if not isinstance(value, list):
        raise InvalidRecord("The record's consents are not a JSON array.", remedy=REMEDY)
    return tuple(ConsentReceipt.parse(one) for one in value)


_CHECKS: Final[dict[str, _Check]] = {
    "source": _is_one_of(DigitalSource),
    "creator": check_text,
    "title": check_text,
    "created": lambda _, value: check_time(_CREATED, value),
    "service_class": _is_one_of(ServiceClass),
    "content_id": check_content_id,
    "consents": _check_consents,
    **{name: _is(kind, f"Give a {kind.__name__}.") for name, kind in _PARTS.items()},
}
_PARSERS: Final[dict[str, Callable[[object], Any]]] = {
    "source": partial(parse_name, f"{_WHAT}'s source", DigitalSource),
    "created": partial(parse_time, _CREATED),
    "service_class": partial(parse_name, f"{_WHAT}'s service_class", ServiceClass),
    "consents": _parse_consents,
    **{name: kind.parse for name, kind in _PARTS.items()},
}
