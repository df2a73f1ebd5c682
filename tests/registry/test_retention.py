"""Retention classes as the file beside the registry says them; misspelt words do not pass."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark.errors import UnusableRetention
from countermark.registry import Registry
from countermark.registry.retention import DEFAULTS, SETTINGS, RetentionClass, read_retention

DOCUMENT = Path(__file__).parents[2] / "docs/retention.md"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert tuple(read_retention(tmp_path).values()) == DEFAULTS
    assert tuple(read_retention(None).values()) == DEFAULTS


def test_six_months_are_kept_whichever_they_are() -> None:
    minimum = timedelta(days=read_retention(None)["unlabelled-grant"].minimum_days)
    for month in range(1, 13):
        start = datetime(2026, month, 1, tzinfo=timezone.utc)
        end = start.replace(year=2026 + (month > 6), month=(month + 5) % 12 + 1)
        assert start + minimum >= end


def test_the_file_changes_and_adds(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(
        "[network-log]\nminimum_days = 366\nmaximum_days = 400\n\n[invoice]\nminimum_days = 9\n"
    )
    found = read_retention(tmp_path)
    assert found["network-log"] == RetentionClass("network-log", 366, 400)
    assert found["invoice"] == RetentionClass("invoice", 9, None)
    assert found["personal"] == {kind.name: kind for kind in DEFAULTS}["personal"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[personal]\nmaximum_day = 3", "maximum_day"),
        ("personal = 3", "no table"),
        ("[personal]\nmaximum_days = -1", "number of days"),
        ("[personal]\nmaximum_days = 1.5", "number of days"),
        ("[personal]\nmaximum_days = true", "number of days"),
        ("[personal]\nmaximum_days = 1000000", "number of days"),
        ("[network-log]\nmaximum_days = 30", "below its minimum"),
        ('["Müller, Jana"]\nmaximum_days = 3', "no name"),
        (f"[{'a' * 65}]\nmaximum_days = 3", "no name"),
        ("[personal", "table declaration"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / SETTINGS).write_text(text, "utf-8")
    with pytest.raises(UnusableRetention, match=why):
        read_retention(tmp_path)
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        with pytest.raises(UnusableRetention):
            registry.dispose()
        assert registry.find_payload(1) is None  # reading needs no classes


def test_the_document_states_the_defaults() -> None:
    text = DOCUMENT.read_text("utf-8")
    for kind in DEFAULTS:
        most = "none" if kind.maximum_days is None else str(kind.maximum_days)
        least = str(kind.minimum_days) if kind.minimum_days else "none"
        assert f"| `{kind.name}` | {least} | {most} |" in text
