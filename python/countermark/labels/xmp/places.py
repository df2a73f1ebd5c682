"""What the modules for each container have in common: packets, and where they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from countermark.containers import Content, Edits, Span
from countermark.errors import LabelNotWritten
from countermark.labels.xmp.packet import Property, Without, merged


@dataclass(frozen=True, slots=True)
class Packet:
    """XMP in a file.

    `spans`: the parts of the file that hold it, with what is around it; none where it is spread
    out, and cannot be written anew. `is_main`: whether it speaks of the file as a whole.
    """

    content: bytes
    spans: tuple[Span, ...]
    place: str
    is_main: bool = True


class Merge(Protocol):
    """As `packet.merged`."""

    def __call__(
        self, packet: bytes | None, stated: Sequence[Property], without: Without, /
    ) -> bytes:
        """The packet with these properties."""


def _merged(packet: bytes | None, stated: Sequence[Property], without: Without, /) -> bytes:
    return merged(packet, stated, without=without)


def _settled(asset: Content, edits: Edits) -> None:
    """Nothing else in the file depends on lengths and offsets."""


class Places(NamedTuple):
    """Where files of one kind hold XMP.

    `find` gives the packets of a file, the one that counts first. `put` writes a packet in the
    place of one that was found, or of none. `settle` then lets the rest of the file fit.
    """

    find: Callable[[Content], list[Packet]]
    put: Callable[[Content, Edits, Packet | None, bytes], None]
    settle: Callable[[Content, Edits], None] = _settled
    merge: Merge = _merged


def no_room(what: str) -> LabelNotWritten:
    """The error for a file whose place for XMP is full."""
    return LabelNotWritten(
        f"{what}.",
        remedy="Shorten what else the metadata of the file says, such as the history of edits.",
    )


def spread_out(place: str) -> LabelNotWritten:
    """The error for a packet that cannot be written anew."""
    return LabelNotWritten(
        f"The file holds a label in {place}, where it cannot be replaced.",
        remedy="Let an editor of metadata, such as ExifTool, write its XMP anew first.",
    )
