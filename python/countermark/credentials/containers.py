"""Where the manifest store lies inside a JPEG, PNG, WebP, AVIF or TIFF file.

The C2PA library embeds stores but neither hands out the bytes that it found nor replaces them.
Nothing here judges a file: what is damaged or foreign ends the walk, and the library, which
validates exactly the bytes found here, has the last word.

Source: C2PA 2.2, appendix A "Embedding manifests into assets"; ISO/IEC 19566-5 annex D (JPEG).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from countermark.credentials.jumbf import STORE_UUID, damaged
from countermark.errors import UnreadableManifest

_BMFF_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_TIFF_TAG: Final = 0xCD41
# Directories that overlap could otherwise keep a reader busy for hours.
_TIFF_MAX_PAGES: Final = 64
_TIFF_MAX_ENTRIES: Final = 4096

Span = tuple[int, int]
"""Half-open range of file offsets."""


@dataclass(frozen=True, slots=True)
class Location:
    """The ranges of a file that, joined, are its manifest store.

    `checksum_at`: offset of the CRC-32 that covers a PNG chunk, else None.
    """

    spans: tuple[Span, ...]
    checksum_at: int | None = None

    @property
    def length_bytes(self) -> int:
        """Length of the store."""
        return sum(end - start for start, end in self.spans)

    def extract(self, asset: bytes) -> bytes:
        """The store's bytes."""
        return b"".join(asset[start:end] for start, end in self.spans)

    def replace(self, asset: bytes, store: bytes) -> bytes:
        """A copy of the file with another store of the same length in the same place."""
        if len(store) != self.length_bytes:
            raise ValueError("a store can only be replaced by one of its length")
        patched = bytearray(asset)
        taken = 0
        for start, end in self.spans:
            patched[start:end] = store[taken : taken + end - start]
            taken += end - start
        if self.checksum_at is not None:
            begin = self.spans[0][0] - 4  # the CRC covers the chunk's type too
            checksum = zlib.crc32(patched[begin : self.checksum_at])
            struct.pack_into(">I", patched, self.checksum_at, checksum)
        return bytes(patched)


