"""Files made of chunks, RIFF and IFF: a name of four letters, a length, the content.

Source: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991);
Apple, AIFF 1.3; EBU Tech 3306 for RF64, whose lengths over 4 GB are in a chunk of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from countermark.errors import UnreadableSound

Order = Literal["<", ">"]

HEAD_BYTES: Final = 8
UNKNOWN: Final = 0xFFFF_FFFF
"""A length that stands elsewhere: in `ds64`, or nowhere, as the writer could not go back."""
_PIECE: Final = 1 << 17
_DS64: Final = struct.Struct("<QQQI")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk, by where its content lies; without the byte that pads it to an even length."""

    name: bytes
    start: int
    size: int


def damaged(what: str) -> UnreadableSound:
    """The error for a file that does not keep to its format."""
    return UnreadableSound(what, remedy="Write it anew with the program that it comes from.")


def read_chunks(file: BinaryIO, order: Order) -> tuple[list[Chunk], int]:
    """All chunks of a file, and where the last ends: what follows belongs to none.

    Raises `UnreadableSound` when one runs over the end of the file.
    """
    length = file.seek(0, 2)
    position, chunks, long_sizes = 12, list[Chunk](), dict[bytes, int]()
    while (head := _head(file, position, order)) is not None:
        name, size = head
        start = position + HEAD_BYTES
        if size == UNKNOWN and order == "<":
            size = long_sizes.get(name, length - start)
        if start + size > length:
            raise damaged(
                f"The file is cut off: its chunk {name.decode('latin-1')!r} has {length - start} "
                f"of {size} bytes."
            )
        chunk = Chunk(name, start, size)
        chunks.append(chunk)
        if name == b"ds64":
            long_sizes = _long_sizes(read(file, chunk))
        position = start + size
        if size % 2 and not (_is_name_at(file, position) and not _is_name_at(file, position + 1)):
            position += 1  # some writers forget the padding
    return chunks, min(position, length)


def _head(file: BinaryIO, position: int, order: Order) -> tuple[bytes, int] | None:
    file.seek(position)
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES or not _is_name(head[:4]):
        return None
    return head[:4], struct.unpack(f"{order}I", head[4:])[0]


def _is_name_at(file: BinaryIO, position: int) -> bool:
    file.seek(position)
    return _is_name(file.read(4))


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)


def _long_sizes(content: bytes) -> dict[bytes, int]:
    if len(content) < _DS64.size:
        raise damaged("The chunk 'ds64', which has the lengths, is cut off.")
    _, data, _, count = _DS64.unpack_from(content)
    sizes = {b"data": data}
    for position in range(_DS64.size, min(len(content) - 11, _DS64.size + 12 * count), 12):
        sizes[content[position : position + 4]] = struct.unpack_from("<Q", content, position + 4)[0]
    return sizes


def read(file: BinaryIO, chunk: Chunk, *, limit: int = 16 << 20) -> bytes:
    """The content of a chunk that is small by its nature."""
    if chunk.size > limit:
        raise damaged(f"The chunk {chunk.name.decode('latin-1')!r} is {chunk.size} bytes long.")
    file.seek(chunk.start)
    return file.read(chunk.size)


def pieces(file: BinaryIO, start: int, size: int, *, multiple: int = 1) -> Iterator[bytes]:
    """The bytes from `start` on, in parts of about 128 KiB whose length is that multiple."""
    step = _PIECE - _PIECE % multiple or multiple
    file.seek(start)
    while size > 0:
        piece = file.read(min(step, size))
        if not piece:
            raise damaged("The file became shorter while it was read.")
        size -= len(piece)
        yield piece


@dataclass(frozen=True, slots=True)
class Insertion:
    """Bytes that go into a chunk, so many bytes after the start of its content."""

    chunk: Chunk
    position: int
    content: bytes


def write_chunks(
    file: BinaryIO,
    out: BinaryIO,
    chunks: list[Chunk],
    *,
    order: Order,
    insertion: Insertion,
    changed: Mapping[bytes, bytes],
) -> None:
    """Write the chunks, in their order; those named in `changed` with other content."""
    for chunk in chunks:
        content = changed.get(chunk.name)
        size = chunk.size if content is None else len(content)
        if chunk is insertion.chunk:
            size += len(insertion.content)
        out.write(chunk.name + struct.pack(f"{order}I", size if size < UNKNOWN else UNKNOWN))
        if content is not None:
            out.write(content)
        elif chunk is insertion.chunk:
            _copy(file, out, chunk.start, insertion.position)
            out.write(insertion.content)
            rest = chunk.size - insertion.position
            _copy(file, out, chunk.start + insertion.position, rest)
        else:
            _copy(file, out, chunk.start, chunk.size)
        out.write(bytes(size % 2))


def _copy(file: BinaryIO, out: BinaryIO, start: int, size: int) -> None:
    for piece in pieces(file, start, size):
        out.write(piece)


def written_size(chunks: list[Chunk], added: int, chunk: Chunk) -> int:
    """Bytes that the chunks take with their heads and padding, once so many are added to one."""
    sizes = (one.size + (added if one is chunk else 0) for one in chunks)
    return sum(HEAD_BYTES + size + size % 2 for size in sizes)
