"""What the service takes: look-ups and verifications a second, how long they wait, its memory.

    python -m bench.service [--seconds 60] [--connections 64] > bench/results/service.md

A service of its own with two workers, in processes of their own, asked over HTTP/1.1 by as many
connections as are stated, each of which asks again as soon as it has its answer. This process asks
on the same machine, so what it takes is missing to the service. Look-ups are of watermarks in a
registry of marked pictures, in turn. Verified are JPEGs of 2 MP: marked ones as they are and
stripped of their manifests, in turn; and unmarked ones, in which the detector looks everywhere.
Proofs are of entries in the log, in turn. Then four times as many connections ask than the queue
has room for: each request must be answered, by a report or by a clear 503; a client over its rate
gets 429 and a body over the limit 413.

Each run is preceded by one of a fifth of its length, from whose end on memory is measured: it is
called flat when the run adds at most a twentieth to it. Whether each claim is met stands beside
it. With the standard length it takes six minutes, and the machine should do nothing else.
"""

import argparse
import asyncio
import base64
import contextlib
import io
import itertools
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import uvloop
from PIL import Image

from bench import corpus
from bench.machine import provenance
from countermark import keys, mark
from countermark.credentials import WATERMARK_ALGORITHM
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

WORKERS, QUEUE = 2, 64
LOOKED_UP, VERIFIED = 200, 4
SIZE = (1640, 1220)
RECORD = Record(source=DigitalSource.CAPTURED, creator="Ada Example")
LENGTH = re.compile(rb"content-length: (\d+)")


