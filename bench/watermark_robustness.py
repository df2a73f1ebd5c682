"""How many whole messages are read after each attack, and what the mark costs in quality.

    python bench/watermark_robustness.py [--pictures PATTERN] [--bound PIXELS] [--processes N]
    python bench/watermark_robustness.py --readme

Every picture carries another message of 64 bits. A message counts as read only when all its bits
are right; the detector is not told the picture, the attack or the message (effort "full").
Intervals are Wilson's, 95 %. Times are those of the processor, of one thread.
"""

import argparse
import itertools
import math
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
from attacks import ATTACKS, FAMILIES, Family, Pixels
from machine import provenance
from skimage.metrics import structural_similarity

from countermark import watermark

#: What the executable sketch of the algorithm read, before this core was written: of 18 pictures.
#: It read all 18 after every attack that is not listed.
SKETCH_PICTURES = 18
SKETCH_READ = {
    **dict.fromkeys((f"rotate {degrees}" for degrees in (2, 5, 10, 30, 45)), 17),
    **{"aspect 0.9": 16, "aspect 0.75": 16, "crop 0.32": 5, "crop 0.45": 16, "crop 0.55": 17},
    **{"perspective 0.1": 17, "perspective 0.2": 14, "perspective 0.3": 7, "perspective 0.5": 1},
    **{"brightness 2.0": 17, "jpeg 20": 16, "jpeg 10": 11},
    **{"webp 50": 16, "webp 20": 10, "avif 30": 10},
    **{"blur 17": 17, "median 7": 17, "noise 25": 17},
    **{f"jpeg {quality} + crop 0.71 + brightness 0.5": 17 for quality in (60, 40)},
    **{"rotate 10 + jpeg 50": 16, "resize 0.63 + crop 0.8 + jpeg 75 + gamma 1.2": 17},
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One detection: None when nothing was read, else whether it was the right message."""

    right: bool | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture: the quality of its mark, and what was read after each attack."""

    name: str
    psnr_db: float
    ssim: float
    readings: dict[str, Reading]


def measure(file: Path, bound: int, payload: int) -> Measured:
    """Marks a picture and reads it back after every attack."""
    picture = corpus.pixels(file, bound)
    marked = np.asarray(watermark.embed(picture, payload))
    error = np.mean((marked.astype(float) - picture) ** 2)
    ssim: float = structural_similarity(picture, marked, channel_axis=2)  # type: ignore[no-untyped-call]
    return Measured(
        file.stem,
        10 * math.log10(255**2 / error),
        ssim,
        {name: read(attack(marked), payload) for name, attack in ATTACKS.items()},
    )


def read(pixels: Pixels, payload: int) -> Reading:
    """Detects, and compares with the message that was embedded."""
    start = time.thread_time()
    found = watermark.detect(pixels)
    seconds = time.thread_time() - start
    return Reading(None if found is None else found.payload == payload, seconds)


def measure_all(files: list[Path], bound: int, processes: int) -> list[Measured]:
    """Measures the pictures side by side, in their order."""
    drawn = np.random.default_rng(0).integers(0, 2**64, len(files), np.uint64)
    payloads = [int(payload) for payload in drawn]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(measure, files, itertools.repeat(bound), payloads))


