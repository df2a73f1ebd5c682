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
    gif_parts,
    jpeg_segments,
    pieces,
    png_chunks,
    too_many_parts,
    unpack,
)
from countermark.credentials.containers.location import Location, is_store, trimmed
from countermark.errors import UnreadableManifest
from countermark.jumbf import damaged

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
    for kind, (at, end) in png_chunks(asset):
        if kind == b"caBX":
            # The span is the whole chunk: its checksum is computed from these bounds.
            yield Location(((at + 8, end - 4),), checksum_at=end - 4, around=(8, 4))


def gif(asset: Content) -> Iterator[Location]:
    """The store in the sub-blocks of an application extension before the first image."""
    is_before_images = True
    parts = gif_parts(asset, counted(_GIF_MAX_BLOCKS), blocks_of=_GIF_APPLICATION)
    for part in parts:
        is_before_images = is_before_images and part.kind != b","
        if part.head == _GIF_APPLICATION and is_before_images and len(part.blocks) > 1:
            yield Location(part.blocks[:-1], around=(15, 1))


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
