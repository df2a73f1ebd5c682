"""What a call costs, beside copying the same pixels and beside other open packages.

    python -m bench.speed

One thread; the processor's time of that thread, median of repetitions that are interleaved, so
that every call meets the same machine. The copy goes to memory that is there already, and so does
our embedding (`out=`); the other packages have no such argument and allocate their result. Nothing
is read from or written to files. Then the search in every picture at its own size, changed in
geometry or not marked at all; the memory; and two threads against one, in time by the clock.

A package that is not installed is left out (`pip install '.[bench-peers]'` has them all).
"""

import importlib
import importlib.metadata
import importlib.util
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from PIL import Image

from bench import corpus
from bench.machine import provenance
from bench.watermark import systems
from bench.watermark.attacks import Pixels
from bench.watermark.families import ATTACKS
from countermark import _native, fingerprint, watermark

Call: TypeAlias = Callable[[], object]

SIZES = {"0.26 MP": (512, 512), "2 MP": (1920, 1080), "12 MP": (4000, 3000)}
PAYLOAD = 0x0123456789ABCDEF
COPY = "copy of the pixels"
EMBED, ALIGNED, FULL, PDQ = "embed", "detect, aligned", "detect, full", "PDQ"
UNMARKED, UNMARKED_ALIGNED = "unmarked", "unmarked, aligned"
# A call is repeated until it had its rounds or its time, whichever comes first.
ROUNDS = 25
SECONDS = 4.0
THREADED_SECONDS = 0.25
THREADED_ROUNDS = 25
# Beyond this the networks of rivaGan want tens of gigabytes.
MOST_PIXELS = {"rivaGan": 3_000_000}
#: The changes that a search is timed on.
SEARCHED = ("rotate 5", "rotate 17 grown", "shear x 0.1", "crop 0.71", "perspective 0.2")
SCRATCH_SIZES = {"0.26 MP": (512, 512), "12 MP": (4000, 3000), "100 MP": (11600, 8700)}


def pictures(size: tuple[int, int]) -> tuple[Pixels, Pixels, Pixels]:
    """A photograph of this size, marked, and marked and rotated by 5 degrees."""
    largest = max(corpus.files(), key=lambda file: Image.open(file).width)
    picture = Image.open(largest).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    marked = watermark.embed(picture, PAYLOAD)
    rotated = marked.rotate(5, Image.Resampling.BILINEAR)
    return np.array(picture), np.array(marked), np.array(rotated)


def our_calls(picture: Pixels, marked: Pixels, rotated: Pixels) -> dict[str, Call]:
    """The copy and what countermark does."""
    out = np.empty_like(picture)
    return {
        COPY: lambda: np.copyto(out, picture),
        EMBED: lambda: watermark.embed(picture, PAYLOAD, out=out),
        ALIGNED: lambda: watermark.detect(marked, effort="aligned"),
        f"{FULL}, rotated by 5 degrees": lambda: watermark.detect(rotated),
        f"{FULL}, unmarked": lambda: watermark.detect(picture),
        PDQ: lambda: fingerprint.pdq(picture),
    }


def peer_calls(picture: Pixels) -> dict[str, Call]:
    """What the other packages do, on the same picture."""
    calls: dict[str, Call] = {}
    for peer in systems.peers():
        if picture.shape[0] * picture.shape[1] <= MOST_PIXELS.get(peer.name, picture.size):
            calls |= watermark_calls(peer, picture)
    if importlib.util.find_spec("pdqhash"):
        pdqhash = importlib.import_module("pdqhash")
        calls["pdqhash: PDQ"] = lambda: pdqhash.compute(picture)
    return calls


def watermark_calls(peer: systems.System, picture: Pixels) -> dict[str, Call]:
    """Of another package; reading takes as long without a mark."""
    payload = PAYLOAD % 2**peer.bits
    return {
        f"{peer.name}: embed": lambda: peer.embed(picture, payload),
        f"{peer.name}: detect": lambda: peer.read(picture),
    }


