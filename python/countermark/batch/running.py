"""A job on one machine: processes that mark, and one that writes."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Final

from countermark import keys, signing
from countermark.batch import work
from countermark.batch.committing import Committer, Result
from countermark.batch.journal import FOLDER, Journal, Line
from countermark.batch.plan import Plan
from countermark.batch.sources import Item, Source, sources_of
from countermark.batch.work import Outcome, SetAside
from countermark.errors import CountermarkError, DestinationNotWritable
from countermark.labels.profiles import profile
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.watermark import Strength

SUMMARY: Final = "summary.json"

_GROUP: Final = 16  # results that are written together
_AHEAD: Final = 3  # items for each process that are under way


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all items. `already`: of those done, how many were so before this run."""

    done: int
    failed: int
    already: int
    began: str
    ended: str
    policy: str


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
    began = now()
    opened = keys.open_home(home)
    for name in profiles:
        profile(name)  # so that an unknown one is refused here, and not by each worker
    found = sources_of(paths, out)
    journal = Journal(out)
    with contextlib.closing(journal), Registry.open(opened.registry_path) as registry:
        registry.upgrade()
        plan = Plan(
            home=opened.folder.absolute(),
            record=record,
            key=journal.key(),
            strength=strength,
            profiles=tuple(profiles),
        )
        journal.check_policy(plan.policy)
        sweep(out)
        committer = Committer(registry, journal)
        count = processes or os.cpu_count() or 1
        already = 0

        def waiting(source: Source) -> Iterator[Item]:
            nonlocal already
            for item in source.items():
                if item.place.is_file() and journal.done(item.name, item.stamp):
                    already += 1
                    progress(None)
                else:
                    yield item

        with Workers(plan, count) as workers:
            for source in found:
                group: list[Result] = []
                for result in chain(workers.map(waiting(source)), (None,)):
                    if result is not None:
                        group.append(result)
                    if len(group) >= _GROUP or result is None:
                        for line in committer.commit(group):
                            progress(line)
                        group = []
                source.finish()
        counts = journal.counts()
        summary = Summary(counts["done"], counts["failed"], already, began, now(), plan.policy)
        write_summary(summary, journal, out, opened, registry)
        return summary


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
            while len(under_way) < _AHEAD * self._count and (item := next(items, None)):
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


def sweep(out: Path) -> None:
    """Drafts of a run that was killed."""
    for parent, _, names in os.walk(out):
        for name in names:
            if name.startswith(".") and name.endswith(".countermark"):
                with contextlib.suppress(OSError):
                    Path(parent, name).unlink()


def write_summary(
    summary: Summary, journal: Journal, out: Path, home: keys.Home, registry: Registry
) -> None:
    """A line for the whole and one for each item, signed as a file of our own."""
    path = out / SUMMARY
    draft = out / FOLDER / SUMMARY
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(summary)) + "\n")
            file.writelines(line + "\n" for line in journal.lines_as_json())
        draft.replace(path)
    except OSError as error:
        raise DestinationNotWritable(
            f"{str(path)!r} cannot be written ({error.strerror}).",
            remedy="Check its rights and the room on the disk.",
        ) from error
    signing.sign_beside(
        path,
        path.with_name(f"{SUMMARY}.c2pa"),
        record=Record(source=DigitalSource.HUMAN_CREATED, title="What became of a batch"),
        signer=keys.open_signer(home, keys.Secrets.from_environment())(),
        registry=registry,
    )


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
