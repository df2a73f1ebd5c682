"""XMP in JPEG files: an APP1 segment, of long packets a part in more of them.

Source: XMP Specification, part 3, 1.1.3; CIPA DC-007 (Multi-Picture Format), 5.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from countermark.containers import Content, DamagedFile, Edits, jpeg_segments, tiff
from countermark.labels.xmp.packet import trimmed
from countermark.labels.xmp.places import Packet, Places, no_room, spread_out

_APP1: Final = 0xE1
_APP2: Final = 0xE2
_SCAN: Final = 0xDA
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_HEADER: Final = len(_EXTENSION) + 32 + 8  # a digest, length and offset
_MAX_SEGMENT: Final = 0xFFFF
_PICTURES: Final = b"MPF\0"
_PICTURE_TAG: Final = 0xB002
_PICTURE_BYTES: Final = 16


def segments(asset: Content) -> list[tuple[int, int, int]]:
    """The segments before the first scan; raises `DamagedFile` if there is none."""
    found = list(jpeg_segments(asset))
    if not found or found[-1][0] != _SCAN:
        raise DamagedFile("the JPEG file ends before its first scan")
    return found


def _find(asset: Content) -> list[Packet]:
    packets: list[Packet] = []
    extensions: dict[bytes, list[tuple[int, bytes]]] = {}
    for marker, at, end in segments(asset):
        if marker != _APP1:
            continue
        body = asset[at + 4 : end]
        if body.startswith(_XMP):
            packets.append(Packet(body[len(_XMP) :], ((at, end),), "JPEG APP1, XMP"))
        elif body.startswith(_EXTENSION) and len(body) >= _EXTENSION_HEADER:
            head = body[len(_EXTENSION) : _EXTENSION_HEADER]
            part = int.from_bytes(head[-4:], "big"), body[_EXTENSION_HEADER:]
            extensions.setdefault(head[:32], []).append(part)
    for parts in extensions.values():
        content = b"".join(part for _, part in sorted(parts))
        packets.append(Packet(content, (), "JPEG APP1, extended XMP"))
    return packets


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    if packet is None:
        start = end = _first_place(asset)
    elif packet.spans:
        ((start, end),) = packet.spans
    else:
        raise spread_out(packet.place)
    if 2 + len(_XMP) + len(new) > _MAX_SEGMENT:
        new = trimmed(new)
    length = 2 + len(_XMP) + len(new)
    if length > _MAX_SEGMENT:
        raise no_room("The XMP of the file fills its segment of 64 KiB")
    edits.replace(start, end, struct.pack(">BBH", 0xFF, _APP1, length) + _XMP + new)


def _first_place(asset: Content) -> int:
    """Behind what readers want to be first: JFIF and Exif."""
    place = 2
    for marker, at, end in segments(asset):
        is_exif = marker == _APP1 and asset[at + 4 : at + 8] == b"Exif"
        if marker != 0xE0 and not is_exif:
            break
        place = end
    return place


def _settle(asset: Content, edits: Edits) -> None:
    """Lead the index of a multi-picture file to where its pictures are now."""
    for marker, at, end in segments(asset):
        if marker != _APP2 or asset[at + 4 : at + 8] != _PICTURES:
            continue
        base = at + 8
        for start, order in _entries(asset, base, end):
            attributes, size, offset, rest = struct.unpack(
                f"{order}IIIL", asset[start : start + _PICTURE_BYTES]
            )
            picture = base + offset if offset else 0
            moved = edits.place(picture) - edits.place(base) if offset else 0
            length = edits.place(picture + size) - edits.place(picture)
            if (moved, length) != (offset, size):
                new = struct.pack(f"{order}IIIL", attributes, length, moved, rest)
                edits.replace(start, start + _PICTURE_BYTES, new)


def _entries(asset: Content, base: int, end: int) -> Iterator[tuple[int, str]]:
    """Where the index has an entry a picture, and the order of its bytes."""
    try:
        form = tiff.layout(asset, base)
        for page in tiff.pages(asset, form, base):
            for entry in page.entries:
                if entry.tag == _PICTURE_TAG and entry.end <= end:
                    for at in range(entry.start, entry.end - _PICTURE_BYTES + 1, _PICTURE_BYTES):
                        yield at, form.offset[0]
    except struct.error as error:
        raise DamagedFile("the index of pictures (MPF) is damaged") from error


PLACES: Final = Places(_find, _put, _settle)
