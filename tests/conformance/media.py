"""The samples of Netpbm pictures (P5, P6) and WAV sounds, by the standard library alone."""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_FLOAT = 3
_PCM = 1


class Unreadable(Exception):
    """Says what is wrong with a file, as the end of a sentence."""


@dataclass(frozen=True)
class Samples:
    """`form`: all else that a file says; `step`: what counts as one `unit` of difference."""

    form: str
    values: Sequence[float]
    step: float
    unit: str


def samples(path: Path) -> Samples:
    """What a file holds; raises `Unreadable`."""
    content = path.read_bytes()
    return _sound(content) if content[:4] == b"RIFF" else _picture(content)


def _picture(content: bytes) -> Samples:
    head = re.match(rb"(P[56])\s+(\d+)\s+(\d+)\s+(\d+)\s", content)
    if head is None:
        raise Unreadable("is neither Netpbm (P5, P6) nor WAV")
    kind = head[1].decode()
    width, height, highest = (int(head[number]) for number in (2, 3, 4))
    if highest not in (255, 65535):
        raise Unreadable(f"has {highest} grey levels, not 255 or 65535")
    count = width * height * (3 if kind == "P6" else 1)
    body = content[head.end() :]
    if len(body) != count * (1 if highest == 255 else 2):
        raise Unreadable("is not as long as its head says")
    values = array("B" if highest == 255 else "H", body)
    if highest == 65535 and sys.byteorder == "little":
        values.byteswap()  # the highest byte first
    form = f"a {kind} picture of {width} x {height} with {highest} levels"
    return Samples(form, values, highest / 255, "grey levels of 256")


def _sound(content: bytes) -> Samples:
    chunks = dict(_chunks(content))
    if content[8:12] != b"WAVE" or len(chunks.get(b"fmt ", b"")) < 16 or b"data" not in chunks:
        raise Unreadable("is no WAV file")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunks[b"fmt "][:16])
    body = chunks[b"data"]
    whole: Sequence[float]
    if (code, bits) == (_PCM, 16):
        whole, step = _words(body, "h"), 1.0
    elif (code, bits) == (_PCM, 24):
        whole = [
            int.from_bytes(body[at : at + 3], "little", signed=True)
            for at in range(0, len(body) - 2, 3)
        ]
        step = 256.0
    elif (code, bits) == (_FLOAT, 32):
        whole, step = _words(body, "f"), 1 / 32768
    else:
        raise Unreadable(f"is WAV of kind {code} with {bits} bits")
    form = f"a WAV of {len(whole)} samples, {channels} channels, {rate} Hz, {bits} bits"
    return Samples(form, whole, step, "steps of 16 bits")


def _words(body: bytes, kind: str) -> array[float]:
    values: array[float] = array(kind)
    values.frombytes(body[: len(body) // values.itemsize * values.itemsize])
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        found.append((name, content[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found
