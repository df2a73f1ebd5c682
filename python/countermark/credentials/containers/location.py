"""The ranges of a file in which its manifest store lies."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from countermark.containers import Content, Span
from countermark.credentials.assets import Stream
from countermark.jumbf import STORE_UUID


@dataclass(frozen=True, slots=True)
class Location:
    """The ranges of a file that, joined, are its manifest store.

    `checksum_at`: offset of the CRC-32 that covers a PNG chunk, else None.
    `decoded_bytes`: length of the store where the ranges hold it in base64, else None.
    `around`: bytes before and after that belong to it, such as the header of its chunk.
    `lengths`: ranges elsewhere in the file that hold its length.
    """

    spans: tuple[Span, ...]
    checksum_at: int | None = None
    decoded_bytes: int | None = None
    around: tuple[int, int] = (0, 0)
    lengths: tuple[Span, ...] = ()

    @property
    def length_bytes(self) -> int:
        """Length of the store."""
        return self._span_bytes if self.decoded_bytes is None else self.decoded_bytes

    @property
    def exclusions(self) -> tuple[Span, ...]:
        """What a hash of the content leaves out, as the C2PA library has it."""
        start, end = self.spans[0][0] - self.around[0], self.spans[-1][1] + self.around[1]
        return (*self.lengths, (start, end))

    def extract(self, asset: Content) -> bytes:
        """The store's bytes."""
        found = b"".join(asset[start:end] for start, end in self.spans)
        return found if self.decoded_bytes is None else base64.b64decode(found)

    def pieces(self, store: bytes) -> Iterator[tuple[int, bytes]]:
        """What to write at which offset to put another store of the same length in place.

        Raises `ValueError` for a store of another length.
        """
        text = store if self.decoded_bytes is None else base64.b64encode(store)
        if len(store) != self.length_bytes or len(text) != self._span_bytes:
            raise ValueError("a store can only be replaced by one of its length")
        taken = 0
        for start, end in self.spans:
            yield start, text[taken : taken + end - start]
            taken += end - start
        if self.checksum_at is not None:  # it covers the chunk's type too
            yield self.checksum_at, struct.pack(">I", zlib.crc32(store, zlib.crc32(b"caBX")))

    def replace(self, asset: bytes, store: bytes) -> bytes:
        """A copy of the file with another store of the same length in the same place."""
        patched = bytearray(asset)
        for at, piece in self.pieces(store):
            patched[at : at + len(piece)] = piece
        return bytes(patched)

    def write(self, file: Stream, store: bytes) -> None:
        """Put another store of the same length in the same place of an open file."""
        for at, piece in self.pieces(store):
            file.seek(at)
            file.write(piece)

    @property
    def _span_bytes(self) -> int:
        return sum(end - start for start, end in self.spans)


def trimmed(asset: Content, start: int, end: int) -> Span:
    """The store's own length, where the container's may include padding."""
    length = int.from_bytes(asset[start : start + 4], "big")
    return (start, start + length) if 8 <= length <= end - start else (start, end)


def is_store(box: bytes) -> bool:
    """Whether these are the first 32 bytes of a manifest store."""
    return box[4:8] == b"jumb" and box[12:16] == b"jumd" and box[16:32] == STORE_UUID
