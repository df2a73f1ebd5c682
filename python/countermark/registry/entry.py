"""What the registry remembers of one marked picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from countermark.errors import InvalidArgument, InvalidPayload
from countermark.record import Record

PAYLOAD_BYTES: Final = 8
PDQ_BYTES: Final = 32
MAX_DISTANCE: Final = 31
"""Bits of 256; the distance up to which the authors of PDQ call two pictures the same."""

MIN_QUALITY: Final = 50
"""PDQ quality; hashes below it match anything, and their authors advise to discard them."""

_REMEDY: Final = "Correct the entry and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One marked picture: the payload in it, its fingerprint, its manifest and its record.

    >>> import hashlib
    >>> from datetime import datetime, timezone
    >>> from countermark.record import DigitalSource
    >>> manifest = b"the manifest store"
    >>> entry = Entry(
    ...     payload=7, pdq=bytes(32), pdq_quality=100, manifest=manifest,
    ...     manifest_sha256=hashlib.sha256(manifest).digest(),
    ...     record=Record(source=DigitalSource.CAPTURED), width=4000, height=3000,
    ...     marked_at=datetime.now(timezone.utc),
    ... )

    `payload`: int in [0, 2**64).
    `pdq`, `pdq_quality`: the 32 bytes of the fingerprint of the marked pixels, and 0..100.
    `manifest`, `manifest_sha256`: the C2PA manifest store and its digest.
    `width`, `height`: pixels, as stored.
    `marked_at`: with a time zone.

    Raises `InvalidPayload`, or `InvalidArgument` for another member.
    """

    payload: int
    pdq: bytes
    pdq_quality: int
    manifest: bytes
    manifest_sha256: bytes
    record: Record
    width: int
    height: int
    marked_at: datetime

    def __post_init__(self) -> None:
        check_payload(self.payload)
        if len(self.pdq) != PDQ_BYTES:
            raise InvalidArgument("The PDQ hash does not have 32 bytes.", remedy=_REMEDY)
        if not 0 <= self.pdq_quality <= 100:
            raise InvalidArgument("The PDQ quality is not within 0..100.", remedy=_REMEDY)
        if self.manifest_sha256 != hashlib.sha256(self.manifest).digest():
            raise InvalidArgument("The digest is not that of the manifest.", remedy=_REMEDY)
        if min(self.width, self.height) < 1:
            raise InvalidArgument("The picture has no pixels.", remedy=_REMEDY)
        if self.marked_at.utcoffset() is None:
            raise InvalidArgument("The time of marking has no time zone.", remedy=_REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """An entry's fingerprint, and what opens the commitment to it in the log.

    `position`: of the leaf with the commitment. `salt`: SHA-256 over it and `pdq` is that.
    """

    payload: int
    pdq: bytes
    pdq_quality: int
    position: int
    salt: bytes


def check_payload(payload: int) -> None:
    """Raises `InvalidPayload` unless the payload is an int in [0, 2**64)."""
    if not isinstance(payload, int) or not 0 <= payload < 1 << 8 * PAYLOAD_BYTES:
        raise InvalidPayload(
            f"The payload {payload!r:.40} is not an integer in [0, 2**64).",
            remedy="Use Registry.new_payload() or a number of your own in that range.",
        )
