"""How often a message is read that nobody put there: it must be never.

    python -m bench.audio.false_positives --aligned 100000 --full 2000 \
        > bench/results/audio_false_positives.md

Each detection looks, with the published key, at a window of its own: a sound of the corpus, a
place, a length, a rate, a gain, a filter and a noise drawn for it; for effort "full" also a speed.
Half of the windows carry no mark, half one under another key: there nothing may be read. A tenth as
many more carry a mark under the published key, as a control.

Detections are made in shards, each drawn from its own seed and written to the journal as it ends. A
run adds what is missing, so that it can be stopped at any time, and others go on. Shards of another
format, as the golden vectors tell, stay in the journal but do not count. A window takes 20 to 40 ms
at effort "aligned", which looks for the first layer at the speed of the sound, and up to 0.1 s at
effort "full".
"""

import argparse
import collections
import functools
import hashlib
import itertools
import json
import math
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from bench.audio import clips
from bench.audio.clips import Samples
from bench.audio.listener import Heard, Listener
from bench.corpus import CORPUS
from bench.machine import provenance
from bench.watermark.shares import Share
from countermark import audio

JOURNAL = Path("bench/results/audio_false_positives.jsonl")
#: Windows of a shard in which nothing may be read, and in seconds their lengths.
SHARD = {"aligned": 1000, "full": 50}
LENGTHS = {"aligned": (3.0, 6.0), "full": (3.0, 12.0)}
CONTROLS = 10  # one control for so many of these
RATES = (8000, 16_000, 44_100)
SPEEDS = (0.93, 1.07)

#: Heights from which on so many words are tried in a reading (docs/audio.md, section 8).
WORDS = {6.5: 64, 7.0: 512, 8.0: 4096}
CHECKS = 2.0**-36  # chance of a word to fit the check bits and the variant
READINGS = 64  # at most, in one search
BOUND = 1e-8  # stated for everything that is accepted

Sounds = list[tuple[Samples, int]]


@dataclass(slots=True)
class Counts:
    """Of windows of one kind.

    Attributes:
        windows: Looked at.
        read: In which a message was read.
        bound: The highest probability of a false positive that was stated with one.
        scores: How many pilots had this height, in tenths of a deviation: that of the highest
            place at which one was looked for.
    """

    windows: int = 0
    read: int = 0
    bound: float = 0.0
    scores: dict[int, int] = field(default_factory=dict)

    def add(self, heard: Heard) -> None:
        """One more window."""
        self.windows += 1
        tenths = math.floor(10 * heard.score)
        self.scores[tenths] = self.scores.get(tenths, 0) + 1
        if heard.payload is not None:
            self.read += 1
            self.bound = max(self.bound, heard.false_positive_rate)

    def __add__(self, other: "Counts") -> "Counts":
        scores = collections.Counter(self.scores) + collections.Counter(other.scores)
        return Counts(
            self.windows + other.windows,
            self.read + other.read,
            max(self.bound, other.bound),
            dict(scores),
        )

    def above(self, height: float) -> int:
        """Windows whose pilot stood so high."""
        return sum(number for tenths, number in self.scores.items() if tenths >= 10 * height - 1e-6)


@dataclass(frozen=True, slots=True)
class Shard:
    """Detections drawn from one seed, and the format that they were made of."""

    format: str
    effort: str
    seed: int
    kinds: dict[str, Counts]


