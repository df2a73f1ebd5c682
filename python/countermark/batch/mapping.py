"""Batches by whatever maps a function over parts of a data set: its tasks mark, the driver writes.

>>> import tempfile
>>> import numpy as np
>>> from PIL import Image
>>> from countermark import keys
>>> from countermark.record import DigitalSource
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     source = Path(folder, "grey.png")
...     grey = np.random.default_rng(1).integers(60, 200, (256, 256), dtype=np.uint8)
...     Image.fromarray(grey).save(source)
...     parts = [{"path": ["s3://archive/grey.png"], "bytes": [source.read_bytes()]}]
...     record = Record(source=DigitalSource.AI_GENERATED)
...     out = Path(folder, "out")
...     summary = run(lambda task: map(task, parts), out, home=home.folder, record=record)
...     summary.done, (out / "archive/grey.png").is_file()
(1, True)

Every machine needs the home folder, whose keys sign, at the same path. A task may be done again,
and is when a machine is lost: the payload follows from the content, so that nothing is entered
twice.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from countermark.batch.committing import Result
from countermark.batch.job import Summary, begun
from countermark.batch.journal import Line
from countermark.batch.plan import Plan
from countermark.batch.work import mark_batch
from countermark.record import Record
from countermark.watermark import Strength

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/*")


class Task:
    """What marks a part: called with the columns `path` and `bytes`, gives `name` and `outcome`.

    It can be pickled. What is done already it leaves out.
    """

    def __init__(self, plan: Plan, done: frozenset[str]) -> None:
        self._plan, self._done = plan, done

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        pairs = [
            (_name(path), content)
            for path, content in zip(batch["path"], batch["bytes"], strict=True)
        ]
        new = [pair for pair in pairs if pair[0] not in self._done]
        chosen = {"name": [name for name, _ in new], "bytes": [content for _, content in new]}
        made = mark_batch(chosen, plan=self._plan)
        return {**made, "outcome": [pickle.dumps(outcome) for outcome in made["outcome"]]}


def run(
    mapped: Callable[[Task], Iterable[Mapping[str, Sequence[Any]]]],
    out: Path,
    *,
    home: Path,
    record: Record,
    strength: Strength = Strength.BALANCED,
    profiles: Sequence[str] = (),
    progress: Callable[[Line | None], None] = lambda line: None,
) -> Summary:
    """Mark what a task is mapped over; again, what is not done.

    `mapped`: gets the task, and gives what it gives, in any order. `out`: the folder for the marked
    files, each under its whole path, and for the signed summary. The others, and what is raised: as
    of `batch.run`, and what `mapped` raises.
    """
    with begun(out, home=home, record=record, strength=strength, profiles=profiles) as job:
        done = job.journal.done_names()
        for batch in mapped(Task(job.plan, done)):
            for line in job.committer.commit(list(_results(batch, out))):
                progress(line)
        return job.finish(len(done))


def _results(batch: Mapping[str, Sequence[Any]], out: Path) -> Iterator[Result]:
    for name, outcome in zip(batch["name"], batch["outcome"], strict=True):
        yield Result(str(name), "", out / str(name), pickle.loads(outcome))


def _name(path: str) -> str:
    """Below the destination: the path without what leads out of it.

    >>> _name("s3://archive/a.jpg"), _name("file:/archive/../a.jpg"), _name("/archive/a.jpg")
    ('archive/a.jpg', 'archive/a.jpg', 'archive/a.jpg')
    """
    parts = Path(_SCHEME.sub("", path, count=1)).parts
    return "/".join(part for part in parts if part not in ("/", ".."))
