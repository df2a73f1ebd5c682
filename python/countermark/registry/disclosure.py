"""That a report was given to an authority, as the log says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from countermark.errors import InvalidArgument


class DisclosureReason(Enum):
    """Why an authority gets a report: a code, for the log is public.

    `INSPECTION`: it inspects. `ILLEGAL_CONTENT`, `RUMOUR`, `COMPLAINT`: a report on such a case.
    `ORDERED`: a court or an authority ordered it.

    Source: Deep Synthesis Provisions of the PRC, articles 21, 10, 11 and 12.
    """

    INSPECTION = "inspection"
    ILLEGAL_CONTENT = "illegal-content"
    RUMOUR = "rumour"
    COMPLAINT = "complaint"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What was given out, to whom and why.

    `start`, `end`: of the time that it is about, the end not included; with time zones. `leaves`:
    of the log, how many are in it. `personal`: how many personal records. `recipient_sha256`: of
    the certificate (DER) to which it is encrypted. `bundle_sha256`: of the encrypted file.

    Raises `InvalidArgument` for times without a zone, or an end before the start.
    """

    reason: DisclosureReason
    start: datetime
    end: datetime
    leaves: int
    personal: int
    recipient_sha256: bytes
    bundle_sha256: bytes

    def __post_init__(self) -> None:
        check_times(self.start, self.end)


def check_times(start: datetime, end: datetime) -> None:
    """Raises `InvalidArgument` unless both have a zone and the end comes after the start."""
    if start.utcoffset() is None or end.utcoffset() is None or start >= end:
        raise InvalidArgument(
            "A report is about no time, or its times have no zone.",
            remedy="Give an end after the start, such as 2026-01-01 and 2026-02-01.",
        )
