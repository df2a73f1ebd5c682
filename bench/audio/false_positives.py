"""How often a message is read that nobody put there: it must be never.

    python -m bench.audio.false_positives 2000 >> bench/results/audio_false_positives.jsonl

Each detection looks, at full effort and with the published key, at a window of its own: a sound of
the corpus, a beginning, 3 to 12 seconds and a speed drawn for it. In half of the windows there is
no mark, in half one under another key. One line is printed for each hundred; run it again with
another seed to add to them:

    python -m bench.audio.false_positives 2000 --seed 1
"""

import argparse
import json
import sys

import numpy as np

from bench.audio import clips
from bench.audio.clips import Samples
from bench.corpus import CORPUS
from countermark import audio

SHORTEST, LONGEST = 3.0, 12.0  # seconds
SPEEDS = (0.93, 1.07)
OTHER_KEY = bytes(range(16))
BATCH = 100

Sounds = list[tuple[Samples, int]]


def sounds() -> tuple[Sounds, Sounds]:
    """Without a mark, and with one under another key."""
    plain = [clips.read(file) for file in sorted((CORPUS / "audio").glob("*.flac"))]
    marked = [(audio.embed(s, rate, 99, key=OTHER_KEY), rate) for s, rate in plain]
    return plain, marked


def window(random: np.random.Generator, pool: Sounds) -> tuple[Samples, int]:
    samples, rate = pool[random.integers(len(pool))]
    frames = round(rate * random.uniform(SHORTEST, LONGEST))
    begin = random.integers(max(1, len(samples) - frames))
    played = round(rate * random.uniform(*SPEEDS))
    piece = samples[begin : begin + frames]
    gain = random.uniform(0.05, 1.0)
    return (gain * piece).astype(np.int16), min(192_000, max(8000, played))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("windows", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    plain, marked = sounds()
    random = np.random.default_rng(arguments.seed)
    for batch in range(0, arguments.windows, BATCH):
        counts = {"seed": arguments.seed, "batch": batch // BATCH, "windows": 0, "read": 0}
        for number in range(BATCH):
            samples, rate = window(random, marked if number % 2 else plain)
            counts["windows"] += 1
            counts["read"] += audio.detect(samples, rate) is not None
        print(json.dumps(counts))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
