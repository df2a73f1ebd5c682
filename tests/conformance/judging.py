"""Whether an answer is the one that a case asks for.

Embedded marks and fingerprints are judged in two grades: `exact`, the very bits of the vectors,
and `close`, so near to them that no reader sees a difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media import Unreadable, samples

KINDS: Final = ("exact", "close", "failed", "unsupported")
HASH_BITS: Final = 10
"""In how many of its 256 bits a hash may differ: a third of what makes another picture."""

QUALITY: Final = 5
ENERGY: Final = 0.1
"""By how much two embedders may differ in all, as a share of the mark's energy."""


@dataclass(frozen=True)
class Work:
    """A request as it is sent, what is in it, and the answer: one, or several with bars between."""

    line: str
    asked: dict[str, str]
    wanted: str
    vectors: Path


@dataclass(frozen=True)
class Outcome:
    """`kind`: one of `KINDS`; `reason`: the end of a sentence, empty if it is `exact`."""

    kind: str
    reason: str = ""

    @classmethod
    def failure(cls, reason: str) -> Outcome:
        """The implementation is wrong."""
        return cls("failed", reason)


def fields(line: str) -> dict[str, str]:
    """What stands behind the first word of a request or an answer."""
    parts = (part.partition("=") for part in line.split()[1:])
    return {name: value for name, _, value in parts}


def judged(work: Work, answer: str) -> Outcome:
    """What an answer is worth."""
    kind = answer.partition(" ")[0]
    if kind not in ("ok", "none", "refused", "unsupported"):
        return Outcome.failure(f"it answers {answer!r:.200}: not ok, none, refused or unsupported")
    if kind == "unsupported":
        return Outcome(kind, "is not supported")
    if kind != "ok" and kind in work.wanted.split(" | "):
        return Outcome("exact")
    if kind != "ok" or not work.wanted.startswith("ok"):
        return Outcome.failure(f"it answers {answer!r:.200}, not {work.wanted!r}")
    outcomes = _compared(work, fields(answer))
    return max(outcomes, key=lambda outcome: KINDS.index(outcome.kind))


def _compared(work: Work, told: dict[str, str]) -> list[Outcome]:
    """What each field is worth; those that were not asked for are passed over."""
    outcomes = []
    for name, value in fields(work.wanted).items():
        if name == "out":
            outcomes.append(_marked(work.asked, work.vectors / value))
        elif name not in told:
            outcomes.append(Outcome.failure(f"it does not say {name}, which is {value}"))
        elif told[name] == value:
            outcomes.append(Outcome("exact"))
        elif name == "hash":
            outcomes.append(_hash(value, told[name]))
        elif name == "quality":
            outcomes.append(_quality(value, told[name]))
        else:
            outcomes.append(Outcome.failure(f"it says {name}={told[name]:.80}, not {value}"))
    return outcomes


def _marked(asked: dict[str, str], golden: Path) -> Outcome:
    """A picture or sound with a mark, beside the one that it was put into and the right one."""
    out = Path(asked["out"])
    if not out.is_file():
        return Outcome.failure("it did not write the file that `out` names")
    before, right = samples(Path(asked.get("picture") or asked["sound"])), samples(golden)
    try:
        written = samples(out)
    except Unreadable as error:
        return Outcome.failure(f"it wrote a file that {error}")
    if written.form != right.form:
        return Outcome.failure(f"it wrote {written.form}, not {right.form}")
    if written.values == right.values:
        return Outcome("exact")
    differences = [a - b for a, b in zip(written.values, right.values, strict=True)]
    worst = max(map(abs, differences)) / right.step
    mark = math.fsum((a - b) ** 2 for a, b in zip(right.values, before.values, strict=True))
    share = math.fsum(value * value for value in differences) / mark
    close = worst <= 1 and share <= ENERGY
    return Outcome(
        "close" if close else "failed",
        f"it differs from {golden.name} by up to {worst:.3g} {right.unit}, and in all by "
        f"{share:.1%} of the mark's energy",
    )


def _hash(right: str, told: str) -> Outcome:
    if len(told) != len(right) or set(told) - set("0123456789abcdef"):
        return Outcome.failure(f"it says hash={told:.80}: not {len(right)} hexadecimal digits")
    distance = bin(int(told, 16) ^ int(right, 16)).count("1")
    said = f"its hash differs in {distance} of 256 bits"
    return Outcome("close" if distance <= HASH_BITS else "failed", said)


def _quality(right: str, told: str) -> Outcome:
    near = told.isdecimal() and abs(int(told) - int(right)) <= QUALITY
    return Outcome("close" if near else "failed", f"it says quality={told:.20}, not {right}")
