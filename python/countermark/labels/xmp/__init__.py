"""XMP in pictures: found, and put in with every other byte of the file left as it is.

No library does so: those for pictures encode the pixels again, those for metadata (exempi, exiv2)
write properties of others anew, do not write HEIF, or are not free for every use.

Source: ISO 16684-1 (XMP, part 1); XMP Specification, part 3 "Storage in files".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from countermark.containers import Content, Edits
from countermark.labels.xmp import gif, heif, jpeg, jxl, png, svg, tiff, webp
from countermark.labels.xmp.packet import Property, Without, nothing
from countermark.labels.xmp.places import Packet, Places

__all__ = ["PLACES", "Packet", "Places", "Property", "put"]

PLACES: Final[dict[str, Places]] = {
    "image/avif": heif.PLACES,
    "image/gif": gif.PLACES,
    "image/heic": heif.PLACES,
    "image/heif": heif.PLACES,
    "image/jpeg": jpeg.PLACES,
    "image/jxl": jxl.PLACES,
    "image/png": png.PLACES,
    "image/svg+xml": svg.PLACES,
    "image/tiff": tiff.PLACES,
    "image/webp": webp.PLACES,
}
"""By media type."""


def put(
    asset: Content,
    edits: Edits,
    places: Places,
    stated: Sequence[Property],
    *,
    without: Without = nothing,
) -> None:
    """Let a file's XMP hold these properties, each once in all its packets.

    `without`: of namespace and name, whether a property that stands there goes.

    Raises `BrokenPacket` and `DamagedFile`; `LabelNotWritten` where there is no room.
    """
    names = {(one.namespace, one.name) for one in stated}
    packets = places.find(asset)
    main = next((one for one in packets if one.spans and one.is_main), None)
    for packet in packets:
        if packet is not main:
            rest = places.merge(packet.content, (), lambda *name: name in names or without(*name))
            if rest != packet.content:
                places.put(asset, edits, packet, rest)
    content = None if main is None else main.content
    new = places.merge(content, stated, without)
    if new != content:
        places.put(asset, edits, main, new)
    places.settle(asset, edits)
