"""What a call costs in WebAssembly, beside the native library on the same picture.

    python -m bench.wasm

The package that `.ci/run wasm` builds, in node; one thread, the processor's time, median of
repetitions. RGBA pixels go in and out, as on a page: in WebAssembly they are copied into the module
and, marked, out of it again.
"""

import gzip
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench import corpus
from bench.machine import provenance
from countermark import fingerprint, watermark

PACKAGE = Path(__file__).parents[1] / "build/wasm/package"
SIZES = {"1 MP": (1152, 864), "2 MP": (1920, 1080), "12 MP": (4000, 3000)}
SECONDS = 3.0


def in_node(picture: Image.Image) -> dict[str, float]:
    """Milliseconds by call."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(picture.tobytes())
        file.flush()
        size = [str(side) for side in picture.size]
        script = Path(__file__).with_suffix(".mjs")
        command = ["node", script, PACKAGE, file.name, *size, str(SECONDS)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def native(picture: Image.Image) -> dict[str, float]:
    """Milliseconds by call."""
    pixels = np.array(picture)
    marked = watermark.embed(pixels, 2026)
    calls = {
        "embed": lambda: watermark.embed(pixels, 2026),
        "detect, aligned": lambda: watermark.detect(marked, effort="aligned"),
        "detect, full, unmarked": lambda: watermark.detect(pixels),
        "PDQ": lambda: fingerprint.pdq(pixels),
    }
    found = {}
    for name, call in calls.items():
        end = time.monotonic() + SECONDS
        times: list[float] = []
        while time.monotonic() < end or len(times) < 5:
            begun = time.thread_time()
            call()
            times.append(1000 * (time.thread_time() - begun))
        found[name] = statistics.median(times)
    return found


def table() -> str:
    """Nanoseconds a pixel and milliseconds, for each call and size."""
    largest = max(corpus.files(), key=lambda file: Image.open(file).width)
    photograph = Image.open(largest).convert("RGBA")
    lines = [
        "| one thread, RGBA | size | WebAssembly, ns/pixel | native, ns/pixel | times native "
        "| WebAssembly, ms |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, size in SIZES.items():
        picture = photograph.resize(size, Image.Resampling.LANCZOS)
        wasm, other = in_node(picture), native(picture)
        scale = 1e6 / (size[0] * size[1])
        lines += [
            f"| {call} | {name} | {ms * scale:.2f} | {other[call] * scale:.2f} "
            f"| {ms / other[call]:.1f} | {ms:.1f} |"
            for call, ms in wasm.items()
        ]
    return "\n".join(lines)


def main() -> None:
    """Print the result as markdown."""
    module = (PACKAGE / "countermark.wasm").read_bytes()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    print(f"# WebAssembly\n\n{provenance()}")
    print(f"- node {node.strip().lstrip('v')}, target simd128")
    print(f"- Module: {len(module):,} bytes, {len(gzip.compress(module, 9)):,} in gzip\n")
    print(table())


if __name__ == "__main__":
    main()
