"""Put a cue into an AIFF or AIFF-C file of plain samples; markers move along.

Source: Apple, AIFF 1.3 (1989) and AIFF-C draft (1991).
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO, Final

from countermark.errors import UnsupportedSound
from countermark.labels.audible import chunks
from countermark.labels.audible.chunks import Chunk, Insertion, damaged
from countermark.labels.audible.cue import Cue
from countermark.labels.audible.loudness import Loudness
from countermark.labels.audible.placing import LabelledSound, Where, place
from countermark.labels.audible.samples import Encoding

_LARGEST: Final = chunks.UNKNOWN - 1
_HEAD_BYTES: Final = 8  # of SSND, before the samples: offset, block size
_FLOATS: Final = {b"fl32": 4, b"FL32": 4, b"fl64": 8, b"FL64": 8}


def is_aiff(head: bytes) -> bool:
    """Whether a file that begins like this is AIFF."""
    return head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}


def label_aiff(file: BinaryIO, out: BinaryIO, *, cue: Cue, where: Where) -> LabelledSound:
    """Write the file with a cue in it; needs memory for the cue only.

    Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples or over 4 GB.
    """
    file.seek(8)
    kind = file.read(4)
    found, _ = chunks.read_chunks(file, ">")
    common, sound = _only(found, b"COMM"), _only(found, b"SSND")
    stated = chunks.read(file, common)
    encoding, rate = _format(stated, is_compressed=kind == b"AIFC")
    if sound.size < _HEAD_BYTES:
        raise damaged("The chunk 'SSND' of the AIFF file is cut off.")
    file.seek(sound.start)
    start = _HEAD_BYTES + struct.unpack(">I", file.read(4))[0]
    whole = max(0, sound.size - start) // encoding.frame_bytes * encoding.frame_bytes
    if not whole:
        raise damaged("The AIFF file holds no samples.")
    found[found.index(sound)] = sound = replace(sound, size=start + whole)
    loudness = Loudness(rate)
    for piece in chunks.pieces(file, sound.start + start, whole, multiple=encoding.frame_bytes):
        loudness.add(encoding.decode(piece))
    placed = place(loudness, cue, where, rate=rate, channels=encoding.channels)
    content = encoding.encode(placed.samples)
    size = 4 + chunks.written_size(found, len(content), sound)
    if size > _LARGEST:
        raise UnsupportedSound(
            "The AIFF file would be over 4 GB long, which it cannot state.",
            remedy="Write it as WAV first.",
        )
    count = len(placed.samples)
    length = struct.pack(">I", loudness.length + count)
    changed = {b"COMM": stated[:2] + length + stated[6:]}
    for chunk in found:
        if chunk.name == b"MARK":
            changed[b"MARK"] = _moved(chunks.read(file, chunk), placed.position, count)
    out.write(b"FORM" + struct.pack(">I", size) + kind)
    insertion = Insertion(sound, start + placed.position * encoding.frame_bytes, content)
    chunks.write_chunks(file, out, found, order=">", insertion=insertion, changed=changed)
    return placed.labelled("untouched")


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


def _moved(content: bytes, position: int, count: int) -> bytes:
    """Markers: a number each, a position of four bytes, a name of even length with its length."""
    changed, at = bytearray(content), 2
    while at + 7 <= len(content):
        value = struct.unpack_from(">I", content, at + 2)[0]
        if position <= value < chunks.UNKNOWN - count:
            struct.pack_into(">I", changed, at + 2, value + count)
        name_bytes = content[at + 6] + 1
        at += 6 + name_bytes + name_bytes % 2
    return bytes(changed)
