"""What credentials cost: signing, verifying, several at a time, and the memory for large files.

    python -m bench.credentials

A photograph of 12 MP as JPEG, signed with a soft binding and a thumbnail that is at hand, then
verified against a trust list. By the clock and by the processor, medians of interleaved calls; the
promises are about the processor, as what else runs on the machine only shows on the clock. With two
threads and with two processes, as throughput over that of one. Then files of 1 GB in each container
that gets large, signed from file to file and verified; the memory is the most that the process
ever had, "nothing" that of one which only imports countermark.
"""

import io
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from PIL import Image

from bench import corpus, large_files
from bench.machine import provenance
from countermark import keys
from countermark.credentials import SoftBinding, Trust, read, sign, sign_file
from countermark.record import DigitalSource, Record

Call: TypeAlias = Callable[[], object]

SIZES = {"1 MP": (1152, 864), "12 MP": (4000, 3000)}
ROUNDS = 25
THROUGHPUT_SECONDS = 0.3
THROUGHPUT_ROUNDS = 20
LARGE_BYTES = 1 << 30
RECORD = Record(source=DigitalSource.CAPTURED, creator="Ada Example", title="A photograph")
BINDING = SoftBinding.of_payload(0x0123456789ABCDEF)
SIGN, VERIFY, SIGN_FILE, VERIFY_FILE = "sign", "verify", "sign, file to file", "verify, file"


def jpeg(picture: Image.Image, size: tuple[int, int], quality: int) -> bytes:
    """The picture at this size."""
    file = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
    return file.getvalue()


def calls(folder: Path, size: tuple[int, int]) -> dict[str, Call]:
    """What is measured with a picture of this size."""
    home = keys.create_home(folder / f"home-{size[0]}")
    largest = max(corpus.files(), key=lambda file: Image.open(file).width)
    picture = Image.open(largest).convert("RGB")
    content, thumbnail = jpeg(picture, size, 92), jpeg(picture, (512, 384), 80)
    source = folder / f"{size[0]}.jpg"
    source.write_bytes(content)
    destination = source.with_suffix(".signed.jpg")
    stated: dict[str, Any] = {
        "record": RECORD,
        "signer": home.signer(),
        "soft_bindings": [BINDING],
        "thumbnail": thumbnail,
    }
    trust = Trust.from_file(home.trust_path)
    signed = sign(io.BytesIO(content), "image/jpeg", **stated)
    return {
        SIGN: lambda: sign(io.BytesIO(content), "image/jpeg", **stated),
        VERIFY: lambda: checked(read(io.BytesIO(signed.asset), "image/jpeg", trust=trust)),
        SIGN_FILE: lambda: sign_file(source, destination, "image/jpeg", **stated),
        VERIFY_FILE: lambda: checked(read(destination, "image/jpeg", trust=trust)),
    }


def checked(manifest: Any) -> None:
    """A verification that fails early would be fast."""
    assert manifest.hard_binding == "match", manifest
    assert manifest.trust.value == "trusted", manifest


def medians(measured: dict[str, Call]) -> dict[str, tuple[float, float]]:
    """Milliseconds by the clock and by the processor."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in measured}
    for _ in range(1 + ROUNDS):
        for name, call in measured.items():
            clock, processor = time.perf_counter(), time.process_time()
            call()
            times = time.perf_counter() - clock, time.process_time() - processor
            spent[name].append((1000 * times[0], 1000 * times[1]))
    return {
        name: (
            statistics.median(clock for clock, _ in values[1:]),
            statistics.median(processor for _, processor in values[1:]),
        )
        for name, values in spent.items()
    }


def repeat(call: Call, until: float) -> int:
    """How often it was done until then, by the clock that all processes share."""
    done = 0
    while time.monotonic() < until:
        call()
        done += 1
    return done


def with_threads(call: Call, number: int) -> float:
    """Calls a second of so many threads."""
    done = [0] * number
    until = time.monotonic() + THROUGHPUT_SECONDS

    def work(index: int) -> None:
        done[index] = repeat(call, until)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / THROUGHPUT_SECONDS


class Workers:
    """Processes that hold the calls ready; started before any thread."""

    def __init__(self, measured: dict[str, Call], number: int) -> None:
        context = multiprocessing.get_context("fork")  # the calls cannot be sent, only inherited
        self.pipes = []
        self.processes = []
        for _ in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=self.work, args=(measured, theirs), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)

    @staticmethod
    def work(measured: dict[str, Call], pipe: Any) -> None:
        """Answers each order with the number of calls done."""
        while order := pipe.recv():
            name, until = order
            pipe.send(repeat(measured[name], until))

    def rate(self, name: str, number: int) -> float:
        """Calls a second of so many processes."""
        until = time.monotonic() + THROUGHPUT_SECONDS
        for pipe in self.pipes[:number]:
            pipe.send((name, until))
        return sum(int(pipe.recv()) for pipe in self.pipes[:number]) / THROUGHPUT_SECONDS

    def stop(self) -> None:
        """Ends them."""
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join()


def gains(measured: dict[str, Call], workers: Workers, name: str) -> tuple[float, float]:
    """Throughput of two threads and of two processes over that of one, best of interleaved rounds.

    What else runs on the machine can only lower a throughput, so that the best is the truest.
    """
    best: dict[str, float] = {}
    for _ in range(THROUGHPUT_ROUNDS):
        for kind, rate in {
            "thread": with_threads(measured[name], 1),
            "threads": with_threads(measured[name], 2),
            "process": workers.rate(name, 1),
            "processes": workers.rate(name, 2),
        }.items():
            best[kind] = max(best.get(kind, 0), rate)
    return best["threads"] / best["thread"], best["processes"] / best["process"]


# In a process of its own, which loads nothing but what it needs: seconds, and MiB.
LARGE_PROGRAM = """
import sys, time
from pathlib import Path
from countermark import keys
from countermark.credentials import SoftBinding, Trust, read, sign_file
from countermark.record import DigitalSource, Record
folder, name, media_type = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
home = keys.open_home(folder / "home-large")
source, destination = folder / "large", folder / "signed"
start = time.perf_counter()
if name == "sign":
    sign_file(source, destination, media_type, signer=home.signer(),
              record=Record(source=DigitalSource.CAPTURED),
              soft_bindings=[SoftBinding.of_payload(7)])
