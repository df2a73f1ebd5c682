"""By when complaints are to be answered: days, working days, holidays, and files that are wrong."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark.errors import UnusableTerms
from countermark.registry import Registry
from countermark.registry.duties import About, ComplaintKind, Term, read_terms
from countermark.registry.duties.terms import SETTINGS

REPORT = ComplaintKind.REPORT
THURSDAY = datetime(2026, 11, 26, 9, tzinfo=timezone.utc)


def deadline(folder: Path, text: str, received_at: datetime = THURSDAY) -> str:
    (folder / SETTINGS).write_text(text, "utf-8")
    return read_terms(folder).deadline(REPORT, received_at).isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "2026-12-18T00:00:00+00:00"),  # fifteen working days
        ("[report]\nworking_days = 1", "2026-11-28T00:00:00+00:00"),
        ("[report]\nworking_days = 2", "2026-12-01T00:00:00+00:00"),
        ("[report]\ndays = 1", "2026-11-28T00:00:00+00:00"),
        ("[report]\ndays = 2", "2026-12-01T00:00:00+00:00"),  # ends on Saturday, so on Monday
        ("[report]\ndays = 7", "2026-12-04T00:00:00+00:00"),
        (
            "holidays = [2026-11-27, 2026-11-30]\n[report]\nworking_days = 1",
            "2026-12-02T00:00:00+00:00",
        ),
        (
            "working_weekends = [2026-11-28]\n[report]\nworking_days = 2",
            "2026-11-29T00:00:00+00:00",
        ),
        ('utc_offset = "+08:00"\n[report]\nworking_days = 1', "2026-11-27T16:00:00+00:00"),
        ("[appeal]\nworking_days = 1", "2026-12-18T00:00:00+00:00"),
    ],
)
def test_the_time_ends_with_the_last_day(tmp_path: Path, text: str, expected: str) -> None:
    assert deadline(tmp_path, text) == expected


def test_the_day_is_that_of_the_house(tmp_path: Path) -> None:
    # At 17:00 UTC it is Friday in China already, so the next working day is Monday.
    text = 'utc_offset = "+08:00"\n[report]\nworking_days = 1'
    assert deadline(tmp_path, text, THURSDAY.replace(hour=17)) == "2026-11-30T16:00:00+00:00"


def test_no_term_is_shorter_than_its_days(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text("[report]\ndays = 7\n[appeal]\nworking_days = 7")
    terms = read_terms(tmp_path)
    for hour in range(0, 24 * 14, 5):
        received = THURSDAY + timedelta(hours=hour)
        calendar, working = (
            terms.deadline(kind, received) for kind in (REPORT, ComplaintKind.APPEAL)
        )
        assert received + timedelta(days=7) < calendar <= received + timedelta(days=10)
        assert received + timedelta(days=9) < working <= received + timedelta(days=12)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[reports]\ndays = 3", "'reports' is not known"),
        ("report = 3", "has not one of days and working_days"),
        ("[report]\nday = 3", "has not one of"),
        ("[report]\ndays = 3\nworking_days = 3", "has not one of"),
        ("[report]\ndays = 0", "no number of days"),
        ("[report]\ndays = 1.5", "no number of days"),
        ("[report]\ndays = true", "no number of days"),
        ("holidays = 3", "no list of dates"),
        ('holidays = ["2026-10-01"]', "no list of dates"),
        ("holidays = [2026-10-01T12:00:00Z]", "no list of dates"),
        ("working_weekends = [2026-11-26]", "no Saturday or Sunday"),
        ("utc_offset = 8", "no text"),
        ('utc_offset = "Beijing"', "does not match"),
        ("[report", "table declaration"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / SETTINGS).write_text(text, "utf-8")
    with pytest.raises(UnusableTerms, match=why):
        read_terms(tmp_path)
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        with pytest.raises(UnusableTerms):
            registry.complaints.receive(REPORT, About(payload=7))
        assert registry.complaints.all() == []


def test_a_registry_takes_the_terms_beside_it(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text("[report]\ndays = 7")
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        assert registry.complaints.terms().terms[REPORT] == Term(7, working=False)
        received = registry.complaints.receive(REPORT, About(payload=7), received_at=THURSDAY)
    assert received.complaint.deadline.isoformat() == "2026-12-04T00:00:00+00:00"
