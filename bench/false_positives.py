"""How often a message is read that nobody put there: it must be never.

    python bench/false_positives.py [--aligned N] [--full N]

Each detection looks, with the published key, at a window of its own: a picture, a place, a size and
a scale drawn for it. A third of the windows carry no mark and a third one under another key: there
nothing may be read. The last third carry a mark under the published key, as a control; for effort
"full" they are turned by any angle. The bound is the one that detections state themselves: each
attempt at decoding noise passes the check of 32 bits with probability 2^-32, so it is the number of
attempts times that. As many detections as a bench can afford only show that nothing is badly wrong.
"""

import argparse
import statistics
from typing import Literal, TypeAlias

import corpus
import numpy as np
import numpy.typing as npt
from machine import provenance
from PIL import Image

from countermark import watermark

Pixels: TypeAlias = npt.NDArray[np.uint8]
Effort: TypeAlias = Literal["aligned", "full"]
Readings: TypeAlias = list[watermark.Detection | None]

BOUND = 2048  # longest side of a picture
SHORTEST, LONGEST = 200, 1000  # side of a window
SCALES = (0.7, 1.5)


def window(pictures: list[Pixels], chance: np.random.Generator) -> Pixels:
    """A rectangle of one of the pictures, at another scale."""
    picture = pictures[chance.integers(len(pictures))]
    height, width = (min(int(chance.integers(SHORTEST, LONGEST)), n) for n in picture.shape[:2])
    top = chance.integers(0, picture.shape[0] - height + 1)
    left = chance.integers(0, picture.shape[1] - width + 1)
    scale = chance.uniform(*SCALES)
    part = Image.fromarray(picture[top : top + height, left : left + width])
    return np.array(part.resize((int(width * scale), int(height * scale))))


def marked(pixels: Pixels, key: bytes, chance: np.random.Generator) -> Pixels:
    """With any message under this key."""
    payload = int(chance.integers(0, 2**64, dtype=np.uint64))
    return np.asarray(watermark.embed(pixels, payload, key=key))


def measure(effort: Effort, count: int, pictures: list[Pixels]) -> dict[str, Readings]:
    """Looks into this many windows, a third of each kind."""
    chance = np.random.default_rng(0)
    unmarked: Readings = []
    foreign: Readings = []
    controls: Readings = []
    for _ in range(count // 3):
        control = marked(window(pictures, chance), watermark.DEFAULT_KEY, chance)
        if effort == "full":
            angle = chance.uniform(0, 360)
            turned = Image.fromarray(control).rotate(angle, Image.Resampling.BILINEAR)
            control = np.array(turned)
        other = marked(window(pictures, chance), chance.bytes(16), chance)
        unmarked.append(watermark.detect(window(pictures, chance), effort=effort))
        foreign.append(watermark.detect(other, effort=effort))
        controls.append(watermark.detect(control, effort=effort))
    return {"no mark": unmarked, "mark under another key": foreign, "mark, the control": controls}


def row(effort: Effort, kind: str, readings: Readings) -> str:
    """Of the table."""
    found = [reading for reading in readings if reading is not None]
    scores = [reading.score for reading in found]
    height = f"{min(scores):.1f} / {statistics.median(scores):.1f}" if found else ""
    bound = f"{max(reading.false_positive_rate for reading in found):.1e}" if found else ""
    return f"| {effort} | {kind} | {len(readings)} | {len(found)} | {height} | {bound} |"


def main() -> None:
    """Measures and prints markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--aligned", type=int, default=3000, help="windows for this effort")
    parser.add_argument("--full", type=int, default=150, help="windows for this effort")
    options = parser.parse_args()
    pictures = [corpus.pixels(file, BOUND) for file in corpus.files()]
    print(f"# Messages read where there are none\n\n{provenance()}")
    print(f"- Windows from {len(pictures)} pictures\n")
    print(
        "| effort | window with | windows | read | score, lowest / median | highest stated bound |"
    )
    print("|---|---|---:|---:|---:|---:|")
    efforts: tuple[tuple[Effort, int], ...] = ("aligned", options.aligned), ("full", options.full)
    for effort, count in efforts:
        for kind, readings in measure(effort, count, pictures).items():
            print(row(effort, kind, readings), flush=True)


if __name__ == "__main__":
    main()
