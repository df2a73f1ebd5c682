"""The parts of GIF files.

Source: GIF89a (CompuServe, 1990), sections 15 to 26.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from countermark.containers.content import Content, Span

EXTENSION: Final = b"\x21"
IMAGE: Final = b","
TRAILER: Final = b";"
_APPLICATION: Final = b"\x21\xff\x0b"
_APPLICATION_BYTES: Final = 14


class Part(NamedTuple):
    """An image, an extension, or the trailer.

    `head`: what it begins with, of an extension of applications with the name of the application.
    `blocks`: where the data of its sub-blocks lies, the empty one at its end included; of parts
    that nobody asked for, of that one alone.
    """

    kind: bytes
    head: bytes
    start: int
    end: int
    blocks: tuple[Span, ...]


def gif_parts(
    asset: Content, places: Iterator[None], *, blocks_of: bytes | None = None
) -> Iterator[Part]:
    """The parts behind the header, up to the trailer or to where the file is damaged.

    Each part, and each of its sub-blocks, takes one of the `places`. `blocks_of`: the beginning of
    the parts whose sub-blocks are asked for.
    """
    at = 13 + _colours(asset[10:11])
    for _ in places:
        head = asset[at : at + _APPLICATION_BYTES]
        kind = head[:1]
        if kind == TRAILER:
            yield Part(kind, kind, at, at + 1, ())
            return
        if kind == EXTENSION:
            head = head if head.startswith(_APPLICATION) else head[:2]
            data = at + len(head)
        elif kind == IMAGE:
            head = head[:10]
            data = at + 10 + _colours(head[9:]) + 1  # the size of the first code
        else:
            return
        blocks = _blocks(asset, data, places, keep=head == blocks_of)
        if not blocks:
            return
        yield Part(kind, head, at, blocks[-1][1], blocks)
        at = blocks[-1][1]


def _colours(flags: bytes) -> int:
    """Length of the colour table that a byte of flags announces."""
    flag = int.from_bytes(flags, "big")
    return 3 << (flag & 7) + 1 if flag & 0x80 else 0


def _blocks(asset: Content, at: int, places: Iterator[None], *, keep: bool) -> tuple[Span, ...]:
    """The data of sub-blocks, the empty one last; nothing where the file ends inside them."""
    blocks: list[Span] = []
    for _ in places:
        length = asset[at : at + 1]
        end = at + 1 + int.from_bytes(length, "big")
        if not length or end > len(asset):
            return ()
        if keep or end == at + 1:
            blocks.append((at + 1, end))
        if end == at + 1:
            return tuple(blocks)
        at = end
    return ()
