"""Holds an implementation of countermark's formats to the vectors beside this file.

    python tests/conformance/kit.py -- ./my-implementation --its --options

starts the command, asks it what stands in `cases.txt`, and says what it did not do as written.
README.md describes the requests. Needs Python 3.10 and nothing else.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from judging import Outcome, Work, fields, judged
from process import Process, Stopped

HERE: Final = Path(__file__).parent
FILES: Final = ("file", "note", "old", "picture", "proof", "sound", "tokens", "trust")
STARTS: Final = 3
"""How often a command that ends or hangs is started, before the rest is given up."""


@dataclass(frozen=True)
class Case:
    """What is asked, and what the answer has to be; `group`: the capability that it shows."""

    group: str
    title: str
    request: str
    answer: str


Told = tuple[Case | None, Outcome]
"""What a case came to; without a case, what was wrong with the whole."""


def read_cases(path: Path) -> list[Case]:
    """Blocks of three lines, title, request and answer, beneath the name of their group."""
    cases, group = [], ""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines and lines[0].startswith("["):
            group = lines.pop(0).strip("[]")
        if lines:
            cases.append(Case(group, *lines))
    return cases


class Kit:
    """The cases, and copies of the vectors in a folder whose path has no space.

    `only`: capabilities; all if there are none. `known`: all; `groups`: those that are asked for.
    """

    def __init__(self, folder: Path, only: Sequence[str]) -> None:
        cases = read_cases(HERE / "cases.txt")
        self.known = list(dict.fromkeys(case.group for case in cases))
        self.groups = [group for group in self.known if not only or group in only]
        self.cases = [case for case in cases if case.group in self.groups]
        self._vectors = Path(shutil.copytree(HERE / "vectors", folder / "vectors"))
        self._out = folder / "out"
        self._out.mkdir()

    def outcomes(self, command: Sequence[str], timeout: float) -> Iterator[Told]:
        """What each case came to; `timeout`: in seconds, for an answer."""
        left = list(self.cases)
        for _ in range(STARTS):
            process = Process(command, timeout)
            try:
                yield from self._session(process, left)
                return
            except Unusable as unusable:
                yield None, Outcome.failure(f"cannot be used, for {unusable}")
                break
            except Stopped as stopped:
                yield left.pop(0), Outcome.failure(str(stopped))
            finally:
                process.kill()
        for case in left:
            yield case, Outcome.failure("was not asked any more")

    def _session(self, process: Process, left: list[Case]) -> Iterator[Told]:
        """As `outcomes`, of one process; takes from `left` what it has answered."""
        able = _capabilities(process)
        if strange := able.difference(self.known):
            raise Unusable(f"there is no such capability as {min(strange)!r:.80}")
        for case in [case for case in left if case.group not in able]:
            left.remove(case)
            yield case, Outcome("unsupported", "is not supported")
        works = [self._work(case) for case in left]
        process.ask([work.line for work in works])
        for work in works:
            answer = process.answer()
            yield left.pop(0), judged(work, answer)
        if complaint := process.end():
            yield None, Outcome.failure(complaint)

    def _work(self, case: Case) -> Work:
        """The request with its paths; each file that is to be written has a name of its own."""
        asked = fields(case.request)
        for name in FILES:
            if name in asked:
                asked[name] = str(self._vectors / asked[name])
        if "out" in asked:
            asked["out"] = str(self._out / f"{self.cases.index(case)}-{asked['out']}")
        verb = case.request.split()[0]
        line = " ".join([verb, *(f"{name}={value}" for name, value in asked.items())])
        return Work(line, asked, case.answer, self._vectors)


class Unusable(Exception):
    """The implementation does not even say what it can do; why, as the end of a sentence."""


def _capabilities(process: Process) -> set[str]:
    start = "ok capabilities="
    try:
        answer = process.told("capabilities")
    except Stopped as stopped:
        raise Unusable(str(stopped)) from None
    if not answer.startswith(start):
        raise Unusable(f"it answers {answer!r:.80} to `capabilities`: not with a list of them")
    return set(answer.removeprefix(start).split(","))


def report(groups: Sequence[str], told: Sequence[Told], required: Sequence[str]) -> int:
    """Prints the table and each failure; the exit code."""
    counts = Counter((case.group, outcome.kind) for case, outcome in told if case is not None)
    print(f"{'capability':<20}  exact  close  failed  unsupported")
    for group in groups:
        row = [counts[group, kind] for kind in ("exact", "close", "failed", "unsupported")]
        print("{:<20} {:6} {:6} {:7} {:12}".format(group, *row))
    for case, outcome in told:
        if outcome.kind == "close":
            print(f"close: {_sentence(case, outcome)}")
    complaints = [_sentence(case, outcome) for case, outcome in told if outcome.kind == "failed"]
    for group in required:
        if missing := counts[group, "unsupported"]:
            complaints.append(f"{group}: required, but {missing} of its cases are not supported.")
    for complaint in complaints:
        print(f"failed: {complaint}")
    return 1 if complaints else 0


def _sentence(case: Case | None, outcome: Outcome) -> str:
    about = f"{case.group}, {case.title}" if case is not None else "the implementation"
    return f"{about}: {outcome.reason}."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Hold an implementation to the vectors.")
    names = {"default": [], "metavar": "A,B", "type": lambda text: text.split(",")}
    parser.add_argument("--only", **names, help="capabilities to ask for, instead of all")
    parser.add_argument("--require", **names, help="capabilities that must be supported")
    parser.add_argument(
        "--timeout", type=float, default=60, metavar="SECONDS", help="for each answer"
    )
    parser.add_argument("command", nargs="+", help="the implementation, after --")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="countermark-") as name:
        folder = Path(name).resolve()
        if any(letter.isspace() for letter in str(folder)):
            parser.error(f"the folder {str(folder)!r} has a space: set TMPDIR to one without")
        kit = Kit(folder, chosen.only)
        strange = {*chosen.only, *chosen.require}.difference(kit.groups)
        if strange:
            asked = ", ".join(kit.groups)
            parser.error(f"there is no capability {min(strange)!r} to ask for, but {asked}")
        try:
            told = list(kit.outcomes(chosen.command, chosen.timeout))
        except OSError as error:
            parser.error(f"{chosen.command[0]!r} cannot be started ({error.strerror})")
    return report(kit.groups, told, chosen.require)


if __name__ == "__main__":
    sys.exit(main())
