"""A job: what is done to its files, who writes, and what is said at its end."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from countermark import keys, signing
from countermark.batch.committing import Committer
from countermark.batch.journal import FOLDER, Journal
from countermark.batch.plan import Plan
from countermark.errors import DestinationNotWritable
from countermark.labels.profiles import profile
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.watermark import Strength

SUMMARY: Final = "summary.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all items. `already`: of those done, how many were so before this run."""

    done: int
    failed: int
    already: int
    began: str
    ended: str
    policy: str


@dataclass(frozen=True, slots=True)
class Job:
    """`out`: where everything goes. `journal`, `committer`: of this process, which alone writes."""

    plan: Plan
    out: Path
    journal: Journal
    committer: Committer
    registry: Registry = field(repr=False)
    home: keys.Home = field(repr=False)
    began: str

    def finish(self, already: int) -> Summary:
        """Say what became of everything, in a signed file."""
        counts = self.journal.counts()
        summary = Summary(
            counts["done"], counts["failed"], already, self.began, _now(), self.plan.policy
        )
        self._write(summary)
        return summary

    def _write(self, summary: Summary) -> None:
        """A line for the whole and one for each item, signed as a file of our own."""
        path = self.out / SUMMARY
        draft = self.out / FOLDER / SUMMARY
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(json.dumps(asdict(summary)) + "\n")
                file.writelines(line + "\n" for line in self.journal.lines_as_json())
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
            signer=keys.open_signer(self.home, keys.Secrets.from_environment())(),
            registry=self.registry,
        )


@contextlib.contextmanager
def begun(
    out: Path, *, home: Path, record: Record, strength: Strength, profiles: Sequence[str]
) -> Iterator[Job]:
    """The job of that destination, begun or gone on with; raises as `run`."""
    began = _now()
    for name in profiles:
        profile(name)  # so that an unknown one is refused here, and not by each worker
    opened = keys.open_home(home)
    with (
        contextlib.closing(Journal(out)) as journal,
        Registry.open(opened.registry_path) as registry,
    ):
        registry.upgrade()
        plan = Plan(
            home=opened.folder.absolute(),
            record=record,
            key=journal.key(),
            strength=strength,
            profiles=tuple(profiles),
        )
        journal.check_policy(plan.policy)
        _sweep(out)
        yield Job(plan, out, journal, Committer(registry, journal), registry, opened, began)


def _sweep(out: Path) -> None:
    """Remove drafts of a run that was killed."""
    for parent, _, names in os.walk(out):
        for name in names:
            if name.startswith(".") and name.endswith(".countermark"):
                with contextlib.suppress(OSError):
                    Path(parent, name).unlink()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
