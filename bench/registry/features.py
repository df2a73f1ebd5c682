"""What it costs to look for known content when something is marked or verified.

python -m bench.registry.features [--features 100000]
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial

import skimage.data
from PIL import Image

from bench.machine import provenance
from countermark import fingerprint, keys, mark, screening, verify
from countermark.credentials import Trust
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.registry.features import Feature, Kind, Listed, Reviewer, Signers, snapshot
from countermark.registry.log import NoteKey

ADA, BEN, LIST = (NoteKey.generate(name) for name in ("ada", "ben", "example.org/list"))
SIGNERS = Signers(tuple(Reviewer(key.verifier) for key in (ADA, BEN)), (LIST.verifier,))
NOW = datetime.now(timezone.utc)


def feature(pdq: bytes, **changes: object) -> Feature:
    members = {"kind": Kind.PROTECTED, "reason": "copyright", "source": "bench", "at": NOW}
    return Feature(**{**members, "pdq": pdq, "pdq_quality": 100, **changes})  # type: ignore[arg-type]


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def picture() -> bytes:
    """A photograph of 2 megapixels."""
    stream = io.BytesIO()
    Image.fromarray(skimage.data.coffee()).resize((1732, 1155)).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=100_000)
    count = parser.parse_args().features
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measured(keys.create_home(f"{folder}/home"), count))
    print(provenance(), end="\n\n")
    print("| what | ms |\n|---|---|")
    for what, value in rows:
        print(f"| {what} | {value:,.2f} |")


def measured(home: keys.Home, count: int) -> Iterator[tuple[str, float]]:
    """Each thing that was measured, in milliseconds."""
    trust, rules = Trust.from_file(home.trust_path), screening.Rules(SIGNERS)
    file, draw = io.BytesIO(), random.Random(1).randbytes
    record = Record(source=DigitalSource.CAPTURED)

    def look() -> object:
        file.seek(0)
        return verify(file, trust=trust, registry=registry, rules=rules)

    def search() -> object:
        return registry.features.match(hashes, [], SIGNERS)

    with Registry.open(home.registry_path) as registry:
        original = io.BytesIO(picture())
        mark(original, file, record=record, signer=home.signer(), registry=registry)
        yield "verify of an intact picture of 2 MP, no features", milliseconds(look, 15)
        drawn = (Listed(feature=feature(draw(32)), since=NOW) for _ in range(count))
        content = snapshot.write(drawn, LIST, at=NOW)
        yield f"taking over a list of {count:,}", milliseconds(partial(take, registry, content), 1)
    with Registry.open(home.registry_path) as registry:
        file.seek(0)
        hashes = [hash_.bits for hash_ in fingerprint.pdq_dihedral(Image.open(file))]
        yield f"the first search among {count:,} in a process", milliseconds(search, 1)
        yield f"a search among {count:,}, nothing fits", milliseconds(search, 500)
        yield "verify of the intact picture, nothing fits", milliseconds(look, 15)
        add(registry, feature(hashes[0]))
        search()
        yield "a search in which one fits that two reviewers signed", milliseconds(search, 500)
        add(registry, feature(draw(32), payload=1))
        search()
        yield "verify of the intact picture, a payload is looked for too", milliseconds(look, 15)


def take(registry: Registry, content: bytes) -> None:
    registry.features.import_list(snapshot.read(content, LIST.verifier), LIST.verifier)


def add(registry: Registry, one: Feature) -> None:
    registry.features.propose(one, ADA, SIGNERS)
    registry.features.approve(one.id, BEN, SIGNERS)


if __name__ == "__main__":
    main()
