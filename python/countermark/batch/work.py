"""What a worker does to one file: everything but writing. Pure but for the keys that it opens.

`mark_batch` is the same for frameworks that map over batches of columns, such as Ray Data, Dask and
Spark.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from countermark import keys
from countermark.auditing import audited
from countermark.batch.plan import Plan
from countermark.credentials import Signer
from countermark.errors import CountermarkError
from countermark.labels import profiles
from countermark.labels.profiles import Profile
from countermark.marking.kinds import ending_of
from countermark.marking.preparing import prepare
from countermark.registry import Entry, KeyUse, Registry
from countermark.screening import Rules


@dataclass(frozen=True, slots=True)
class Done:
    """A marked copy that is to be put in its place and entered.

    `content`: with its manifest. `uses`: of keys, for the log. `is_later`: as in `Prepared`.
    """

    content: bytes
    entry: Entry
    uses: tuple[KeyUse, ...]
    is_later: bool


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """The registry has the payload of this content, in this job."""

    payload: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """Why a file was not marked."""

    reason: str


Outcome: TypeAlias = "Done | DoneBefore | SetAside"


@dataclass
class _Uses:
    """Takes the place of a registry where uses of keys are only noted."""

    noted: list[KeyUse] = field(default_factory=list)

    def record_key_use(self, use: KeyUse) -> None:
        self.noted.append(use)


def mark_one(content: bytes, plan: Plan, *, is_there: bool = False) -> Outcome:
    """Mark a picture, sound or movie.

    `is_there`: whether the marked copy is in its place; what the registry has too is then not done
    again.
    """
    payload = plan.payload(content)
    try:
        opened = _opened(plan)
        if is_there and opened.registry.find_payload(payload) is not None:
            return DoneBefore(payload)
        uses = _Uses()
        with tempfile.TemporaryDirectory(prefix="countermark-") as folder:
            asset = _asset(content, Path(folder))
            done = prepare(
                asset,
                io.BytesIO() if isinstance(asset, bytes) else asset,
                record=plan.record,
                signer=audited(opened.next_signer(), uses),
                registry=opened.registry,
                folder=lambda place: Path(folder),
                payload=payload,
                strength=plan.strength,
                rules=opened.rules,
                profiles=opened.profiles,
            )
            made = done.content if isinstance(done.content, bytes) else done.content.read_bytes()
        return Done(made, done.entry, tuple(uses.noted), done.is_later)
    except CountermarkError as error:
        return SetAside(str(error))


def mark_batch(batch: Mapping[str, Sequence[Any]], *, plan: Plan) -> dict[str, list[Any]]:
    """The columns `name` and `outcome` for a batch with the columns `name` and `bytes`.

    For `Committer`, which is the only one to write.
    """
    contents = (bytes(content) for content in batch["bytes"])
    return {
        "name": list(batch["name"]),
        "outcome": [mark_one(content, plan) for content in contents],
    }


@dataclass(frozen=True)
class _Opened:
    registry: Registry
    next_signer: Callable[[], Signer]
    profiles: tuple[Profile, ...]
    rules: Rules


@lru_cache(maxsize=1)
def _opened(plan: Plan) -> _Opened:
    """Once in each process."""
    home = keys.open_home(plan.home)
    return _Opened(
        Registry.open(home.registry_path),
        keys.open_signer(home, keys.Secrets.from_environment()),
        tuple(profiles.profile(name) for name in plan.profiles),
        Rules.of_home(home),
    )


def _asset(content: bytes, folder: Path) -> bytes | Path:
    """Sounds and movies on disk, everything else as it is."""
    ending = ending_of(content)
    if ending is None:
        return content
    path = folder / f"content{ending}"
    path.write_bytes(content)
    return path
