"""Movies on their way to a marked copy: from draft to draft, frame by frame."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from countermark import clips, credentials, image
from countermark.credentials import SOUND_WATERMARK_ALGORITHM, SoftBinding
from countermark.errors import MarkNotReadable
from countermark.image import Picture
from countermark.marking.kinds import MOVIES
from countermark.marking.originals import Copy, Look, Order
from countermark.marking.past import Past, past_of
from countermark.verifying.clips.sights import MovieSight
from countermark.video import (
    MarkedSound,
    detect_sounds,
    detect_video,
    mark_video,
    still_of,
)


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
        if found is not None:
            return found.payload
        heard = detect_sounds(self.path, effort="aligned")
        return next((mark.payload for marks in heard for mark in marks), None)

    def marked(self, order: Order) -> Copy:
        folder = order.folder()
        labelled, record = order.labelling.shown_in_file(
            self.path, folder, self.media_type, order.record
        )
        marked = folder / f"marked{self.path.suffix}"
        done = None
        if order.is_marked:
            shutil.copyfile(labelled, marked)
        else:
            done = mark_video(
                labelled, marked, order.payload, strength=order.strength, progress=order.progress
            )
        _check_readable(marked, order.payload, () if done is None else done.sounds)
        with marked.open("rb") as file:
            clip = clips.read(file, self.media_type)
            size = clips.frame_size(file, self.media_type)
        if done is None:
            seconds, spans = clip.seconds, _heard(marked, order.payload)
        else:
            seconds, spans = done.seconds, [one.span for one in done.sounds if one.span is not None]
        return Copy(
            order.labelling.stated_in_file(marked, folder, record, self.past.marks.label),
            record,
            tuple(_bindings(order.payload, seconds, spans)),
            Look(*size, clip=clip),
            image.thumbnail(Picture(still_of(marked), "JPEG")),
            done,
        )


def _check_readable(marked: Path, payload: int, sounds: Sequence[MarkedSound]) -> None:
    found = detect_video(marked, effort="aligned")
    if found is None or found.payload != payload:
        raise MarkNotReadable(
            "The watermark cannot be read back from the marked movie, so nothing was written.",
            remedy="Use a movie with more pixels, more structure or more frames, or a stronger "
            "mark.",
        )
    if all(one.span is None for one in sounds):
        return
    for one, marks in zip(sounds, detect_sounds(marked, effort="aligned"), strict=True):
        if one.span is not None and payload not in {mark.payload for mark in marks}:
            raise MarkNotReadable(
                "The watermark cannot be read back from the sound of the marked movie, so nothing "
                "was written.",
                remedy="Mark it with another codec of sound, or with a stronger mark.",
            )


def _heard(marked: Path, payload: int) -> list[tuple[float, float]]:
    """From when to when the sounds of a movie carry the mark that they came with."""
    found = (one for marks in detect_sounds(marked, effort="aligned") for one in marks)
    return [
        (one.stretches[0].begin, one.stretches[-1].end) for one in found if one.payload == payload
    ]


def _bindings(
    payload: int, seconds: float, spans: Sequence[tuple[float, float]]
) -> Iterator[SoftBinding]:
    """Of the frames, and of the sound, for the time from its first mark to its last one."""
    yield SoftBinding.of_payload(payload, seconds=seconds)
    if spans:
        plain = SoftBinding.of_payload(payload, algorithm=SOUND_WATERMARK_ALGORITHM)
        begin, end = min(one[0] for one in spans), max(one[1] for one in spans)
        yield replace(plain, timespan=(round(1000 * max(begin, 0)), round(1000 * end)))
