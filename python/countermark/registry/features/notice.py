"""What people are told about content that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from countermark.registry.features.feature import Kind, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One feature that fits, in force and signed as it must be.

    `kind`, `reason`, `source`, `statement`: as in `Feature`. `distance`: bits of 256 in which the
    fingerprints differ; None when they are not within reach. `by_watermark`: whether the payload
    in the pixels, or named by the manifest, is the feature's; a watermark can be copied.
    `feature`: its ID, hexadecimal. `signed_by`: who proposed and who approved it; nobody for one
    of a list, which `authority` has signed. `since`: when it came into force.
    """

    kind: Kind
    reason: str
    source: str
    statement: Statement | None
    distance: int | None
    by_watermark: bool
    feature: str
    signed_by: tuple[str, ...]
    authority: str | None
    since: datetime

    def members(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind.value,
            "reason": self.reason,
            "source": self.source,
            "statement": None if self.statement is None else self.statement.members(),
            "distance": self.distance,
            "by_watermark": self.by_watermark,
            "feature": self.feature,
            "signed_by": list(self.signed_by),
            "authority": self.authority,
            "since": self.since.isoformat(),
        }