def one_thread() -> None:
    """Keeps OpenCV, on which the other packages rest, from starting threads."""
    if importlib.util.find_spec("cv2"):
        importlib.import_module("cv2").setNumThreads(1)


def milliseconds(call: Call) -> float:
    """Of this thread on the processor."""
    start = time.thread_time()
    call()
    return 1000 * (time.thread_time() - start)


def medians(calls: dict[str, Call]) -> dict[str, float]:
    """Milliseconds of each call; the first time only warms up, unless it used all the time."""
    spent = {name: [milliseconds(call)] for name, call in calls.items()}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            if sum(spent[name]) < 1000 * SECONDS:
                spent[name].append(milliseconds(call))
    return {name: statistics.median(values[1:] or values) for name, values in spent.items()}


def calls_per_second(calls: list[Call]) -> float:
    """Each call in a thread of its own, over and over, by the clock."""
    done = [0] * len(calls)
    start = time.perf_counter()

    def repeat(thread: int) -> None:
        while time.perf_counter() < start + THREADED_SECONDS:
            calls[thread]()
            done[thread] += 1

    threads = [threading.Thread(target=repeat, args=(thread,)) for thread in range(len(calls))]
    for running in threads:
        running.start()
    for running in threads:
        running.join()
    return sum(done) / (time.perf_counter() - start)


def gain_of_two_threads(first: Call, second: Call) -> float:
    """Throughput of two threads over that of one, each the best of interleaved rounds.

    What else runs on the machine can only lower a throughput, so that the best is the truest.
    """
    both, one = 0.0, 0.0
    for _ in range(THREADED_ROUNDS):
        both = max(both, calls_per_second([first, second]))
        one = max(one, calls_per_second([first]))
    return both / one


