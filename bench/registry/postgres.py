"""What a search among fingerprints costs in PostgreSQL, by its index.

Run `python -m bench.registry.postgres ADDRESS [COUNT]`; it makes a schema of its own and drops it.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import time

import numpy as np

from bench.machine import provenance
from countermark.registry.postgres import PostgresDatabase

QUERIES = 200
BATCH = 10_000
RADIUS = 31


def filled(database: PostgresDatabase, hashes: np.ndarray) -> float:
    """Stores the hashes, without entries; how many a second."""
    database.prepare()
    database.run("ALTER TABLE hash DROP CONSTRAINT hash_entry_fkey")
    start = time.perf_counter()
    for first in range(0, len(hashes), BATCH):
        with database.writing():
            for row in range(first, min(first + BATCH, len(hashes))):
                database.add_hash(row, hashes[row].tobytes())
    rate = len(hashes) / (time.perf_counter() - start)
    database.run("VACUUM ANALYZE hash")
    return rate


def searched(database: PostgresDatabase, hashes: np.ndarray) -> list[float]:
    """Milliseconds of searches for stored hashes of which up to 31 bits were turned."""
    random = np.random.default_rng(2)
    times = []
    for _ in range(QUERIES):
        row = int(random.integers(len(hashes)))
        bits = np.unpackbits(hashes[row])
        bits[random.choice(256, int(random.integers(RADIUS + 1)), replace=False)] ^= 1
        start = time.perf_counter()
        found = database.near(np.packbits(bits).tobytes(), RADIUS)
        times.append((time.perf_counter() - start) * 1e3)
        assert row in [one for one, _ in found], "the search missed one"
    return sorted(times)


def main(address: str, count: int) -> None:
    """Measures, and prints a table."""
    hashes = np.random.default_rng(1).integers(0, 256, (count, 32), np.uint8)
    schema = f"bench_{secrets.token_hex(4)}"
    database = PostgresDatabase(address, schema)
    try:
        rate = filled(database, hashes)
        times = searched(database, hashes)
        row = database.one("SELECT pg_total_relation_size('hash'), version()")
        assert row is not None
    finally:
        database.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        database.close()
    print("# Search in PostgreSQL\n")
    print(provenance())
    print(f"- Server: {row[1].split(' on ')[0]}\n")
    print("| uniform hashes | stored a second | bytes a hash | median, ms | 95 %, ms | found |")
    print("|---:|---:|---:|---:|---:|---:|")
    median, late = statistics.median(times), times[int(QUERIES * 0.95)]
    size = row[0] / count
    print(f"| {count:,} | {rate:,.0f} | {size:.0f} | {median:.1f} | {late:.1f} | all |")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
