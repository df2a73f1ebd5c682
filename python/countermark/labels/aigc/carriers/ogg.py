"""OGG: comments of all logical streams, of those that follow in a chain too. By mutagen, page-wise.

mutagen itself reads the comments of one stream. Each stream begins with a page that says so; its
comments are in the packets behind that.

Source: RFC 3533, sections 5 and 6; Ogg Vorbis I, 5.2; RFC 7845, 5.2; Ogg mapping of FLAC, Theora
and Speex.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from countermark.containers import counted
from countermark.labels.aigc.carriers.extra import needing

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_FIRST: Final = 0x02
_MOST_PAGES: Final = 1 << 22
"""Of a file, some 16 GB of sound."""
_MAX_PAGES: Final = 4_096
"""Of the headers of one stream: comments with pictures in them have many."""

_COMMENTS: Final = {b"\x03vorbis": True, b"OpusTags": False, b"\x81theora": False}
"""What packets of comments begin with, and whether a bit ends them."""
_OF_SPEEX: Final = b"Speex   "
_OF_FLAC: Final = b"\x7fFLAC"
_FLAC_COMMENTS: Final = 4


class _Page(NamedTuple):
    """Where a page lies, and of which stream it is."""

    at: int
    serial: int
    is_first: bool


def other_comments(file: BinaryIO, name: str, but: int) -> Iterator[tuple[int, str]]:
    """The comments of that name in all streams but one: number of the stream and text.

    `but`: serial of the stream that is left out, where it begins first.

    Raises `ValueError` where the file is damaged.
    """
    with needing("mutagen"):
        from mutagen._vorbis import VCommentDict
    is_left_out = False
    number = 0
    for page in _pages(file):
        if not page.is_first:
            continue
        number += 1
        if page.serial == but and not is_left_out:
            is_left_out = True
            continue
        found = _comments(file, page)
        if found is not None:
            content, has_end = found
            for text in VCommentDict(content, framing=has_end).get(name, []):
                yield number, text


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """All pages; one that is cut off at the end of the file is the last."""
    at = 0
    for _ in counted(_MOST_PAGES):
        file.seek(at)
        head = file.read(_PAGE.size + 255)
        if not head:
            return
        if len(head) < _PAGE.size or head[:4] != b"OggS":
            raise ValueError(f"no page at {at}")
        _, _, flags, _, serial, _, _, segments = _PAGE.unpack_from(head)
        yield _Page(at, serial, bool(flags & _FIRST))
        at += _PAGE.size + segments + sum(head[_PAGE.size : _PAGE.size + segments])


def _comments(file: BinaryIO, first: _Page) -> tuple[bytes, bool] | None:
    """The comments of the stream that begins there, and whether a bit ends them; None if none."""
    packets = _packets(file, first)
    head = next(packets, b"")
    for packet in packets:
        for start, has_end in _COMMENTS.items():
            if packet.startswith(start):
                return packet[len(start) :], has_end
        if head.startswith(_OF_SPEEX):
            return packet, False
        if not head.startswith(_OF_FLAC) or packet[:1] == b"\xff":  # the sound begins
            return None
        if packet[:1] and packet[0] & 0x7F == _FLAC_COMMENTS:
            return packet[4:], False
    return None


def _packets(file: BinaryIO, first: _Page) -> Iterator[bytes]:
    """The first packets of a stream, each whole."""
    with needing("mutagen"):
        from mutagen.ogg import OggPage
    file.seek(first.at)
    rest = b""
    for _ in range(_MAX_PAGES):
        try:
            page = OggPage(file)
        except EOFError:
            return
        if page.serial != first.serial:
            continue
        parts = [rest + page.packets[0], *page.packets[1:]] if page.packets else [rest]
        whole = parts if page.complete else parts[:-1]
        rest = b"" if page.complete else parts[-1]
        yield from whole
    raise ValueError("the comments of a stream are too long")