def number(value: float) -> str:
    """Two or three digits that mean something."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(measured: dict[str, dict[str, float]]) -> str:
    """One row for each call, two columns for each size."""
    rows = [
        "| one thread | " + " | ".join(f"{size}, ms | x copy" for size in measured) + " |",
        "|---|" + "---:|---:|" * len(measured),
    ]
    for name in next(iter(measured.values())):
        cells = (
            f"{number(m[name])} | {number(m[name] / m[COPY])}" if name in m else " | "
            for m in measured.values()
        )
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def searches() -> dict[str, list[float]]:
    """Milliseconds of one detection in each picture at its own size, by what was done to it."""
    spent: dict[str, list[float]] = {name: [] for name in (*SEARCHED, UNMARKED, UNMARKED_ALIGNED)}
    for file in corpus.files():
        picture = corpus.pixels(file)
        marked = np.asarray(watermark.embed(picture, PAYLOAD))
        for name in SEARCHED:
            spent[name].append(detection(ATTACKS[name](marked)))
        spent[UNMARKED].append(detection(picture))
        spent[UNMARKED_ALIGNED].append(detection(picture, "aligned"))
    return spent


def detection(pixels: Pixels, effort: Literal["full", "aligned"] = "full") -> float:
    """Milliseconds."""
    return milliseconds(lambda: watermark.detect(pixels, effort=effort))


def searches_table(spent: dict[str, list[float]]) -> str:
    """One row for each change."""
    rows = [
        f"| {name} | {number(statistics.median(values))} | {number(max(values))} |"
        for name, values in spent.items()
    ]
    pictures = len(next(iter(spent.values())))
    head = f"| one detection in each of {pictures} pictures, full unless said | median, ms | most |"
    return "\n".join([head, "|---|---:|---:|", *rows])


def scratch(size: tuple[int, int]) -> dict[str, float]:
    """MiB that the C calls want for an RGB picture; they allocate nothing."""
    ffi, library = cast(Any, _native.ffi), cast(Any, _native.library)
    image = ffi.new("cmk_image *", [ffi.sizeof("cmk_image"), *size, library.CMK_FORMAT_RGB8])
    image.stride_bytes = 3 * size[0]
    bytes_ = ffi.new("size_t *")

    def mebibytes(status: int) -> float:
        assert status == library.CMK_STATUS_OK, status
        return float(bytes_[0]) / 2**20

    sizes = library.cmk_watermark_detect_scratch_size
    return {
        EMBED: mebibytes(library.cmk_watermark_embed_scratch_size(image, bytes_)),
        ALIGNED: mebibytes(sizes(image, library.CMK_EFFORT_ALIGNED, bytes_)),
        FULL: mebibytes(sizes(image, library.CMK_EFFORT_FULL, bytes_)),
    }


def scratch_table() -> str:
    """One row for each call."""
    sizes = {name: scratch(size) for name, size in SCRATCH_SIZES.items()}
    rows = [
        f"| {call} | {' | '.join(number(size[call]) for size in sizes.values())} |"
        for call in (EMBED, ALIGNED, FULL)
    ]
    head = f"| memory beside the pictures, MiB | {' | '.join(sizes)} |"
    return "\n".join([head, "|---|" + "---:|" * len(sizes), *rows])


def promises(measured: dict[str, dict[str, float]], spent: dict[str, list[float]]) -> str:
    """The bounds that must hold on AVX2, and whether they do; "pass" is a copy of the pixels."""
    changed = [value for name in SEARCHED for value in spent[name]]
    memory = scratch(SCRATCH_SIZES["100 MP"])
    rows: list[tuple[str, float, float]] = [
        ("embed 12 MP RGB, x copy", measured["12 MP"][EMBED] / measured["12 MP"][COPY], 6),
        ("embed 2 MP, ms", measured["2 MP"][EMBED], 12),
        ("embed 0.26 MP, ms", measured["0.26 MP"][EMBED], 6),
        *(
            (f"detect aligned {size}, ms, less a pass", times[ALIGNED] - times[COPY], 10)
            for size, times in measured.items()
        ),
        ("detect full, changed geometry, median, ms", statistics.median(changed), 200),
        ("detect full, unmarked, median, ms", statistics.median(spent[UNMARKED]), 400),
        ("detect aligned, unmarked, median, ms", statistics.median(spent[UNMARKED_ALIGNED]), 10),
        ("memory for embedding, 100 MP, MiB", memory[EMBED], 16),
        ("memory for detecting aligned, 100 MP, MiB", memory[ALIGNED], 16),
        ("memory for detecting full, 100 MP, MiB", memory[FULL], 64),
        ("PDQ 2 MP, ms", measured["2 MP"][PDQ], 3),
    ]
    lines = (
        f"| {what} | {bound} | {number(value)} | {'yes' if value <= bound else '**no**'} |"
        for what, value, bound in rows
    )
    return "\n".join(["| promised | at most | measured | kept |", "|---|---:|---:|---|", *lines])


def threads_table(size: str) -> str:
    """How much more two threads do than one."""
    first, second = (our_calls(*pictures(SIZES[size])) for _ in range(2))
    rows = [
        f"| {name} | {gain_of_two_threads(first[name], second[name]):.2f} |"
        for name in (COPY, EMBED, ALIGNED, PDQ)
    ]
    return "\n".join([f"| two threads, {size} | x throughput of one |", "|---|---:|", *rows])


def report() -> str:
    """Measures; gives markdown."""
    one_thread()
    load = os.getloadavg()[0]
    measured = {}
    for size, shape in SIZES.items():
        picture, marked, rotated = pictures(shape)
        measured[size] = medians(our_calls(picture, marked, rotated) | peer_calls(picture))
    spent = searches()
    parts = [
        f"- Load of the machine before: {load:.2f}",
        promises(measured, spent),
        table(measured),
        searches_table(spent),
        scratch_table(),
        threads_table("2 MP"),
    ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    print(f"# Speed\n\n{provenance()}\n- Other packages: {systems.packages()}\n{report()}")
