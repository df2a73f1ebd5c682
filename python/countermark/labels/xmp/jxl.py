"""XMP in JPEG XL files: a box of kind "xml ".

Source: ISO/IEC 18181-2, 9.4.
"""

from __future__ import annotations

import struct
from typing import Final

from countermark.containers import Content, DamagedFile, Edits, boxes
from countermark.labels.xmp.places import Packet, Places
from countermark.labels.xmp.scanning import MAX_BYTES

_BEGINNING: Final = (b"JXL ", b"ftyp", b"jxll")


def _find(asset: Content) -> list[Packet]:
    packets = []
    end = 0
    for kind, (at, start, end) in boxes(asset):
        if kind == b"brob" and asset[start : start + 4] == b"xml ":
            raise DamagedFile("the XMP of the JPEG XL file is compressed with Brotli")
        if kind == b"xml ":
            if end - start > MAX_BYTES:
                raise DamagedFile("the XMP of the JPEG XL file is too long")
            packets.append(Packet(asset[start:end], ((at, end),), "JPEG XL box xml"))
    if end != len(asset):
        raise DamagedFile("the JPEG XL file ends before its last box")
    return packets


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    start, end = (_first_place(asset),) * 2 if packet is None else packet.spans[0]
    edits.replace(start, end, struct.pack(">I4s", 8 + len(new), b"xml ") + new)


def _first_place(asset: Content) -> int:
    """Behind what must come first; the last box may go on to the end of the file."""
    place = 0
    for kind, (_, _, end) in boxes(asset):
        if kind not in _BEGINNING:
            break
        place = end
    return place


PLACES: Final = Places(_find, _put)
