"""Files made of boxes: AVIF, HEIF, MP4 and MOV; JPEG XL.

Source: ISO/IEC 14496-12, clause 4.2; ISO/IEC 18181-2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from countermark.containers.content import Content, counted


def is_bmff(asset: Content) -> bool:
    """Whether the file is made of boxes that a hard binding goes by."""
    return asset[4:8] == b"ftyp"


def boxes(
    asset: Content,
    at: int = 0,
    last: int | None = None,
    *,
    places: Iterator[None] | None = None,
) -> Iterator[tuple[bytes, tuple[int, int, int]]]:
    """Kind, offset, offset of the content and end of each box of one level, `at` to `last`.

    Each takes one of the `places`; by default there are as many as a file may have parts.
    """
    last = len(asset) if last is None else last
    for _ in places or counted():
        head = asset[at : min(at + 16, last)]
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        header = 8
        if length == 1 and len(head) == 16:
            header, length = 16, int.from_bytes(head[8:], "big")
        end = last if length == 0 else at + length
        if end < at + header or end > last:
            return
        yield kind, (at, at + header, end)
        at = end