def run(wanted: dict[str, int], processes: int) -> None:
    """Makes what the journal lacks of these numbers of windows."""
    done = {(shard.effort, shard.seed) for shard in journal()}
    tasks = [
        (effort, seed)
        for effort, windows in wanted.items()
        for seed in range(-(-windows // SHARD[effort]))
        if (effort, seed) not in done
    ]
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context) as pool, JOURNAL.open("a") as file:
        for shard in pool.map(_shard, *zip(*tasks, strict=True)):
            file.write(json.dumps(asdict(shard)) + "\n")
            file.flush()


def journal() -> list[Shard]:
    """All shards of this format."""
    lines = JOURNAL.read_text().splitlines() if JOURNAL.exists() else []
    shards = map(json.loads, lines)
    return [
        Shard(
            values["format"],
            values["effort"],
            values["seed"],
            {kind: _counts(counts) for kind, counts in values["kinds"].items()},
        )
        for values in shards
        if values["format"] == pinned()
    ]


@functools.cache
def pinned() -> str:
    """Names the mark and its detector by the golden vectors of both."""
    files = sorted((Path(__file__).parents[2] / "tests/vectors").glob("audio*.txt"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _counts(values: dict[str, object]) -> Counts:
    counts = Counts(**values)
    counts.scores = {int(tenths): number for tenths, number in counts.scores.items()}
    return counts


def _shard(effort: str, seed: int) -> Shard:
    chance = np.random.default_rng((seed, SHARD[effort]))
    listeners = {
        (rate, channels): Listener(rate, channels, effort)
        for rate, channels in itertools.product(RATES, (1, 2))
    }
    kinds: dict[str, Counts] = collections.defaultdict(Counts)
    for kind, samples, rate in _windows(effort, chance):
        kinds[kind].add(listeners[rate, samples.shape[1]].hear(samples))
    return Shard(pinned(), effort, seed, dict(kinds))


def _windows(effort: str, chance: np.random.Generator) -> Iterator[tuple[str, Samples, int]]:
    plain = [clips.read(file) for file in sorted((CORPUS / "audio").glob("*.flac"))]
    pools = {
        "no mark": plain,
        "mark under another key": _marked(plain, chance.bytes(16), chance),
        "mark, the control": _marked(plain, audio.DEFAULT_KEY, chance),
    }
    *unmarked, control = pools
    for place in range(SHARD[effort] // 2):
        for kind in unmarked:
            yield kind, *window(pools[kind], effort, chance)
        if place % (CONTROLS // 2) == 0:
            yield control, *window(pools[control], effort, chance)


def _marked(sounds: Sounds, key: bytes, chance: np.random.Generator) -> Sounds:
    """Each with any message under this key."""
    return [
        (audio.embed(s, rate, int(chance.integers(0, 2**64, dtype=np.uint64)), key=key), rate)
        for s, rate in sounds
    ]


def window(sounds: Sounds, effort: str, chance: np.random.Generator) -> tuple[Samples, int]:
    """A piece of one of the sounds, resampled, filtered, with noise, louder or softer."""
    samples, own = sounds[chance.integers(len(sounds))]
    rate = int(chance.choice(RATES))
    speed = chance.uniform(*SPEEDS) if effort == "full" else 1.0
    step = speed * own / rate  # in frames of the sound
    count = int(min(chance.uniform(*LENGTHS[effort]) * rate, (len(samples) - 2) / step))
    places = chance.uniform(0, len(samples) - 1 - step * count) + step * np.arange(count)
    piece = samples[int(places[0]) : int(places[-1]) + 2]
    if chance.random() < 0.3:
        piece = piece.mean(1, keepdims=True)
    taps = np.append(1.0, chance.uniform(-0.4, 0.4, 2))
    noise = 10 ** chance.uniform(-3, -0.5)  # of the sound's level: 60 to 10 dB below it
    gain = chance.choice((-1, 1)) * chance.uniform(0.05, 0.7)
    channels = []
    for channel in piece.T:
        filtered = np.convolve(channel, taps, "same")
        resampled = np.interp(places - int(places[0]), np.arange(len(piece)), filtered)
        resampled += noise * resampled.std() * chance.standard_normal(count, np.float32)
        channels.append(np.clip(gain * resampled, -32768, 32767))
    return np.ascontiguousarray(np.rint(channels).T, np.int16), rate


def table() -> str:
    """One row for each effort and kind of window."""
    rows = [
        "| effort | window with | windows | read | of windows, 95 % interval "
        "| height of the pilot: lowest, median, highest | highest stated bound |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for (effort, kind), counts in sorted(_sums().items()):
        low, high = Share(counts.read, counts.windows).interval
        heights = sorted(collections.Counter(counts.scores).elements())
        cells = [
            effort,
            kind,
            counts.windows,
            counts.read,
            f"{low:.2g} to {high:.2g}",
            ", ".join(f"{heights[i] / 10:.1f}" for i in (0, len(heights) // 2, -1)),
            f"{counts.bound:.1e}" if counts.bound else "",
        ]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def chances() -> str:
    """How often words were tried where there is no mark, and what chance would make of them."""
    rows = [
        f"| effort | windows | {' | '.join(f'pilot at {h:g} or more' for h in WORDS)} "
        "| would fit the check bits, at most | would be read, at most |",
        "|---|---:|" + "---:|" * len(WORDS) + "---:|---:|",
    ]
    for effort in SHARD:
        kinds = [c for (e, kind), c in _sums().items() if e == effort and "control" not in kind]
        if not kinds:
            continue
        counts = sum(kinds, Counts())
        reached = [counts.above(height) for height in WORDS]
        only = [a - b for a, b in itertools.pairwise([*reached, 0])]
        words = sum(n * w for n, w in zip(only, WORDS.values(), strict=True)) * READINGS
        shares = [f"{number} ({100 * number / counts.windows:.1f} %)" for number in reached]
        cells = [effort, counts.windows, *shares, f"{words * CHECKS:.1g}"]
        rows.append(f"| {' | '.join(map(str, cells))} | {counts.windows * BOUND:.1g} |")
    return "\n".join(rows)


def _sums() -> dict[tuple[str, str], Counts]:
    sums: dict[tuple[str, str], Counts] = collections.defaultdict(Counts)
    for shard in journal():
        for kind, counts in shard.kinds.items():
            sums[shard.effort, kind] += counts
    return sums


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--aligned", type=int, default=0)
    parser.add_argument("--full", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    run({"full": arguments.full, "aligned": arguments.aligned}, arguments.processes)
    print("# Messages read in sounds where there are none\n")
    print(provenance())
    print(f"- Reads by the format and detector that the vectors {pinned()} pin\n")
    print(table(), end="\n\n")
    print(NOTES, end="\n\n")
    print(chances())


NOTES = """\
Windows are of the sounds of the corpus, resampled to 8,000, 16,000 or 44,100 a second, through a
random filter, with noise 60 to 10 dB below them, inverted or not; of 3 to 6 seconds at effort
"aligned", 3 to 12 and 7 % slower to 7 % faster at effort "full". The controls, made in the same
way, show what of such windows is read when the mark is there.

No count of windows shows a bound of 1e-8. What can be counted is how often the detector comes to
try words: the height of the pilot decides that, and how many. If all of its 64 readings tried as
many words as the highest of them, and only the 32 check bits and the 4 bits of the variant stood
against chance, so many windows would give a word. What is read must also be as like the sound as
chance makes it with a probability of 1e-8 in all searches of a detector (docs/audio.md, section 9),
so that so many are read. Heights are of the first layer; the
second, which effort "full" reads last, has the same bound and none that is told."""


if __name__ == "__main__":
    main()
