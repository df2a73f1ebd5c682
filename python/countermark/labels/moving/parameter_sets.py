"""Two encodings of H.264 in one track: both have their parameter sets in the track's description.

Every slice names its picture parameter set by number, so what encoded the first seconds anew takes
a number that the copied rest does not use. Source: ISO/IEC 14496-15, 5.3.3.1 (`avcC`);
ITU-T H.264, 7.3.2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_SPS, _PPS, _IDR = 7, 8, 5
_LARGEST_NUMBER: Final = 31  # of a sequence parameter set; a picture parameter set goes to 255


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What `avcC` says: sets of the sequence and of pictures, and the bytes of a unit's length."""

    profile: bytes  # profile, constraints, level
    length_bytes: int
    sequences: tuple[bytes, ...]
    pictures: tuple[bytes, ...]
    rest: bytes

    @property
    def free_number(self) -> int | None:
        """One that neither a sequence nor a picture parameter set has."""
        taken = {_number(one, 4) for one in self.sequences} | {
            _number(one, 1) for one in self.pictures
        }
        return next((one for one in range(1, _LARGEST_NUMBER + 1) if one not in taken), None)


def parse(extradata: bytes) -> ParameterSets | None:
    """None for what is not `avcC`, or is damaged."""
    if len(extradata) < 7 or extradata[0] != 1:
        return None
    position, groups = 5, []
    for mask in (0x1F, 0xFF):
        if position >= len(extradata):
            return None
        count, position, found = extradata[position] & mask, position + 1, []
        for _ in range(count):
            size = int.from_bytes(extradata[position : position + 2], "big")
            found.append(extradata[position + 2 : position + 2 + size])
            if not size or len(found[-1]) != size:
                return None
            position += 2 + size
        groups.append(tuple(found))
    if not all(groups):
        return None
    sequences, pictures = groups
    length_bytes = (extradata[4] & 3) + 1
    return ParameterSets(extradata[1:4], length_bytes, sequences, pictures, extradata[position:])


def joined(sets: ParameterSets, encoder: bytes) -> bytes:
    """The `avcC` of both; `encoder`: the start code form that an encoder gives."""
    units = split(encoder)
    sequences = (*sets.sequences, *(unit for unit in units if unit[0] & 0x1F == _SPS))
    pictures = (*sets.pictures, *(unit for unit in units if unit[0] & 0x1F == _PPS))
    level = max(sequence[3] for sequence in sequences)
    head = bytes([1]) + sets.profile[:2] + bytes([level, 0xFC | sets.length_bytes - 1])
    return b"".join(
        (
            head,
            bytes([0xE0 | len(sequences)]),
            *(struct.pack(">H", len(one)) + one for one in sequences),
            bytes([len(pictures)]),
            *(struct.pack(">H", len(one)) + one for one in pictures),
            sets.rest,
        )
    )


def split(content: bytes) -> list[bytes]:
    """The units between start codes (ITU-T H.264, annex B)."""
    units = [part.rstrip(b"\0") for part in content.split(b"\0\0\1")[1:]]
    return [unit for unit in units if unit]


def with_lengths(content: bytes, length_bytes: int) -> bytes:
    """Units after start codes as units after their lengths, as files have them."""
    return b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in split(content))


def begins_anew(packet: bytes, length_bytes: int) -> bool:
    """Whether nothing before this packet is needed: its first slice is one of an IDR picture."""
    position = 0
    while position + length_bytes < len(packet):
        size = int.from_bytes(packet[position : position + length_bytes], "big")
        kind = packet[position + length_bytes] & 0x1F
        if 1 <= kind <= _IDR:
            return kind == _IDR
        position += length_bytes + size
    return False


def _number(unit: bytes, start: int) -> int:
    """The first Exp-Golomb number from this byte on (ITU-T H.264, 9.1)."""
    bits = "".join(f"{byte:08b}" for byte in unit[start : start + 8])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1
