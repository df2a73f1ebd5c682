"""Labels in XMP packets of files that hold the label elsewhere: read, and taken out in their room.

Source: ISO 16684-1 (XMP, part 1); XMP Specification, part 3, 1.2 (MPEG-4) and 1.3 (RIFF).
"""

from __future__ import annotations

from collections.abc import Iterator

from countermark.labels.aigc.carriers.pictures import is_label
from countermark.labels.aigc.reading import Carried
from countermark.labels.xmp.packet import fitted, merged
from countermark.labels.xmp.scanning import scan


def labels_in(packet: bytes, place: str) -> Iterator[Carried]:
    """The labels in a packet.

    Raises `BrokenPacket`, a `ValueError`.
    """
    for one in scan(packet.rstrip(b"\0")).found:
        if is_label(one.namespace, one.name):
            name = one.qualified.decode("utf-8", "replace")
            yield Carried(one.value, f"{place}, {name}", is_proper=False)


def without_labels(packet: bytes) -> bytes:
    """A packet of the same length without them; the same bytes if there are none in it."""
    if not any(True for _ in labels_in(packet, "")):
        return packet
    rest = fitted(merged(packet.rstrip(b"\0"), (), without=is_label), len(packet))
    if rest is None:
        raise ValueError("the XMP has no room for itself")
    return rest
