"""FLV: a string AIGC in the script tag onMetaData.

No library edits it without writing the film anew. Other tags keep every byte; positions of key
frames and the file's size, which some writers state there too, are corrected.

Source: TC260-PG-20257A; Adobe Flash Video File Format Specification 10.1, annex E; Action Message
Format AMF 0.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple

from countermark.containers import Content, Splice, StreamContent, counted, moved, splice, unpack
from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers.amf import array, pairs, string
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_NAMES: Final = (b"AIGC", b"aigc")
_SCRIPT: Final = 18
_HEADER_BYTES: Final = 11
_TRAILER_BYTES: Final = 4
_META_DATA: Final = string(b"onMetaData")
_MAX_TAGS: Final = 1 << 22
"""Some fifteen hours of film."""


class _Tag(NamedTuple):
    """`end`: behind its length, which follows each tag."""

    at: int
    body: bytes
    end: int


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in tags of metadata."""
    for tag in _scripts(StreamContent(file)):
        for pair in pairs(tag.body, len(_META_DATA)):
            if pair.name in _NAMES:
                yield Carried(pair.text(tag.body), "onMetaData.AIGC")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label in the first tag of metadata."""
    asset = StreamContent(file)
    text = label.to_json().encode("ascii")
    tags = list(_scripts(asset))
    changes = []
    for number, tag in enumerate(tags):
        body = _edited(tag.body, text if number == 0 else None)
        changes.append(Splice(tag.at, tag.end, _tag(asset[tag.at : tag.at + _HEADER_BYTES], body)))
    if not tags:
        at = _start(asset)
        body = _edited(_META_DATA + array([]), text)
        changes.append(Splice(at, at, _tag(bytes((_SCRIPT,)) + bytes(10), body)))

    def place(offset: int) -> int:
        return moved(changes, offset)

    splice(asset, out, [_corrected(change, len(asset), place) for change in changes])


def _start(asset: Content) -> int:
    (header,) = unpack(">I", asset, 5)
    return int(header) + _TRAILER_BYTES


def _scripts(asset: Content) -> Iterator[_Tag]:
    """The tags of metadata, wherever they are."""
    at = _start(asset)
    for _ in counted(_MAX_TAGS):
        if at == len(asset):
            return
        head = unpack(">I", asset, at)[0]
        body = at + _HEADER_BYTES
        end = body + (head & 0xFFFFFF)
        if end + _TRAILER_BYTES > len(asset):
            raise ValueError(f"no tag at {at}")
        if head >> 24 == _SCRIPT and asset[body : body + len(_META_DATA)] == _META_DATA:
            yield _Tag(at, asset[body:end], end + _TRAILER_BYTES)
        at = end + _TRAILER_BYTES


def _edited(body: bytes, text: bytes | None) -> bytes:
    """The content of a tag without labels, or with this one."""
    found = list(pairs(body, len(_META_DATA)))
    kept = [pair.whole(body) for pair in found if pair.name not in _NAMES]
    if text is not None:
        kept.append(struct.pack(">H", len(_NAMES[0])) + _NAMES[0] + string(text))
    elif len(kept) == len(found):
        return body
    return _META_DATA + array(kept)


def _tag(head: bytes, body: bytes) -> bytes:
    if len(body) >= 1 << 24:
        raise LabelNotWritten("The metadata of the film are full (16 MB).", remedy="Remove some.")
    whole = head[:1] + len(body).to_bytes(3, "big") + head[4:] + body
    return whole + struct.pack(">I", len(whole))


def _corrected(change: Splice, size: int, place: Callable[[int], int]) -> Splice:
    """The same with positions and size of the file as they are now."""
    content = bytearray(change.content)
    start = _HEADER_BYTES + len(_META_DATA)
    for pair in pairs(change.content, start):
        offsets = []
        if pair.name == b"lastkeyframelocation":
            offsets = pair.numbers(content)
        elif pair.name == b"filesize":
            offsets = [(at, number) for at, number in pair.numbers(content) if number == size]
        elif pair.name == b"keyframes":
            for inner in pairs(change.content, pair.value):
                if inner.name == b"filepositions":
                    offsets += inner.numbers(content)
        for at, offset in offsets:
            struct.pack_into(">d", content, at, place(int(offset)))
    return change._replace(content=bytes(content))
