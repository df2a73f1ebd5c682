"""How many whole messages are read after each attack.

    python -m bench.audio.robustness > bench/results/audio.md
    python -m bench.audio.robustness --pieces 6     # of each length, for a quick look

Every piece carries another message; it counts as read only when all 64 bits are right. The detector
is told neither the piece nor the attack. Needs ffmpeg, and takes about 15 minutes of one processor;
what was read is kept in build/audio_reads.jsonl, so that a run that was stopped goes on. Reads of
another core, or of another list of attacks, do not count.
"""

import argparse
import functools
import hashlib
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.audio import attacks, clips
from bench.audio.attacks import Attack
from bench.audio.clips import Clip
from bench.machine import provenance
from bench.watermark.shares import Share
from countermark import _core, audio

JOURNAL = Path("build/audio_reads.jsonl")


@dataclass(frozen=True, slots=True)
class Read:
    """One detection.

    Attributes:
        right: Whether the message was read; None where the attack is not for such a piece.
        wrong: Whether another message was read as well, or instead.
        score: Height of the pilot, or 0.
        milliseconds: Of the processor, for detection, with the search for other speeds.
    """

    code: str
    clip: str
    attack: str
    right: bool | None
    wrong: bool
    score: float
    milliseconds: float


def code() -> str:
    """What the reads depend on."""
    return _hash([*_core_files(), Path(attacks.__file__), Path(clips.__file__)])


@functools.cache
def core() -> str:
    """Names the core."""
    return _hash(_core_files())


def _core_files() -> list[Path]:
    module = Path(str(_core.__file__))
    return [module, *module.parent.glob("libcountermark*")]


def _hash(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def payload_of(clip: Clip) -> int:
    return int.from_bytes(hashlib.sha256(clip.name.encode()).digest()[:8], "big")


def read(clip: Clip, marked: clips.Samples, attack: Attack, version: str) -> Read:
    done = attack.apply(marked, clip.rate)
    if done is None:
        return Read(version, clip.name, attack.name, None, False, 0, 0)
    samples, rate = done
    begin = time.process_time()
    detector = audio.Detector(rate)
    detector.push(samples)
    found = detector.detect()
    spent = 1000 * (time.process_time() - begin)
    payloads = {detection.payload for detection in found}
    right = payload_of(clip) in payloads
    score = found[0].score if found else 0.0
    return Read(version, clip.name, attack.name, right, len(payloads) > right, score, spent)


def measure(pieces: Iterable[Clip], long: bool) -> list[Read]:
    version = code()
    JOURNAL.parent.mkdir(exist_ok=True)
    kept = [Read(**json.loads(line)) for line in JOURNAL.open()] if JOURNAL.exists() else []
    known = {(r.clip, r.attack): r for r in kept if r.code == version}
    reads = []
    for clip in pieces:
        marked: clips.Samples | None = None
        for attack in attacks.ATTACKS:
            if attack.long != long:
                continue
            one = known.get((clip.name, attack.name))
            if one is None:
                if marked is None:
                    marked = audio.embed(clip.samples, clip.rate, payload_of(clip))
                one = read(clip, marked, attack, version)
                with JOURNAL.open("a") as journal:
                    print(json.dumps(asdict(one)), file=journal)
            reads.append(one)
        print(clip.name, file=sys.stderr)
    return reads


def row(attack: Attack, reads: list[Read]) -> str:
    own = [r for r in reads if r.attack == attack.name and r.right is not None]
    share = Share(sum(r.right is True for r in own), len(own))
    target = "" if attack.target is None else f"{100 * attack.target:.0f} %"
    met = "" if attack.target is None else ("yes" if share.value >= attack.target else "**no**")
    missed = ", ".join(r.clip for r in own if not r.right)
    heights = statistics.median(r.score for r in own)
    wrong = sum(r.wrong for r in own)
    slowest = max(r.milliseconds for r in own)
    return (
        f"| {attack.name} | {share} | {target} | {met} | {heights:.1f} | {wrong} | {slowest:.0f} "
        f"| {missed} |"
    )


def quality(pieces: Iterable[Clip]) -> str:
    ratios = []
    for clip in pieces:
        marked = audio.embed(clip.samples, clip.rate, payload_of(clip)).astype(np.float64)
        sound = clip.samples.astype(np.float64)
        power = np.var(sound, axis=0).sum()
        ratios.append(10 * np.log10(power / np.mean((marked - sound) ** 2, axis=0).sum()))
    return f"{min(ratios):.1f} to {max(ratios):.1f} dB, median {statistics.median(ratios):.1f} dB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--pieces", type=int)
    most = parser.parse_args().pieces
    print("# What the audio watermark survives\n")
    print(provenance(), end="\n\n")
    print(
        f"Signal-to-noise ratio of the pieces: {quality(itertools.islice(clips.short(), most))}.\n"
    )
    for long, pieces in ((False, clips.short()), (True, clips.long())):
        reads = measure(itertools.islice(pieces, most), long)
        print(f"## Pieces of {25 if long else 12} seconds\n")
        print("Read: whole messages, and the interval in percent that holds the true share with a")
        print("probability of 95 %. Height: of the pilot, the median. Slowest: milliseconds of one")
        print("processor for one detection at full effort.\n")
        print("| attack | read | asked | met | height | wrong | slowest | not read |")
        print("|---|---:|---:|---|---:|---:|---:|---|")
        for attack in attacks.ATTACKS:
            if attack.long == long:
                print(row(attack, reads))
        print()


if __name__ == "__main__":
    main()
