"""What the registry remembers of one marked picture, sound or movie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from countermark.clips import Clip
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
    """What was marked: the payload in it, its fingerprint, its manifest and its record.

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
    `pdq`, `pdq_quality`: of a picture the 32 bytes of the fingerprint of the marked pixels, and
    0..100. `clip`: of a sound or a movie its fingerprints, and no `pdq`.
    `manifest`, `manifest_sha256`: the C2PA manifest store and its digest.
    `width`, `height`: pixels, as stored; 0 of a sound.
    `marked_at`: with a time zone.

    Raises `InvalidPayload`, or `InvalidArgument` for another member.
    """

    payload: int
    pdq: bytes | None = None
    pdq_quality: int | None = None
    manifest: bytes
    manifest_sha256: bytes
    record: Record
    width: int
    height: int
    marked_at: datetime
    clip: Clip | None = None

    def __post_init__(self) -> None:
        check_payload(self.payload)
        if self.clip is None:
            self._check_picture()
        elif self.pdq is not None or self.pdq_quality is not None:
            raise InvalidArgument("A sound or movie has no PDQ hash of its own.", remedy=_REMEDY)
        elif self.clip.later_sounds:
            raise InvalidArgument(
                "The fingerprints are those of a query.", remedy="Read the file without query=True."
            )
        elif min(self.width, self.height) < 0:
            raise InvalidArgument("The movie has no pixels.", remedy=_REMEDY)
        if self.manifest_sha256 != hashlib.sha256(self.manifest).digest():
            raise InvalidArgument("The digest is not that of the manifest.", remedy=_REMEDY)
        if self.marked_at.utcoffset() is None:
            raise InvalidArgument("The time of marking has no time zone.", remedy=_REMEDY)

    @property
    def searched_hash(self) -> bytes | None:
        """The PDQ hash, if it is one by which the picture can be found."""
        return self.pdq if (self.pdq_quality or 0) >= MIN_QUALITY else None

    def _check_picture(self) -> None:
        if self.pdq is None or len(self.pdq) != PDQ_BYTES:
            raise InvalidArgument("The PDQ hash does not have 32 bytes.", remedy=_REMEDY)
        if self.pdq_quality is None or not 0 <= self.pdq_quality <= 100:
            raise InvalidArgument("The PDQ quality is not within 0..100.", remedy=_REMEDY)
        if min(self.width, self.height) < 1:
            raise InvalidArgument("The picture has no pixels.", remedy=_REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """An entry's fingerprint, and what opens the commitments to it in the log.

    `pdq`, `pdq_quality`, `clip`: as in `Entry`. `position`: of the leaf with the commitments.
    `salt`: SHA-256 over it and `pdq`, or the bits of the sound or the moving pictures, is one.
    """

    payload: int
    pdq: bytes | None
    pdq_quality: int | None
    clip: Clip | None = None
    position: int
    salt: bytes


def check_payload(payload: int) -> None:
    """Raises `InvalidPayload` unless the payload is an int in [0, 2**64)."""
    if not isinstance(payload, int) or not 0 <= payload < 1 << 8 * PAYLOAD_BYTES:
        raise InvalidPayload(
            f"The payload {payload!r:.40} is not an integer in [0, 2**64).",
            remedy="Use Registry.new_payload() or a number of your own in that range.",
        )
