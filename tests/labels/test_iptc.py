"""What pictures state for readers elsewhere."""

from __future__ import annotations

import pytest

from countermark.labels import iptc
from countermark.record import DigitalSource, Record, System

SYSTEM = System(name="Example Model", version="3")


def values(record: Record) -> dict[str, str]:
    return {one.name: one.value for one in iptc.statements(record)}


@pytest.mark.parametrize("source", [DigitalSource.AI_GENERATED, DigitalSource.AI_EDITED])
def test_ai_states_source_and_system(source: DigitalSource) -> None:
    assert values(Record(source=source, system=SYSTEM)) == {
        "DigitalSourceType": source.uri,
        "AISystemUsed": "Example Model",
        "AISystemVersionUsed": "3",
    }


def test_camera_is_no_ai_system() -> None:
    record = Record(source=DigitalSource.CAPTURED, system=SYSTEM)
    assert values(record) == {"DigitalSourceType": DigitalSource.CAPTURED.uri}


def test_nothing_else_of_the_record_goes_out() -> None:
    record = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example", title="A lake")
    assert values(record) == {"DigitalSourceType": DigitalSource.AI_GENERATED.uri}
