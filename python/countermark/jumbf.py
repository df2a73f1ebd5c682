"""JUMBF boxes: the nested, labelled boxes that a C2PA manifest store is made of.

Source: ISO/IEC 19566-5:2023, clauses A and B; C2PA 2.2, section "Manifest structure".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from countermark.errors import UnreadableManifest


def type_uuid(code: bytes) -> bytes:
    """The type of a superbox that C2PA names by four characters.

    >>> type_uuid(b"c2pa").hex()
    '6332706100110010800000aa00389b71'
    """
    return code + bytes.fromhex("00110010800000aa00389b71")


STORE_UUID: Final = type_uuid(b"c2pa")
"""Type of the outermost superbox."""

_MANIFEST_TYPES: Final = tuple(map(type_uuid, (b"c2ma", b"c2um", b"c2cm")))
_TOGGLES: Final = (0x03, 0x13)
"""Requestable, labelled, and perhaps with a private box, which holds a salt."""

_MAX_DEPTH: Final = 16
"""Nesting in files of today is 4; a bound keeps hostile files from exhausting the stack."""

_MAX_BOXES: Final = 2**16
"""A box takes 8 bytes here and some 300 in memory; files of today hold a few hundred."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: where it lies in the store, and its children when it is a superbox.

    `start`, `end`: offsets of the box in the store; `body`: offset of its content.
    `kind`: four bytes, b"jumb" for a superbox. `type`, 16 bytes, `label` and `children` belong
    to superboxes.
    """

    kind: bytes
    start: int
    body: int
    end: int
    type: bytes = b""
    label: str = ""
    children: tuple[Box, ...] = ()

    def labelled(self) -> dict[str, Box]:
        """The superboxes in this one, by label.

        Raises `UnreadableManifest` for two of the same label: references would be ambiguous.
        """
        boxes = [box for box in self.children if box.kind == b"jumb"]
        found = {box.label: box for box in boxes}
        if len(found) != len(boxes):
            raise damaged("The manifest store has two boxes of the same label")
        return found

    def content(self, kind: bytes) -> Box | None:
        """The first content box of that kind, for example b"cbor"."""
        return next((box for box in self.children if box.kind == kind), None)


def parse(store: bytes) -> Box:
    """The superbox of a manifest store, with every box below it.

    Raises `UnreadableManifest` for anything that is not one well-formed superbox.

    >>> parse(b"short")
    Traceback (most recent call last):
    ...
    countermark.errors.UnreadableManifest: The manifest store is not a JUMBF superbox. Use the \
file or store as first written.
    """
    places = iter(range(_MAX_BOXES))
    boxes = list(_walk(store, 0, len(store), _MAX_DEPTH, places)) if len(store) >= 8 else []
    if len(boxes) != 1 or boxes[0].kind != b"jumb":
        raise damaged("The manifest store is not a JUMBF superbox")
    return boxes[0]


def manifests_of(store: bytes) -> dict[str, Box]:
    """The manifests in a store by label, in the order of the boxes; the last is the active one.

    Raises `UnreadableManifest` for anything that is not a manifest store.
    """
    root = parse(store)
    manifests = root.labelled()
    if (root.type, root.label) != (STORE_UUID, "c2pa") or not manifests:
        raise damaged("The manifest store holds no manifest")
    if any(box.type not in _MANIFEST_TYPES for box in root.children[1:]):
        raise damaged("The manifest store holds something that is not a manifest")
    return manifests


def damaged(problem: str) -> UnreadableManifest:
    """The error for a store that does not parse; `problem` is a sentence without its stop."""
    return UnreadableManifest(f"{problem}.", remedy="Use the file or store as first written.")


def _walk(data: bytes, start: int, end: int, depth: int, places: Iterator[int]) -> Iterator[Box]:
    """The boxes from `start` to `end`; each takes one of the `places`."""
    if depth == 0:
        raise damaged("The manifest store nests its boxes too deeply")
    while start < end:
        if next(places, None) is None:
            raise damaged("The manifest store holds too many boxes")
        kind, body, stop = _header(data, start, end)
        if kind == b"jumb":
            children = tuple(_walk(data, body, stop, depth - 1, places))
            identity, label = _description(data, children)
            yield Box(kind, start, body, stop, identity, label, children)
        else:
            yield Box(kind, start, body, stop)
        start = stop


def _header(data: bytes, start: int, end: int) -> tuple[bytes, int, int]:
    """Kind, offset of the content and end of the box at `start`."""
    if end - start < 8:
        raise damaged("The manifest store ends inside a box header")
    length, kind = struct.unpack_from(">I4s", data, start)
    body = start + 8
    if length == 1:
        if end - start < 16:
            raise damaged("The manifest store ends inside a box header")
        (length,) = struct.unpack_from(">Q", data, body)
        body += 8
    stop = start + length
    if stop < body or stop > end:
        raise damaged("The manifest store has a box that does not fit into its parent")
    return kind, body, stop


def _description(data: bytes, children: tuple[Box, ...]) -> tuple[bytes, str]:
    """Type and label: 16 bytes, a byte of toggles, a C string; then a private box, if any.

    What C2PA does not use is refused: readers that skip it would let changes to it pass.
    """
    if not children or children[0].kind != b"jumd":
        raise damaged("The manifest store has a superbox without a description")
    description = data[children[0].body : children[0].end]
    label, terminator, private = description[17:].partition(b"\0")
    if not terminator or description[16] not in _TOGGLES:
        raise damaged("The manifest store has a superbox without a label")
    if (description[16] == 0x13) != bool(private):
        raise damaged("The manifest store has a description of the wrong length")
    try:
        return description[:16], label.decode()
    except UnicodeDecodeError as error:
        raise damaged("The manifest store has a label that is not UTF-8") from error
