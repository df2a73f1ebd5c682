"""Sounds on their way to a marked copy: from draft to draft, block by block."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from countermark import audio, clips, credentials, sound
from countermark.credentials import SOUND_WATERMARK_ALGORITHM, SoftBinding
from countermark.errors import MarkNotReadable
from countermark.marking.kinds import SOUNDS
from countermark.marking.originals import Copy, Look, Order
from countermark.marking.past import Past, past_of
from countermark.verifying.clips.sights import SoundSight
from countermark.video import sound_strength
from countermark.watermark import Strength


def read_sound(path: Path) -> OriginalSound:
    """The sound in a file, and what it brought along; raises `SourceNotFound`."""
    return OriginalSound(path, credentials.media_type_of(path), past_of(path))


@dataclass(frozen=True)
class OriginalSound:
    """An `Original`."""

    path: Path
    media_type: str
    past: Past
    noun = "sound"

    @property
    def form(self) -> str:
        return self.media_type

    @property
    def endings(self) -> tuple[str, ...]:
        return SOUNDS[self.media_type]

    @property
    def sight(self) -> SoundSight:
        return SoundSight(self.path, self.media_type)

    def may_end_in(self, suffix: str) -> bool:
        return suffix in self.endings

    def earlier_payload(self) -> int | None:
        with self.path.open("rb") as file:
            found = clips.watermarks(file, self.media_type, effort="aligned")
        return found[0].payload if found else None

    def marked(self, order: Order) -> Copy:
        """A label that is heard is marked with the rest."""
        folder = order.folder()
        labelled, record = order.labelling.shown_in_file(
            self.path, folder, self.media_type, order.record
        )
        marked = folder / f"marked{self.path.suffix}"
        if order.is_marked:
            shutil.copyfile(labelled, marked)
        else:
            _watermark(labelled, marked, order.payload, order.strength)
        clip = _readable(marked, self.media_type, order.payload)
        binding = SoftBinding.of_payload(
            order.payload, algorithm=SOUND_WATERMARK_ALGORITHM, seconds=clip.seconds
        )
        stated = order.labelling.stated_in_file(marked, folder, record, self.past.marks.label)
        return Copy(stated, record, (binding,), Look(0, 0, clip=clip))


def _watermark(source: Path, destination: Path, payload: int, strength: Strength) -> None:
    def embedder(rate: int, channels: int) -> sound.Filter:
        return audio.Embedder(payload, rate, strength=sound_strength(strength))

    with destination.open("w+b") as out:
        sound.rewrite(source, out, embedder)


def _readable(marked: Path, media_type: str, payload: int) -> clips.Clip:
    """The fingerprint of the marked sound, after a look whether its watermark can be read."""
    with marked.open("rb") as file:
        found = clips.watermarks(file, media_type, effort="aligned")
        if payload not in {each.payload for each in found}:
            raise MarkNotReadable(
                "The watermark cannot be read back from the marked sound, so nothing was written.",
                remedy="Use a sound of five seconds or more that is not silent, less compressed, "
                "or a stronger mark.",
            )
        return clips.read(file, media_type)
