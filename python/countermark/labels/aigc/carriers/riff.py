"""WAV, with a chunk of its own for the label, and AVI, with an item of its INFO list.

No library edits either without writing the sound or the film anew. Chunks keep every byte; padding
before the film is used up first, and the indexes of AVI are corrected where it moves.

Source: TC260-PG-202510A and 20257A; Multimedia Programming Interface and Data Specifications 1.0;
EBU Tech 3306 and ITU-R BS.2088 (RF64, BW64); OpenDML AVI File Format Extensions 1.02.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from countermark.containers import Content, Splice, StreamContent, counted, moved, splice, unpack
from countermark.containers.opendml import moved as moved_indexes
from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers import packets
from countermark.labels.aigc.carriers.id3 import labels_in_tag, without_labels
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_NAMES: Final = (b"AIGC", b"aigc")
_TAGS: Final = (b"id3 ", b"ID3 ")
_XMP: Final = b"_PMX"
_UNKNOWN: Final = 0xFFFFFFFF
_MAX_METADATA: Final = 1 << 26
"""Bytes of metadata that are taken into memory."""


class _Chunk(NamedTuple):
    """`form`: of a list, what it is a list of. `end`: without padding, which `next` is behind."""

    kind: bytes
    form: bytes
    at: int
    end: int
    next: int

    @property
    def is_media(self) -> bool:
        return self.kind == b"data" or self.form == b"movi"


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in chunks, in lists of information and in ID3 tags."""
    asset = StreamContent(file)
    is_sound = _is_sound(asset)
    for chunk in _chunks(asset):
        if chunk.kind in _NAMES:
            yield Carried(_text(_loaded(asset, chunk)[8:]), "AIGC", is_sound)
        elif chunk.form == b"INFO":
            for item in _items(_loaded(asset, chunk)):
                if item[:4] in _NAMES:
                    size = int.from_bytes(item[4:8], "little")
                    yield Carried(_text(item[8 : 8 + size]), "LIST.INFO.AIGC", not is_sound)
        elif chunk.kind == _XMP:
            yield from packets.labels_in(_loaded(asset, chunk)[8:], "_PMX")
        elif chunk.kind in _TAGS:
            yield from labels_in_tag(_loaded(asset, chunk)[8:])


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label before its sound or film."""
    asset = StreamContent(file)
    chunks = list(_chunks(asset))
    media = next((place for place, chunk in enumerate(chunks) if chunk.is_media), None)
    if media is None:
        raise LabelNotWritten("The file holds no media.", remedy="Obtain a whole copy.")
    text = label.to_json().encode("ascii")
    changes = _unlabelled(asset, chunks)
    if _is_sound(asset):
        at = chunks[media].at
        changes.append(Splice(at, at, _chunk(b"AIGC", text)))
    else:
        changes = _informed(asset, chunks[:media], chunks[media].at, changes, text + b"\0")
        changes += _indexes(asset, chunks, chunks[media], changes)
    splice(asset, out, sorted([*changes, *_sizes(asset, chunks, changes)]))


def _is_sound(asset: Content) -> bool:
    return asset[8:12] == b"WAVE"


def _chunks(asset: Content) -> Iterator[_Chunk]:
    """Those of the first RIFF; sound of unknown length, as of streams, ends with the file."""
    (size,) = unpack("<I", asset, 4)
    end = len(asset) if size in (0, _UNKNOWN) else min(8 + size, len(asset))
    at, long_size = 12, _UNKNOWN
    for _ in counted():
        if end - at < 8:
            return
        kind, size = unpack("<4sI", asset, at)
        if kind == b"ds64":
            (long_size,) = unpack("<Q", asset, at + 16)
        if kind == b"data" and size == _UNKNOWN:
            size = long_size
        stop = at + 8 + size
        if kind == b"data" and stop > end:
            stop = len(asset)
        if not _is_kind(kind) or stop > end < len(asset) or stop > len(asset):
            raise ValueError(f"no chunk at {at}")
        form = asset[at + 8 : at + 12] if kind == b"LIST" else b""
        following = _behind(asset, stop, at)
        yield _Chunk(kind, form, at, stop, following)
        at = following


def _behind(asset: Content, stop: int, start: int) -> int:
    """Where the next chunk is: some writers leave out the padding of odd ones."""
    if (stop - start) % 2 == 0:
        return stop
    following = asset[stop : stop + 5]
    is_unpadded = _is_kind(following[:4]) and not _is_kind(following[1:])
    return stop if is_unpadded else min(stop + 1, len(asset))


def _is_kind(kind: bytes) -> bool:
    return len(kind) == 4 and all(0x20 <= byte < 0x7F for byte in kind)


def _items(content: bytes) -> Iterator[bytes]:
    """The items of a list, each with its padding."""
    at = 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if at + 8 + size > len(content):
            raise ValueError("a list is longer than its chunk")
        following = _behind(content, at + 8 + size, at)
        yield content[at:following]
        at = following


def _text(content: bytes) -> str:
    return content.rstrip(b"\0").decode("utf-8", "replace")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) % 2)


def _loaded(asset: Content, chunk: _Chunk) -> bytes:
    if chunk.end - chunk.at > _MAX_METADATA:
        raise ValueError("the metadata are larger than 64 MB")
    return asset[chunk.at : chunk.end]


def _unlabelled(asset: Content, chunks: list[_Chunk]) -> list[Splice]:
    """What becomes of the chunks that hold labels."""
    changes = []
    for chunk in chunks:
        content = None
        if chunk.kind in _NAMES:
            content = b""
        elif chunk.form == b"INFO":
            items = list(_items(_loaded(asset, chunk)))
            kept = [item for item in items if item[:4] not in _NAMES]
            if len(kept) < len(items):
                content = _chunk(b"LIST", b"INFO" + b"".join(kept)) if kept else b""
        elif chunk.kind == _XMP:
            packet = _loaded(asset, chunk)[8:]
            rest = packets.without_labels(packet)
            content = _chunk(_XMP, rest) if rest != packet else None
        elif chunk.kind in _TAGS:
            tag = _loaded(asset, chunk)[8:]
            if any(True for _ in labels_in_tag(tag)):
                content = _chunk(chunk.kind, without_labels(tag))
        if content is not None:
            changes.append(Splice(chunk.at, chunk.next, content))
    return changes


def _informed(
    asset: Content, before: list[_Chunk], film: int, changes: list[Splice], text: bytes
) -> list[Splice]:
    """These changes with an item in the list of information before the film, and less padding."""
    item = _chunk(b"AIGC", text)
    padding = before[-1] if before and before[-1].kind == b"JUNK" else None
    place = next((chunk for chunk in before if chunk.form == b"INFO"), None)
    if place is None:
        at = padding.at if padding else film
        changes = [*changes, Splice(at, at, _chunk(b"LIST", b"INFO" + item))]
    else:
        former = asset[place.at : place.next]
        edited = [change for change in changes if change.start == place.at]
        content = edited[0].content if edited else former
        information = _chunk(b"LIST", (content[8:] or b"INFO") + item)
        changes = [change for change in changes if change.start != place.at]
        changes.append(Splice(place.at, place.next, information))
    if padding:
        growth = moved(sorted(changes), film) - film
        room = padding.next - padding.at - 8 - growth
        if room >= 0 and growth and room % 2 == 0:
            changes.append(Splice(padding.at, padding.next, _chunk(b"JUNK", bytes(room))))
    return sorted(changes)


def _sizes(asset: Content, chunks: list[_Chunk], changes: list[Splice]) -> list[Splice]:
    """The length of the file, where it is stated; in RF64 and BW64 that is elsewhere."""
    growth = sum(len(content) - (end - start) for start, end, content in changes)
    (size,) = unpack("<I", asset, 4)
    sizes = []
    if size not in (0, _UNKNOWN):
        if size + growth >= _UNKNOWN:
            raise LabelNotWritten(
                "The file is full: its kind ends at 4 GB.", remedy="Save it as RF64 or BW64 first."
            )
        sizes.append(Splice(4, 8, struct.pack("<I", size + growth)))
    for chunk in chunks:
        if chunk.kind == b"ds64":
            (long_size,) = unpack("<Q", asset, chunk.at + 8)
            sizes.append(Splice(chunk.at + 8, chunk.at + 16, struct.pack("<Q", long_size + growth)))
    return sizes


def _indexes(
    asset: Content, chunks: list[_Chunk], film: _Chunk, changes: list[Splice]
) -> list[Splice]:
    """The offsets in indexes that count from the beginning of the file."""
    if moved(changes, film.at) == film.at:
        return []
    for chunk in chunks:
        # Those of entries of this index count from the film, but some writers have others.
        if chunk.kind == b"idx1" and chunk.end - chunk.at >= 24:
            (offset,) = unpack("<I", asset, chunk.at + 16)
            if offset >= film.at + 12:
                raise LabelNotWritten(
                    "The index of the film would lead astray.", remedy="Save the film anew first."
                )
    offsets = moved_indexes(asset, lambda offset: moved(changes, offset))
    return [Splice(at, at + len(content), content) for at, content in offsets.items()]
