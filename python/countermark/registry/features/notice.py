"""What people are told about content that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from countermark.fingerprint import distance
from countermark.registry.entry import MAX_DISTANCE
from countermark.registry.features.feature import Kind, Statement
from countermark.registry.features.stored import Standing, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One feature that fits, in force and signed as it must be.

    `kind`, `reason`, `source`, `statement`: as in `Feature`. `distance`: bits of 256 in which the
    fingerprints differ; None when they are not within reach. `by_watermark`: whether the payload
    in the pixels, or named by the manifest, is the feature's; a watermark can be copied.
    `share`: of the shorter of two sounds or movies, that is like the other one; None for others.
    `feature`: its ID, hexadecimal. `signed_by`: who proposed and who approved it; nobody for one
    of a list, which `authority` has signed. `since`: when it came into force.
    """

    kind: Kind
    reason: str
    source: str
    statement: Statement | None
    distance: int | None
    by_watermark: bool
    share: float | None = None
    feature: str
    signed_by: tuple[str, ...]
    authority: str | None
    since: datetime

    @classmethod
    def of(
        cls,
        stored: Stored,
        standing: Standing,
        hashes: Sequence[bytes],
        payloads: Sequence[int],
        share: float | None = None,
    ) -> Notice:
        """What is told of a feature in force, to somebody who looked for these."""
        feature = stored.feature
        near = [] if feature.pdq is None else [distance(feature.pdq, query) for query in hashes]
        bits = min(near, default=MAX_DISTANCE + 1)
        assert standing.since is not None
        return cls(
            kind=feature.kind,
            reason=feature.reason,
            source=feature.source,
            statement=feature.statement,
            distance=bits if bits <= MAX_DISTANCE else None,
            by_watermark=feature.payload in payloads,
            share=None if share is None else round(share, 3),
            feature=feature.id.hex(),
            signed_by=standing.by,
            authority=None if stored.authority is None else stored.authority.name,
            since=standing.since,
        )

    def members(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind.value,
            "reason": self.reason,
            "source": self.source,
            "statement": None if self.statement is None else self.statement.members(),
            "distance": self.distance,
            "by_watermark": self.by_watermark,
            "share": self.share,
            "feature": self.feature,
            "signed_by": list(self.signed_by),
            "authority": self.authority,
            "since": self.since.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Matches:
    """`notices`: the features that fit and count, the nearest first.

    `ignored`: what is wrong with others that fit; whoever may write the registry did that, or a
    reviewer was removed.
    """

    notices: tuple[Notice, ...] = ()
    ignored: tuple[str, ...] = ()
