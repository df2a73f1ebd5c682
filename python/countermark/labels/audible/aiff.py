"""Put a cue into an AIFF or AIFF-C file of plain samples; markers move along.

Source: Apple, AIFF 1.3 (1989) and AIFF-C draft (1991).
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from countermark.errors import UnsupportedSound
from countermark.labels.audible.cue import Cue
from countermark.labels.audible.loudness import Loudness
from countermark.labels.audible.placing import LabelledSound, Where, place
from countermark.sound import chunks
from countermark.sound.aiff import read_aiff
from countermark.sound.chunks import Insertion

_LARGEST: Final = chunks.UNKNOWN - 1


def label_aiff(file: BinaryIO, out: BinaryIO, *, cue: Cue, where: Where) -> LabelledSound:
    """Write the file with a cue in it; needs memory for the cue only.

    Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples or over 4 GB.
    """
    aiff = read_aiff(file)
    encoding, start = aiff.encoding, aiff.sound.start + aiff.offset
    loudness = Loudness(aiff.rate)
    size = aiff.sound.size - aiff.offset
    for piece in chunks.pieces(file, start, size, multiple=encoding.frame_bytes):
        loudness.add(encoding.decode(piece))
    placed = place(loudness, cue, where, rate=aiff.rate, channels=encoding.channels)
    content = encoding.encode(placed.samples)
    size = 4 + chunks.written_size(aiff.chunks, len(content), aiff.sound)
    if size > _LARGEST:
        raise UnsupportedSound(
            "The AIFF file would be over 4 GB long, which it cannot state.",
            remedy="Write it as WAV first.",
        )
    count = len(placed.samples)
    length = struct.pack(">I", loudness.length + count)
    changed = {b"COMM": aiff.common[:2] + length + aiff.common[6:]}
    for chunk in aiff.chunks:
        if chunk.name == b"MARK":
            changed[b"MARK"] = _moved(chunks.read(file, chunk), placed.position, count)
    out.write(b"FORM" + struct.pack(">I", size) + aiff.kind)
    insertion = Insertion(aiff.sound, aiff.offset + placed.position * encoding.frame_bytes, content)
    chunks.write_chunks(file, out, aiff.chunks, order=">", insertion=insertion, changed=changed)
    return placed.labelled("untouched")


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
