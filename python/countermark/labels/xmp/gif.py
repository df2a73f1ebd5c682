"""XMP in GIF files: an extension of applications, whose text is not cut into sub-blocks.

A reader that takes it for sub-blocks is led through the text by its own characters, and out of it
by a trailer of all 256 lengths.

Source: XMP Specification, part 3, 1.1.2.
"""

from __future__ import annotations

from typing import Final

from countermark.containers import Content, DamagedFile, Edits, counted, gif_parts
from countermark.containers.gif import EXTENSION, IMAGE, TRAILER, Part
from countermark.labels.xmp.places import Packet, Places
from countermark.labels.xmp.scanning import MAX_BYTES

_APPLICATION: Final = b"\x21\xff\x0bXMP DataXMP"
_MAGIC: Final = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
_GRAPHIC_CONTROL: Final = b"\x21\xf9"
_MAX_BLOCKS: Final = 1 << 20
"""Some 250 MB of pictures."""


def _parts(asset: Content) -> list[Part]:
    found = list(gif_parts(asset, counted(_MAX_BLOCKS)))
    end = found[-1].end if found else 0
    if not found or (found[-1].kind != TRAILER and end < len(asset)):
        raise DamagedFile("the GIF file is damaged before its end")
    return found


def _find(asset: Content) -> list[Packet]:
    packets = []
    for part in _parts(asset):
        if part.head == _APPLICATION:
            start, end = part.start + len(_APPLICATION), part.end - len(_MAGIC)
            if asset[max(end, start) : part.end] != _MAGIC or end - start > MAX_BYTES:
                raise DamagedFile("the XMP of the GIF file has no end")
            packets.append(Packet(asset[start:end], ((part.start, part.end),), "GIF, XMP"))
    return packets


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    start, end = (_first_place(asset),) * 2 if packet is None else packet.spans[0]
    edits.replace(start, end, _APPLICATION + new + _MAGIC)
    if packet is None:
        edits.replace(3, 6, b"89a")  # before, there were no extensions


def _first_place(asset: Content) -> int:
    """Behind the extensions for the whole file, before the first image and what belongs to it."""
    for part in _parts(asset):
        if part.kind != EXTENSION or part.head == _GRAPHIC_CONTROL or part.kind == IMAGE:
            return part.start
    return len(asset)


PLACES: Final = Places(_find, _put)
