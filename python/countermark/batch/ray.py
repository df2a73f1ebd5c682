"""Batches on many machines, by Ray Data: its tasks mark, the driver writes.

    import ray
    from countermark.batch.ray import run

    files = ray.data.read_binary_files("s3://archive/", include_paths=True)
    run(files, Path("/shared/marked"), home=Path("/shared/home"), record=record)

Every machine needs the home folder, whose keys sign, at the same path. Ray may do a task again, and
does when a machine is lost: the payload follows from the content, so that nothing is entered twice.

Source: Ray 2.60, `ray.data.Dataset.map_batches`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from countermark.batch.committing import Result
from countermark.batch.job import Summary, begun
from countermark.batch.journal import Line
from countermark.batch.plan import Plan
from countermark.batch.work import mark_batch
from countermark.record import Record
from countermark.watermark import Strength

if TYPE_CHECKING:
    from ray.data import Dataset


def run(
    files: Dataset,
    out: Path,
    *,
    home: Path,
    record: Record,
    strength: Strength = Strength.BALANCED,
    profiles: Sequence[str] = (),
    batch_size: int = 16,
    num_cpus: float = 1,
    progress: Callable[[Line | None], None] = lambda line: None,
) -> Summary:
    """Mark the files of a data set with the columns `path` and `bytes`; again, what is not done.

    `out`: the folder for the marked files, each under its whole path, and for the signed summary.
    `batch_size`: files in a task. `num_cpus`: processors of a task;
    with all of them given to tasks, none is left for who reads. The others, and what is raised: as
    of `batch.run`.
    """
    with begun(out, home=home, record=record, strength=strength, profiles=profiles) as job:
        done = job.journal.done_names()
        tasks = files.map_batches(_Task(job.plan, done), batch_size=batch_size, num_cpus=num_cpus)
        for batch in tasks.iter_batches(batch_size=batch_size):
            for line in job.committer.commit(list(_results(batch, out))):
                progress(line)
        return job.finish(len(done))


class _Task:
    """What a task of Ray calls: names and pickled outcomes of what is not done yet."""

    def __init__(self, plan: Plan, done: frozenset[str]) -> None:
        self._plan, self._done = plan, done

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        new = [index for index, path in enumerate(batch["path"]) if _name(path) not in self._done]
        chosen = {
            "name": [_name(batch["path"][index]) for index in new],
            "bytes": [batch["bytes"][index] for index in new],
        }
        made = mark_batch(chosen, plan=self._plan)
        outcomes = [pickle.dumps(outcome) for outcome in made["outcome"]]
        return {"name": np.array(made["name"], object), "outcome": np.array(outcomes, object)}


def _results(batch: Mapping[str, Any], out: Path) -> Iterator[Result]:
    for name, outcome in zip(batch["name"], batch["outcome"], strict=True):
        yield Result(str(name), "", out / str(name), pickle.loads(outcome))


def _name(path: str) -> str:
    """Below the destination: the path without what leads out of it."""
    parts = Path(path.partition("://")[2] or path).parts
    return "/".join(part for part in parts if part not in ("/", ".."))
