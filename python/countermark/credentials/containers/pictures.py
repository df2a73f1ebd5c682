"""Stores in JPEG, PNG, GIF and TIFF files.

Source: C2PA 2.2, appendix A.3; ISO/IEC 19566-5 annex D (JPEG); GIF89a, clause 26; TIFF 6.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from countermark.containers import (
    Content,
    Span,
    counted,
    jpeg_segments,
    pieces,
    too_many_parts,
    unpack,
)
from countermark.credentials.containers.location import Location, is_store, trimmed
from countermark.errors import UnreadableManifest
from countermark.jumbf import damaged

_GIF_EXTENSION: Final = b"\x21"
_GIF_IMAGE: Final = b","
_GIF_APPLICATION: Final = b"\x21\xff\x0bC2PA_GIF\x01\0\0"
_GIF_MAX_BLOCKS: Final = 1 << 17
"""Some 33 MB of pictures. c2pa-rs 0.91 takes 0.7 s for so many, and 1.2 s if each is an extension.
"""
_JPEG_MAX_MARKERS: Final = 1 << 18
_JPEG_BYTES_A_MARKER: Final = 32
"""From that number on, so many at least: a segment takes the C2PA library some 75 bytes."""
_TIFF_TAG: Final = 0xCD41
# Directories that overlap could otherwise keep a reader busy for hours.
_TIFF_MAX_PAGES: Final = 64
_TIFF_MAX_ENTRIES: Final = 4096


# JPEG: APP11 segments "JP", instance En, sequence Z, then a part of the box. From the second
# segment on, the box header is repeated and belongs to the segment, not to the store.


def jpeg(asset: Content) -> Iterator[Location]:
    """The store in APP11 segments before the first scan."""
    _count_markers(asset)
    parts: dict[int, list[Span]] = {}
    for marker, at, end in jpeg_segments(asset):
        head = asset[at + 4 : at + 44]
        if marker != 0xEB or head[:2] != b"JP" or end - at < 20:
            continue
        instance, sequence = struct.unpack_from(">HI", head, 2)
        if sequence == 1 and is_store(head[8:]):
            if instance in parts:
                raise _interleaved()
            parts[instance] = [(at + 12, end)]
        elif instance in parts:
            if sequence != len(parts[instance]) + 1:
                raise _interleaved()
            parts[instance].append((at + 20, end))
    for spans in parts.values():
        yield Location(tuple(spans), around=(12, 0))


def _interleaved() -> UnreadableManifest:
    return damaged("The APP11 segments of the manifest store are not in sequence")


def _count_markers(asset: Content) -> None:
    """All bytes that can begin one, in the scans too: they are scarce in pictures."""
    number = sum(piece.count(b"\xff") for piece in pieces(asset, 0, len(asset)))
    if number > max(_JPEG_MAX_MARKERS, len(asset) // _JPEG_BYTES_A_MARKER):
        raise too_many_parts()


def png(asset: Content) -> Iterator[Location]:
    """The store in a caBX chunk."""
    at = 8
    for _ in counted():
        head = asset[at : at + 8]
        start = at + 8
        end = start + int.from_bytes(head[:4], "big")
        if len(head) < 8 or end + 4 > len(asset):
            return
        if head[4:] == b"caBX":
            # The span is the whole chunk: its checksum is computed from these bounds.
            yield Location(((start, end),), checksum_at=end, around=(8, 4))
        at = end + 4


def gif(asset: Content) -> Iterator[Location]:
    """The store in the sub-blocks of an application extension before the first image."""
    places = counted(_GIF_MAX_BLOCKS)
    at = 13 + _gif_colours(asset[10:11])
    is_before_images = True
    for _ in places:
        head = asset[at : at + 14]
        ours = head == _GIF_APPLICATION
        if head[:1] == _GIF_EXTENSION:
            at += 14 if ours else 2
        elif head[:1] == _GIF_IMAGE:
            is_before_images = False
            at += 10 + _gif_colours(head[9:10]) + 1  # the size of the first code
        else:
            return
        blocks = _gif_blocks(asset, at, places)
        if not blocks:
            return
        if ours and is_before_images and len(blocks) > 1:
            yield Location(tuple(blocks[:-1]), around=(15, 1))
        at = blocks[-1][1]


def _gif_colours(flags: bytes) -> int:
    """Length of the colour table that a byte of flags announces."""
    flag = int.from_bytes(flags, "big")
    return 3 << (flag & 7) + 1 if flag & 0x80 else 0


def _gif_blocks(asset: Content, at: int, places: Iterator[None]) -> list[Span]:
    """The data of sub-blocks, the empty one last; nothing where the file ends inside them."""
    blocks: list[Span] = []
    for _ in places:
        length = asset[at : at + 1]
        end = at + 1 + int.from_bytes(length, "big")
        if not length or end > len(asset):
            return []
        blocks.append((at + 1, end))
        if end == at + 1:
            return blocks
        at = end
    return []


def tiff(asset: Content) -> Iterator[Location]:
    """The store in a tag of a directory; DNG and BigTIFF are such files too."""
    order = "<" if asset[:2] == b"II" else ">"
    big = asset[2:4] in (b"+\0", b"\0+")
    offset_format, count_format = (f"{order}Q",) * 2 if big else (f"{order}I", f"{order}H")
    entry = struct.Struct(f"{order}HHQQ" if big else f"{order}HHII")
    width = struct.calcsize(offset_format)  # of the length in an entry, too
    try:
        (at,) = unpack(offset_format, asset, 8 if big else 4)
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _TIFF_MAX_PAGES:
            seen.add(at)
            (count,) = unpack(count_format, asset, at)
            if count > _TIFF_MAX_ENTRIES:
                return
            at += struct.calcsize(count_format)
            end = at + count * entry.size
            for tag, kind, length, start in entry.iter_unpack(asset[at:end]):
                if tag == _TIFF_TAG and kind in (1, 7) and start + length <= len(asset):
                    span = trimmed(asset, start, start + length)
                    yield Location((span,), lengths=((at + 4, at + 4 + width),))
                at += entry.size
            (at,) = unpack(offset_format, asset, end)
    except (struct.error, OverflowError):  # an offset beyond the file, or beyond any file
        return
