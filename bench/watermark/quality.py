"""What a mark costs: PSNR, SSIM and SSIMULACRA2 of the marked picture.

SSIM is that of scikit-image with its defaults, over the colours. SSIMULACRA2 (the package of PyPI)
takes 19 s and gigabytes for 12 megapixels; pictures with a longer side than 2048 pixels are scored
on the 2048 pixels in their middle, at their own scale.
"""

import importlib
import io
import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from bench import corpus
from bench.watermark import targets
from bench.watermark.attacks import Pixels, codec
from bench.watermark.systems import System
from bench.watermark.workers import workers

WINDOW = 2048


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one marked picture."""

    name: str
    psnr_db: float
    ssim: float
    ssimulacra2: float


def jpeg90() -> System:
    """No watermark: what everybody does to pictures, to compare with."""
    return System("JPEG 90, no mark", "", 64, _jpeg90, _nothing)


def _jpeg90(pixels: Pixels, payload: int) -> Pixels:
    return codec("JPEG", 90)(pixels)


def _nothing(pixels: Pixels) -> None:
    return None


def measure(
    system: System, files: Sequence[Path], bound: int | None, processes: int
) -> list[Quality]:
    """Of the pictures that the system is measured with."""
    some = files[:: system.every]
    with workers(processes) as pool:
        return list(pool.map(_measure_one, itertools.repeat(system), some, itertools.repeat(bound)))


def _measure_one(system: System, file: Path, bound: int | None) -> Quality:
    picture = corpus.pixels(file, bound)
    payload = int(np.random.default_rng(0).integers(0, 2**64, dtype=np.uint64)) % 2**system.bits
    marked = system.embed(picture, payload)
    return Quality(
        file.stem,
        _psnr_db(picture, marked),
        float(structural_similarity(picture, marked, channel_axis=2)),  # type: ignore[no-untyped-call]
        _ssimulacra2(_middle(picture), _middle(marked)),
    )


def _psnr_db(picture: Pixels, marked: Pixels) -> float:
    error = np.mean(np.subtract(marked, picture, dtype=np.float32) ** 2, dtype=np.float64)
    return 10 * math.log10(255**2 / error) if error else math.inf


def _middle(pixels: Pixels) -> Pixels:
    top, left = (max(0, (side - WINDOW) // 2) for side in pixels.shape[:2])
    return pixels[top : top + WINDOW, left : left + WINDOW]


def _ssimulacra2(picture: Pixels, marked: Pixels) -> float:
    files = (io.BytesIO(), io.BytesIO())  # the package reads files
    for file, pixels in zip(files, (picture, marked), strict=True):
        Image.fromarray(pixels).save(file, "PPM")
    return float(importlib.import_module("ssimulacra2").compute_ssimulacra2(*files))


def table(rows: dict[str, list[Quality]]) -> str:
    """One row for each system; mean and lowest of the pictures."""
    lines = [
        "| | pictures | PSNR, dB: mean | lowest | SSIM: mean | lowest | SSIMULACRA2 | lowest |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for title, measured in rows.items():
        psnr_db, ssim, ssimulacra2 = columns(measured)
        lines.append(
            f"| {title} | {len(measured)} "
            f"| {statistics.mean(psnr_db):.1f} | {min(psnr_db):.1f} "
            f"| {statistics.mean(ssim):.4f} | {min(ssim):.4f} "
            f"| {statistics.mean(ssimulacra2):.1f} | {min(ssimulacra2):.1f} |"
        )
    return "\n".join(lines)


def columns(measured: Sequence[Quality]) -> tuple[list[float], list[float], list[float]]:
    """PSNR, SSIM, SSIMULACRA2."""
    return (
        [quality.psnr_db for quality in measured],
        [quality.ssim for quality in measured],
        [quality.ssimulacra2 for quality in measured],
    )


def targets_table(columns_: dict[str, list[Quality]]) -> str:
    """What was asked of the default strength, and what came out."""
    rows = [
        "| quality | target | " + " | ".join(f"{title} | met" for title in columns_) + " |",
        "|---|---:|" + "---:|---|" * len(columns_),
    ]
    wanted = {
        "PSNR, mean, dB": (targets.MEAN_PSNR_DB, ".1f"),
        "PSNR, lowest, dB": (targets.LOWEST_PSNR_DB, ".1f"),
        "SSIM, mean": (targets.MEAN_SSIM, ".4f"),
        "SSIMULACRA2, mean": (targets.MEAN_SSIMULACRA2, ".1f"),
    }
    values = [_values(measured) for measured in columns_.values()]
    for place, (title, (least, digits)) in enumerate(wanted.items()):
        cells = (
            f"{found[place]:{digits}} | {'yes' if found[place] >= least else '**no**'}"
            for found in values
        )
        rows.append(f"| {title} | ≥ {least:g} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _values(measured: Sequence[Quality]) -> tuple[float, float, float, float]:
    psnr_db, ssim, ssimulacra2 = columns(measured)
    return (
        statistics.mean(psnr_db),
        min(psnr_db),
        statistics.mean(ssim),
        statistics.mean(ssimulacra2),
    )


def pictures_table(measured: Sequence[Quality]) -> str:
    """One row for each picture."""
    rows = [
        f"| {quality.name} | {quality.psnr_db:.1f} | {quality.ssim:.4f} "
        f"| {quality.ssimulacra2:.1f} |"
        for quality in measured
    ]
    return "\n".join(["| picture | PSNR, dB | SSIM | SSIMULACRA2 |", "|---|---:|---:|---:|", *rows])
