"""XMP in SVG files: an element x:xmpmeta in the element metadata.

Source: XMP Specification, part 3, 2.2.3 (SVG); SVG 2, 5.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from countermark.containers import Content, DamagedFile, Edits
from countermark.labels.xmp.packet import Property, Without, merged_into, new_body
from countermark.labels.xmp.places import Packet, Places
from countermark.labels.xmp.scanning import MAX_BYTES, scan


def _find(asset: Content) -> list[Packet]:
    """The whole file, which is XML itself."""
    if len(asset) > MAX_BYTES:
        raise DamagedFile("the SVG file is too long")
    return [Packet(asset[0 : len(asset)], ((0, len(asset)),), "SVG metadata, XMP")]


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    edits.replace(0, len(asset), new)


def _merge(packet: bytes | None, stated: Sequence[Property], without: Without, /) -> bytes:
    assert packet is not None
    scanned = scan(packet, may_have_type=True)
    if scanned.closing is not None or not stated:
        return merged_into(packet, scanned, stated, without)
    at = scanned.root_end
    metadata = f"<metadata>{new_body(stated)}</metadata>"
    if packet[at - 2 : at] != b"/>":
        return packet[:at] + metadata.encode() + packet[at:]
    raise DamagedFile("the SVG file draws nothing")


PLACES: Final = Places(_find, _put, merge=_merge)
