"""Texts: tokens that a key chose, as numbers."""

from __future__ import annotations

import numpy as np
from implementations import library
from making.cases import PUBLISHED, VECTORS, Cases
from making.pictures import SECRET

from countermark.tokens import Sampler, TextWatermark

VOCABULARY = 3000


def detecting(cases: Cases) -> None:
    """Texts with the mark and without."""
    generator = np.random.default_rng(7)
    write("unmarked.tokens", generator.integers(0, VOCABULARY, 300).tolist())
    for name, payload, key in (
        ("marked.tokens", 0xBEEF, PUBLISHED),
        ("keyed.tokens", 0, SECRET),
    ):
        watermark = TextWatermark(payload, key=bytes.fromhex(key))
        write(name, text(Sampler(watermark, 1, seed=11), 160))
    whole = (VECTORS / "marked.tokens").read_text().split()
    write("part.tokens", [int(word) for word in whole[37:137]])
    write("short.tokens", [int(word) for word in whole[:5]])

    def expect(title: str, name: str, answer: str, key: str = PUBLISHED) -> None:
        told = library.detect_text({"tokens": str(VECTORS / name), "key": key})
        assert told == answer, (title, told)
        cases.add(title, f"detect-text tokens={name} key={key}", answer)

    cases.group("detect-text")
    expect("a marked text", "marked.tokens", "ok payload=beef")
    expect("a part of it", "part.tokens", "ok payload=beef")
    expect("a key of one's own, the first payload", "keyed.tokens", "ok payload=0000", SECRET)
    expect("another key than that of the mark", "keyed.tokens", "none")
    expect("not marked", "unmarked.tokens", "none")
    expect("too short for anything", "short.tokens", "none")
    request = f"detect-text tokens=marked.tokens key={PUBLISHED[:30]}"
    cases.add("a key of 15 bytes", request, "refused")


def text(sampler: Sampler, length: int) -> list[int]:
    """As a model writes it whose every next token is one of 40, all alike."""
    generator = np.random.default_rng(5)
    written: list[int] = []
    for _ in range(length):
        scores = np.full((1, VOCABULARY), -np.inf)
        scores[0, generator.integers(0, VOCABULARY, 40)] = 0
        row = np.array([written], np.int64)
        written.append(int(sampler.choose(row, scores)[0]))
    return written


def write(name: str, tokens: list[int]) -> None:
    """In decimal, some to a line."""
    lines = [tokens[at : at + 16] for at in range(0, len(tokens), 16)]
    text = "".join(" ".join(map(str, line)) + "\n" for line in lines)
    (VECTORS / name).write_text(text, encoding="utf-8", newline="\n")