@dataclass
class Load:
    """What came of the requests: seconds and status of each; `lost` got no answer."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    duration: float = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0

    def meets(self, claim: "Claim") -> bool:
        """Whether the run did what is asked, and lost nothing."""
        return (
            not self.lost
            and set(self.statuses) <= claim.statuses
            and claim.needed <= set(self.statuses)
            and self.rate >= claim.rate
            and self.percentile(0.99) <= claim.seconds
        )

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.duration


@dataclass(frozen=True)
class Claim:
    """What is asked of a run: which answers may and must come, how many 200 a second, how soon."""

    text: str
    rate: float = 0
    seconds: float = math.inf
    statuses: frozenset[int] = frozenset({200})
    needed: frozenset[int] = frozenset({200})


LOOK_UP = Claim(">= 1,500/s, 99 % <= 60 ms", rate=1500, seconds=0.060)
VERIFY = Claim(">= 12/s, 99 % <= 3 s", rate=12, seconds=3)
NOTHING = Claim("")
BUSY = Claim("200 or 503", statuses=frozenset({200, 503}), needed=frozenset({200, 503}))
TOO_LARGE = Claim("413", statuses=frozenset({413}), needed=frozenset({413}))
TOO_FAST = Claim("200 or 429", statuses=frozenset({200, 429}), needed=frozenset({200, 429}))
FLAT = 1.05
"""Memory at the end of a run, as a multiple of that at its beginning."""


class Connection(asyncio.Protocol):
    """Asks one thing after the other."""

    def __init__(self, requests: Iterator[bytes], load: Load, end: float) -> None:
        self.requests, self.load, self.end = requests, load, end
        self.answer, self.begun, self.waiting = bytearray(), 0.0, False
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if time.perf_counter() >= self.end:
            self.transport.close()
            return
        self.begun, self.waiting = time.perf_counter(), True
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head = self.answer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self.answer, 0, head + 2)
        if len(self.answer) < head + 4 + int(length[1]):
            return
        self.load.seconds.append(time.perf_counter() - self.begun)
        self.load.statuses[int(self.answer[9:12])] += 1
        closing = b"connection: close" in self.answer[:head]
        self.answer.clear()
        self.waiting = False
        if closing:
            self.transport.close()
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost += self.waiting
        if not self.done.done():
            self.done.set_result(None)


async def load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """So many connections, asking for so long."""
    result, begun = Load(), time.perf_counter()
    turns, end = itertools.cycle(requests), begun + seconds
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(turns, result, end), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.wait([protocol.done for _, protocol in opened], timeout=seconds + 60)
    result.lost += sum(not protocol.done.done() for _, protocol in opened)
    result.duration = time.perf_counter() - begun
    return result


@contextlib.contextmanager
def service(home: keys.Home, *options: str) -> Iterator[tuple[int, int]]:
    """Port and process of one that runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "countermark.cli", "serve", "--port", "0", *options],
        env={**os.environ, "COUNTERMARK_HOME": str(home.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield int(process.stdout.readline().rsplit(":", 1)[1]), process.pid
        process.terminate()


def resident(process: int) -> tuple[float, float]:
    """Megabytes of the service, and of all its workers together."""

    def of(number: int) -> float:
        status = Path(f"/proc/{number}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return of(process), sum(of(int(child)) for child in children)


def fill(home: keys.Home) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Requests for look-ups, and to verify marked and unmarked pictures."""
    photographs = [Image.open(path).convert("RGB") for path in corpus.files()]
    turns, looked_up = itertools.cycle(photographs), []
    known, unknown = [], []
    with Registry.open(home.registry_path) as registry:

        def marked(size: tuple[int, int]) -> tuple[int, bytes]:
            source, stream = io.BytesIO(), io.BytesIO()
            next(turns).resize(size).save(source, "JPEG", quality=92)
            source.seek(0)
            signer = home.signer()
            done = mark(source, stream, record=RECORD, signer=signer, registry=registry)
            return done.payload, stream.getvalue()

        for _ in range(LOOKED_UP):
            payload, _ = marked((480, 360))
            value = quote(base64.b64encode(payload.to_bytes(8, "big")), safe="")
            looked_up.append(
                f"GET /v1/matches/byBinding?alg={WATERMARK_ALGORITHM}&value={value} HTTP/1.1\r\n"
                "Host: 127.0.0.1\r\n\r\n".encode()
            )
        for _ in range(VERIFIED):
            _, content = marked(SIZE)
            stripped = io.BytesIO()
            Image.open(io.BytesIO(content)).save(stripped, "JPEG", quality=85)
            known += [post(content), post(stripped.getvalue())]
            unknown.append(post(turned(next(turns))))
    return looked_up, known, unknown


def proofs() -> list[bytes]:
    """Requests for proofs of the first entries in the log."""
    return [
        f"GET /v1/log/inclusion?leaf={leaf} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        for leaf in range(LOOKED_UP)
    ]


def turned(picture: Image.Image) -> bytes:
    """A picture that is like no other one, also by its fingerprint."""
    stream = io.BytesIO()
    flat = picture.resize(SIZE).convert("L").point(lambda value: value ^ 0x55).rotate(45)
    flat.convert("RGB").save(stream, "JPEG", quality=90)
    return stream.getvalue()


def post(content: bytes) -> bytes:
    """A request to verify."""
    head = (
        "POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def row(what: str, claim: Claim, found: Load, memory: str = "", flat: bool = True) -> str:
    statuses = ", ".join(
        f"{number:,} x {status}" for status, number in sorted(found.statuses.items())
    )
    met = ("yes" if found.meets(claim) and flat else "**no**") if claim.text else ""
    return (
        f"| {what} | {claim.text} | {found.rate:,.1f}/s | {1000 * found.percentile(0.5):,.0f} ms "
        f"| {1000 * found.percentile(0.99):,.0f} ms | {statuses} | {found.lost} | {memory} "
        f"| {met} |"
    )


@dataclass(frozen=True)
class Measured:
    """A load, and megabytes of the service and of its workers before and after."""

    found: Load
    before: tuple[float, float]
    after: tuple[float, float]

    def row(self, what: str, claim: Claim) -> str:
        pairs = list(zip(self.before, self.after, strict=True))
        service, workers = (f"{before:,.0f} to {after:,.0f}" for before, after in pairs)
        flat = all(after <= FLAT * before for before, after in pairs)
        return row(what, claim, self.found, f"{service} MB; workers {workers} MB", flat)


def measured(
    port: int, process: int, requests: Sequence[bytes], connections: int, seconds: float
) -> Measured:
    """The load, and memory after a run of a fifth of it and at its end."""
    uvloop.run(load(port, requests, connections, seconds / 5))
    before = resident(process)
    found = uvloop.run(load(port, requests, connections, seconds))
    return Measured(found, before, resident(process))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--connections", type=int, default=64)
    chosen = options.parse_args()
    few = chosen.connections
    with tempfile.TemporaryDirectory() as folder:
        home = keys.create_home(f"{folder}/home")
        looked_up, known, unknown = fill(home)
        common = ("--workers", str(WORKERS), "--rate", "0", "--queue")
        load_before = os.getloadavg()[0]
        with service(home, *common, str(few)) as (port, process):
            look = measured(port, process, looked_up, few, chosen.seconds)
            marked = measured(port, process, known, few, chosen.seconds)
            others = measured(port, process, unknown, few, chosen.seconds)
            proven = measured(port, process, proofs(), few, chosen.seconds)
        with service(home, *common, str(QUEUE)) as (port, process):
            over = uvloop.run(load(port, known, 4 * (QUEUE + WORKERS), chosen.seconds / 4))
            large = b"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n"
            huge = uvloop.run(load(port, [large + b"Expect: 100-continue\r\n\r\n"], 1, 0.2))
        with service(home, "--workers", "1", "--rate", "50") as (port, process):
            fast = uvloop.run(load(port, looked_up, 1, 2))
    print("# What the service takes\n")
    print(provenance())
    print(f"- {chosen.seconds:g} seconds each, {few} connections; load before: {load_before:.1f}\n")
    print("| | asked | answered 200 | median | 99 % | answers | lost | memory | met |")
    print("|---|---|---:|---:|---:|---|---:|---|---|")
    print(look.row("look-up by binding", LOOK_UP))
    print(marked.row("verify 2 MP, marked", VERIFY))
    print(others.row("verify 2 MP, unmarked", VERIFY))
    print(proven.row("proof of an entry in the log", NOTHING))
    print(row(f"verify, {4 * (QUEUE + WORKERS)} connections", BUSY, over))
    print(row("body too long", TOO_LARGE, huge))
    print(row("one client, 50/s allowed", TOO_FAST, fast))


if __name__ == "__main__":
    main()
