"""The bytes of a file where they are looked at, and the ranges in which its store lies."""

from __future__ import annotations

import base64
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from countermark.credentials.assets import Stream
from countermark.errors import UnreadableManifest
from countermark.jumbf import STORE_UUID

Span = tuple[int, int]
"""Half-open range of file offsets."""

CHUNK_BYTES: Final = 1 << 18
"""Taken at a time of files that are looked through as a whole."""

_MAX_PARTS: Final = 1 << 16
"""Parts that a file may have: a hostile one could have a billion of nothing."""


class Content(Protocol):
    """What a walker needs of a file: its length, and slices of it as bytes."""

    def __len__(self) -> int:
        """Length in bytes."""

    def __getitem__(self, part: slice, /) -> bytes:
        """The bytes of a slice, fewer where the file ends."""


class StreamContent:
    """A seekable stream, read slice by slice: only what is looked at is ever in memory.

    >>> import io
    >>> StreamContent(io.BytesIO(b"RIFF____WEBP"))[8:12]
    b'WEBP'
    """

    __slots__ = ("_length", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._length = stream.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        """Length in bytes."""
        return self._length

    def __getitem__(self, part: slice, /) -> bytes:
        """The bytes of a slice without a step."""
        start, stop, _ = part.indices(self._length)
        self._stream.seek(start)
        return self._stream.read(max(0, stop - start))


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


def pieces(asset: Content, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a range, a few at a time."""
    for at in range(start, end, CHUNK_BYTES):
        yield asset[at : min(at + CHUNK_BYTES, end)]


def counted(limit: int = _MAX_PARTS) -> Iterator[None]:
    """One item for each part of a file.

    Raises `UnreadableManifest` after `limit` of them. The C2PA library goes through all parts, in
    time that grows with their number or its square, so it must not see what has more.
    """
    for _ in range(limit):
        yield
    raise too_many_parts()


class TooManyParts(UnreadableManifest):
    """Nobody should be given such a file to read; whether it holds a manifest stays unknown."""


def too_many_parts() -> TooManyParts:
    """The error that says so."""
    problem = "The file has more parts than countermark goes through."
    return TooManyParts(problem, remedy="Use a file that was not made to keep readers busy.")


def trimmed(asset: Content, start: int, end: int) -> Span:
    """The store's own length, where the container's may include padding."""
    length = int.from_bytes(asset[start : start + 4], "big")
    return (start, start + length) if 8 <= length <= end - start else (start, end)


def is_store(box: bytes) -> bool:
    """Whether these are the first 32 bytes of a manifest store."""
    return box[4:8] == b"jumb" and box[12:16] == b"jumd" and box[16:32] == STORE_UUID


def unpack(form: str, asset: Content, at: int) -> tuple[Any, ...]:
    """As `struct.unpack_from`; `struct.error` where the file ends before."""
    return struct.unpack(form, asset[at : at + struct.calcsize(form)])
