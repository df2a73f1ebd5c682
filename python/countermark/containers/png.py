"""Files made of chunks with checksums: PNG and APNG.

Source: Portable Network Graphics (W3C, third edition), section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from countermark.containers.content import Content, Span, counted


def png_chunks(
    asset: Content, *, places: Iterator[None] | None = None
) -> Iterator[tuple[bytes, Span]]:
    """Kind of each chunk, and where it lies from its length to its checksum.

    Each takes one of the `places`; by default there are as many as a file may have parts.
    """
    at = 8
    for _ in places or counted():
        head = asset[at : at + 8]
        end = at + 12 + int.from_bytes(head[:4], "big")
        if len(head) < 8 or end > len(asset):
            return
        yield head[4:], (at, end)
        at = end
