"""Why something was taken away, as the public log says it: a code, never free text."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Final

from countermark.errors import InvalidArgument, RetentionNotOver
from countermark.registry.retention import RetentionClass

BATCH: Final = 100
"""Entries or records that are disposed of in one transaction."""


class DisposalReason(Enum):
    """Why an entry or a record was taken away.

    `WITHDRAWN`: whoever made it wants it gone. `REQUESTED`: the person whom it is about does.
    `MISTAKEN`: it should not have been added. `EXPIRED`: the maximum of its class was over, so that
    `Registry.dispose` took it; nobody else gives this reason.
    `ORDERED`: a court or an authority ordered it; the only one that counts before the minimum is
    over, and it needs the reference of the order.
    """

    WITHDRAWN = "withdrawn"
    REQUESTED = "requested"
    MISTAKEN = "mistaken"
    EXPIRED = "expired"
    ORDERED = "ordered"


def check_reason(reason: DisposalReason, order: str | None) -> None:
    """Whether somebody may give this reason; an order goes with `ORDERED` and with nothing else.

    Raises `InvalidArgument`.
    """
    given = [known for known in DisposalReason if known is not DisposalReason.EXPIRED]
    if reason not in given:
        raise InvalidArgument(
            f"{reason!s:.80} is no reason that can be given for a deletion.",
            remedy=f"Use one of {', '.join(known.value for known in given)}.",
        )
    if (reason is DisposalReason.ORDERED) != bool(order):
        raise InvalidArgument(
            "An order goes with the reason ordered, and that with an order.",
            remedy="Give the reference of the order, or another reason.",
        )


def check_minimum(kind: RetentionClass, since: datetime, reason: DisposalReason) -> None:
    """Raises `RetentionNotOver` while it must stay, unless an order is the reason."""
    until = kind.must_stay_until(since)
    if reason is not DisposalReason.ORDERED and datetime.now(timezone.utc) < until:
        raise RetentionNotOver(
            f"What is of the class {kind.name!r} must stay for {kind.minimum_days} days, this one "
            f"until {until.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC.",
            remedy="Wait, or name the order of a court or an authority.",
        )
