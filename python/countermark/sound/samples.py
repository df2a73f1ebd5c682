"""How samples lie in a file of pulse code, and what they are as numbers.

>>> import numpy as np
>>> Encoding("signed", 2, 1).encode(np.array([[0.5]], np.float32)).hex()
'0040'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]
"""Full scale is 1; shape (length, channels)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """`size` bytes a sample; `order` as NumPy has it.

    `depth`: the bits that count, from the top; those below them stay zero.
    """

    kind: Literal["unsigned", "signed", "float"]
    size: int
    channels: int
    order: Literal["<", ">"] = "<"
    depth: int | None = None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample in every channel."""
        return self.size * self.channels

    def decode(self, content: bytes) -> Samples:
        """Shape (length, channels), full scale 1; a last frame that is not whole is left out."""
        content = content[: len(content) - len(content) % self.frame_bytes]
        samples: Samples = self._from_bytes(content).astype(np.float32, copy=False)
        return samples.reshape(-1, self.channels)

    def _from_bytes(self, content: bytes) -> npt.NDArray[Any]:
        if self.kind == "float":
            return np.frombuffer(content, self._stored("f"))
        if self.kind == "unsigned":
            return (np.frombuffer(content, "u1").astype(np.float32) - 128) / 128
        scaled: npt.NDArray[Any] = self._integers(content) / np.float32(2 ** (8 * self.size - 1))
        return scaled

    def _stored(self, kind: str) -> np.dtype[Any]:
        return np.dtype(f"{self.order}{kind}{self.size}")

    def _integers(self, content: bytes) -> npt.NDArray[Any]:
        if self.size != 3:
            return np.frombuffer(content, self._stored("i")).astype(np.float32)
        three = np.frombuffer(content, "u1").reshape(-1, 3)
        four = np.zeros((len(three), 4), "u1")
        four[:, 1:] = three if self.order == "<" else three[:, ::-1]
        return four.view("<i4")[:, 0].astype(np.float32) / 256

    def encode(self, samples: npt.NDArray[np.float32]) -> bytes:
        """The bytes of such samples, rounded, and cut off at full scale."""
        return self._numbers(samples).tobytes()

    def _numbers(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        if self.kind == "float":
            return samples.astype(self._stored("f"))
        full = 2 ** (8 * self.size - 1)
        rounded = np.rint(samples.astype(np.float64) * full).clip(-full, full - 1)
        numbers: npt.NDArray[np.int64] = rounded.astype(np.int64)
        unused = 8 * self.size - (self.depth or 8 * self.size)
        numbers = numbers >> unused << unused
        if self.kind == "unsigned":
            return (numbers + 128).astype(np.uint8)
        if self.size != 3:
            return numbers.astype(self._stored("i"))
        four: npt.NDArray[Any] = numbers.astype("<i4").reshape(-1, 1).view(np.uint8)
        three = four.reshape(-1, 4)[:, :3]
        return three if self.order == "<" else three[:, ::-1]
