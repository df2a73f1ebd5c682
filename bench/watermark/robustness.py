"""How many whole messages are read after each attack.

Every picture carries another message. It counts as read only when all its bits are right; the
detector is told neither picture nor attack nor message.
"""

import itertools
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import corpus
from bench.watermark import readings, targets
from bench.watermark.families import ATTACKS, FAMILIES, HARD_ATTACKS, Family, least_pixels
from bench.watermark.shares import Share, percent
from bench.watermark.systems import System
from bench.watermark.workers import workers


@dataclass(frozen=True, slots=True)
class Read:
    """One detection: None when nothing was read, else whether it was the right message."""

    right: bool | None
    seconds: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What one system read in one picture, after each attack that it was put through."""

    name: str
    reads: dict[str, Read]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system read in all pictures."""

    system: System
    pictures: list[Picture]

    def reads(self, attack: str) -> list[Read]:
        """After one attack."""
        return [picture.reads[attack] for picture in self.pictures if attack in picture.reads]

    def share(self, attack: str) -> Share | None:
        """Of pictures whose message was read; None if none was put through the attack."""
        reads = self.reads(attack)
        return Share(sum(read.right is True for read in reads), len(reads)) if reads else None

    def mean(self) -> Share:
        """Of the families' shares, over the pictures: those of one picture hang together."""
        shares = [
            statistics.mean(share.value for share in known)
            for family in FAMILIES
            if (
                known := [s for level in family.attacks if (s := self.share(family.name_of(level)))]
            )
        ]
        return Share(statistics.mean(shares) * len(self.pictures), len(self.pictures))

    def missed(self, attack: str) -> list[str]:
        """The pictures whose message was not read."""
        return [
            picture.name
            for picture in self.pictures
            if attack in picture.reads and picture.reads[attack].right is not True
        ]


def measure(
    system: System,
    files: Sequence[Path],
    bound: int | None,
    processes: int,
    attacks: Sequence[str] = tuple(ATTACKS),
) -> Measured:
    """Marks the pictures, damages them, reads them; side by side, in their order."""
    drawn = np.random.default_rng(0).integers(0, 2**64, len(files), np.uint64)
    payloads = [int(payload) % 2**system.bits for payload in drawn]
    tasks = list(zip(files, payloads, strict=True))[:: system.every]
    with workers(processes) as pool:
        pictures = pool.map(
            _measure_one,
            *map(itertools.repeat, (system, bound, attacks)),
            *zip(*tasks, strict=True),
        )
        return Measured(system, list(pictures))


def _measure_one(
    system: System, bound: int | None, attacks: Sequence[str], file: Path, payload: int
) -> Picture:
    picture = corpus.pixels(file, bound)
    marked = system.embed(picture, payload)
    reads = {}
    for name in attacks:
        if picture.shape[0] * picture.shape[1] < least_pixels(name):
            continue
        reading = readings.read(system, (ATTACKS | HARD_ATTACKS)[name](marked))
        right = None if reading.payload is None else reading.payload == payload
        reads[name] = Read(right, reading.seconds, reading.kept)
    print(system.name, file.stem, file=sys.stderr, flush=True)
    return Picture(file.stem, reads)


def summary(all_measured: Sequence[Measured], bound: int | None) -> str:
    """Pictures, means and times in a few lines."""
    ours = all_measured[0]
    reads = [read for picture in ours.pictures for read in picture.reads.values()]
    size = "at their own size" if bound is None else f"no side over {bound} px"
    lines = [f"- Pictures: {len(ours.pictures)}, {size}"]
    lines += [
        f"- {m.system.name}: message of {m.system.bits} bits, n = {len(m.pictures)}, mean of "
        f"the families {percent(m.mean().value)}"
        for m in all_measured
    ]
    lines.append(
        f"- Wrong messages of countermark: {sum(r.right is False for r in reads)} of {len(reads)} "
        "detections; the others give as many bits as asked for, whether there is a mark or not"
    )
    for what, times in {
        "reads": [1000 * r.seconds for r in reads if r.right is not None],
        "finds nothing": [1000 * r.seconds for r in reads if r.right is None],
    }.items():
        if times:
            lines.append(
                f"- A detection of countermark that {what} takes {statistics.median(times):.0f} ms "
                f"(median of {len(times)}), at most {max(times):.0f} ms"
            )
    every = [r for m in all_measured for picture in m.pictures for r in picture.reads.values()]
    lines.append(
        f"- Readings made in this run: {sum(not r.kept for r in every)} of {len(every)}; the "
        "others were kept from an earlier run, of the same code on the same pixels"
    )
    return "\n".join(lines)


