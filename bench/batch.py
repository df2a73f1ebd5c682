"""How many files a second a batch marks, against one process and against its parts added up.

Run as `python -m bench.batch > bench/results/batch.md`, with nothing else on the machine: it times
whole processes. JPEGs of 2 MP.
"""

import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from bench import corpus, machine
from countermark import keys
from countermark.batch import run, work
from countermark.batch.plan import Plan
from countermark.costs import measured
from countermark.record import DigitalSource, Record

COUNT, SIZE = 96, (1632, 1224)
RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")


def files(folder: Path) -> None:
    """Photographs that differ in a pixel, so that each is content of its own."""
    folder.mkdir()
    pictures = [Image.fromarray(corpus.pixels(file)).convert("RGB") for file in corpus.files()[:6]]
    pictures = [picture.resize(SIZE) for picture in pictures]
    for number in range(COUNT):
        picture = pictures[number % len(pictures)].copy()
        picture.putpixel((number, 0), (255, 0, 0))
        picture.save(folder / f"{number:03}.jpg", quality=90)


def rate(source: Path, folder: Path, home: keys.Home, processes: int) -> float:
    """Files a second, without the start of the processes: that of one file is taken off."""
    seconds = []
    for count in (1, COUNT):
        some = folder / f"{processes}-{count}"
        (some / "in").mkdir(parents=True)
        for path in sorted(source.iterdir())[:count]:
            (some / "in" / path.name).symlink_to(path)
        began = time.perf_counter()
        done = run(
            [some / "in"], some / "out", home=home.folder, record=RECORD, processes=processes
        )
        assert (done.done, done.failed) == (count, 0)
        seconds.append(time.perf_counter() - began)
    return (COUNT - 1) / (seconds[1] - seconds[0])


def parts(source: Path, home: keys.Home) -> dict[str, float]:
    """Seconds a file of each layer, in one process that does nothing else."""
    plan = Plan(home=home.folder, record=RECORD, key=bytes(32))
    spent = []
    for path in sorted(source.iterdir())[:24]:
        with measured() as one:
            assert isinstance(work.mark_one(path.read_bytes(), plan), work.Done)
        spent.append(one)
    return {layer: statistics.median(one[layer] for one in spent) for layer in spent[0]}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = keys.create_home(folder / "home")
        files(folder / "files")
        layers = parts(folder / "files", home)
        added = 1 / sum(layers.values())
        rates = {count: rate(folder / "files", folder, home, count) for count in (1, 2)}
    print(f"# Batches\n\n{machine.provenance()}\n")
    print(f"{COUNT} JPEGs of {SIZE[0]} x {SIZE[1]} pixels.\n")
    print("| | files a second | of one process | of the layers added up |\n|---|---:|---:|---:|")
    print(f"| the layers added up | {added:.1f} | | 1.00 |")
    for count, found in rates.items():
        share = found / (added * count)
        print(f"| {count} processes | {found:.1f} | {found / rates[1]:.2f} | {share:.2f} |")
    print("\n| layer | ms a file |\n|---|---:|")
    for layer, seconds in layers.items():
        print(f"| {layer} | {1000 * seconds:.1f} |")


if __name__ == "__main__":
    main()
