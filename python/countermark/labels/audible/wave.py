"""Put a cue into a WAV file; all that is not its place stays byte for byte.

The samples of the content and every other chunk are the same bytes as before, but for the numbers
that count samples: `fact`, cue points (`cue `) and loops (`smpl`) move along with what they name.
The time in `bext` stays: it is the time of the recording.

Source: Microsoft, Multiple Channel Audio Data and WAVE Files (2007); EBU Tech 3306 v1.1 for RF64.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from countermark.labels.audible.cue import Cue
from countermark.labels.audible.loudness import Loudness
from countermark.labels.audible.placing import LabelledSound, Placed, Where, place
from countermark.sound import chunks
from countermark.sound.chunks import Insertion
from countermark.sound.wave import Wave, read_wave

_LARGEST_RIFF: Final = chunks.UNKNOWN - 1
_CUE_POINT_BYTES, _LOOPS_AT, _LOOP_BYTES = 24, 36, 24
_DS64_BYTES: Final = 28


def label_wave(file: BinaryIO, out: BinaryIO, *, cue: Cue, where: Where) -> LabelledSound:
    """Write the file with a cue in it; needs memory for the cue only.

    Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples.
    """
    wave = read_wave(file)
    loudness = Loudness(wave.rate)
    frame_bytes = wave.encoding.frame_bytes
    for piece in chunks.pieces(file, wave.data.start, wave.data.size, multiple=frame_bytes):
        loudness.add(wave.encoding.decode(piece))
    placed = place(
        loudness,
        cue,
        where,
        rate=wave.rate,
        channels=wave.encoding.channels,
        low_frequencies=wave.low_frequencies,
    )
    _write(file, out, wave, placed)
    return placed.labelled("untouched")


def _write(file: BinaryIO, out: BinaryIO, wave: Wave, placed: Placed) -> None:
    content = wave.encoding.encode(placed.samples)
    insertion = Insertion(wave.data, placed.position * wave.encoding.frame_bytes, content)
    count = len(placed.samples)
    others = [chunk for chunk in wave.chunks if chunk.name != b"ds64"]
    size = 4 + chunks.written_size(others, len(content), wave.data)
    is_long = wave.is_long or size > _LARGEST_RIFF
    if is_long:
        size += chunks.HEAD_BYTES + _DS64_BYTES
        data_bytes = wave.data.size + len(content)
        lengths = struct.pack("<QQQI", size, data_bytes, data_bytes // wave.encoding.frame_bytes, 0)
        out.write(b"RF64" + struct.pack("<I", chunks.UNKNOWN) + b"WAVE")
        out.write(b"ds64" + struct.pack("<I", len(lengths)) + lengths)
    else:
        out.write(b"RIFF" + struct.pack("<I", size) + b"WAVE")
    changed = {
        chunk.name: _moved(chunk.name, chunks.read(file, chunk), placed.position, count)
        for chunk in others
        if chunk.name in {b"cue ", b"smpl", b"fact"}
    }
    chunks.write_chunks(file, out, others, order="<", insertion=insertion, changed=changed)
    length = file.seek(0, 2)
    for piece in chunks.pieces(file, wave.end, length - wave.end):
        out.write(piece)


def _moved(name: bytes, content: bytes, position: int, count: int) -> bytes:
    """The chunk after so many samples came in at this position."""
    changed = bytearray(content)
    if name == b"fact":
        fields = [0] if len(content) >= 4 else []
        position = -1  # a length, which grows wherever they came in
    elif name == b"cue ":
        fields = _fields(content, 4, _CUE_POINT_BYTES, (4, 20))
    else:
        fields = _fields(content, _LOOPS_AT, _LOOP_BYTES, (8, 12))
    for field in fields:
        value = struct.unpack_from("<I", content, field)[0]
        if position <= value < chunks.UNKNOWN - count:
            struct.pack_into("<I", changed, field, value + count)
    return bytes(changed)


def _fields(content: bytes, start: int, step: int, offsets: tuple[int, ...]) -> list[int]:
    entries = range(start, len(content) - step + 1, step)
    return [entry + offset for entry in entries for offset in offsets]