def media_type(asset: bytes) -> str | None:
    """The media type that the content shows, of those that can be searched; else None.

    >>> media_type(b"RIFF____WEBPVP8 ")
    'image/webp'
    """
    if asset.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if asset.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if asset[:4] == b"RIFF" and asset[8:12] == b"WEBP":
        return "image/webp"
    if asset[4:8] == b"ftyp":
        return "image/avif"
    if asset[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    return None


def locate(asset: bytes) -> Location | None:
    """Find the manifest store of a file; None when it has none.

    >>> locate(b"GIF89a") is None
    True

    The content decides which container it is, not a name. Raises `UnreadableManifest` when the
    file holds several stores: readers would disagree on which one counts.
    """
    walk = _WALKERS.get(media_type(asset))
    found = [] if walk is None else list(walk(asset))
    if len(found) > 1:
        raise damaged("The file holds more than one C2PA manifest store")
    return found[0] if found else None


def _trimmed(asset: bytes, start: int, end: int) -> Span:
    """The store's own length, where the container's may include padding."""
    length = int.from_bytes(asset[start : start + 4], "big")
    return (start, start + length) if 8 <= length <= end - start else (start, end)


# JPEG: APP11 segments "JP", instance En, sequence Z, then a part of the box. From the second
# segment on, the box header is repeated and belongs to the segment, not to the store.


def _jpeg(asset: bytes) -> Iterator[Location]:
    parts: dict[int, list[Span]] = {}
    for start, end in _jpeg_segments(asset):
        instance, sequence = struct.unpack_from(">HI", asset, start + 2)
        if sequence == 1 and _is_store(asset[start + 8 : end]):
            if instance in parts:
                raise _interleaved()
            parts[instance] = [(start + 8, end)]
        elif instance in parts:
            if sequence != len(parts[instance]) + 1:
                raise _interleaved()
            parts[instance].append((start + 16, end))
    for spans in parts.values():
        yield Location(tuple(spans))


def _interleaved() -> UnreadableManifest:
    return damaged("The APP11 segments of the manifest store are not in sequence")


def _jpeg_segments(asset: bytes) -> Iterator[Span]:
    """Payloads of the APP11 segments that can hold a JUMBF box, up to the first scan."""
    at = 2
    while at + 4 <= len(asset) and asset[at] == 0xFF:
        marker = asset[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xDA:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD9:  # markers without a length
            at += 2
            continue
        end = at + 2 + int.from_bytes(asset[at + 2 : at + 4], "big")
        if end > len(asset):
            return
        if marker == 0xEB and asset[at + 4 : at + 6] == b"JP" and end - at >= 20:
            yield at + 4, end
        at = max(end, at + 2)


def _is_store(box: bytes) -> bool:
    return box[4:8] == b"jumb" and box[12:16] == b"jumd" and box[16:32] == STORE_UUID


def _png(asset: bytes) -> Iterator[Location]:
    at = 8
    while at + 12 <= len(asset):
        start = at + 8
        end = start + int.from_bytes(asset[at : at + 4], "big")
        if end + 4 > len(asset):
            return
        if asset[at + 4 : start] == b"caBX":
            # The span is the whole chunk: its checksum is computed from these bounds.
            yield Location(((start, end),), checksum_at=end)
        at = end + 4


def _riff(asset: bytes) -> Iterator[Location]:
    at = 12
    while at + 8 <= len(asset):
        start = at + 8
        end = start + int.from_bytes(asset[at + 4 : start], "little")
        if end > len(asset):
            return
        if asset[at : at + 4] == b"C2PA":
            yield Location((_trimmed(asset, start, end),))
        at = end + (end - start) % 2


def _bmff(asset: bytes) -> Iterator[Location]:
    at = 0
    while at + 8 <= len(asset):
        length, kind = struct.unpack_from(">I4s", asset, at)
        header = 8
        if length == 1 and at + 16 <= len(asset):
            header, length = 16, int.from_bytes(asset[at + 8 : at + 16], "big")
        end = len(asset) if length == 0 else at + length
        if end < at + header or end > len(asset):
            return
        start = at + header
        if kind == b"uuid" and asset[start : start + 16] == _BMFF_UUID:
            # Version and flags, the purpose as a C string, the offset of a Merkle box.
            purpose = asset[start + 20 : start + 29]
            if purpose == b"manifest\0" and start + 37 <= end:
                yield Location((_trimmed(asset, start + 37, end),))
        at = end


def _tiff(asset: bytes) -> Iterator[Location]:
    order = "<" if asset[:2] == b"II" else ">"
    big = asset[2:4] in (b"+\0", b"\0+")
    offset_format, count_format = (f"{order}Q",) * 2 if big else (f"{order}I", f"{order}H")
    entry_format = f"{order}HHQQ" if big else f"{order}HHII"
    try:
        (at,) = struct.unpack_from(offset_format, asset, 8 if big else 4)
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _TIFF_MAX_PAGES:
            seen.add(at)
            (count,) = struct.unpack_from(count_format, asset, at)
            if count > _TIFF_MAX_ENTRIES:
                return
            at += struct.calcsize(count_format)
            for _ in range(count):
                tag, kind, length, start = struct.unpack_from(entry_format, asset, at)
                at += struct.calcsize(entry_format)
                if tag == _TIFF_TAG and kind in (1, 7) and start + length <= len(asset):
                    yield Location((_trimmed(asset, start, start + length),))
            (at,) = struct.unpack_from(offset_format, asset, at)
    except (struct.error, OverflowError):  # an offset beyond the file, or beyond any file
        return


_WALKERS: Final[dict[str | None, Callable[[bytes], Iterator[Location]]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _riff,
    "image/avif": _bmff,
    "image/tiff": _tiff,
}
