"""The implicit label of generated content: seven texts in one JSON object.

Source: GB 45438-2025, 6.1 and annex E; which characters are allowed, annex E j).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from countermark.errors import InvalidLabel, InvalidRecord
from countermark.record import ProviderCode, Record

FIELDS: Final = (
    *("Label", "ContentProducer", "ProduceID", "ReservedCode1"),
    *("ContentPropagator", "PropagateID", "ReservedCode2"),
)
"""The members of the object, in the order of the standard."""

_ALLOWED: Final = re.compile(r"[!-\[\]-~]*")


class Status(Enum):
    """How sure it is that the content was generated.

    `GENERATED`: its producer says so. `POSSIBLE`: somebody who published it said so.
    `SUSPECTED`: a platform found traces.

    Source: GB 45438-2025, annex E; Labeling Measures (2025), article 6.
    """

    GENERATED = "1"
    POSSIBLE = "2"
    SUSPECTED = "3"


_FIRM: Final = (Status.GENERATED,)
_OF_PROPAGATOR: Final = ("propagator", "propagate_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class AigcLabel:
    """What the label of one file says.

    >>> label = AigcLabel.produced("001191110102MACQD9K64010000", "picture-7")
    >>> label.propagator == label.producer, label.propagate_id
    (True, 'picture-7')
    >>> label.to_json()[:62]
    '{"Label":"1","ContentProducer":"001191110102MACQD9K64010000","'

    `status`: whether it is, possibly is or is suspected to be generated.
    `producer`, `propagator`: the codes of the providers that made and that spread it; of a producer
    whom nobody knows, code and id are empty unless the status is `GENERATED`.
    `produce_id`, `propagate_id`: what they call this content.
    `producer_reserved`, `propagator_reserved`: what they add to protect their members.

    Raises `InvalidLabel` for members that the standard does not allow.
    """

    status: Status
    producer: str
    produce_id: str
    producer_reserved: str = ""
    propagator: str
    propagate_id: str
    propagator_reserved: str = ""

    def __post_init__(self) -> None:
        for name in ("producer", "produce_id", "propagator", "propagate_id"):
            _check(name, getattr(self, name))
            # Who spreads what somebody else made may not know the producer, and makes none up.
            if not getattr(self, name) and (name in _OF_PROPAGATOR or self.status in _FIRM):
                raise InvalidLabel(
                    f"The {name.replace('_', ' ')} of the label is empty.", remedy="State it."
                )
        for name in ("producer_reserved", "propagator_reserved"):
            _check(name, getattr(self, name))

    @classmethod
    def produced(cls, producer: str, produce_id: str, *, reserved: str = "") -> AigcLabel:
        """The label of content at its producer, who is its first propagator too.

        Raises `InvalidLabel`, also for a provider code that nobody can have.

        Source: GB 45438-2025, annex E, note 1.
        """
        check_code(producer)
        return cls(
            status=Status.GENERATED,
            producer=producer,
            produce_id=produce_id,
            producer_reserved=reserved,
            propagator=producer,
            propagate_id=produce_id,
        )

    @classmethod
    def of(cls, record: Record) -> AigcLabel:
        """The label that says what a record says.

        >>> from countermark.record import DigitalSource, Producer, Record
        >>> producer = Producer(name="Example", code=ProviderCode("001191110102MACQD9K64010000"))
        >>> source = DigitalSource.AI_GENERATED
        >>> record = Record(source=source, producer=producer, content_id="picture-7")
        >>> AigcLabel.of(record) == AigcLabel.produced(str(producer.code), "picture-7")
        True

        Raises `InvalidLabel` for a record without the producer's code or the content's number.
        """
        if record.producer is None or record.producer.code is None or record.content_id is None:
            raise InvalidLabel(
                "The record does not state the producer's code and the number of the content.",
                remedy="State both: the label is made of them.",
            )
        return cls.produced(str(record.producer.code), record.content_id)

    def spread(self, propagator: str, propagate_id: str, *, reserved: str = "") -> AigcLabel:
        """The label of the same content at who spreads it; what its producer said stays.

        Raises `InvalidLabel`, also for a provider code that nobody can have.

        Source: Labeling Measures (2025), article 6; GB 45438-2025, annex E.
        """
        check_code(propagator)
        return replace(
            self,
            propagator=propagator,
            propagate_id=propagate_id,
            propagator_reserved=reserved,
        )

    def members(self) -> dict[str, str]:
        """The members of the object, in the order of the standard."""
        values = (
            *(self.status.value, self.producer, self.produce_id, self.producer_reserved),
            *(self.propagator, self.propagate_id, self.propagator_reserved),
        )
        return dict(zip(FIELDS, values, strict=True))

    def to_json(self, *, wrapped: bool = False) -> str:
        """The text that a file holds.

        `wrapped`: in an object with the one member AIGC, for places that have no name of their own.
        """
        members: object = {"AIGC": self.members()} if wrapped else self.members()
        return json.dumps(members, ensure_ascii=True, separators=(",", ":"))


def is_allowed(text: str) -> bool:
    """Whether a member may hold this text: printable ASCII without spaces and backslashes.

    >>> is_allowed("picture-7"), is_allowed("图")
    (True, False)
    """
    return _ALLOWED.fullmatch(text) is not None


def code_problem(code: str) -> str | None:
    """What is wrong with a provider code, in a sentence; None if nothing is."""
    try:
        ProviderCode(code)
    except InvalidRecord as error:
        return error.problem
    return None


def check_code(code: str) -> None:
    """Refuse a provider code that nobody can have: raises `InvalidLabel`."""
    try:
        ProviderCode(code)
    except InvalidRecord as error:
        raise InvalidLabel(error.problem, remedy=error.remedy) from error


def _check(name: str, value: object) -> None:
    if not isinstance(value, str) or not is_allowed(value):
        raise InvalidLabel(
            f"The {name.replace('_', ' ')} of the label is {value!r:.100}.",
            remedy="Use printable ASCII without spaces and backslashes, such as a code.",
        )
