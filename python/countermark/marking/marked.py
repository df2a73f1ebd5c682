"""What marking has done, and whether it was done before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from countermark import credentials
from countermark.credentials import Trust, Unstamped
from countermark.errors import CountermarkError
from countermark.registry import Registry
from countermark.registry.features import Notice
from countermark.screening import named_payloads

if TYPE_CHECKING:
    from countermark.video import MarkedVideo


@dataclass(frozen=True, slots=True)
class Marked:
    """What `mark` has done.

    `payload`: the 64 bits in the content. `manifest_sha256`: of the manifest store, hexadecimal.
    `destination`: where the marked file is; None for a stream. `unstamped`: the manifest, when a
    time stamp was wanted and could not be had; `countermark.stamping.settle` queues the file then.
    `notices`: what is known of the content, where the policy lets it be marked all the same.
    `video`: of a movie, how many frames were marked, in what time, and what became of its sound.
    """

    payload: int
    manifest_sha256: str
    destination: Path | None
    unstamped: Unstamped | None = None
    notices: tuple[Notice, ...] = ()
    video: MarkedVideo | None = None


def is_marked(path: Path, registry: Registry) -> bool:
    """Whether a file is as `mark` has written it, time stamps aside, and in this registry.

    >>> is_marked(Path("no such file.jpg"), Registry.open("no such registry"))
    False
    """
    try:
        with path.open("rb") as file:
            found = credentials.read(file, "image/jpeg", trust=Trust.nobody())
    except (OSError, CountermarkError):
        return False
    if found is None or found.hard_binding != "match":
        return False
    stores = [
        store for payload in named_payloads(found) for store in registry.manifests.all_of(payload)
    ]
    return any(credentials.continues(found.bytes, store) for store in stores)
