"""Where a cue goes, how loud it is there, and what is said of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from countermark.labels.audible.cue import MODERATE_DB, Cue, cue_samples
from countermark.labels.audible.loudness import Loudness
from countermark.sound.samples import Samples

Where: TypeAlias = Literal["start", "end", "middle"]
WHERE: Final[tuple[Where, ...]] = ("start", "end", "middle")

_QUIETEST_DB, _LOUDEST_DB = -36.0, -12.0  # what is fainter is missed, what is louder distorts


@dataclass(frozen=True, slots=True)
class LabelledSound:
    """What `label_audio` did.

    `start_seconds`, `end_seconds`: where the cue lies in the new file, its pauses included.
    `level_db`: its root mean square against full scale. `content`: "untouched" when the samples
    or the packets of the content are the same bytes; "lossless" when a lossless codec encoded the
    same samples anew; "re-encoded" when a lossy codec had to encode them a second time.
    """

    start_seconds: float
    end_seconds: float
    level_db: float
    content: Literal["untouched", "lossless", "re-encoded"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A cue, and the sample of the content that it stands before."""

    samples: Samples
    where: Where
    position: int
    level_db: float
    rate: int

    def labelled(self, content: Literal["untouched", "lossless", "re-encoded"]) -> LabelledSound:
        """What is said of it."""
        start, end = self.position / self.rate, (self.position + len(self.samples)) / self.rate
        return LabelledSound(start, end, self.level_db, content)


def place(
    loudness: Loudness,
    cue: Cue,
    where: Where,
    *,
    rate: int,
    channels: int,
    low_frequencies: int | None = None,
) -> Placed:
    """A cue about as loud as the content, at this place; silent in the channel for low tones."""
    heard = loudness.level_db
    level_db = MODERATE_DB if heard is None else float(np.clip(heard, _QUIETEST_DB, _LOUDEST_DB))
    samples = cue_samples(rate, channels, cue=cue, level_db=level_db)
    if low_frequencies is not None and channels > 1:
        samples[:, low_frequencies] = 0
    position = {"start": 0, "end": loudness.length}.get(where)
    if position is None:
        position = loudness.quiet_point()
    return Placed(samples, where, position, level_db, rate)
