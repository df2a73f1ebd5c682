"""Files made of EBML elements: Matroska and WebM.

>>> [(one.kind.hex(), one.end) for one in elements(element(b"\\xec", b"\\0\\0"))]
[('ec', 4)]

Source: RFC 8794, sections 4 to 6 and 11.3; RFC 9559.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from countermark.containers.content import Content, counted

CRC_32: Final = b"\xbf"
VOID: Final = b"\xec"
_MAX_ELEMENTS: Final = 1 << 20
"""Of one level: some hours of film in a single cluster."""
_HEADER_BYTES: Final = 12
_LONGEST: Final = 8


class Element(NamedTuple):
    """Where an element lies: its beginning, that of its content, its end.

    `end`: None for one that ends where one of a higher level begins.
    """

    kind: bytes
    at: int
    body: int
    end: int | None


def elements(asset: Content, at: int = 0, end: int | None = None) -> Iterator[Element]:
    """The elements of one level in a range; the last may be of unknown length.

    Raises `ValueError` where one is damaged or goes beyond the range.
    """
    limit = len(asset) if end is None else end
    for _ in counted(_MAX_ELEMENTS):
        if at == limit:
            return
        one = read(asset, at)
        if one.end is not None and one.end > limit:
            raise ValueError(f"no element at {at}")
        yield one
        if one.end is None:
            return
        at = one.end


def read(asset: Content, at: int) -> Element:
    """The element at an offset.

    Raises `ValueError` where there is none.
    """
    head = asset[at : at + _HEADER_BYTES]
    kind_length = _length(head[:1])
    length = _length(head[kind_length : kind_length + 1])
    start = kind_length + length
    if kind_length > 4 or start > len(head):
        raise ValueError(f"no element at {at}")
    most = (1 << 7 * length) - 1
    size = int.from_bytes(head[kind_length:start], "big") & most
    body = at + start
    return Element(head[:kind_length], at, body, None if size == most else body + size)


def _length(first: bytes) -> int:
    """Bytes of the number that begins so."""
    if not first or not first[0]:
        raise ValueError("a number of more than eight bytes")
    return 9 - first[0].bit_length()


def number(size: int, width: int = 1) -> bytes:
    """A length of elements, in as few bytes as it needs, but at least `width`.

    >>> number(2).hex(), number(127).hex(), number(2, 8).hex()
    ('82', '407f', '0100000000000002')
    """
    while size >= (1 << 7 * width) - 1:  # all ones are for unknown lengths
        width += 1
    if width > _LONGEST:
        raise ValueError("no element is that long")
    return (size | 1 << 7 * width).to_bytes(width, "big")


def element(kind: bytes, content: bytes, width: int = 1) -> bytes:
    """An element; `width`: of its length at least."""
    return kind + number(len(content), width) + content


def master(kind: bytes, parts: list[bytes], width: int = 1) -> bytes:
    """An element made of others; if the first is a checksum, it is made again."""
    if parts and parts[0][:1] == CRC_32:
        checksum = zlib.crc32(b"".join(parts[1:])).to_bytes(4, "little")
        parts = [element(CRC_32, checksum), *parts[1:]]
    return element(kind, b"".join(parts), width)


def void(size: int) -> bytes:
    """Nothing, in that many bytes, two at least."""
    return element(VOID, bytes(size - 2)) if size < 10 else element(VOID, bytes(size - 9), 8)
