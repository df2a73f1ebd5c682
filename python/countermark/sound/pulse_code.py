"""Where the plain samples of a file lie, whatever its format: WAV, RF64, AIFF, AIFF-C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from countermark.sound import chunks
from countermark.sound.aiff import is_aiff, read_aiff
from countermark.sound.samples import Encoding, Samples
from countermark.sound.wave import is_wave, read_wave


@dataclass(frozen=True, slots=True)
class PulseCode:
    """`start`, `size`: of the samples in the file, in bytes. `rate`: in Hz."""

    start: int
    size: int
    encoding: Encoding
    rate: int

    @property
    def length(self) -> int:
        """Samples in each channel."""
        return self.size // self.encoding.frame_bytes

    def samples(self, file: BinaryIO) -> Iterator[Samples]:
        """All of them, in short blocks."""
        multiple = self.encoding.frame_bytes
        for piece in chunks.pieces(file, self.start, self.size, multiple=multiple):
            yield self.encoding.decode(piece)


def find_samples(file: BinaryIO) -> PulseCode | None:
    """Those of a file; None when it is of no such format.

    Raises `UnreadableSound`, and `UnsupportedSound` for what is not plain samples.
    """
    file.seek(0)
    head = file.read(12)
    if is_wave(head):
        wave = read_wave(file)
        return PulseCode(wave.data.start, wave.data.size, wave.encoding, wave.rate)
    if is_aiff(head):
        aiff = read_aiff(file)
        start, size = aiff.sound.start + aiff.offset, aiff.sound.size - aiff.offset
        return PulseCode(start, size, aiff.encoding, aiff.rate)
    return None
