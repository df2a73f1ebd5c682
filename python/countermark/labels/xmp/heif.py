"""XMP in HEIF, HEIC and AVIF files: an item that describes the primary one.

Where a new packet does not fit, it lies in a box of its own behind the box meta, and all offsets
in the file are led on.

Source: ISO/IEC 23008-12, annex A.3; ISO/IEC 14496-12, 8.7.5 and 8.11.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from countermark.containers import Content, DamagedFile, Edits, Span, boxes
from countermark.containers.items import (
    IN_FILE,
    Extent,
    Item,
    Location,
    Meta,
    box,
    metas,
    moved,
    packed,
    sizes_for,
    sizes_of,
)
from countermark.labels.xmp.packet import fitted
from countermark.labels.xmp.places import Packet, Places, no_room
from countermark.labels.xmp.scanning import MAX_BYTES

_MEDIA_TYPE: Final = b"application/rdf+xml"
_FRAGMENTS: Final = (b"moof", b"mfra", b"sidx")
_ROOM: Final = 2048
"""White space in a new packet, so that others can change it where it lies."""

_MAX_CHUNKS: Final = 1 << 22


def described(asset: Content) -> list[Meta]:
    """The items of a file, then those of its tracks; raises `DamagedFile` if it has none."""
    found = metas(asset)
    own = [where[0] for kind, where in boxes(asset) if kind == b"meta"]
    if not found or found[0].at not in own:
        raise DamagedFile("the file has no box meta of its own, or ends before it")
    return found


def _find(asset: Content) -> list[Packet]:
    packets: dict[tuple[Span, ...], Packet] = {}  # tracks may share that of the file
    for number, found in enumerate(described(asset)):
        for item in _xmp(found):
            spans = found.spans(item.number)
            if spans in packets:
                continue
            if item.encoding or sum(end - start for start, end in spans) > MAX_BYTES:
                raise DamagedFile("the XMP of the file is compressed, or too long")
            if any(end > len(asset) or end == start for start, end in spans):
                raise DamagedFile("the XMP of the file lies outside of it")
            content = b"".join(asset[start:end] for start, end in spans)
            place = f"HEIF item {item.number}{' of a track' if number else ''}, XMP"
            packets[spans] = Packet(content, spans, place, is_main=number == 0)
    return list(packets.values())


def _xmp(found: Meta) -> list[Item]:
    return [one for one in found.items if (one.kind, one.media_type) == (b"mime", _MEDIA_TYPE)]


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    found, *tracks = described(asset)
    if packet is not None:
        written = fitted(new, len(packet.content))
        if written is not None:
            _overwrite(edits, packet, written)
            return
        _overwrite(edits, packet, bytes(len(packet.content)))
    _check_movable(asset, found, tracks)
    data = box(b"mdat", fitted(new, len(new) + _ROOM) or new)
    boxes_of_meta = {} if packet is not None else _new_item(asset, found)
    number = _number_of(found, packet)
    kept = [one for one in found.locations.values() if one.item != number]
    length = len(asset) + len(data) + (1 << 16)
    ours = Location(number, IN_FILE, 0, (Extent(0, 0, len(data) - 8),))
    sizes = sizes_for([*kept, ours], length=length)
    growth = len(packed([*kept, ours], sizes)) - _length(found, b"iloc")
    growth += sum(len(new_box) - _length(found, kind) for kind, new_box in boxes_of_meta.items())
    distance = growth + len(data)
    kept = [moved(one, found.end, distance) for one in kept]
    ours = Location(number, IN_FILE, 0, (Extent(0, found.end + growth + 8, len(data) - 8),))
    boxes_of_meta[b"iloc"] = packed([*kept, ours], sizes)
    _replace_in_meta(asset, edits, found, boxes_of_meta, growth)
    edits.replace(found.end, found.end, data)
    _lead_chunks(asset, edits, found.end, distance)
    former = packet.spans if packet is not None else ()
    for track in tracks:
        shared = [one for one in _xmp(track) if track.spans(one.number) == former]
        kept = [moved(one, found.end, distance) for one in track.locations.values()]
        numbers = [one.number for one in shared]
        led = [replace(ours, item=one.item) if one.item in numbers else one for one in kept]
        _lead_items(asset, edits, track, led)


def _overwrite(edits: Edits, packet: Packet, content: bytes) -> None:
    at = 0
    for start, end in packet.spans:
        edits.replace(start, end, content[at : at + end - start])
        at += end - start


def _length(found: Meta, kind: bytes) -> int:
    at, _, end = found.children.get(kind, (0, 0, 0))
    return end - at


def _number_of(found: Meta, packet: Packet | None) -> int:
    if packet is None:
        return 1 + max(found.locations, default=0)
    return next(one.number for one in _xmp(found) if found.spans(one.number) == packet.spans)


def _check_movable(asset: Content, found: Meta, tracks: list[Meta]) -> None:
    """Refuse files with offsets that nobody here leads on."""
    last = 0
    if asset[found.at : found.at + 4] == bytes(4):  # which goes on to the end of the file
        raise DamagedFile("the box meta of the file has no length")
    for kind, (_, _, end) in boxes(asset):
        last = end
        if kind in _FRAGMENTS:
            raise DamagedFile("the file is made of fragments")
    if last < found.end:
        raise DamagedFile("the file ends before its last box")
    if any(not found.at or track.at < found.end for track in tracks):
        raise DamagedFile("the tracks of the file lie before its items")
    for one in (one for meta in (found, *tracks) for one in meta.locations.values()):
        for extent in one.extents:
            is_inside = found.at <= extent.offset < found.end
            if one.method == IN_FILE and (not extent.length or is_inside) and not one.source:
                raise DamagedFile("an item of the file lies in an unusual place")


def _new_item(asset: Content, found: Meta) -> dict[bytes, bytes]:
    """The boxes that say what the new item is, and that it describes the primary one."""
    number = _number_of(found, None)
    wide = number > 0xFFFF
    entry = struct.pack(">BxxxI" if wide else ">BxxxH", 3 if wide else 2, number)
    entry = box(b"infe", entry + bytes(2) + b"mime" + b"\0" + _MEDIA_TYPE + b"\0")
    _, start, end = found.children[b"iinf"]
    head = asset[start : start + 8]
    width = 4 if head[0] else 2
    count = int.from_bytes(head[4 : 4 + width], "big") + 1
    if count >= 1 << 8 * width or number >= 1 << 32:
        raise DamagedFile("the file has no number left for one more item")
    listed = head[:4] + count.to_bytes(width, "big") + asset[start + 4 + width : end] + entry
    references = bytes(4)
    if b"iref" in found.children:
        _, start, end = found.children[b"iref"]
        references = asset[start:end]
    elif wide:
        references = b"\1\0\0\0"
    if wide and not references[0]:
        raise DamagedFile("the file has no number left for one more item")
    form = ">IHI" if references[0] else ">HHH"
    reference = box(b"cdsc", struct.pack(form, number, 1, found.primary))
    return {b"iinf": box(b"iinf", listed), b"iref": box(b"iref", references + reference)}


def _replace_in_meta(
    asset: Content, edits: Edits, found: Meta, new: dict[bytes, bytes], growth: int
) -> None:
    for kind, content in new.items():
        at, _, end = found.children.get(kind, (found.end, 0, found.end))
        edits.replace(at, end, content)
    length = found.end - found.at + growth
    if asset[found.at : found.at + 4] == b"\0\0\0\1":
        edits.replace(found.at + 8, found.at + 16, struct.pack(">Q", length))
    else:
        edits.replace(found.at, found.at + 4, struct.pack(">I", length))


def _lead_chunks(asset: Content, edits: Edits, start: int, distance: int) -> None:
    """Lead the samples of image sequences on."""
    for kind, at, end in _chunk_tables(asset):
        width, form = (8, "Q") if kind == b"co64" else (4, "I")
        (count,) = struct.unpack(">I", asset[at + 4 : at + 8])
        if count > _MAX_CHUNKS or at + 8 + count * width > end:
            raise DamagedFile("a table of chunks in the file is damaged")
        table = f">{count}{form}"
        offsets = struct.unpack(table, asset[at + 8 : at + 8 + count * width])
        led = [offset + (distance if offset >= start else 0) for offset in offsets]
        if max(led, default=0) >= 1 << 8 * width:
            raise DamagedFile("the file has no room below 4 GiB")
        edits.replace(at + 8, at + 8 + count * width, struct.pack(table, *led))


def _lead_items(asset: Content, edits: Edits, track: Meta, locations: list[Location]) -> None:
    """State where the items of a track are now, in numbers as long as before."""
    at, body, end = track.children[b"iloc"]
    sizes = sizes_of(asset[body : body + 6])
    if not sizes.offset or body - at != 8:
        raise DamagedFile("an item of the file lies in an unusual place")
    try:
        led = packed(locations, sizes)
    except OverflowError as error:
        raise no_room("The file has no room below 4 GiB") from error
    if len(led) != end - at:
        raise DamagedFile("the XMP of the file lies in pieces")
    edits.replace(at, end, led)


def _chunk_tables(asset: Content) -> Iterator[tuple[bytes, int, int]]:
    pending = [(0, len(asset))]
    while pending:
        for kind, (_, start, end) in boxes(asset, *pending.pop()):
            if kind in (b"stco", b"co64"):
                yield kind, start, end
            elif kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
                pending.append((start, end))


PLACES: Final = Places(_find, _put)