def targets_table(columns: dict[str, Measured]) -> str:
    """One row for each target: the attack after which the fewest messages are read."""
    rows = [
        "| attacks | target, each | " + " | ".join(f"{title} | met" for title in columns) + " |",
        "|---|---:|" + "---|---|" * len(columns),
    ]
    for target in targets.TARGETS:
        cells = (_worst(measured, target) for measured in columns.values())
        rows.append(f"| {target.title} | ≥ {percent(target.share)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _worst(measured: Measured, target: targets.Target) -> str:
    shares = {name: share for name in target.attacks if (share := measured.share(name))}
    if not shares:
        return "no such picture | "
    below = [name for name, share in shares.items() if share.value < target.share]
    name, share = min(shares.items(), key=lambda item: item[1].value)
    met = f"no: {len(below)} of {len(shares)} below" if below else "yes"
    if share.value == 1:
        return f"**100 %** each: {share} | {met}"
    return f"**{percent(share.value)}** at {name}: {share} | {met}"


def attacks_table(all_measured: Sequence[Measured], attacks: Sequence[str] = tuple(ATTACKS)) -> str:
    """One row for each attack, one column for each system, the targets beside ours."""
    ours, *others = all_measured
    names = " | ".join(measured.system.name for measured in others)
    rows = [
        "| attack | target | countermark | met |"
        + (f" {names} |" if others else "")
        + " not read by countermark |",
        "|---|---:|---:|---|" + "---:|" * len(others) + "---|",
    ]
    for name in attacks:
        share = ours.share(name)
        if share is None:
            continue
        target = targets.SHARE_OF.get(name)
        met = "" if target is None else "yes" if share.value >= target else "**no**"
        cells = [
            name,
            "" if target is None else percent(target),
            str(share),
            met,
            *(str(measured.share(name) or "") for measured in others),
            " ".join(ours.missed(name)),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def hard_table(all_measured: Sequence[Measured]) -> str:
    """As `attacks_table`, and all readings together."""
    rows = ["| hard pictures | " + " | ".join(m.system.name for m in all_measured) + " |"]
    rows.append("|---|" + "---:|" * len(all_measured))
    for name in HARD_ATTACKS:
        rows.append(f"| {name} | {' | '.join(str(m.share(name)) for m in all_measured)} |")
    together = [
        Share(sum(s.count for s in shares), sum(s.total for s in shares))
        for m in all_measured
        if (shares := [share for name in HARD_ATTACKS if (share := m.share(name))])
    ]
    met = "met" if together[0].value >= targets.HARD_SHARE else "not met"
    title = f"together; target of countermark ≥ {percent(targets.HARD_SHARE)}: {met}"
    rows.append(f"| {title} | {' | '.join(f'{s.count:.0f}/{s.total}' for s in together)} |")
    missed = {name: " ".join(all_measured[0].missed(name)) for name in HARD_ATTACKS}
    notes = "; ".join(f"{name}: {pictures}" for name, pictures in missed.items() if pictures)
    return "\n".join(rows) + f"\n\nNot read by countermark: {notes or 'none'}."


def families_table(measured: Measured) -> str:
    """One row for each family of attacks, for the README."""
    rows = [
        f"| {family.title} | {levels} |"
        for family in FAMILIES
        if (levels := _levels(measured, family))
    ]
    return "\n".join(["| what was done to the picture | messages read |", "|---|---|", *rows])


def _levels(measured: Measured, family: Family) -> str:
    """The levels of one family with the shares, neighbours of the same share together."""

    def share(level: str) -> float:
        known = measured.share(family.name_of(level))
        return -1 if known is None else known.value

    groups = itertools.groupby(family.attacks, share)
    return "; ".join(
        f"{', '.join(group)}: **{percent(value)}**" for value, group in groups if value >= 0
    )
