"""Stores in MP3 and FLAC files: a general encapsulated object of the ID3v2 tag before the sound.

Source: C2PA 2.2, appendix A.4; ID3v2.3 and ID3v2.4, frame GEOB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countermark.containers import Content, Span, counted
from countermark.containers.id3 import HEADER_BYTES, synchsafe, tag_end
from countermark.credentials.containers.location import Location
from countermark.jumbf import damaged

_MEDIA_TYPES: Final = (b"application/c2pa", b"application/x-c2pa-manifest-store")
_UTF16: Final = (1, 2)
_LONGEST_TEXTS: Final = 4096  # media type, file name and description together
_COMPRESSED: Final = {b"\3": 0x80, b"\4": 0x08}
"""By version, the flag of a compressed frame."""
_MAX_COMPRESSED_BYTES: Final = 1 << 15
"""Of all frames together: the C2PA library expands them, up to a thousand times and twice."""


def id3(asset: Content) -> Iterator[Location]:
    """The store in a GEOB frame; tags that hide bytes by unsynchronisation are not searched."""
    end = tag_end(asset)
    if not end:
        return
    version, flags = asset[3:4], int.from_bytes(asset[5:6], "big")
    begin = HEADER_BYTES + (_extended_header(asset, version) if flags & 0x40 else 0)
    _check_expansion(asset, version, begin, end)
    if end > len(asset) or flags & 0x80:
        return
    for head, start, stop in _frames(asset, version, begin, end):
        # The second byte of flags says that a frame is compressed, encrypted or stuffed.
        if stop <= end and head[:4] == b"GEOB" and head[9] == 0:
            span = _object(asset, start, stop)
            if span is not None:
                yield Location((span,))


def _check_expansion(asset: Content, version: bytes, begin: int, end: int) -> None:
    """Refuse tags that grow; readers differ on extended headers and unsynchronisation."""
    raw = asset[:end]
    for tag in (raw, raw.replace(b"\xff\0", b"\xff")):
        for at in {HEADER_BYTES, begin}:
            compressed = sum(
                min(stop, end) - start
                for head, start, stop in _frames(tag, version, at, end)
                if head[9] & _COMPRESSED[version]
            )
            if compressed > _MAX_COMPRESSED_BYTES:
                raise damaged("The ID3 tag of the file holds too much that is compressed")


def _frames(tag: Content, version: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Header, offset of the content and end of each frame from `at` on; the last may go on."""
    for _ in counted():
        head = tag[at : at + 10]
        if at >= end or len(head) < 10 or head[:1] == b"\0":  # padding
            return
        size = synchsafe(head[4:8]) if version == b"\4" else int.from_bytes(head[4:8], "big")
        start, at = at + 10, at + 10 + size
        yield head, start, at


def _object(asset: Content, start: int, end: int) -> Span | None:
    """Where the data of a GEOB frame lies, when it is a manifest store."""
    head = asset[start : min(end, start + _LONGEST_TEXTS)]
    media_type, _, _ = head[1:].partition(b"\0")
    if not head or media_type not in _MEDIA_TYPES:
        return None
    at: int | None = 1 + len(media_type) + 1
    for _ in ("file name", "description"):
        at = _after_text(head, at, wide=head[0] in _UTF16)
        if at is None:
            return None
    return None if at is None or start + at >= end else (start + at, end)


def _after_text(head: bytes, at: int | None, *, wide: bool) -> int | None:
    """Offset behind the terminator of the text at `at`."""
    if at is None:
        return None
    unit = 2 if wide else 1
    for position in range(at, len(head) - unit + 1, unit):
        if not any(head[position : position + unit]):
            return position + unit
    return None


def _extended_header(asset: Content, version: bytes) -> int:
    """Its length, which in version 4 includes the four bytes of the length itself."""
    field = asset[HEADER_BYTES : HEADER_BYTES + 4]
    return synchsafe(field) if version == b"\4" else 4 + int.from_bytes(field, "big")
