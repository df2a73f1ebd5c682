"""countermark beside audiowmark: the same pieces, the same attacks, in one run.

    python -m bench.audio.side_by_side > bench/results/audio_side_by_side.md
    python -m bench.audio.side_by_side --pieces 6 --long 1   # of 12 and of 25 s, for a quick look

`systems.py` says how to get audiowmark; without it, countermark stands alone. What was read is kept
in build/audio_side_by_side.jsonl, so that a run that was stopped goes on. All of it takes an
hour of one processor, for audiowmark.
"""

import argparse
import hashlib
import itertools
import json
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.audio import attacks, clips, quality, quoted
from bench.audio.attacks import Attack
from bench.audio.clips import Clip, Samples
from bench.audio.quality import Quality
from bench.audio.systems import PROGRAM, System, systems
from bench.machine import provenance
from bench.watermark.shares import Share

JOURNAL = Path("build/audio_side_by_side.jsonl")


@dataclass(frozen=True, slots=True)
class Reading:
    """One message that was looked for.

    Attributes:
        right: Whether it was read; None where the attack is not for such a piece.
        seconds: Of the processor.
    """

    system: str
    code: str
    clip: str
    attack: str
    right: bool | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece with a system's mark, and the seconds of the processor that this took."""

    clip: Clip
    samples: Samples
    seconds: float


def code(system: System) -> str:
    """What its readings depend on."""
    files = (attacks.__file__, clips.__file__)
    parts = [system.version.encode(), *(Path(file).read_bytes() for file in files)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def marked(system: System, pieces: Iterable[Clip]) -> Iterator[Marked]:
    for clip in pieces:
        before = system.seconds()
        samples = system.embed(clip)
        yield Marked(clip, samples, system.seconds() - before)


def read(system: System, one: Marked, attack: Attack) -> Reading:
    done = attack.apply(one.samples, one.clip.rate)
    right, seconds = None, 0.0
    if done is not None:
        before = system.seconds()
        right = system.read(one.clip, *done)
        seconds = system.seconds() - before
    return Reading(system.name, code(system), one.clip.name, attack.name, right, seconds)


def readings(system: System, pieces: Iterable[Marked], long: bool) -> list[Reading]:
    JOURNAL.parent.mkdir(exist_ok=True)
    kept = [Reading(**json.loads(line)) for line in JOURNAL.open()] if JOURNAL.exists() else []
    known = {(r.system, r.clip, r.attack): r for r in kept if r.code == code(system)}
    found = []
    for one in pieces:
        for attack in attacks.ATTACKS:
            if attack.long != long:
                continue
            reading = known.get((system.name, one.clip.name, attack.name))
            if reading is None:
                reading = read(system, one, attack)
                with JOURNAL.open("a") as journal:
                    print(json.dumps(asdict(reading)), file=journal)
            found.append(reading)
        print(system.name, one.clip.name, file=sys.stderr, flush=True)
    return found


def shares(everyone: list[list[Reading]], long: bool) -> str:
    """One row for each attack, one column for each system."""
    names = [f"{found[0].system}, read" for found in everyone]
    rows = [f"| attack | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for attack in attacks.ATTACKS:
        if attack.long != long:
            continue
        cells = []
        for found in everyone:
            own = [r for r in found if r.attack == attack.name and r.right is not None]
            cells.append(str(Share(sum(r.right is True for r in own), len(own))) if own else "")
        rows.append(f"| {attack.name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def costs(system: System, pieces: list[Marked], found: list[Reading]) -> str:
    """Quality and speed, of unharmed copies."""
    qualities: list[Quality] = [quality.measure(one.clip, one.samples) for one in pieces]
    snr = [q.snr_db for q in qualities]
    nmr = [q.nmr_db for q in qualities]
    over = max(100 * q.over for q in qualities)
    pesq = [q.pesq for q in qualities if q.pesq is not None]
    unharmed = [r.seconds for r in found if r.attack == "none"]
    embedding = [one.seconds for one in pieces]
    cells = [
        system.name,
        str(system.bits),
        f"{min(snr):.1f}, {statistics.median(snr):.1f}",
        f"{max(nmr):.1f}, {statistics.median(nmr):.1f}",
        f"{over:.2f}",
        f"{min(pesq):.2f}, {statistics.median(pesq):.2f}" if pesq else "",
        f"{1000 * statistics.median(embedding):.0f}",
        f"{1000 * statistics.median(unharmed):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--pieces", type=int)
    parser.add_argument("--long", type=int)
    arguments = parser.parse_args()
    here = systems()
    print("# The watermark of sounds beside others\n")
    print(provenance())
    others = ", ".join(f"{one.name} {one.version}" for one in here[1:])
    print(f"- Other programs: {others or f'none, as {PROGRAM} is not in PATH'}\n")
    print(NOTES, end="\n\n")
    pieces = {
        long: {one.name: list(marked(one, itertools.islice(make(), most))) for one in here}
        for long, make, most in (
            (False, clips.short, arguments.pieces),
            (True, clips.long, arguments.long),
        )
    }
    found = {
        long: [readings(one, own[one.name], long) for one in here] for long, own in pieces.items()
    }
    print("## Quality and time of 12 seconds\n")
    print(
        "| system | bits | SNR, dB: lowest, median | noise-to-mask, dB: highest, median "
        "| over the mask at most, % | PESQ: lowest, median | embed, ms | read unharmed, ms |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for number, one in enumerate(here):
        print(costs(one, pieces[False][one.name], found[False][number]))
    for long in (False, True):
        print(f"\n## Read in pieces of {25 if long else 12} seconds\n")
        print(shares(found[long], long))
    print("\n## Others, as published\n")
    print("Not run here. Sounds, attacks and what counts as success differ from ours and from each")
    print("other's; a cell is empty where we have read no figure.\n")
    print(quoted.table())


NOTES = f"""\
Both mark the same pieces at their default strength and read the same damaged copies. countermark's
message has 64 bits and 32 check bits: it tells when there is none. {PROGRAM}'s has 128 bits and no
check: `{PROGRAM} get` lists what the sound may say, and a message counts as read when it is
anywhere in that list. A user of theirs knows which one it is by looking each of them up.
Where plain `get` does not list it, `get --detect-speed` is tried; both detectors are told nothing
about the attack. A mark of theirs takes 52 seconds of sound for each whole copy of the message; of
shorter pieces they read what there is of it, so these are hard for them.

Milliseconds of the processor are the median over the pieces; those of {PROGRAM} hold its start and
its files. Intervals hold the true share with a probability of 95 %, in percent."""


if __name__ == "__main__":
    main()
