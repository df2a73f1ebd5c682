"""How much of a marked text is needed to read it, and what edits leave of the mark.

    python -m bench.tokens.detectability --texts 60 > bench/results/tokens.md

Texts of 800 tokens, each with a payload and a key of its own, by the model of known entropy and,
where `textgenrnn` is installed, by that small network for characters at temperatures 0.5 and 1.
Read is the first part of each after a share of its tokens was replaced by others, or deleted, or
had others put between, at places drawn for it. A text counts as seen when its p-value is at most
1e-6, and as read when the payload is right too.
"""

import argparse
import importlib.util
import itertools
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import numpy.typing as npt

from bench.machine import provenance
from bench.tokens.models import CharacterModel, Model, Written, ZipfModel, marking, write
from countermark import tokens

LENGTHS = (100, 200, 400, 800)
ENTROPIES = (0.5, 1.0, 2.0, 3.0)
TEMPERATURES = (0.5, 1.0)
Tokens = npt.NDArray[np.int64]
Edit = Callable[[Tokens, int, np.random.Generator], Tokens]


def replaced(share: float) -> Edit:
    def edit(text: Tokens, vocabulary: int, chance: np.random.Generator) -> Tokens:
        others = chance.integers(1, vocabulary, len(text))
        return np.where(chance.random(len(text)) < share, others, text)

    return edit


def deleted(share: float) -> Edit:
    return lambda text, _, chance: text[chance.random(len(text)) >= share]


def inserted(share: float) -> Edit:
    def edit(text: Tokens, vocabulary: int, chance: np.random.Generator) -> Tokens:
        places = np.flatnonzero(chance.random(len(text)) < share)
        return np.insert(text, places, chance.integers(1, vocabulary, len(places)))

    return edit


EDITS: dict[str, Edit] = {
    "none": replaced(0),
    **{f"{share:.0%} replaced": replaced(share) for share in (0.1, 0.2, 0.3, 0.4)},
    "10% deleted": deleted(0.1),
    "10% inserted": inserted(0.1),
}


def names() -> list[str]:
    known = [f"Zipf {entropy:g}" for entropy in ENTROPIES]
    if importlib.util.find_spec("textgenrnn") is None:
        return known
    return known + [f"textgenrnn {temperature:g}" for temperature in TEMPERATURES]


def open_model(name: str) -> tuple[Model, list[int], int]:
    """The model, what a text begins with, and how many tokens there are."""
    kind, number = name.split()
    if kind == "Zipf":
        return ZipfModel(float(number), seed=1), [0], ZipfModel.VOCABULARY
    model = CharacterModel(float(number))
    return model, model.beginning, len(model.numbers)


def key_of(number: int) -> bytes:
    return np.random.default_rng([3, number]).bytes(16)


def rows(name: str, count: int) -> list[str]:
    model, prompt, vocabulary = open_model(name)
    texts = [
        write(model, max(LENGTHS), prompt=prompt, choose=marking(1000 + n, key_of(n), n))
        for n in range(count)
    ]
    told = f"{name} | {mean(texts, 'entropy'):.2f} | {mean(texts, 'loss'):.2f}"
    lines = []
    for edit, change in EDITS.items():
        cells = [cell(texts, change, length, vocabulary) for length in LENGTHS]
        lines.append(f"| {told} | {edit} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10)
    parser.add_argument("models", nargs="*", help="such as 'Zipf 1'; all unless some are named")
    arguments = parser.parse_args()
    count, models = arguments.texts, arguments.models or names()
    print(f"# Marks of texts, seen and read\n\n{provenance()}\n")
    print(f"Percent of {count} texts seen / read, by tokens that are looked at.\n")
    print("| model | entropy | loss | edit | " + " | ".join(map(str, LENGTHS)) + " |")
    print("|---|---:|---:|---|" + "---:|" * len(LENGTHS), flush=True)
    with ProcessPoolExecutor(3) as pool:
        for lines in pool.map(rows, models, itertools.repeat(count)):
            print("\n".join(lines), flush=True)
    print("\n" + __doc__[__doc__.index("Texts of") :].strip())


def mean(texts: list[Written], name: str) -> float:
    return float(np.mean([getattr(text, name) for text in texts]))


def cell(texts: list[Written], change: Edit, length: int, vocabulary: int) -> str:
    seen = read = 0
    for number, text in enumerate(texts):
        chance = np.random.default_rng([4, number])
        part = change(np.array(text.tokens[:length]), vocabulary, chance)
        found = tokens.detect(part, key=key_of(number))
        if found.p_value <= 1e-6:
            seen += 1
            read += found.payload == 1000 + number
    return f"{100 * seen / len(texts):.0f} / {100 * read / len(texts):.0f}"


if __name__ == "__main__":
    main()
