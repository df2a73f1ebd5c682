"""What one search among many fingerprints costs, beside faiss.

    python -m bench.registry.search [count ...] > bench/results/search.md

Every engine runs in a process of its own, one query at a time, at radius 31; its answers are
compared with those of a scan. Memory is what the process has grown by, the hashes among it.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.machine import provenance
from bench.registry import hashes as sets
from countermark import hamming

RADIUS = 31
COUNTS = (1_000_000, 10_000_000)
SETS = {"uniform": sets.uniform, "crops": sets.real}
#: Count, most milliseconds of the median search.
TARGETS = {1_000_000: 0.3, 10_000_000: 1.5}
BUILD_SECONDS_PER_HASH = 10 / 10_000_000
BYTES_PER_HASH = 100

Find = Callable[[sets.Hashes], list[int]]


class Result(NamedTuple):
    """What one engine needed."""

    build_seconds: float
    open_seconds: float | None
    bytes_per_hash: float | None
    grown_mib: float
    milliseconds: list[float]
    found: list[list[int]]

    def at(self, percent: int) -> float:
        """The time that so many percent of the searches took at most."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


def resident_mib() -> float:
    """What the process has in memory, mapped files included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def searched(find: Find, queries: sets.Hashes) -> tuple[list[float], list[list[int]]]:
    """Milliseconds and answers of each query; the first twenty also warm up."""
    milliseconds, found = [], []
    for query in [*queries[:20], *queries]:
        start = time.perf_counter()
        answer = find(query)
        milliseconds.append((time.perf_counter() - start) * 1000)
        found.append(sorted(answer))
    return milliseconds[20:], found[20:]


def index(name: str, count: int) -> Result:
    """The index of countermark, from a file."""
    hashes, queries = SETS[name](count)
    start = time.perf_counter()
    built = hamming.Index.build(hashes.data, np.arange(count))
    build_seconds = time.perf_counter() - start
    sets.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=sets.CACHE) as folder:
        file = Path(folder) / "index"
        file.write_bytes(built.block)
        size = file.stat().st_size
        del built, hashes
        before = resident_mib()
        start = time.perf_counter()
        opened = hamming.Index.open(file)
        open_seconds = time.perf_counter() - start

        def find(query: sets.Hashes) -> list[int]:
            return [match.label for match in opened.search([query.tobytes()], RADIUS)]

        milliseconds, found = searched(find, queries)
        grown = resident_mib() - before
    return Result(build_seconds, open_seconds, size / count, grown, milliseconds, found)


def scan(name: str, count: int) -> Result:
    """The scan of countermark."""
    before = resident_mib()
    hashes, queries = SETS[name](count)
    rows = np.arange(count)

    def find(query: sets.Hashes) -> list[int]:
        return [m.label for m in hamming.scan(hashes.data, rows, [query.tobytes()], RADIUS)]

    milliseconds, found = searched(find, queries)
    return Result(0, None, 40, resident_mib() - before, milliseconds, found)


def faiss_flat(name: str, count: int) -> Result:
    """IndexBinaryFlat."""
    import faiss

    return _faiss(faiss.IndexBinaryFlat(256), name, count, 32)


def faiss_multi_hash(name: str, count: int) -> Result:
    """IndexBinaryMultiHash with 16 hashes of 16 bits, of which one may change: as exact as ours."""
    import faiss

    engine = faiss.IndexBinaryMultiHash(256, 16, 16)
    engine.nflip = 1
    return _faiss(engine, name, count, None)


def _faiss(engine, name: str, count: int, size: int | None) -> Result:  # type: ignore[no-untyped-def]
    import faiss

    faiss.omp_set_num_threads(1)  # a second one does not help a single query, and waits for a core
    hashes, queries = SETS[name](count)
    before = resident_mib()
    start = time.perf_counter()
    engine.add(hashes)
    build_seconds = time.perf_counter() - start

    def find(query: sets.Hashes) -> list[int]:
        # faiss means less than the radius.
        _, _, labels = engine.range_search(query[None], RADIUS + 1)
        return [int(label) for label in labels]

    milliseconds, found = searched(find, queries)
    return Result(build_seconds, None, size, resident_mib() - before, milliseconds, found)


ENGINES = {
    "countermark scan": scan,  # what the others are compared with
    "countermark index": index,
    "faiss IndexBinaryFlat": faiss_flat,
    "faiss IndexBinaryMultiHash": faiss_multi_hash,
}


def measured(engine: Callable[[str, int], Result], name: str, count: int) -> Result:
    """In a fresh process, so that memory is told apart."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(engine, name, count).result()


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main(counts: list[int]) -> None:
    """Prints both tables."""
    import faiss

    print("# Search\n")
    print(provenance())
    print(f"- Other packages: faiss-cpu {faiss.__version__}; one thread each, as ours")
    print(f"- Load of the machine before: {os.getloadavg()[0]:.2f}\n", flush=True)
    header = "| hashes | engine | build, s | open, s | bytes a hash | memory, MiB "
    print(f"{header}| median, ms | 95 %, ms | most, ms | found | as the scan |")
    print("|---|---|" + "---:|" * 9, flush=True)
    ours: dict[tuple[str, int], Result] = {}
    for count in counts:
        for name in SETS:
            results = {}
            for title, engine in ENGINES.items():
                results[title] = result = measured(engine, name, count)
                truth = results["countermark scan"]
                cells = [
                    f"{count:,} {name}",
                    title,
                    number(result.build_seconds),
                    number(result.open_seconds),
                    number(result.bytes_per_hash),
                    number(result.grown_mib),
                    number(result.at(50)),
                    number(result.at(95)),
                    number(max(result.milliseconds)),
                    f"{sum(map(len, result.found)):,}",
                    "yes" if result.found == truth.found else "**no**",
                ]
                print("| " + " | ".join(cells) + " |", flush=True)
            ours[name, count] = results["countermark index"]
    print("\n| promised | at most | measured | kept |\n|---|---:|---:|---|")
    for (name, count), result in ours.items():
        assert result.bytes_per_hash is not None
        rows = [
            ("median search, ms", TARGETS.get(count), result.at(50)),
            ("build, s", count * BUILD_SECONDS_PER_HASH, result.build_seconds),
            ("bytes a hash", BYTES_PER_HASH, result.bytes_per_hash),
        ]
        for title, most, value in rows:
            if most is not None:
                kept = "yes" if value <= most else "**no**"
                print(f"| {title}, {count:,} {name} | {most:g} | {number(value)} | {kept} |")


if __name__ == "__main__":
    main([int(text.replace("_", "")) for text in sys.argv[1:]] or list(COUNTS))
