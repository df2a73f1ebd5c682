"""How samples lie in a file of pulse code, and what they are as numbers.

>>> import numpy as np
>>> Encoding("signed", 2, 1).encode(np.array([[0.5]], np.float32)).hex()
'0040'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

_INTEGERS: Final = {1: "i1", 2: "i2", 4: "i4"}


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

    def decode(self, content: bytes) -> npt.NDArray[np.float32]:
        """Shape (length, channels), full scale 1; a last frame that is not whole is left out."""
        numbers: npt.NDArray[Any]
        usable = len(content) - len(content) % self.frame_bytes
        content = content[:usable]
        if self.kind == "float":
            numbers = np.frombuffer(content, f"{self.order}f{self.size}").astype(np.float32)
        elif self.kind == "unsigned":
            numbers = (np.frombuffer(content, "u1").astype(np.float32) - 128) / 128
        else:
            numbers = self._integers(content) / np.float32(2 ** (8 * self.size - 1))
        return numbers.reshape(-1, self.channels)

    def _integers(self, content: bytes) -> npt.NDArray[Any]:
        if self.size != 3:
            return np.frombuffer(content, f"{self.order}{_INTEGERS[self.size]}").astype(np.float32)
        three = np.frombuffer(content, "u1").reshape(-1, 3)
        four = np.zeros((len(three), 4), "u1")
        four[:, 1:] = three if self.order == "<" else three[:, ::-1]
        return four.view("<i4")[:, 0].astype(np.float32) / 256

    def encode(self, samples: npt.NDArray[np.float32]) -> bytes:
        """The bytes of such samples, rounded, and cut off at full scale."""
        return self._numbers(samples).tobytes()

    def _numbers(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        if self.kind == "float":
            return samples.astype(f"{self.order}f{self.size}")
        full = 2 ** (8 * self.size - 1)
        numbers = np.rint(samples.astype(np.float64) * full).clip(-full, full - 1).astype(np.int64)
        unused = 8 * self.size - (self.depth or 8 * self.size)
        numbers = numbers >> unused << unused
        if self.kind == "unsigned":
            return (numbers + 128).astype("u1")
        if self.size != 3:
            return numbers.astype(f"{self.order}{_INTEGERS[self.size]}")
        three = numbers.astype("<i4").reshape(-1, 1).view("u1").reshape(-1, 4)[:, :3]
        return three if self.order == "<" else three[:, ::-1]
