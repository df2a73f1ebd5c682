"""Movies on their way to a marked copy: from draft to draft, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from countermark import clips, credentials, image
from countermark.credentials import SoftBinding
from countermark.errors import MarkNotReadable
from countermark.fingerprint import Pdq
from countermark.image import Picture
from countermark.marking.kinds import MOVIES
from countermark.marking.originals import Copy, Look, Order
from countermark.marking.past import Past, past_of
from countermark.video import detect_video, mark_video, still_of


def read_movie(path: Path) -> OriginalMovie:
    """The movie in a file, and what it brought along; raises `SourceNotFound`."""
    return OriginalMovie(path, credentials.media_type_of(path), past_of(path))


@dataclass(frozen=True)
class OriginalMovie:
    """An `Original`."""

    path: Path
    media_type: str
    past: Past
    noun = "movie"

    @property
    def form(self) -> str:
        return self.media_type

    @property
    def endings(self) -> tuple[str, ...]:
        return MOVIES[self.media_type]

    @property
    def sight(self) -> MovieSight:
        return MovieSight(self.path, self.media_type)

    def may_end_in(self, suffix: str) -> bool:
        return suffix in self.endings

    def earlier_payload(self) -> int | None:
        found = detect_video(self.path, effort="aligned")
        return None if found is None else found.payload

    def marked(self, order: Order) -> Copy:
        folder = order.folder()
        labelled, record = order.labelling.shown_in_file(
            self.path, folder, self.media_type, order.record
        )
        marked = folder / f"marked{self.path.suffix}"
        done = mark_video(
            labelled, marked, order.payload, strength=order.strength, progress=order.progress
        )
        _check_readable(marked, order.payload)
        return Copy(
            order.labelling.stated_in_file(marked, folder, record, self.past.marks.label),
            record,
            (SoftBinding.of_payload(order.payload, seconds=done.seconds),),
            self._look(marked),
            image.thumbnail(Picture(still_of(marked), "JPEG")),
        )

    def _look(self, marked: Path) -> Look:
        with marked.open("rb") as file:
            clip = clips.read(file, self.media_type)
            width, height = clips.frame_size(file, self.media_type)
        return Look(width, height, clip=clip)


@dataclass(frozen=True)
class MovieSight:
    """By what a movie is recognised: one frame a second, and the watermarks in it."""

    path: Path
    media_type: str

    @cached_property
    def hashes(self) -> tuple[Pdq, ...]:
        """The fingerprints of these frames, as they are shown; none of one without structure."""
        with self.path.open("rb") as file:
            video = clips.read(file, self.media_type).video
        return () if video is None else tuple(Pdq(one.bits, one.quality) for one in video.telling)

    @cached_property
    def payloads(self) -> tuple[int, ...]:
        """Of the frames, and of the sound."""
        seen = detect_video(self.path)
        with self.path.open("rb") as file:
            heard = clips.watermarks(file, self.media_type)
        return (*(() if seen is None else (seen.payload,)), *(one.payload for one in heard))


def _check_readable(marked: Path, payload: int) -> None:
    found = detect_video(marked, effort="aligned")
    if found is None or found.payload != payload:
        raise MarkNotReadable(
            "The watermark cannot be read back from the marked movie, so nothing was written.",
            remedy="Use a movie with more pixels, more structure or more frames, or a stronger "
            "mark.",
        )
