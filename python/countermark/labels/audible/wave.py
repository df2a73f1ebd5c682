"""Put a cue into a WAV file; all that is not its place stays byte for byte.

Source: Microsoft, Multiple Channel Audio Data and WAVE Files (2007), for the chunk `fmt `;
EBU Tech 3306 v1.1 for RF64. The samples of the content and every other chunk are the same bytes
as before, but for the numbers that count samples: `fact`, cue points (`cue `) and loops (`smpl`)
move along with what they name. The time in `bext` stays: it is the time of the recording.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from countermark.errors import UnsupportedSound
from countermark.labels.audible import chunks
from countermark.labels.audible.chunks import Chunk, Insertion, damaged
from countermark.labels.audible.cue import Cue
from countermark.labels.audible.loudness import Loudness
from countermark.labels.audible.placing import LabelledSound, Placed, Where, place
from countermark.labels.audible.samples import Encoding

_LARGEST_RIFF: Final = chunks.UNKNOWN - 1
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LOW_FREQUENCIES: Final = 0x8  # in the mask of loudspeakers
_CUE_POINT_BYTES, _LOOPS_AT, _LOOP_BYTES = 24, 36, 24
_DS64_BYTES: Final = 28


@dataclass(frozen=True, slots=True)
class _Wave:
    is_long: bool  # RF64
    chunks: list[Chunk]
    data: Chunk
    end: int  # of the last chunk
    encoding: Encoding
    rate: int
    low_frequencies: int | None


def is_wave(head: bytes) -> bool:
    """Whether a file that begins like this is WAV or RF64."""
    return head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"


def label_wave(file: BinaryIO, out: BinaryIO, *, cue: Cue, where: Where) -> LabelledSound:
    """Write the file with a cue in it; needs memory for the cue only.

    Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples.
    """
    wave = _read(file)
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


def _read(file: BinaryIO) -> _Wave:
    file.seek(0)
    is_long = file.read(4) == b"RF64"
    found, end = chunks.read_chunks(file, "<")
    formats = [chunk for chunk in found if chunk.name == b"fmt "]
    contents = [chunk for chunk in found if chunk.name == b"data"]
    if len(formats) != 1 or len(contents) != 1:
        raise damaged("The WAV file has not one chunk 'fmt ' and one chunk 'data'.")
    encoding, rate, low_frequencies = _format(chunks.read(file, formats[0]))
    whole = contents[0].size - contents[0].size % encoding.frame_bytes
    if not whole:
        raise damaged("The WAV file holds no samples.")
    data = replace(contents[0], size=whole)  # a part of a frame is no sample
    found[found.index(contents[0])] = data
    return _Wave(is_long, found, data, end, encoding, rate, low_frequencies)


def _format(content: bytes) -> tuple[Encoding, int, int | None]:
    if len(content) < 16:
        raise damaged("The chunk 'fmt ' of the WAV file is cut off.")
    tag, channels, rate, _, frame_bytes, depth = struct.unpack_from("<HHIIHH", content)
    low_frequencies = None
    if tag == _EXTENSIBLE and len(content) >= 26:
        depth = struct.unpack_from("<H", content, 18)[0] or depth
        mask, tag = struct.unpack_from("<IH", content, 20)
        if mask & _LOW_FREQUENCIES and bin(mask).count("1") <= channels:
            low_frequencies = bin(mask & (_LOW_FREQUENCIES - 1)).count("1")
    if not channels or not 8_000 <= rate <= 192_000 or frame_bytes % channels:
        raise damaged(f"The WAV file states {channels} channels, {rate} Hz, {frame_bytes} bytes.")
    size = frame_bytes // channels
    if tag == _FLOAT and size in {4, 8}:
        return Encoding("float", size, channels), rate, low_frequencies
    if tag != _PCM or size not in {1, 2, 3, 4} or not 0 < depth <= 8 * size:
        raise UnsupportedSound(
            f"The WAV file holds code {tag:#x} of {depth} bits, not plain samples.",
            remedy="Write it anew with samples of 8 to 32 bits, or as floating point.",
        )
    if size == 1:
        return Encoding("unsigned", size, channels, depth=depth), rate, low_frequencies
    return Encoding("signed", size, channels, depth=depth), rate, low_frequencies


def _write(file: BinaryIO, out: BinaryIO, wave: _Wave, placed: Placed) -> None:
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
