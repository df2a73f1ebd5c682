"""What the transparency log costs: appends, proofs, and checking all of it.

python -m bench.registry.log [--leaves 1000000]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from bench.machine import provenance
from countermark.registry.log import journal, leaf, merkle
from countermark.registry.sqlite import SqliteDatabase

AT = "2026-11-26T00:00:00.000000Z"


def event(number: int) -> bytes:
    """A leaf like that of a marked picture."""
    members = {"payload": f"{number:016x}", "manifest_sha256": "ab" * 32}
    return leaf.encode("marked", AT, {**members, "pdq_commitment": "ef" * 32})


def append(database: SqliteDatabase, batch: int, batches: int) -> float:
    """Leaves a second, by the median of the transactions."""
    times = []
    for _ in range(batches):
        first = journal.size(database)
        start = time.perf_counter()
        with database.writing():
            journal.append(database, [event(first + number) for number in range(batch)])
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times)


def proof_ms(database: SqliteDatabase, rounds: int = 500) -> tuple[float, float]:
    """Median and 95th percentile of one proof of inclusion."""
    size, times = journal.size(database), []
    for _ in range(rounds):
        position = random.randrange(size)
        start = time.perf_counter()
        merkle.inclusion_proof(position, size, journal.tiles(database))
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), sorted(times)[int(rounds * 0.95)]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    wanted = parser.parse_args().leaves
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.sqlite3"
        database = SqliteDatabase(path)
        database.prepare()
        rows = [("durable appends of one leaf, a second", f"{append(database, 1, 500):,.0f}")]
        hundreds = append(database, 100, 200)
        rows.append(("leaves a second in batches of 100", f"{hundreds:,.0f}"))
        rest = max(wanted - journal.size(database), 0)
        append(database, 10_000, -(-rest // 10_000))
        median, late = proof_ms(database)
        size = journal.size(database)
        rows.append((f"proof of inclusion in {size:,}, ms", f"{median:.2f} (95 %: {late:.2f})"))
        start = time.perf_counter()
        journal.check(database)
        rows.append(("checking all of it, s", f"{time.perf_counter() - start:.1f}"))
        rows.append(("bytes of the file a leaf", f"{path.stat().st_size / size:.0f}"))
        database.close()
    print(provenance(), end="\n\n")
    print("| what | measured |\n|---|---|")
    for row in rows:
        print("| {} | {} |".format(*row))


if __name__ == "__main__":
    main()
