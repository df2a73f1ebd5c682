"""The boxes of MP4 and MOV: what a muxer would lose of a file's metadata is carried over as it is.

Source: ISO/IEC 14496-12 (`moov`, `udta`, `meta`, `stco`, `co64`, `uuid`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from countermark.errors import UnreadableVideo

_LARGEST_INDEX: Final = 256 << 20
_PIECE: Final = 1 << 20
_CONTAINERS: Final = (b"trak", b"mdia", b"minf", b"stbl")


@dataclass(frozen=True, slots=True)
class Box:
    """A box by where it lies; `start` is that of its head."""

    kind: bytes
    start: int
    head: int
    size: int


def top_boxes(file: BinaryIO) -> list[Box]:
    """The outermost boxes of a file, up to the first that is damaged."""
    length = file.seek(0, 2)
    position, found = 0, []
    while position + 8 <= length:
        file.seek(position)
        box = _box(file.read(16), position, length)
        if box is None:
            break
        found.append(box)
        position += box.size
    return found


def _box(head: bytes, start: int, end: int) -> Box | None:
    size, kind = struct.unpack_from(">I4s", head)
    length = 8
    if size == 1 and len(head) == 16:
        size, length = struct.unpack_from(">Q", head, 8)[0], 16
    elif size == 0:
        size = end - start
    return Box(kind, start, length, size) if length <= size <= end - start else None


def _children(content: bytes | bytearray, start: int = 0) -> Iterator[Box]:
    position = start
    while position + 8 <= len(content):
        box = _box(bytes(content[position : position + 16]), position, len(content))
        if box is None:
            return
        yield box
        position += box.size


def is_index_first(file: BinaryIO) -> bool:
    """Whether players can begin before the whole file has come."""
    kinds = [box.kind for box in top_boxes(file)]
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def carry_metadata(source: BinaryIO, written: BinaryIO) -> None:
    """Give a file that was just muxed, with its index last, all metadata of its source.

    The boxes `udta` and `meta` of the movie, and `uuid` and `meta` of the file, come over byte for
    byte; the list of chapters is that of the new file. The index goes first where it was first.
    """
    before = top_boxes(source)
    after = top_boxes(written)
    index = after[-1] if after else None
    if index is None or index.kind != b"moov" or b"moov" not in {box.kind for box in before}:
        raise UnreadableVideo(
            "The index of the movie cannot be found again.",
            remedy="Write the file anew with the program that it comes from.",
        )
    old = _content(source, next(box for box in before if box.kind == b"moov"))
    new = bytearray(_merged(old, _content(written, index)))
    others = b"".join(_whole(source, box) for box in before if box.kind in {b"uuid", b"meta"})
    first = next((box for box in after if box.kind in {b"mdat", b"free"}), index)
    written.seek(index.start)
    written.truncate()
    if is_index_first(source):
        size = len(new) + 8
        _move_offsets(new, size)
        _shift(written, first.start, size)
        written.seek(first.start)
    written.write(struct.pack(">I4s", len(new) + 8, b"moov") + new)
    written.seek(0, 2)
    written.write(others)


def _content(file: BinaryIO, box: Box) -> bytes:
    if box.size > _LARGEST_INDEX:
        raise UnreadableVideo(
            f"The index of the movie has {box.size} bytes.", remedy="Write the file anew."
        )
    file.seek(box.start + box.head)
    return file.read(box.size - box.head)


def _whole(file: BinaryIO, box: Box) -> bytes:
    return struct.pack(">I4s", box.size - box.head + 8, box.kind) + _content(file, box)


def _merged(old: bytes, new: bytes) -> bytes:
    """The new index, with the metadata of the old one."""
    kept = [_cut(new, box) for box in _children(new) if box.kind not in {b"udta", b"meta"}]
    for box in _children(old):
        if box.kind == b"meta":
            kept.append(_cut(old, box))
        elif box.kind == b"udta":
            kept.append(_user_data(old[box.start + box.head : box.start + box.size], new))
    return b"".join(kept)


def _user_data(old: bytes, new: bytes) -> bytes:
    """The old user data, but for the list of chapters, whose times may have moved."""
    parts = [_cut(old, box) for box in _children(old) if box.kind != b"chpl"]
    for box in _children(new):
        if box.kind == b"udta":
            inner = new[box.start + box.head : box.start + box.size]
            parts += [_cut(inner, part) for part in _children(inner) if part.kind == b"chpl"]
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, b"udta") + content


def _cut(content: bytes, box: Box) -> bytes:
    return content[box.start : box.start + box.size]


def _move_offsets(index: bytearray, shift: int, start: int = 0, end: int | None = None) -> None:
    """Add so much to every place in the file that the index names."""
    for box in _children(index[: end if end is not None else len(index)], start):
        content = box.start + box.head
        if box.kind in _CONTAINERS:
            _move_offsets(index, shift, content, box.start + box.size)
        elif box.kind in {b"stco", b"co64"}:
            count = struct.unpack_from(">I", index, content + 4)[0]
            kind = ">u4" if box.kind == b"stco" else ">u8"
            places = np.frombuffer(index, kind, count, content + 8).astype(np.uint64) + shift
            if box.kind == b"stco" and count and places.max() >= 1 << 32:
                raise UnreadableVideo(
                    "The movie is just too long for the offsets in its index.",
                    remedy="Write it with its index last.",
                )
            width = places.astype(kind).tobytes()
            index[content + 8 : content + 8 + len(width)] = width


def _shift(file: BinaryIO, start: int, by: int) -> None:
    """Move all from `start` on towards the end."""
    position = file.seek(0, 2)
    while position > start:
        size = min(_PIECE, position - start)
        position -= size
        file.seek(position)
        piece = file.read(size)
        file.seek(position + by)
        file.write(piece)
