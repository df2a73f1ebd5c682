"""XMP in WebP files: a chunk behind the picture, announced in the chunk VP8X.

Source: RFC 9649 (WebP), 2.7.
"""

from __future__ import annotations

import struct
from typing import Final

from countermark.containers import Content, DamagedFile, Edits, Span, chunks
from countermark.labels.xmp.places import Packet, Places, no_room
from countermark.labels.xmp.scanning import MAX_BYTES

_HAS_XMP: Final = 0x04
_HAS_ALPHA: Final = 0x10
_FIRST: Final = 12


def parts(asset: Content) -> tuple[list[tuple[bytes, Span]], int]:
    """The chunks, and where the last one ends; raises `DamagedFile` if the file ends before."""
    last = 8 + int.from_bytes(asset[4:8], "little")
    found = list(chunks(asset, _FIRST, min(last, len(asset))))
    stop = found[-1][1][1] if found else _FIRST
    end = min(stop + stop % 2, len(asset))
    if not found or last > len(asset) + 1 or end < min(last, len(asset)):
        raise DamagedFile("the WebP file ends before its last chunk, or is not made of chunks")
    return found, end


def _find(asset: Content) -> list[Packet]:
    found = []
    for kind, (at, stop) in parts(asset)[0]:
        if kind == b"XMP ":
            if stop - at > MAX_BYTES:
                raise DamagedFile("the XMP of the WebP file is too long")
            end = min(stop + stop % 2, len(asset))
            found.append(Packet(asset[at + 8 : stop], ((at, end),), "WebP chunk XMP"))
    return found


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    whole = b"XMP " + struct.pack("<I", len(new)) + new + bytes(len(new) % 2)
    if packet is not None:
        edits.replace(*packet.spans[0], whole)
    else:
        _, end = parts(asset)
        edits.replace(end, end, bytes(end % 2) + whole)  # a padding that is not there


def _settle(asset: Content, edits: Edits) -> None:
    """Announce the XMP, and state the new length."""
    found, end = parts(asset)
    kind, (at, _) = found[0]
    if kind == b"VP8X":
        edits.replace(at + 8, at + 9, bytes([asset[at + 8 : at + 9][0] | _HAS_XMP]))
    else:
        edits.replace(at, at, _header(kind, asset[at + 8 : at + 18]))
    length = edits.place(end) - 8
    if length >= 1 << 32:
        raise no_room("The WebP file has no room below 4 GiB")
    edits.replace(4, 8, struct.pack("<I", length))


def _header(kind: bytes, head: bytes) -> bytes:
    """A chunk VP8X for a picture that had none, by the beginning of its own."""
    flags = _HAS_XMP
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 6))
    elif kind == b"VP8L" and head[:1] == b"\x2f":
        bits = int.from_bytes(head[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        raise DamagedFile("the WebP file does not begin with a picture")
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return b"VP8X" + struct.pack("<II", 10, flags) + sides


PLACES: Final = Places(_find, _put, _settle)
