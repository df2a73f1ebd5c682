"""Segments of JPEG files.

Source: ISO/IEC 10918-1, annex B.
"""

from __future__ import annotations

from collections.abc import Iterator

from countermark.containers.content import Content, counted


def jpeg_segments(asset: Content) -> Iterator[tuple[int, int, int]]:
    """Marker, offset and end of each segment that has a length, up to the first scan."""
    at = 2
    for _ in counted():
        head = asset[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF:
            return
        marker = head[1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD9:  # markers without a length
            at += 2
            continue
        end = at + 2 + int.from_bytes(head[2:4], "big")
        if end > len(asset):
            return
        yield marker, at, end
        if marker == 0xDA:
            return
        at = max(end, at + 2)
