r"""Speech on its way out, marked while it is made: raw samples, and WAV without a length.

>>> head = b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
>>> class Louder:
...     push = staticmethod(lambda samples: samples * 2)
>>> body = WaveBody(lambda encoding, rate: PlainBody(encoding, Louder()))
>>> parts = [body.push(part) for part in (head[:30], head[30:] + b"data", bytes(4) + b"\1\0\2")]
>>> parts[2] == head + b"data" + bytes(4) + b"\2\0"
True
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from countermark.errors import AnswerRefused
from countermark.sound.samples import Encoding
from countermark.sound.wave import encoding_of

PCM16: Final = Encoding("signed", 2, 1)

_MAX_HEAD: Final = 1 << 16


class Embedder(Protocol):
    """As `marking.LiveSound`."""

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def finish(self) -> NDArray[np.float32]: ...


class Body(Protocol):
    """Bytes in, marked bytes out."""

    def push(self, content: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class PlainBody:
    """Samples and nothing else."""

    def __init__(self, encoding: Encoding, embedder: Embedder) -> None:
        self._encoding, self._embedder = encoding, embedder
        self._rest = b""

    def push(self, content: bytes) -> bytes:
        content = self._rest + content
        whole = len(content) - len(content) % self._encoding.frame_bytes
        self._rest = content[whole:]
        if not whole:
            return b""
        return self._encoding.encode(self._embedder.push(self._encoding.decode(content[:whole])))

    def finish(self) -> bytes:
        """A part of a frame at the end is no sound, and left out."""
        return self._encoding.encode(self._embedder.finish())


class WaveBody:
    """A WAV file whose head states no length, or any; its samples run to the end.

    `begin`: makes the body of the samples, from their encoding and rate.
    """

    def __init__(self, begin: Callable[[Encoding, int], Body]) -> None:
        self._begin = begin
        self._head = b""
        self._samples: Body | None = None

    def push(self, content: bytes) -> bytes:
        if self._samples is not None:
            return self._samples.push(content)
        self._head += content
        found = data_of(self._head)
        if found is None:
            if len(self._head) > _MAX_HEAD:
                raise _damaged()
            return b""
        start, encoding, rate = found
        self._samples = self._begin(encoding, rate)
        return self._head[:start] + self._samples.push(self._head[start:])

    def finish(self) -> bytes:
        if self._samples is None:
            raise _damaged()
        return self._samples.finish()


def data_of(head: bytes) -> tuple[int, Encoding, int] | None:
    """Where the samples begin, and what they are; None while the head is not all there."""
    if len(head) >= 12 and (head[:4] != b"RIFF" or head[8:12] != b"WAVE"):
        raise _damaged()
    place, stated = 12, None
    while len(head) >= place + 8:
        name, (size,) = head[place : place + 4], struct.unpack_from("<I", head, place + 4)
        place += 8
        if name == b"data":
            if stated is None:
                raise _damaged()
            return place, *stated
        if name == b"fmt " and len(head) >= place + size:
            encoding, rate, _ = encoding_of(head[place : place + size])
            stated = encoding, rate
        place += size + size % 2
    return None


def _damaged() -> AnswerRefused:
    return AnswerRefused("The answer is not the WAV file that it says.", remedy="Mend the server.")
