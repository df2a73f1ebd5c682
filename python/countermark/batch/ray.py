"""Batches on many machines, by Ray Data: its tasks mark, the driver writes.

    import ray
    from countermark.batch.ray import run

    files = ray.data.read_binary_files("s3://archive/", include_paths=True)
    run(files, Path("/shared/marked"), home=Path("/shared/home"), record=record)

Every machine needs the home folder, as `mapping` says, of which this is a use.

Source: Ray 2.60, `ray.data.Dataset.map_batches`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from countermark.batch import mapping
from countermark.batch.job import Summary
from countermark.batch.journal import Line
from countermark.batch.mapping import Task
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

    `batch_size`: files in a task. `num_cpus`: processors of a task; with all of them given to
    tasks, none is left for who reads. The others, and what is raised: as of `mapping.run`.
    """

    def mapped(task: Task) -> Iterator[Mapping[str, Any]]:
        tasks = files.map_batches(_InArrays(task), batch_size=batch_size, num_cpus=num_cpus)
        yield from tasks.iter_batches(batch_size=batch_size)

    return mapping.run(
        mapped,
        out,
        home=home,
        record=record,
        strength=strength,
        profiles=profiles,
        progress=progress,
    )


class _InArrays:
    """A task with columns as Ray has them."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {name: np.array(made, object) for name, made in self._task(batch).items()}
