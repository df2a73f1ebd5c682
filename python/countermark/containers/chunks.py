"""Files made of chunks: WebP, WAV and AVI.

Source: Multimedia Programming Interface and Data Specifications 1.0, "Resource Interchange File
Format" (Microsoft and IBM, 1991).
"""

from __future__ import annotations

from collections.abc import Iterator

from countermark.containers.content import Content, Span, counted


def chunks(asset: Content, at: int = 12, end: int | None = None) -> Iterator[tuple[bytes, Span]]:
    """Kind of each chunk in a range, and where it lies without its padding."""
    limit = len(asset) if end is None else end
    for _ in counted():
        head = asset[at : at + 8]
        stop = at + 8 + int.from_bytes(head[4:], "little")
        if len(head) < 8 or stop > limit:
            return
        yield head[:4], (at, stop)
        at = stop + (stop - at) % 2
