"""WAV: where its samples lie, and what they are.

Source: Microsoft, Multiple Channel Audio Data and WAVE Files (2007), for the chunk `fmt `;
EBU Tech 3306 v1.1 for RF64.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from countermark.errors import UnsupportedSound
from countermark.sound import chunks
from countermark.sound.chunks import Chunk, damaged
from countermark.sound.samples import Encoding

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LOW_FREQUENCIES: Final = 0x8  # in the mask of loudspeakers


@dataclass(frozen=True, slots=True)
class Wave:
    """What a file holds, by where it lies.

    `is_long`: RF64. `data`: of `chunks`, the one with the samples, without a last part of one.
    `end`: of the last chunk. `low_frequencies`: the channel for low tones, if there is one.
    """

    is_long: bool
    chunks: list[Chunk]
    data: Chunk
    end: int
    encoding: Encoding
    rate: int
    low_frequencies: int | None


def is_wave(head: bytes) -> bool:
    """Whether a file that begins like this is WAV or RF64."""
    return head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"


def read_wave(file: BinaryIO) -> Wave:
    """Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples."""
    file.seek(0)
    is_long = file.read(4) == b"RF64"
    found, end = chunks.read_chunks(file, "<")
    formats = [chunk for chunk in found if chunk.name == b"fmt "]
    contents = [chunk for chunk in found if chunk.name == b"data"]
    if len(formats) != 1 or len(contents) != 1:
        raise damaged("The WAV file has not one chunk 'fmt ' and one chunk 'data'.")
    encoding, rate, low_frequencies = encoding_of(chunks.read(file, formats[0]))
    whole = contents[0].size - contents[0].size % encoding.frame_bytes
    if not whole:
        raise damaged("The WAV file holds no samples.")
    data = replace(contents[0], size=whole)  # a part of a frame is no sample
    found[found.index(contents[0])] = data
    return Wave(is_long, found, data, end, encoding, rate, low_frequencies)


def encoding_of(content: bytes) -> tuple[Encoding, int, int | None]:
    """What a chunk `fmt ` says: the samples, their rate, and the channel for low tones if any.

    Raises `UnreadableSound`, `UnsupportedSound`.
    """
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
