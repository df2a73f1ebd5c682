"""XMP in TIFF, DNG and BigTIFF files: a value of the first directory.

Source: XMP Specification, part 3, 1.1.9; TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from typing import Final

from countermark.containers import Content, DamagedFile, Edits
from countermark.containers import tiff as directories
from countermark.containers.tiff import Directory, Entry, Layout
from countermark.labels.xmp.packet import fitted
from countermark.labels.xmp.places import Packet, Places, no_room
from countermark.labels.xmp.scanning import MAX_BYTES

_XMP: Final = 0x02BC
_UNDEFINED: Final = 7
_ROOM: Final = 2048
"""White space in a new packet, so that others can change it where it lies."""


def _pages(asset: Content) -> tuple[Layout, list[Directory]]:
    try:
        form = directories.layout(asset)
        pages = list(directories.pages(asset, form))
    except (struct.error, ValueError, OverflowError) as error:
        raise DamagedFile("a directory of the TIFF file is damaged") from error
    if not pages:
        raise DamagedFile("the TIFF file has no directory")
    return form, pages


def _entries(asset: Content) -> list[Entry]:
    _, pages = _pages(asset)
    return [entry for page in pages for entry in page.entries if entry.tag == _XMP]


def _find(asset: Content) -> list[Packet]:
    _, pages = _pages(asset)
    packets = []
    for number, page in enumerate(pages):
        for entry in page.entries:
            if entry.tag == _XMP:
                if entry.end > len(asset) or entry.end - entry.start > MAX_BYTES:
                    raise DamagedFile("the XMP of the TIFF file is outside of it, or too long")
                place = f"TIFF directory {number}, XMP"
                span = entry.start, entry.end
                packets.append(Packet(asset[slice(*span)], (span,), place))
    return packets


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    form, pages = _pages(asset)
    if packet is not None:
        ((start, end),) = packet.spans
        written = fitted(new, end - start)
        if written is not None:
            edits.replace(start, end, written)
            return
        edits.replace(start, end, bytes(end - start))
    written = fitted(new, len(new) + _ROOM) or new
    at = _append(asset, edits, form, written)
    if packet is None:
        offset = _append(asset, edits, form, _with_xmp(asset, form, pages[0], len(written), at))
        end = form.header_end
        edits.replace(end - form.offset_bytes, end, struct.pack(form.offset, offset))
        return
    for entry in _entries(asset):
        if (entry.start, entry.end) in packet.spans:
            head = struct.pack(f"{form.offset[0]}HH", _XMP, _UNDEFINED)
            value = struct.pack(f"{form.offset[0]}2{form.offset[1]}", len(written), at)
            edits.replace(entry.at, entry.at + len(head) + len(value), head + value)


def _append(asset: Content, edits: Edits, form: Layout, content: bytes) -> int:
    """Put something at the end, at an even offset, which is given."""
    end = edits.place(len(asset))
    at = end + end % 2
    if at + len(content) >= 1 << 8 * form.offset_bytes:
        raise no_room("The TIFF file has no room below 4 GiB")
    edits.replace(len(asset), len(asset), bytes(end % 2) + content)
    return at


def _with_xmp(asset: Content, form: Layout, page: Directory, count: int, at: int) -> bytes:
    """The directory of a page with one entry more; nothing that it leads to moves."""
    width = struct.calcsize(form.entry)
    new = struct.pack(form.entry, _XMP, _UNDEFINED, count, at)
    entries = [asset[entry.at : entry.at + width] for entry in page.entries]
    place = sum(entry.tag < _XMP for entry in page.entries)
    entries.insert(place, new)
    number = struct.pack(form.number, len(entries))
    return number + b"".join(entries) + struct.pack(form.offset, page.next_offset)


PLACES: Final = Places(_find, _put)
