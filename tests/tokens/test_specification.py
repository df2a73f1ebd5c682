"""docs/text_generation.md is enough to draw and to read: this is written from it alone.

tests/vectors/text.txt are its numbers.
"""

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from countermark.tokens import DEFAULT_KEY, detect

VECTORS = Path(__file__).parents[1] / "vectors/text.txt"
MASK = 0xFFFFFFFF
VOCABULARY = 128256

Words = npt.NDArray[np.uint64]


def threefry(counter: list[int], key: list[int]) -> list[int]:
    rotations = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
    schedule = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + k) & MASK for c, k in zip(counter, key, strict=True)]
    for r in range(20):
        pairs = ((0, 1), (2, 3)) if r % 2 == 0 else ((0, 3), (2, 1))
        for (a, b), turn in zip(pairs, rotations[r % 8], strict=True):
            x[a] = (x[a] + x[b]) & MASK
            x[b] = ((x[b] << turn | x[b] >> (32 - turn)) & MASK) ^ x[a]
        if r % 4 == 3:
            n = (r + 1) // 4
            x = [(v + schedule[(n + i) % 5]) & MASK for i, v in enumerate(x)]
            x[3] = (x[3] + n) & MASK
    return x


def seed(key: bytes, context: list[int], message: int) -> list[int]:
    a, b, c, d = threefry([*context, 0x54584554], np.frombuffer(key, "<u4").tolist())
    return [a, b | 1, (c + message * 0x9E3779B1) & MASK, d | 1]


def draws(words: list[int], tokens: Words) -> Words:
    a, b, c, d = (np.uint64(word) for word in words)
    mask = np.uint64(MASK)
    x = (tokens * np.uint64(0x85EBCA6B) + a) & mask
    x = ((x ^ x >> np.uint64(16)) * b) & mask
    x = ((x ^ x >> np.uint64(15)) + c) & mask
    x = ((x ^ x >> np.uint64(16)) * np.uint64(0x7FEB352D)) & mask
    return ((x ^ x >> np.uint64(15)) * d) & mask


def marked(count: int, key: bytes, message: int) -> list[int]:
    """The text of the vectors: at each place the token with the least draw of eight."""
    text: list[int] = []
    for place in range(count):
        candidates = (place * 7919 + np.arange(8) * 104729) % VOCABULARY
        choice = 0
        if place >= 3:
            drawn = draws(seed(key, text[-3:], message), candidates.astype(np.uint64))
            choice = int(drawn.argmin())
        text.append(int(candidates[choice]))
    return text


def score(text: list[int], key: bytes, message: int) -> float:
    """In bits, the logarithm straight between powers of two; each context counts once."""
    first: dict[tuple[int, ...], int] = {}
    for at in range(3, len(text)):
        first.setdefault(tuple(text[at - 3 : at]), text[at])
    total = 0.0
    for context, token in first.items():
        drawn = draws(seed(key, list(context), message), np.array([token], np.uint64))
        odd = int(drawn[0]) >> 8 | 1
        exponent = odd.bit_length() - 1
        mantissa = int((odd / 2**exponent - 1) * 256) / 256
        total += 24 - (exponent + mantissa)
    return total


@cache
def moments() -> npt.NDArray[np.float64]:
    """Logarithms of the means of 2^(i / 64 * score) over all draws."""
    odd = np.arange(1, 1 << 24, 2)
    exponents = np.floor(np.log2(odd))
    scores = 24 - exponents - np.floor((odd / 2**exponents - 1) * 256) / 256
    values, counts = np.unique(scores, return_counts=True)
    return np.log2([np.sum(counts / len(odd) * 2 ** (i / 64 * values)) for i in range(64)])


def chance(bits: float, tokens: int) -> float:
    """The bound for one message."""
    return float(2 ** (tokens * moments() - np.arange(64) / 64 * bits).min())


def crc(words: npt.ArrayLike) -> int:
    return zlib.crc32(np.asarray(words, "<u4").tobytes())


def vectors() -> list[str]:
    lines = VECTORS.read_text(encoding="ascii").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("line", vectors())
def test_numbers_are_those_of_the_vectors(line: str) -> None:
    fields = line.split()
    first, payload, variant, *words, draw_crc = (int(field, 16) for field in fields[:8])
    count, text_crc, message = int(fields[8]), int(fields[9], 16), int(fields[10], 16)
    used, p_value = int(fields[11]), float(fields[12])
    key = bytes([first]) + DEFAULT_KEY[1:]
    assert message == payload << 4 | variant
    assert seed(key, [1, 128255, MASK], message) == words
    assert crc(draws(words, np.arange(VOCABULARY, dtype=np.uint64))) == draw_crc
    text = marked(count, key, message)
    assert crc(text) == text_crc
    found = detect(text, key=key)
    assert (found.payload, found.tokens_used) == (payload, used)
    assert found.p_value == pytest.approx(p_value, rel=1e-6)
    bound = min(1.0, 2**20 * chance(score(text, key, message), used))
    assert found.p_value == pytest.approx(bound, rel=1e-3)
