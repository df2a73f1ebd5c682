"""What ARM processors have to do, in instructions: emulated time says nothing, their number does.

    python -m bench.arm build/aarch64-linux-gnu [build/arm-linux-gnueabihf]

Runs cpp/bench/passes of these cross builds in qemu with a plugin that counts, prints markdown, and
fails when a pass over full resolution (in bold) needs more than its share of the plain loop's.
With --calls also whole calls on a luma plane of 12 megapixels, which takes minutes. Needs nothing
but Python, so that a bare machine can run it.
"""

import argparse
import datetime
import subprocess
import sys
from pathlib import Path

#: The most instructions of a vector pass over full resolution, as a share of its plain loop's.
SHARE = 1 / 4
CALLS = ("detect, {}, no mark there", "embed", "detect, {}", "PDQ")


def plugin(build: Path) -> Path:
    """Compiled for this machine, whose emulator loads it."""
    library = build / "count.so"
    source = Path(__file__).parent.parent / "cpp" / "bench" / "count.c"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    return library.resolve()


def counted(build: Path, program: str, *arguments: str) -> tuple[str, list[int]]:
    """What it prints, and the instructions between the first two marks, the next two, and so on."""
    machine = build.name.partition("-")[0]
    roots = {"aarch64": "/usr/aarch64-linux-gnu", "arm": "/usr/arm-linux-gnueabihf"}
    log = build / f"{program}.count"
    command: list[str | Path] = [f"qemu-{machine}", "-L", roots[machine], "-plugin", plugin(build)]
    command += ["-d", "plugin", "-D", log, build / "cpp" / "bench" / program, *arguments]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout, [int(line) for line in log.read_text().split()][1::2]


def said(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def passes(build: Path) -> tuple[str, bool]:
    """The table, and whether every pass over full resolution keeps to its share."""
    printed, counts = counted(build, "passes", "neon")
    kept = True
    rows = [
        f"| {build.name}, instructions a pixel | NEON | plain loop | as gcc vectorises it "
        "| NEON of the plain loop |",
        "|---|---:|---:|---:|---:|",
    ]
    for line, vector, plain, compiler in zip(
        printed.splitlines(), counts[::3], counts[1::3], counts[2::3], strict=True
    ):
        where, name, pixels = line.split(",")
        full = where == "full"
        kept &= not full or vector <= SHARE * plain
        each = (f"{count / int(pixels):.2f}" for count in (vector, plain, compiler))
        name = f"**{name}**" if full else name
        rows.append(f"| {name} | {' | '.join(each)} | {vector / plain:.2f} |")
    return "\n".join(rows), kept


def calls(build: Path) -> str:
    """Millions of instructions of each call; embedding and PDQ know no effort."""
    rows = [f"| {build.name}, 12 megapixels of luma | million instructions |", "|---|---:|"]
    measured: dict[str, int] = {}
    for effort in ("aligned", "full"):
        _, counts = counted(build, "gateway", "4000", "3000", effort)
        measured |= {call.format(effort): count for call, count in zip(CALLS, counts, strict=True)}
    rows += [f"| {call} | {count / 1e6:,.0f} |" for call, count in measured.items()]
    return "\n".join(rows)


def main() -> int:
    """Prints; 1 when a pass over full resolution needs more than its share."""
    parser = argparse.ArgumentParser(description="Instructions of ARM builds, counted by qemu.")
    parser.add_argument("builds", nargs="+", type=Path)
    parser.add_argument("--calls", action="store_true", help="also whole calls; minutes")
    asked = parser.parse_args()
    print(f"- Commit: {said('git', 'describe', '--always', '--dirty')}")
    print(f"- Date: {datetime.datetime.now(datetime.timezone.utc).date()}")
    kept = True
    for build in asked.builds:
        table, keeps = passes(build)
        kept &= keeps
        compiler = said(f"{build.name}-g++", "-dumpfullversion")
        print(f"\nBuilt by gcc {compiler}; passes over full resolution in bold.\n\n{table}")
        if asked.calls:
            print(f"\n{calls(build)}")
    if not kept:
        print("a pass over full resolution needs more than its share", file=sys.stderr)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
