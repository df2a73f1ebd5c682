"""AIFF and AIFF-C: where the samples lie, and what they are.

Source: Apple, AIFF 1.3 (1989) and AIFF-C draft (1991).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from countermark.errors import UnsupportedSound
from countermark.sound import chunks
from countermark.sound.chunks import Chunk, damaged
from countermark.sound.samples import Encoding

_HEAD_BYTES: Final = 8  # of SSND, before the samples: offset, block size
_FLOATS: Final = {b"fl32": 4, b"FL32": 4, b"fl64": 8, b"FL64": 8}


@dataclass(frozen=True, slots=True)
class Aiff:
    """What a file holds, by where it lies.

    `kind`: AIFF or AIFC. `common`: the content of the chunk `COMM`. `sound`: of `chunks`, the one
    with the samples, `offset` bytes after its start, and nothing behind them.
    """

    kind: bytes
    chunks: list[Chunk]
    common: bytes
    sound: Chunk
    offset: int
    encoding: Encoding
    rate: int


def is_aiff(head: bytes) -> bool:
    """Whether a file that begins like this is AIFF."""
    return head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}


def read_aiff(file: BinaryIO) -> Aiff:
    """Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples."""
    file.seek(8)
    kind = file.read(4)
    found, _ = chunks.read_chunks(file, ">")
    common, sound = chunks.read(file, _only(found, b"COMM")), _only(found, b"SSND")
    encoding, rate = _format(common, is_compressed=kind == b"AIFC")
    if sound.size < _HEAD_BYTES:
        raise damaged("The chunk 'SSND' of the AIFF file is cut off.")
    file.seek(sound.start)
    offset = _HEAD_BYTES + struct.unpack(">I", file.read(4))[0]
    whole = max(0, sound.size - offset) // encoding.frame_bytes * encoding.frame_bytes
    if not whole:
        raise damaged("The AIFF file holds no samples.")
    exact = replace(sound, size=offset + whole)
    found[found.index(sound)] = exact
    return Aiff(kind, found, common, exact, offset, encoding, rate)


def _only(found: list[Chunk], name: bytes) -> Chunk:
    named = [chunk for chunk in found if chunk.name == name]
    if len(named) != 1:
        raise damaged(f"The AIFF file has {len(named)} chunks {name.decode()!r}.")
    return named[0]


def _format(content: bytes, *, is_compressed: bool) -> tuple[Encoding, int]:
    if len(content) < (22 if is_compressed else 18):
        raise damaged("The chunk 'COMM' of the AIFF file is cut off.")
    channels, _, depth = struct.unpack_from(">HIH", content)
    rate = _extended(content[8:18])
    if not channels or not 8_000 <= rate <= 192_000 or not 0 < depth <= 64:
        raise damaged(f"The AIFF file states {channels} channels, {rate} Hz, {depth} bits.")
    code = content[18:22] if is_compressed else b"NONE"
    if code in _FLOATS:
        return Encoding("float", _FLOATS[code], channels, ">"), rate
    if code not in {b"NONE", b"twos", b"sowt"} or depth > 32:
        raise UnsupportedSound(
            f"The AIFF file holds code {code.decode('latin-1')!r}, not plain samples.",
            remedy="Write it anew with samples of 8 to 32 bits.",
        )
    order: chunks.Order = "<" if code == b"sowt" else ">"
    return Encoding("signed", (depth + 7) // 8, channels, order, depth), rate


def _extended(content: bytes) -> int:
    """A floating-point number of 80 bits, as IEEE 754 has it, rounded."""
    exponent, mantissa = struct.unpack(">HQ", content)
    shift = 63 - ((exponent & 0x7FFF) - 16383)
    return round(mantissa / 2**shift) if 0 <= shift < 64 else 0
