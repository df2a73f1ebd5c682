"""A job on one machine: processes that mark, and one that writes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Final

from countermark.batch import work
from countermark.batch.committing import Result
from countermark.batch.job import Summary, begun
from countermark.batch.journal import Line
from countermark.batch.plan import Plan
from countermark.batch.sources import Item, Source, sources_of
from countermark.batch.work import Outcome, SetAside
from countermark.errors import CountermarkError
from countermark.record import Record
from countermark.watermark import Strength

_GROUP: Final = 16  # results that are written together
_AHEAD: Final = 3  # items for each process that are under way


def run(
    paths: Sequence[Path],
    out: Path,
    *,
    home: Path,
    record: Record,
    strength: Strength = Strength.BALANCED,
    profiles: Sequence[str] = (),
    processes: int | None = None,
    progress: Callable[[Line | None], None] = lambda line: None,
) -> Summary:
    """Mark everything in folders, tar archives and Parquet tables; again, what is not yet done.

    Example: see the package.

    `paths`: see `sources`. `out`: a folder, where the same comes out, with `summary.json`: what
    became of each item, signed in `summary.json.c2pa`. `home`: with keys and registry. `record`,
    `strength`, `profiles` (by name): as for `countermark.mark`. `processes`: as many as the machine
    has processors, by default. `progress`: is told of each item that is finished; of None where it
    was before.

    It may be killed at any moment, and asked for again. A file that cannot be marked is set aside
    with its reason, and tried again the next time; so is one at which two workers died.

    Raises `SourceNotFound`, `UnsupportedContainer`, `HomeMissing`, `DestinationNotWritable`,
    `InvalidProfile`, and `InvalidArgument` when the job was begun with another record, strength or
    profile.
    """
    found = sources_of(paths, out)
    with begun(out, home=home, record=record, strength=strength, profiles=profiles) as job:
        already = 0

        def waiting(source: Source) -> Iterator[Item]:
            nonlocal already
            for item in source.items():
                if item.place.is_file() and job.journal.done(item.name, item.stamp):
                    already += 1
                    progress(None)
                else:
                    yield item

        with Workers(job.plan, processes or os.cpu_count() or 1) as workers:
            for source in found:
                for group in _groups(workers.map(waiting(source))):
                    for line in job.committer.commit(group):
                        progress(line)
                source.finish()
        return job.finish(already)


def _groups(results: Iterator[Result]) -> Iterator[list[Result]]:
    """Those that are written together."""
    while group := list(islice(results, _GROUP)):
        yield group


class Workers:
    """Processes that mark, replaced when one dies."""

    def __init__(self, plan: Plan, count: int) -> None:
        self._plan, self._count = plan, count
        self._pool = self._started()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, items: Iterator[Item]) -> Iterator[Result]:
        """Results as they come, in any order."""
        under_way: dict[Future[Outcome], Item] = {}
        suspects: list[Item] = []
        while True:
            # Nothing new for a pool that is broken: only what was under way is suspected.
            while not suspects and len(under_way) < _AHEAD * self._count:
                if (item := next(items, None)) is None:
                    break
                under_way[self._submitted(item)] = item
            if not under_way:
                break
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                item = under_way.pop(future)
                try:
                    yield _result(item, future.result())
                except BrokenProcessPool:
                    suspects.append(item)
            if suspects and not under_way:
                yield from self._alone(suspects)
                suspects = []

    def _alone(self, suspects: Sequence[Item]) -> Iterator[Result]:
        """One after the other, so that the one at which workers die is known."""
        for item in suspects:
            self._pool.shutdown(cancel_futures=True)
            self._pool = self._started()
            try:
                yield _result(item, self._submitted(item).result())
            except BrokenProcessPool:
                reason = "The worker that marked it died. Look for what killed it, such as memory."
                yield _result(item, SetAside(reason))
        self._pool.shutdown(cancel_futures=True)
        self._pool = self._started()

    def _submitted(self, item: Item) -> Future[Outcome]:
        try:
            content = item.load()
        except CountermarkError as error:
            return _known(SetAside(str(error)))
        try:
            return self._pool.submit(
                work.mark_one, content, self._plan, is_there=item.place.is_file()
            )
        except BrokenProcessPool as error:
            return _broken(error)

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=context)


def _known(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


def _broken(error: BrokenProcessPool) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_exception(error)
    return future


def _result(item: Item, outcome: Outcome) -> Result:
    return Result(item.name, item.stamp, item.place, outcome)
