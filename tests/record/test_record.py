"""What a record accepts, refuses and writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import CountermarkError, InvalidRecord
from countermark.record import MAX_TEXT_LENGTH, DigitalSource, Record

TEXTS = st.none() | st.text(
    st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=MAX_TEXT_LENGTH
).filter(str.strip)
TIMES = st.none() | st.datetimes(
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
)


@given(
    st.builds(
        Record,
        source=st.sampled_from(DigitalSource),
        creator=TEXTS,
        title=TEXTS,
        created=TIMES,
    )
)
def test_every_record_survives_json(record: Record) -> None:
    assert Record.from_json(record.to_json()) == record


def test_names_and_terms_are_distinct_and_well_formed() -> None:
    assert len({member.uri for member in DigitalSource}) == len(DigitalSource)
    for member in DigitalSource:
        assert member.value == member.name.lower().replace("_", "-")
        assert member.uri.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


@pytest.mark.parametrize(
    ("source", "edits"),
    [(member, member.value.endswith("-edited")) for member in DigitalSource],
)
def test_only_edits_begin_with_an_existing_picture(source: DigitalSource, edits: bool) -> None:
    assert Record(source=source).edits_existing is edits


@pytest.mark.parametrize(
    "statements",
    [
        {"source": "captured"},
        {"source": None},
        {"creator": ""},
        {"creator": "  "},
        {"title": "two\nlines"},
        {"title": "\ud800"},
        {"title": "x" * (MAX_TEXT_LENGTH + 1)},
        {"system": "Model 3"},
        {"created": "2026-11-23"},
        {"created": datetime(2026, 11, 23)},
    ],
)
def test_wrong_statements_are_refused(statements: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord) as caught:
        Record(**{"source": DigitalSource.CAPTURED, **statements})
    assert str(caught.value).endswith(caught.value.remedy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "{}",
        '{"source":"painted"}',
        '{"source":["captured"]}',
        '{"source":"captured","camera":"x"}',
        '{"source":"captured","created":"yesterday"}',
        '{"source":"captured","created":5}',
        '{"source":"captured","created":"2026-11-23T12:00:00"}',
        '{"source":"captured","title":null,"creator":{}}',
    ],
)
def test_damaged_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord):
        Record.from_json(text)


@given(st.text())
def test_no_text_leaks_a_foreign_error(text: str) -> None:
    with pytest.raises(CountermarkError):
        Record.from_json(text)
