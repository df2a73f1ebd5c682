"""By when a complaint is to be answered: the file complaints.toml, or what stands here.

    utc_offset = "+08:00"               # whose days these are; by default UTC
    holidays = [2026-10-01, 2026-10-02]
    working_weekends = [2026-10-10]     # Saturdays and Sundays that are worked on

    [appeal]
    working_days = 15

    [report]
    days = 7

Without a file, and for a kind that it leaves out, fifteen working days: our own choice. The law
wants limits that are published, and names none.

The day of receipt does not count; the time ends with the last day, and where that is no working
day, with the next one.

Source: Deep Synthesis Provisions of the PRC, article 12; for the counting Civil Code of the PRC,
articles 201 and 203, and Regulation (EEC, Euratom) 1182/71, article 3; TOML 1.0.0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from countermark.errors import UnusableTerms
from countermark.registry.duties.complaint import ComplaintKind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTINGS: Final = "complaints.toml"

_MOST_DAYS: Final = 366
_SATURDAY: Final = 5
_UNITS: Final = ("days", "working_days")
_DATES: Final = ("holidays", "working_weekends")
_OFFSET: Final = "utc_offset"


@dataclass(frozen=True, slots=True)
class Term:
    """So many days; `working`: only those on which people work count."""

    days: int
    working: bool = True

    def __post_init__(self) -> None:
        if type(self.days) is not int or not 1 <= self.days <= _MOST_DAYS:
            raise ValueError(f"{self.days!r:.40} is no number of days from 1 to {_MOST_DAYS}")


_DEFAULT: Final = Term(15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of each kind of complaint, and the days on which people work.

    >>> Terms().deadline(ComplaintKind.REPORT, datetime(2026, 11, 26, 9, tzinfo=timezone.utc))
    datetime.datetime(2026, 12, 18, 0, 0, tzinfo=datetime.timezone.utc)

    `zone`: whose days these are.
    """

    terms: Mapping[ComplaintKind, Term] = field(
        default_factory=lambda: dict.fromkeys(ComplaintKind, _DEFAULT)
    )
    zone: timezone = timezone.utc
    holidays: frozenset[date] = frozenset()
    working_weekends: frozenset[date] = frozenset()

    def deadline(self, kind: ComplaintKind, received_at: datetime) -> datetime:
        """When the time for an answer is over, in UTC."""
        term = self.terms[kind]
        day, left = received_at.astimezone(self.zone).date(), term.days
        while left:
            day += timedelta(days=1)
            left -= self.is_worked_on(day) or not term.working
        while not self.is_worked_on(day):
            day += timedelta(days=1)
        end = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return end.astimezone(timezone.utc)

    def is_worked_on(self, day: date) -> bool:
        """Whether it is a working day."""
        is_weekend = day.weekday() >= _SATURDAY
        return day in self.working_weekends if is_weekend else day not in self.holidays


def read_terms(folder: Path | None) -> Terms:
    """The terms that the file in that folder states, or the usual ones.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, SETTINGS).write_text("[report]\\ndays = 7")
    ...     read_terms(Path(folder)).terms[ComplaintKind.REPORT]
    Term(days=7, working=False)

    Raises `UnusableTerms` for a file that is damaged, or holds a word that is not known: one that
    is misspelt must not go unnoticed.
    """
    if folder is None:
        return Terms()
    path = folder / SETTINGS
    try:
        return _terms(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Terms()
    except (OSError, ValueError, TypeError) as error:  # TOML errors are ValueErrors
        raise UnusableTerms(
            f"{str(path)!r} cannot be used ({error}).",
            remedy="Correct it as docs/duties.md shows, or remove it for the usual terms.",
        ) from error


def _terms(values: Mapping[str, Any]) -> Terms:
    kinds = {kind.value: kind for kind in ComplaintKind}
    for name in values:
        if name not in (*kinds, *_DATES, _OFFSET):
            raise ValueError(f"{name!r} is not known")
    stated = {kind: _term(name, values[name]) for name, kind in kinds.items() if name in values}
    holidays, worked = (frozenset(_dates(name, values.get(name, []))) for name in _DATES)
    if any(day.weekday() < _SATURDAY for day in worked):
        raise ValueError(f"{_DATES[1]} holds a day that is no Saturday or Sunday")
    return Terms(
        terms={**dict.fromkeys(ComplaintKind, _DEFAULT), **stated},
        zone=_zone(values.get(_OFFSET, "+00:00")),
        holidays=holidays,
        working_weekends=worked,
    )


def _term(name: str, table: object) -> Term:
    if not isinstance(table, Mapping) or len(table) != 1 or not set(table) <= set(_UNITS):
        raise ValueError(f"{name!r} has not one of {' and '.join(_UNITS)}")
    ((unit, days),) = table.items()
    return Term(days, working=unit == "working_days")


def _dates(name: str, days: object) -> list[date]:
    if not isinstance(days, list) or any(type(day) is not date for day in days):
        raise ValueError(f"{name!r} is no list of dates such as 2026-10-01")
    return days


def _zone(offset: object) -> timezone:
    if not isinstance(offset, str):
        raise ValueError(f"{_OFFSET!r} is no text such as +08:00")
    zone = datetime.strptime(offset, "%z").tzinfo
    assert isinstance(zone, timezone)
    return zone
