"""vPDQ, a fingerprint of moving pictures: the PDQ hash of one frame a second.

>>> frames = (Frame(bytes([n] * 32), 100, n) for n in range(3))
>>> Vpdq.of(frames).frames[2].seconds
2.0

Source: "vPDQ", https://github.com/facebook/ThreatExchange/tree/main/vpdq (BSD license). There a
frame is taken after each whole number of frames, here after each second of the time that is stated
for the frames, so that a variable frame rate is followed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from countermark.errors import InvalidArgument
from countermark.fingerprint.picture import PDQ_BYTES

__all__ = ["MIN_FRAME_QUALITY", "Frame", "Vpdq"]

MIN_FRAME_QUALITY: Final = 50
"""PDQ quality; hashes of frames below it match anything, and are not compared."""

_FRAME: Final = struct.Struct(f">{PDQ_BYTES}sBI")
_MOST_MS: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Frame:
    """A hashed frame: `bits` and `quality` as of `Pdq`, `seconds` from the first frame on."""

    bits: bytes
    quality: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Vpdq:
    """A fingerprint: the frames that were hashed, in 37 bytes each.

    Attributes:
        bits: For each frame 32 bytes of hash, one of quality, and four for its milliseconds from
            the first frame on, big-endian.
    """

    bits: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.bits, bytes) or len(self.bits) % _FRAME.size:
            raise InvalidArgument(
                f"A vPDQ fingerprint has {_FRAME.size} bytes for each of its frames.",
                remedy="Pass what Vpdq.of returned, or its bits.",
            )

    @classmethod
    def of(cls, frames: Iterable[Frame]) -> Vpdq:
        """The fingerprint of these frames.

        Raises:
            InvalidArgument: A hash does not have 32 bytes, or a number is out of its range.
        """
        try:
            return cls(
                b"".join(
                    _FRAME.pack(one.bits, one.quality, min(round(one.seconds * 1000), _MOST_MS))
                    for one in frames
                    if _is_hash(one.bits)
                )
            )
        except struct.error as error:
            raise InvalidArgument(
                "A frame's quality or time is out of its range.", remedy="Pass what pdq gives."
            ) from error

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames, in their order."""
        return tuple(Frame(bits, q, ms / 1000) for bits, q, ms in _FRAME.iter_unpack(self.bits))

    @property
    def telling(self) -> tuple[Frame, ...]:
        """The first of the frames with each hash, without those that say too little."""
        first: dict[bytes, Frame] = {}
        for frame in self.frames:
            if frame.quality >= MIN_FRAME_QUALITY:
                first.setdefault(frame.bits, frame)
        return tuple(first.values())

    def __len__(self) -> int:
        return len(self.bits) // _FRAME.size


def _is_hash(bits: bytes) -> bool:
    if len(bits) != PDQ_BYTES:
        raise InvalidArgument(
            "A PDQ hash does not have 32 bytes.", remedy="Use the bits that pdq() gives."
        )
    return True