def wilson(count: int, total: int) -> tuple[float, float]:
    """Interval of a share that holds the true one with probability 95 % (Wilson, 1927)."""
    z = statistics.NormalDist().inv_cdf(0.975)
    middle = (count + z * z / 2) / (total + z * z)
    half = z / (total + z * z) * math.sqrt(count * (total - count) / total + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def right(measured: list[Measured], attack: str) -> int:
    """In how many pictures the right message was read."""
    return sum(picture.readings[attack].right is True for picture in measured)


def percent(share: float) -> str:
    """Without a fraction; 100 and 0 only for all and none."""
    return f"{min(99, max(1, round(100 * share))) if 0 < share < 1 else round(100 * share)} %"


def summary(measured: list[Measured], bound: int) -> str:
    """Quality, means and times in a few lines."""
    readings = [reading for picture in measured for reading in picture.readings.values()]
    psnr_db = [picture.psnr_db for picture in measured]
    ssim = [picture.ssim for picture in measured]
    found = [1000 * r.seconds for r in readings if r.right is not None]
    missed = [1000 * r.seconds for r in readings if r.right is None]
    shares = [right(measured, name) / len(measured) for name in ATTACKS]
    sketch = [SKETCH_READ.get(name, SKETCH_PICTURES) / SKETCH_PICTURES for name in ATTACKS]
    return "\n".join(
        [
            f"- Pictures: {len(measured)}, no side over {bound} px",
            f"- Quality: PSNR mean {statistics.mean(psnr_db):.1f} dB, lowest {min(psnr_db):.1f}, "
            f"highest {max(psnr_db):.1f}; SSIM mean {statistics.mean(ssim):.4f}, "
            f"lowest {min(ssim):.4f}",
            f"- Messages read, mean of the {len(ATTACKS)} attacks: {statistics.mean(shares):.3f} "
            f"(the sketch, on its {SKETCH_PICTURES} pictures: {statistics.mean(sketch):.3f})",
            f"- Wrong messages: {sum(r.right is False for r in readings)} "
            f"of {len(readings)} detections",
            f"- A detection that reads takes {statistics.median(found):.0f} ms (median), at most "
            f"{max(found):.0f} ms; one that finds nothing {statistics.median(missed):.0f} ms "
            f"(median), at most {max(missed):.0f} ms",
        ]
    )


def full_table(measured: list[Measured]) -> str:
    """One row for each attack, beside what the sketch read."""
    rows = [
        "| attack | read | share | 95 % interval | sketch | pictures not read |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name in ATTACKS:
        count, total = right(measured, name), len(measured)
        low, high = wilson(count, total)
        sketch = SKETCH_READ.get(name, SKETCH_PICTURES)
        below = ", more than ours" if count / total < sketch / SKETCH_PICTURES else ""
        missed = " ".join(p.name for p in measured if p.readings[name].right is not True)
        rows.append(
            f"| {name} | {count}/{total} | {percent(count / total)} "
            f"| {percent(low)} to {percent(high)} | {sketch}/{SKETCH_PICTURES}{below} | {missed} |"
        )
    return "\n".join(rows)


def levels(measured: list[Measured], family: Family) -> str:
    """The levels of one family with the shares, neighbours of the same share together."""

    def share(level: str) -> float:
        return right(measured, family.name_of(level)) / len(measured)

    groups = itertools.groupby(family.attacks, share)
    return "; ".join(f"{', '.join(group)}: **{percent(value)}**" for value, group in groups)


def short_table(measured: list[Measured]) -> str:
    """One row for each family of attacks."""
    rows = [f"| {family.title} | {levels(measured, family)} |" for family in FAMILIES]
    return "\n".join(["| what was done to the picture | messages read |", "|---|---|", *rows])


def pictures_table(measured: list[Measured]) -> str:
    """One row for each picture."""
    rows = [
        f"| {picture.name} | {picture.psnr_db:.1f} | {picture.ssim:.4f} | "
        f"{sum(r.right is True for r in picture.readings.values())}/{len(ATTACKS)} |"
        for picture in measured
    ]
    head = "| picture | PSNR in dB | SSIM | attacks after which it is read |"
    return "\n".join([head, "|---|---:|---:|---:|", *rows])


def main() -> None:
    """Measures and prints markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", default=corpus.ALL, help="glob under COUNTERMARK_CORPUS")
    parser.add_argument("--bound", type=int, default=1024, help="longest side in pixels")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--readme", action="store_true", help="only the short table")
    options = parser.parse_args()
    measured = measure_all(corpus.files(options.pictures), options.bound, options.processes)
    if options.readme:
        print(short_table(measured))
        return
    print("# Messages read after each attack\n")
    print(f"{provenance()}\n{summary(measured, options.bound)}\n")
    for table in (short_table, full_table, pictures_table):
        print(f"{table(measured)}\n")


if __name__ == "__main__":
    main()
