"""The ID3v2 tag before the sound of MP3 and some FLAC files.

Source: ID3v2.3 and ID3v2.4, section 3.1.
"""

from __future__ import annotations

from typing import Final

from countermark.containers.content import Content

HEADER_BYTES: Final = 10


def tag_end(asset: Content) -> int:
    """Offset behind the tag; 0 when the file begins without one of a known version."""
    head = asset[:HEADER_BYTES]
    if len(head) < HEADER_BYTES or head[:3] != b"ID3" or head[3] not in (3, 4):
        return 0
    return HEADER_BYTES + synchsafe(head[6:])


def synchsafe(field: bytes) -> int:
    """A number of seven bits a byte."""
    value = 0
    for byte in field:
        value = value << 7 | byte & 0x7F
    return value
