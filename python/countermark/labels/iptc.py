"""What pictures state for readers elsewhere, in the terms of IPTC: source, and the AI system.

>>> from countermark.record import DigitalSource, Record, System
>>> record = Record(source=DigitalSource.AI_GENERATED, system=System(name="Example", version="3"))
>>> [(one.name, one.value.rpartition("/")[2]) for one in statements(record)]
[('DigitalSourceType', 'trainedAlgorithmicMedia'), ('AISystemUsed', 'Example'), \
('AISystemVersionUsed', '3')]

Source: IPTC Photo Metadata Standard 2025.1, Extension schema.
"""

from __future__ import annotations

from typing import Final

from countermark.labels.xmp import Property
from countermark.record import Record

NAMESPACE: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PREFIX: Final = "Iptc4xmpExt"


def statements(record: Record) -> tuple[Property, ...]:
    """The properties that a record renders to; never a prompt, nor who wrote it.

    The system is stated for what AI made or edited only, as IPTC defines the property.
    """
    values: dict[str, str | None] = {"DigitalSourceType": record.source.uri}
    if record.system is not None and record.source.is_by_ai:
        values["AISystemUsed"] = record.system.name
        values["AISystemVersionUsed"] = record.system.version
    return tuple(
        Property(NAMESPACE, PREFIX, name, value)
        for name, value in values.items()
        if value is not None
    )
