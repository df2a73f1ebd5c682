"""GLB: the chunks of a binary glTF file, the first of which is JSON.

Source: glTF 2.0 specification (ISO/IEC 12113:2022), section 4.4 "Binary glTF Layout".
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, NamedTuple

from countermark.containers.content import Content, DamagedFile, Span, counted
from countermark.containers.splicing import Splice, splice

MAGIC: Final = b"glTF\x02\0\0\0"
"""With the version; files of version 1 are laid out in another way."""

MAX_JSON_BYTES: Final = 1 << 26
"""Of a scene that is looked at; what is large lies in the other chunks."""

_HEADER_BYTES: Final = 12
_CHUNK_HEADER_BYTES: Final = 8
_JSON: Final = b"JSON"
_BIN: Final = b"BIN\0"
_MOST_BYTES: Final = (1 << 32) - 1


class Glb(NamedTuple):
    """Where the parts of a GLB file lie.

    `json`: its text, with the spaces at its end. `binary`: the content of the chunk BIN, with the
    zeros at its end; None without one.
    """

    json: Span
    binary: Span | None


def glb_parts(asset: Content) -> Glb:
    """The parts of a file, whose lengths must agree.

    >>> glb_parts(MAGIC + struct.pack("<I", 24) + struct.pack("<I", 4) + b"JSON{}  ").json
    (20, 24)

    Raises `DamagedFile`.
    """
    head = asset[:_HEADER_BYTES]
    if len(head) < _HEADER_BYTES or not head.startswith(MAGIC):
        raise DamagedFile("it is no GLB file of version 2")
    stated = int.from_bytes(head[8:], "little")
    if stated != len(asset):
        raise DamagedFile(f"its header states {stated:,} bytes, it has {len(asset):,}")
    kinds: list[bytes] = []
    spans: list[Span] = []
    at = _HEADER_BYTES
    for _ in counted():
        if at == len(asset):
            break
        chunk = asset[at : at + _CHUNK_HEADER_BYTES]
        start = at + _CHUNK_HEADER_BYTES
        at = start + int.from_bytes(chunk[:4], "little")
        if len(chunk) < _CHUNK_HEADER_BYTES or at > len(asset):
            raise DamagedFile(f"its chunk {len(kinds)} ends behind the file")
        kinds.append(chunk[4:])
        spans.append((start, at))
    if kinds[:1] != [_JSON]:
        raise DamagedFile("its first chunk is not JSON")
    if spans[0][1] - spans[0][0] > MAX_JSON_BYTES:
        raise DamagedFile(f"its JSON is larger than {MAX_JSON_BYTES:,} bytes")
    return Glb(spans[0], spans[1] if kinds[1:2] == [_BIN] else None)


def write_glb(
    asset: Content, out: BinaryIO, parts: Glb, json: bytes, changes: list[Splice] | None = None
) -> None:
    """Copy the file with other JSON, padded with spaces, and changes in the chunk BIN.

    `changes`: in order, in offsets of the file. All other chunks keep every byte.

    Raises `ValueError` for more than 4 GiB.
    """
    json += b" " * (-len(json) % 4)
    changes = list(changes or ())
    start, end = parts.json
    splices = [
        Splice(start - _CHUNK_HEADER_BYTES, end, struct.pack("<I", len(json)) + _JSON + json)
    ]
    if changes and parts.binary is not None:
        first, last = parts.binary
        length = last - first + sum(len(new) - (stop - at) for at, stop, new in changes)
        padding = -length % 4
        header = struct.pack("<I", length + padding)
        splices += [Splice(first - _CHUNK_HEADER_BYTES, first - 4, header), *changes]
        splices.append(Splice(last, last, bytes(padding)))
    size = len(asset) + sum(len(new) - (stop - at) for at, stop, new in splices)
    if size > _MOST_BYTES:
        raise ValueError("it would exceed 4 GiB")
    splice(asset, out, [Splice(8, _HEADER_BYTES, struct.pack("<I", size)), *splices])
