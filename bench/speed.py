"""What a call costs, beside copying the same pixels and beside other open packages.

    python bench/speed.py

One thread; the processor's time of that thread, median of repetitions that are interleaved, so
that every call meets the same machine. The copy goes to memory that is there already, and so does
our embedding (`out=`); the other packages have no such argument and allocate their result. Nothing
is read from or written to files. Last, two threads against one, in time by the clock.

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
from typing import Any, TypeAlias

import corpus
import numpy as np
import numpy.typing as npt
from machine import provenance
from PIL import Image

from countermark import fingerprint, watermark

Pixels: TypeAlias = npt.NDArray[np.uint8]
Call: TypeAlias = Callable[[], object]

SIZES = {"0.26 MP": (512, 512), "2 MP": (1920, 1080), "12 MP": (4000, 3000)}
PAYLOAD = 0x0123456789ABCDEF
COPY = "copy of the pixels"
EMBED, ALIGNED, PDQ = "embed", "detect, aligned", "PDQ"
PEERS = {"invisible-watermark": "imwatermark", "blind-watermark": "blind_watermark"}
PEERS |= {"pdqhash": "pdqhash"}
# A call is repeated until it had its rounds or its time, whichever comes first.
ROUNDS = 25
SECONDS = 4.0
THREADED_SECONDS = 0.25
THREADED_ROUNDS = 25


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
        "detect, full, rotated by 5 degrees": lambda: watermark.detect(rotated),
        "detect, full, unmarked": lambda: watermark.detect(picture),
        PDQ: lambda: fingerprint.pdq(picture),
    }


def peer_calls(picture: Pixels) -> dict[str, Call]:
    """What the other packages do, on the same picture and with as many bits."""
    calls: dict[str, Call] = {}
    if "invisible-watermark" in installed():
        calls |= invisible_watermark(importlib.import_module("imwatermark"), picture)
    if "blind-watermark" in installed():
        calls |= blind_watermark(importlib.import_module("blind_watermark"), picture)
    if "pdqhash" in installed():
        pdqhash = importlib.import_module("pdqhash")
        calls["pdqhash: PDQ"] = lambda: pdqhash.compute(picture)
    return calls


def invisible_watermark(package: Any, picture: Pixels) -> dict[str, Call]:
    """Its dwtDct, which Stable Diffusion uses."""
    encoder = package.WatermarkEncoder()
    encoder.set_watermark("bytes", PAYLOAD.to_bytes(8, "big"))
    marked = encoder.encode(picture, "dwtDct")
    decoder = package.WatermarkDecoder("bytes", 64)
    return {
        "invisible-watermark dwtDct: embed": lambda: encoder.encode(picture, "dwtDct"),
        "invisible-watermark dwtDct: detect": lambda: decoder.decode(marked, "dwtDct"),
    }


def blind_watermark(package: Any, picture: Pixels) -> dict[str, Call]:
    """Its only method; the detector is told the length."""
    package.bw_notes.close()  # it greets on every construction
    bits = [bool(PAYLOAD >> shift & 1) for shift in range(64)]

    def embed() -> Any:
        mark = package.WaterMark(password_img=1, password_wm=1)
        mark.read_img(img=picture)
        mark.read_wm(bits, mode="bit")
        return mark.embed()

    def detect() -> Any:
        mark = package.WaterMark(password_img=1, password_wm=1)
        return mark.extract(embed_img=picture, wm_shape=64, mode="bit")

    return {"blind-watermark: embed": embed, "blind-watermark: detect": detect}


def installed() -> dict[str, str]:
    """The other packages that are here, with their versions."""
    here = (name for name, module in PEERS.items() if importlib.util.find_spec(module))
    return {name: importlib.metadata.version(name) for name in here}


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
        cells = (f"{number(m[name])} | {number(m[name] / m[COPY])}" for m in measured.values())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def promises(measured: dict[str, dict[str, float]]) -> str:
    """The bounds that must hold on AVX2, and whether they do."""
    embed = measured["12 MP"][EMBED] / measured["12 MP"][COPY]
    rows = [
        ("embed 12 MP RGB, x copy", embed, 12),
        ("detect aligned 2 MP, ms", measured["2 MP"][ALIGNED], 25),
        ("PDQ 2 MP, ms", measured["2 MP"][PDQ], 3),
    ]
    lines = (
        f"| {what} | {bound} | {number(value)} | {'yes' if value <= bound else 'no'} |"
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


def main() -> None:
    """Measures and prints markdown."""
    one_thread()
    load = os.getloadavg()[0]
    measured = {}
    for size, shape in SIZES.items():
        picture, marked, rotated = pictures(shape)
        measured[size] = medians(our_calls(picture, marked, rotated) | peer_calls(picture))
    print(f"# Speed\n\n{provenance()}")
    print("- Other packages:", ", ".join(f"{k} {v}" for k, v in installed().items()) or "none")
    print(f"- Load of the machine before: {load:.2f}\n")
    for part in (promises(measured), table(measured), threads_table("2 MP")):
        print(f"{part}\n")


if __name__ == "__main__":
    main()