elif name == "verify":
    manifest = read(destination, media_type, trust=Trust.from_file(home.trust_path))
    assert manifest.hard_binding == "match" and manifest.trust.value == "trusted", manifest
seconds = time.perf_counter() - start
print(seconds, int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024)
"""


def large(folder: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Seconds and MiB of signing and verifying each kind of file."""
    keys.create_home(folder / "home-large")
    found = {}
    for kind in large_files.KINDS:
        media_type = large_files.write(kind, folder / "large", LARGE_BYTES)
        found[kind] = {name: alone(folder, name, media_type) for name in (SIGN, VERIFY)}
        (folder / "signed").unlink()
    found["nothing"] = {name: alone(folder, "nothing", "") for name in (SIGN, VERIFY)}
    return found


def alone(folder: Path, name: str, media_type: str) -> tuple[float, float]:
    """Seconds and MiB."""
    command = [sys.executable, "-c", LARGE_PROGRAM, str(folder), name, media_type]
    seconds, mebibytes = subprocess.check_output(command, text=True).split()
    return float(seconds), float(mebibytes)


def promises(
    times: dict[str, dict[str, tuple[float, float]]],
    memory: dict[str, dict[str, tuple[float, float]]],
) -> str:
    """The bounds that must hold, and whether they do."""
    most = {name: max(one[name][1] for one in memory.values()) for name in (SIGN, VERIFY)}
    rows = [
        ("sign 12 MP JPEG, ms of the processor", 20, times["12 MP"][SIGN][1]),
        ("verify 12 MP JPEG, ms of the processor", 10, times["12 MP"][VERIFY][1]),
        *(
            (f"{name} any file of 1 GB below, MiB", 80, mebibytes)
            for name, mebibytes in most.items()
        ),
    ]
    lines = (
        f"| {what} | {bound} | {value:.1f} | {'yes' if value <= bound else '**no**'} |"
        for what, bound, value in rows
    )
    return "\n".join(["| promised | at most | measured | kept |", "|---|---:|---:|---|", *lines])


def memory_table(memory: dict[str, dict[str, tuple[float, float]]]) -> str:
    """One row for each kind of file."""
    rows = ["| 1 GB, in a process of its own | sign, s | MiB | verify, s | MiB |"]
    rows.append("|---|---:|---:|---:|---:|")
    for kind, one in memory.items():
        cells = (f"{one[name][0]:.1f} | {one[name][1]:.0f}" for name in (SIGN, VERIFY))
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(rows)


def times_table(times: dict[str, dict[str, tuple[float, float]]]) -> str:
    """One row for each call, two columns for each size."""
    head = "".join(f" {size}, ms | of the processor |" for size in times)
    rows = [f"| one at a time |{head}", "|---|" + "---:|---:|" * len(times)]
    for name in next(iter(times.values())):
        cells = "".join(f" {one[name][0]:.1f} | {one[name][1]:.1f} |" for one in times.values())
        rows.append(f"| {name} |{cells}")
    return "\n".join(rows)


def report(folder: Path) -> str:
    """Measures; gives markdown."""
    load = os.getloadavg()[0]
    measured = {size: calls(folder, shape) for size, shape in SIZES.items()}
    workers = Workers(measured["12 MP"], 2)
    times = {size: medians(one) for size, one in measured.items()}
    two = {name: gains(measured["12 MP"], workers, name) for name in (SIGN, VERIFY)}
    workers.stop()
    memory = large(folder)
    gained_head = "| 12 MP, x throughput of one | two threads | two processes |"
    gained = [f"| {name} | {threads:.2f} | {both:.2f} |" for name, (threads, both) in two.items()]
    parts = [
        f"- Load of the machine before: {load:.2f}",
        promises(times, memory),
        times_table(times),
        "\n".join([gained_head, "|---|---:|---:|", *gained]),
        memory_table(memory),
    ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(f"# Credentials\n\n{provenance()}\n{report(Path(temporary))}")
