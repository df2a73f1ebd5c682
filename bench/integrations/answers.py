"""What marking an answer costs, by layer: a picture of 1024 x 1024 as a file, and as a tensor.

    python -m bench.integrations.answers

Processor time, because what else runs on the machine shows on the clock most; the least of the
rounds for each picture, because it shows there too, and the median over the pictures. "codec" is
decoding and encoding of the file and reading it back, which the promise leaves apart; the thumbnail
of the manifest is part of "sign". On one core: OpenBLAS and the core use one thread. The registry
is SQLite; what it waits for the disk is no processor time and is stated beside it, by the clock.
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import corpus
from bench.machine import provenance
from countermark import keys
from countermark.costs import Layer
from countermark.integrations import Marker
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

SIDE = 1024
PICTURES = 6
ROUNDS = 5
PROMISED = ("watermark", "fingerprint", "sign")
PROMISE_MS = 25
RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")

Prepared = tuple[Callable[[Any], object], list[Any]]


def pictures() -> list[Image.Image]:
    """The first of the corpus, brought to a square."""
    found = corpus.files()[:PICTURES]
    return [Image.open(file).convert("RGB").resize((SIDE, SIDE)) for file in found]


def encoded(picture: Image.Image, form: str) -> bytes:
    """As a server answers."""
    out = io.BytesIO()
    picture.save(out, form, **({"quality": 92} if form == "JPEG" else {}))
    return out.getvalue()


def layers(prepared: Prepared, told: list[dict[Layer, float]]) -> dict[str, float]:
    """Milliseconds by layer."""
    call, answers = prepared
    names: tuple[Layer, ...] = get_args(Layer)
    least: dict[Layer, list[float]] = {name: [] for name in names}
    for answer in answers:
        told.clear()
        for _ in range(ROUNDS):
            call(answer)
        for name, found in least.items():
            found.append(min(spent.get(name, 0.0) for spent in told))
    return {name: 1000 * statistics.median(found) for name, found in least.items()}


def tensor(picture: Image.Image) -> NDArray[np.float32]:
    """As a model gives it."""
    made: NDArray[np.float32] = np.asarray(picture, np.float32)[np.newaxis] / np.float32(255)
    return made


def report() -> str:
    """Measures; gives markdown."""
    before = os.getloadavg()[0]
    told: list[dict[Layer, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = keys.create_home(Path(folder) / "home")
        with Registry.open(home.registry_path) as registry:
            marker = Marker(
                record=RECORD,
                signer=home.signer(),
                registry=registry,
                observe=lambda host, spent: told.append(spent),
            )
            shown = pictures()
            calls: dict[str, Prepared] = {
                "PNG": (marker.file, [encoded(each, "PNG") for each in shown]),
                "JPEG": (marker.file, [encoded(each, "JPEG") for each in shown]),
                "tensor": (
                    lambda x: marker.pixels(x, layout="BHWC", range="unit"),
                    [tensor(each) for each in shown],
                ),
            }
            # costs.py reads the clock; here it reads the processor's.
            with mock.patch("countermark.costs.time.perf_counter", time.process_time):
                spent = {name: layers(call, told) for name, call in calls.items()}
            waits = {name: layers(call, told)["registry"] for name, call in calls.items()}
    load = f"- Load of the machine before: {before:.1f}"
    return f"{load}\n\n{costs_table(spent, waits)}\n\n{promise_table(spent)}"


def costs_table(spent: dict[str, dict[str, float]], waits: dict[str, float]) -> str:
    """One row for each layer."""
    rows = [
        f"| {name} | " + " | ".join(f"{each[name]:.1f}" for each in spent.values()) + " |"
        for name in get_args(Layer)
    ]
    rows += [
        "| registry, by the clock | " + " | ".join(f"{ms:.1f}" for ms in waits.values()) + " |"
    ]
    head = f"| milliseconds of one core, {SIDE} x {SIDE} | " + " | ".join(spent) + " |"
    return "\n".join([head, "|---|" + "---:|" * len(spent), *rows])


def promise_table(spent: dict[str, dict[str, float]]) -> str:
    """Whether watermark, fingerprint and signature stay under the promise."""
    rows = []
    for name, each in spent.items():
        total = sum(each[layer] for layer in PROMISED)
        kept = "yes" if total <= PROMISE_MS else "**no**"
        rows.append(f"| {' + '.join(PROMISED)}, {name} | {PROMISE_MS} | {total:.1f} | {kept} |")
    return "\n".join(["| promised, ms | at most | measured | kept |", "|---|---:|---:|---|", *rows])


if __name__ == "__main__":
    print(f"# Marking an answer\n\n{provenance()}\n{report()}")
