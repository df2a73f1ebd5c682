"""How often a message is read that nobody put there: it must be never.

Each detection looks, with the published key, at a window of its own: a picture, a place, a size and
a scale drawn for it. Half of the windows carry no mark, half one under another key: there nothing
may be read. A tenth as many more carry a mark under the published key, as a control; for effort
"full" they are turned by any angle.

Detections are made in shards, each drawn from its own seed and written to the journal as it ends.
A run adds what is missing, so that 100,000 detections can be made in pieces. Shards of another
core stay in the journal but do not count.
"""

import collections
import functools
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from bench import corpus
from bench.watermark.attacks import Pixels
from bench.watermark.shares import Share
from bench.watermark.systems import countermark
from bench.watermark.workers import workers
from countermark import watermark

Effort: TypeAlias = Literal["aligned", "full"]
Kind: TypeAlias = Literal["no mark", "mark under another key", "mark, the control"]

JOURNAL = Path("bench/results/false_positives.jsonl")
SHARD: dict[Effort, int] = {"aligned": 5000, "full": 500}  # detections where nothing may be read
CONTROLS = 10  # one control for so many of these
BOUND = 2048  # longest side of a picture
SHORTEST, LONGEST = 200, 1000  # side of a window
SCALES = (0.7, 1.5)


@dataclass(slots=True)
class Counts:
    """Of windows of one kind.

    Attributes:
        windows: Looked at.
        read: In which a message was read.
        bound: The highest probability of a false positive that a detection stated.
        scores: How many pilots had this height, in tenths of a standard deviation. Where nothing
            was read it is the highest of all placements that were looked at closely.
    """

    windows: int = 0
    read: int = 0
    bound: float = 0.0
    scores: dict[int, int] = field(default_factory=dict)

    def add(self, seen: watermark.Inspection) -> None:
        """One more window."""
        self.windows += 1
        tenths = int(10 * seen.score)
        self.scores[tenths] = self.scores.get(tenths, 0) + 1
        if seen.detection is not None:
            self.read += 1
            self.bound = max(self.bound, seen.detection.false_positive_rate)


@dataclass(frozen=True, slots=True)
class Shard:
    """Detections drawn from one seed, and the core that made them."""

    core: str
    effort: Effort
    seed: int
    kinds: dict[Kind, Counts]


def run(wanted: dict[Effort, int], processes: int) -> None:
    """Makes what the journal lacks of these numbers of detections."""
    core = countermark().version
    done = {(shard.effort, shard.seed) for shard in journal() if shard.core == core}
    tasks = [
        (effort, seed)
        for effort, detections in wanted.items()
        for seed in range(-(-detections // SHARD[effort]))
        if (effort, seed) not in done
    ]
    if not tasks:
        return
    JOURNAL.parent.mkdir(parents=True, exist_ok=True)
    with workers(processes) as pool, JOURNAL.open("a") as file:
        for shard in pool.map(_shard, itertools.repeat(core), *zip(*tasks, strict=True)):
            file.write(json.dumps(asdict(shard)) + "\n")
            file.flush()


def journal() -> list[Shard]:
    """All shards made so far, by any core."""
    if not JOURNAL.exists():
        return []
    return [_from_json(line) for line in JOURNAL.read_text().splitlines()]


def _from_json(line: str) -> Shard:
    values = json.loads(line)
    kinds = {
        kind: Counts(**counts | {"scores": {int(k): n for k, n in counts["scores"].items()}})
        for kind, counts in values.pop("kinds").items()
    }
    return Shard(**values, kinds=kinds)


def _shard(core: str, effort: Effort, seed: int) -> Shard:
    chance = np.random.default_rng((seed, SHARD[effort]))
    kinds: dict[Kind, Counts] = collections.defaultdict(Counts)
    for kind, pixels in _windows(effort, chance):
        kinds[kind].add(watermark.inspect(pixels, effort=effort))
    return Shard(core, effort, seed, dict(kinds))


def _windows(effort: Effort, chance: np.random.Generator) -> Iterator[tuple[Kind, Pixels]]:
    for place in range(SHARD[effort] // 2):
        yield "no mark", window(chance)
        yield "mark under another key", _marked(window(chance), chance.bytes(16), chance)
        if place % (CONTROLS // 2) == 0:
            control = _marked(window(chance), watermark.DEFAULT_KEY, chance)
            if effort == "full":
                angle = chance.uniform(0, 360)
                turned = Image.fromarray(control).rotate(angle, Image.Resampling.BILINEAR)
                control = np.array(turned)
            yield "mark, the control", control


@functools.cache
def _pictures() -> list[Pixels]:
    return [corpus.pixels(file, BOUND) for file in corpus.files()]


def window(chance: np.random.Generator, side: int | None = None) -> Pixels:
    """A rectangle of one of the pictures, at another scale; or a square of this side."""
    picture = _pictures()[chance.integers(len(_pictures()))]
    height, width = (min(int(chance.integers(SHORTEST, LONGEST)), n) for n in picture.shape[:2])
    if side is not None:
        height = width = min(height, width)
    top = chance.integers(0, picture.shape[0] - height + 1)
    left = chance.integers(0, picture.shape[1] - width + 1)
    scale = chance.uniform(*SCALES)
    size = (int(width * scale), int(height * scale)) if side is None else (side, side)
    part = Image.fromarray(picture[top : top + height, left : left + width])
    return np.array(part.resize(size))


def _marked(pixels: Pixels, key: bytes, chance: np.random.Generator) -> Pixels:
    """With any message under this key."""
    payload = int(chance.integers(0, 2**64, dtype=np.uint64))
    return np.asarray(watermark.embed(pixels, payload, key=key))


def table() -> str:
    """One row for each effort and kind of window, of all shards that this core made."""
    core = countermark().version
    shards = [shard for shard in journal() if shard.core == core]
    sums: dict[tuple[Effort, Kind], list[Counts]] = collections.defaultdict(list)
    for shard in shards:
        for kind, counts in shard.kinds.items():
            sums[shard.effort, kind].append(counts)
    rows = [
        "| effort | window with | windows | read | of windows, 95 % interval "
        "| score: lowest, median, highest | highest stated bound |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    rows += [_row(effort, kind, counts) for (effort, kind), counts in sorted(sums.items())]
    return "\n".join(rows)


def _row(effort: Effort, kind: Kind, parts: list[Counts]) -> str:
    windows, read = (
        sum(values) for values in zip(*((p.windows, p.read) for p in parts), strict=True)
    )
    scores: collections.Counter[int] = collections.Counter()
    for part in parts:
        scores.update(part.scores)
    low, high = Share(read, windows).interval
    heights = sorted(scores.elements())
    height = (
        f"{heights[0] / 10:.1f}, {heights[len(heights) // 2] / 10:.1f}, {heights[-1] / 10:.1f}"
        if heights
        else ""
    )
    bound = max(part.bound for part in parts)
    cells = [effort, kind, windows, read, f"{low:.2g} to {high:.2g}", height]
    return f"| {' | '.join(map(str, cells))} | {f'{bound:.1e}' if bound else ''} |"


def summary() -> str:
    """What counts, and what does not."""
    core = countermark().version
    shards = journal()
    ours = sum(shard.core == core for shard in shards)
    return (
        f"- Core: {core}, {ours} shards of the journal; {len(shards) - ours} shards were made by "
        f"other cores and do not count\n- Windows from {len(corpus.files())} pictures"
    )
