"""The one place where a job writes: files in their places and their entries, both or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countermark import files
from countermark.batch.journal import Journal, Line
from countermark.batch.work import Done, DoneBefore, Outcome, SetAside
from countermark.errors import CountermarkError
from countermark.registry import Registry


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker made of an item. `stamp`: as in `Line`. `place`: where it goes."""

    name: str
    stamp: str
    place: Path
    outcome: Outcome


class Committer:
    """Writes results in groups, each with one transaction of the registry."""

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal

    def commit(self, results: Sequence[Result]) -> list[Line]:
        """What became of each. A group that fails is tried again one by one."""
        made = [(one, one.outcome) for one in results if isinstance(one.outcome, Done)]
        lines = [_line(one) for one in results if not isinstance(one.outcome, Done)]
        new = [pair for pair in made if not pair[1].is_later]
        alone = [pair for pair in made if pair[1].is_later]
        try:
            self._commit_new(new)
            lines += [_line(one) for one, _ in new]
        except (CountermarkError, _ComesTwice):
            alone = made
        lines += [self._commit_alone(one, done) for one, done in alone]
        self._journal.write(lines)
        return lines

    def _commit_new(self, new: Sequence[tuple[Result, Done]]) -> None:
        """All of them or, when this raises, none."""
        if len({done.entry.payload for _, done in new}) < len(new):
            raise _ComesTwice
        if not new:
            return
        self._registry.record_key_uses([use for _, done in new for use in done.uses])
        with contextlib.ExitStack() as stack:
            puts = [
                stack.enter_context(files.replacing(_made(one.place), done.content))
                for one, done in new
            ]
            stack.enter_context(self._registry.adding(*(done.entry for _, done in new)))
            for put in puts:
                put()

    def _commit_alone(self, one: Result, done: Done) -> Line:
        entry = done.entry
        try:
            self._registry.record_key_uses(done.uses)
            with contextlib.ExitStack() as stack:
                put = stack.enter_context(files.replacing(_made(one.place), done.content))
                if self._registry.find_payload(entry.payload) is None:
                    stack.enter_context(self._registry.adding(entry))
                else:  # the same content, by another name or before
                    manifests = self._registry.manifests
                    stack.enter_context(manifests.adding(entry.payload, entry.manifest))
                put()
        except CountermarkError as error:
            return Line(one.name, one.stamp, "failed", reason=str(error))
        return _line(one)


class _ComesTwice(Exception):
    """The same content is in a group twice, under two names."""


def _made(place: Path) -> Path:
    """The place, whose folder is there."""
    with files.writing(repr(os.fspath(place.parent))):
        place.parent.mkdir(parents=True, exist_ok=True)
    return files.target(place)


def _line(one: Result) -> Line:
    if isinstance(one.outcome, SetAside):
        return Line(one.name, one.stamp, "failed", reason=one.outcome.reason)
    payload = (
        one.outcome.payload if isinstance(one.outcome, DoneBefore) else one.outcome.entry.payload
    )
    return Line(one.name, one.stamp, "done", payload=payload)
