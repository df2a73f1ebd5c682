"""The bytes of a file where they are looked at, without the rest of it in memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any, Final, Protocol

from countermark.errors import UnreadableManifest

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


class Seekable(Protocol):
    """What is asked of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """As of any binary stream."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As of any binary stream."""


class StreamContent:
    """A seekable stream, read slice by slice: only what is looked at is ever in memory.

    >>> import io
    >>> StreamContent(io.BytesIO(b"RIFF____WEBP"))[8:12]
    b'WEBP'
    """

    __slots__ = ("_length", "_stream")

    def __init__(self, stream: Seekable) -> None:
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


class DamagedFile(ValueError):
    """The file is not as its format says; what it holds cannot be known."""


class TooManyParts(UnreadableManifest):
    """Nobody should be given such a file to read; whether it holds a manifest stays unknown."""


def too_many_parts() -> TooManyParts:
    """The error that says so."""
    problem = "The file has more parts than countermark goes through."
    return TooManyParts(problem, remedy="Use a file that was not made to keep readers busy.")


def unpack(form: str, asset: Content, at: int) -> tuple[Any, ...]:
    """As `struct.unpack_from`; `struct.error` where the file ends before."""
    return struct.unpack(form, asset[at : at + struct.calcsize(form)])
