"""What the average of many marked pictures gives away: it must neither forge nor strip marks.

Somebody without the key averages what marking changed in a thousand pictures, which is more than
who has only the marked ones can know, once with a payload of their own for each and once with the
same for all. The average, made as strong as the row says, is added to pictures without a mark, in
which nothing may be read, and subtracted from marked ones, of which as many must still be read as
when as much noise of the same kind is added: the average under another key. The control does the
same with what marking changed in that very picture.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.watermark.attacks import Pixels
from bench.watermark.false_positives import window
from bench.watermark.shares import Share
from bench.watermark.workers import workers
from countermark import watermark

Plane: TypeAlias = npt.NDArray[np.floating[Any]]

COUNT = 1000
TRIED = 60
SIDE = 512
STRENGTHS_DB = (44, 40, 36)
SECRET_KEY = b"nobody knows it."
OTHER_KEY = b"some other key.."
PAYLOAD = 0x0123456789ABCDEF


@dataclass(frozen=True, slots=True)
class Row:
    """One average at one strength."""

    averaged: str
    psnr_db: int
    forged: Share
    kept: Share


def picture(seed: int) -> Pixels:
    """A square window of one of the pictures, without a mark."""
    return window(np.random.default_rng((seed, SIDE)), SIDE)


def residual(pixels: Pixels, payload: int, key: bytes = SECRET_KEY) -> Plane:
    """What marking changes, mean of the colours."""
    marked = np.asarray(watermark.embed(pixels, payload, key=key))
    return np.subtract(marked, pixels, dtype=np.float32).mean(axis=2)


def _sum_of(seeds: Sequence[int], same_payload: bool, key: bytes) -> Plane:
    total = np.zeros((SIDE, SIDE))
    for seed in seeds:
        total += residual(picture(seed), PAYLOAD if same_payload else seed, key)
    return total


def average(processes: int, *, same_payload: bool, key: bytes = SECRET_KEY) -> Plane:
    """Of the residuals of COUNT pictures."""
    parts = [range(start, COUNT, 2 * processes) for start in range(2 * processes)]
    with workers(processes) as pool:
        sums = list(pool.map(_sum_of, parts, *map(itertools.repeat, (same_payload, key))))
    mean: Plane = sum(sums) / COUNT
    return mean


def _with(pixels: Pixels, plane: Plane, psnr_db: float) -> Pixels:
    """The plane added, as strong as this, with its sign."""
    scale = 255 / 10 ** (abs(psnr_db) / 20) / math.sqrt(float(np.mean(plane**2)))
    changed = pixels + math.copysign(scale, psnr_db) * plane[..., np.newaxis]
    result: Pixels = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return result


def _reads(pixels: Pixels) -> bool:
    return watermark.detect(pixels, key=SECRET_KEY) is not None


def _try_one(seed: int, plane: Plane | None, psnr_db: int) -> tuple[bool, bool]:
    """Whether adding forges a mark, and whether one is read in spite of subtracting."""
    payload = PAYLOAD + seed
    pixels = picture(seed)
    plane = residual(pixels, payload) if plane is None else plane
    marked = np.asarray(watermark.embed(pixels, payload, key=SECRET_KEY))
    return _reads(_with(pixels, plane, psnr_db)), _reads(_with(marked, plane, -psnr_db))


def measure(processes: int) -> list[Row]:
    """Every average at every strength, and the control."""
    planes: dict[str, Callable[[], Plane | None]] = {
        f"{COUNT} pictures, a payload for each": lambda: average(processes, same_payload=False),
        f"{COUNT} pictures, one payload": lambda: average(processes, same_payload=True),
        f"{COUNT} pictures under another key: noise": lambda: average(
            processes, same_payload=False, key=OTHER_KEY
        ),
        "the picture's own residual, the control": lambda: None,
    }
    rows = []
    for averaged, make in planes.items():
        plane = make()
        for psnr_db in STRENGTHS_DB:
            seeds = range(COUNT, COUNT + TRIED)
            with workers(processes) as pool:
                tried = list(
                    pool.map(_try_one, seeds, itertools.repeat(plane), itertools.repeat(psnr_db))
                )
            forged, kept = (Share(sum(column), TRIED) for column in zip(*tried, strict=True))
            rows.append(Row(averaged, psnr_db, forged, kept))
    return rows


def table(rows: Sequence[Row]) -> str:
    """One row for each average and strength."""
    lines = [
        "| averaged: what marking changed in | at, PSNR | read in unmarked pictures after adding "
        "| read in marked pictures after subtracting |",
        "|---|---:|---:|---:|",
    ]
    lines += [f"| {row.averaged} | {row.psnr_db} dB | {row.forged} | {row.kept} |" for row in rows]
    return "\n".join(lines)
