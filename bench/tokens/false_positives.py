"""How often a text that bears no mark seems to bear one.

    python -m bench.tokens.false_positives --windows 100000 \
        > bench/results/tokens_false_positives.md

Each window is 8 to 16 tokens of a text without a mark, one in a hundred 200: half are words and
signs of the files of this repository, from a place drawn for it, half come from the model of
`bench.tokens.models` by other chance. Half are read with the published key, half with a key drawn
for the window.
"""

import argparse
import re
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.machine import provenance
from bench.tokens.models import ZipfModel
from countermark import tokens

PART = 1000
LEVELS = (0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
Tokens = npt.NDArray[np.uint32]


@cache
def written_by_people() -> Tokens:
    """Words and signs of the repository's own documents and programs, numbered as they appear."""
    numbers: dict[str, int] = {}
    places = sorted([*Path("docs").glob("*.md"), *Path("python").rglob("*.py")])
    words = (word for path in places for word in re.findall(r"\w+|\S", path.read_text("utf-8")))
    return np.array([numbers.setdefault(word, len(numbers)) for word in words], np.uint32)


@cache
def written_by_model(count: int) -> Tokens:
    model, chance = ZipfModel(2.0, seed=5), np.random.default_rng(6)
    return np.array([model.draw(chance) for _ in range(count)], np.uint32)


def p_values(part: int) -> npt.NDArray[np.float64]:
    """Of the windows of one part, which are drawn from its own seed."""
    chance = np.random.default_rng([7, part])
    sources = written_by_people(), written_by_model(20_000)
    found = np.empty(PART)
    for window in range(PART):
        source = sources[window % 2]
        length = 200 if window % 100 < 1 else int(chance.integers(8, 17))
        begin = int(chance.integers(len(source) - length))
        key = tokens.DEFAULT_KEY if window // 2 % 2 else chance.bytes(16)
        found[window] = tokens.detect(source[begin : begin + length], key=key).p_value
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=1000)
    windows = parser.parse_args().windows
    with ProcessPoolExecutor(10) as pool:
        found = np.concatenate(list(pool.map(p_values, range(-(-windows // PART)))))[:windows]
    print(f"# Marks seen in texts without one\n\n{provenance()}\n")
    print("| p at most | windows | of all | allowed |\n|---|---:|---:|---:|")
    for level in LEVELS:
        count = int((found <= level).sum())
        print(f"| {level:g} | {count} | {count / windows:.2g} | {level:g} |")
    print(f"\n{windows} windows; the least p is {found.min():.2g}.")
    print(__doc__[__doc__.index("Each window") :].strip())


if __name__ == "__main__":
    main()
