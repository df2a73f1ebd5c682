"""An implementation that knows the answers by heart, and errs in the way that is named.

What the kit says of it is known beforehand: `test_kit.py` proves with it that the kit can fail.
"""

from __future__ import annotations

import shutil
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from judging import fields
from kit import FILES, HERE, Case, read_cases

CASES = read_cases(HERE / "cases.txt")
KNOWN = {frozenset(fields(case.request).items()): case for case in CASES}
Say = Callable[[Case, dict[str, str]], str]


def known(asked: dict[str, str]) -> Case:
    """The case of a request, as it is without its paths."""
    names = {name: Path(value).name for name, value in asked.items() if name in FILES}
    if "out" in asked:
        names["out"] = Path(asked["out"]).name.partition("-")[2]
    return KNOWN[frozenset({**asked, **names}.items())]


def right(case: Case, asked: dict[str, str]) -> str:
    """As the kit wants it."""
    if (golden := fields(case.answer).get("out")) is not None:
        shutil.copyfile(HERE / "vectors" / golden, asked["out"])
        return "ok"
    return case.answer.split(" | ")[0]


def shifted(levels: int, every: int) -> Say:
    """Marks whose samples differ from ours, here and there."""

    def say(case: Case, asked: dict[str, str]) -> str:
        answer = right(case, asked)
        if case.group == "embed" and answer == "ok":
            path = Path(asked["out"])
            content = array("B", path.read_bytes())
            for at in range(40, len(content), every):
                content[at] += levels if content[at] < 128 else -levels
            path.write_bytes(content.tobytes())
        return answer

    return say


def unmarked(case: Case, asked: dict[str, str]) -> str:
    """Writes pictures as they came."""
    answer = right(case, asked)
    if case.group == "embed" and answer == "ok":
        shutil.copyfile(asked["picture"], asked["out"])
    return answer


def silent(case: Case, asked: dict[str, str]) -> str:
    """Says that it wrote a picture, and did not."""
    return "ok" if case.group == "embed" and case.answer != "refused" else right(case, asked)


def replacing(old: str, new: str) -> Say:
    """Other answers where this is in them."""
    return lambda case, asked: right(case, asked).replace(old, new)


def at(title: str, do: Callable[[], str]) -> Say:
    """Does something else in one case."""
    return lambda case, asked: do() if case.title == title else right(case, asked)


def nearly(bits: int) -> Say:
    """Hashes that differ in so many bits."""

    def say(case: Case, asked: dict[str, str]) -> str:
        answer = right(case, asked)
        told = fields(answer)
        if "hash" not in told:
            return answer
        other = int(told["hash"], 16) ^ ((1 << bits) - 1)
        return f"ok hash={other:064x} quality={told['quality']}"

    return say


def hang() -> str:
    """For longer than any test waits."""
    time.sleep(600)
    return "ok"


WAYS: dict[str, Say] = {
    "right": right,
    "wrong-payload": replacing("0123456789abcdef", "0123456789abcdee"),
    "two-levels": shifted(2, 997),
    "one-level": shifted(1, 211),
    "one-level-everywhere": shifted(1, 1),
    "unmarked": unmarked,
    "silent": silent,
    "trusting": replacing("state=invalid", "state=trusted digital-source=digitalCapture"),
    "gullible": replacing("refused", "ok"),
    "near-hash": nearly(10),
    "far-hash": nearly(11),
    "garbage": at("a grey picture", lambda: "\x07 Segmentation fault (core dumped)"),
    "dies": at("a grey picture", lambda: sys.exit(3)),
    "fragile": lambda case, asked: sys.exit(3) if case.group == "embed" else right(case, asked),
    "hangs": at("a grey picture", hang),
    "talks": at("a grey picture", lambda: "none\nnone"),
    "reluctant": at("a grey picture", lambda: "unsupported"),
    "late-failure": right,
    "mute": right,
    "rude": right,
    "boastful": right,
}


def main(way: str) -> None:
    """Answers until there are no more requests."""
    groups = list(dict.fromkeys(case.group for case in CASES))
    input()
    if way == "mute":
        return
    if way == "boastful":
        groups.append("telepathy")
    print("hello" if way == "rude" else f"ok capabilities={','.join(groups)}", flush=True)
    for line in sys.stdin:
        asked = fields(line)
        print(WAYS[way](known(asked), asked), flush=True)
    if way == "late-failure":
        sys.exit(4)


if __name__ == "__main__":
    main(sys.argv[1])
