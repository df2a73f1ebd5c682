"""What each kind of file has to tell, and to give, on its way to a marked copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from countermark.credentials import SoftBinding, clip_bindings
from countermark.record import Record
from countermark.screening import Seen
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.clips import Clip
    from countermark.fingerprint import Pdq
    from countermark.labelling import Labelling
    from countermark.marking.past import Past
    from countermark.video import MarkedVideo


@dataclass(frozen=True, slots=True)
class Order:
    """What is to become of a file.

    `folder`: makes one for drafts. `progress`: in frames. `is_marked`: it carries the payload
    already, from `mark_pixels`, `mark_frames` or `LiveSound`, and keeps it.
    """

    payload: int
    record: Record
    strength: Strength
    labelling: Labelling
    folder: Callable[[], Path]
    progress: Callable[[int], None]
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """By what the registry finds a copy again: as in `registry.Entry`."""

    width: int
    height: int
    pdq: Pdq | None = None
    clip: Clip | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A marked and labelled copy, from which the mark was read; what it lacks is its manifest.

    `content`: in memory, or a draft in the folder. `record`: with the label that it has got.
    `video`: of a movie, what was done to it.
    """

    content: bytes | Path
    record: Record
    bindings: tuple[SoftBinding, ...]
    look: Look
    thumbnail: bytes | None = None
    video: MarkedVideo | None = None

    @property
    def soft_bindings(self) -> tuple[SoftBinding, ...]:
        """To the marks in it, and of a clip to the fingerprints by which the registry finds it."""
        clip = self.look.clip
        return self.bindings if clip is None else (*self.bindings, *clip_bindings(clip))


class Original(Protocol):
    """A file that is to be marked, as its kind reads it.

    `noun`: what people call it. `form`: its format, with the usual `endings` of names.
    """

    @property
    def noun(self) -> str: ...

    @property
    def form(self) -> str: ...

    @property
    def endings(self) -> tuple[str, ...]: ...

    @property
    def media_type(self) -> str: ...

    @property
    def past(self) -> Past: ...

    @property
    def sight(self) -> Seen:
        """By what it is recognised, if it is known."""

    def may_end_in(self, suffix: str) -> bool:
        """Whether its copy may have such a name; with the dot, in small letters."""

    def earlier_payload(self) -> int | None:
        """Of a watermark that lies as it was put."""

    def marked(self, order: Order) -> Copy:
        """The copy; raises `MarkNotReadable` when it does not hold the mark."""
