"""What a label on a picture costs, beside copying the same pixels.

    python -m bench.labels

One thread; the processor's time of that thread, median of repetitions that are interleaved with
the copy. Copy and label go to memory that is there already (`out=`); "in place" copies nothing.
Pictures are photographs, and noise, where every label needs a plate and no corner is quiet. The
first call, which finds the font and draws the letters, stands apart.
"""

import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from PIL import Image

from bench import corpus
from bench.machine import provenance
from countermark.image import Pixels
from countermark.labels.visible import Wording, label_picture, wording

SIZES = {"2 MP": (1920, 1080), "12 MP": (4000, 3000), "100 MP": (11600, 8700)}
ROUNDS = 15
WORDS = {
    "AI生成": wording("cn"),
    "AI-generated": wording("eu"),
    "AI生成, filing number": wording("cn", filing_number="网信算备000000000000000000000号"),
}
MOST = 15.0  # milliseconds for 12 MP, copy and label


def main() -> None:
    """Print the tables."""
    first = timed(lambda: label_picture(np.zeros((1080, 1920, 3), np.uint8), wording("cn")))
    print(f"# Labels on pictures\n\n{provenance()}\n")
    print(
        "| picture | label | copy, ms | labelled copy, ms | x copy | in place, ms | memory, MiB |"
    )
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, size in SIZES.items():
        for kind, picture in (("photograph", photograph(size)), ("noise", noise(size))):
            for label, words in WORDS.items():
                print(f"| {name}, {kind} | {label} | {row(picture, words)} |")
    print(f"\nAsked: at most {MOST:g} ms for the labelled copy of 12 MP.")
    print(f"The first label of a process, which finds the font: {first:.0f} ms.")


def photograph(size: tuple[int, int]) -> Pixels:
    """The largest photograph there is, at this size."""
    largest = max(corpus.files(), key=lambda file: Image.open(file).width)
    return np.array(Image.open(largest).convert("RGB").resize(size, Image.Resampling.BILINEAR))


def noise(size: tuple[int, int]) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)


def row(picture: Pixels, words: Wording) -> str:
    """The figures of one picture."""
    out = np.empty_like(picture)
    place = picture.copy()
    calls: dict[str, Callable[[], object]] = {
        "copy": lambda: np.copyto(out, picture),
        "labelled": lambda: label_picture(picture, words, out=out),
        "in place": lambda: label_picture(place, words, out=place),
    }
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name].append(timed(call))
    found = {name: statistics.median(each) for name, each in times.items()}
    tracemalloc.start()
    calls["in place"]()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    share = found["labelled"] / found["copy"]
    return (
        f"{found['copy']:.1f} | {found['labelled']:.1f} | {share:.1f} | "
        f"{found['in place']:.1f} | {peak:.1f}"
    )


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of this thread."""
    begin = time.thread_time()
    call()
    return (time.thread_time() - begin) * 1000


if __name__ == "__main__":
    main()
