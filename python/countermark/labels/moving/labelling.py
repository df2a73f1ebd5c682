"""Burn a label into a movie: into its first seconds, or into all of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

from countermark.errors import InvalidArgument, UnreadableVideo, UnsupportedVideo
from countermark.files import drafting, target, writing
from countermark.labels.moving.checking import is_clean
from countermark.labels.moving.encoding import codec_of
from countermark.labels.moving.overlay import Overlay, make_overlay
from countermark.labels.moving.plan import Plan, make_plan
from countermark.labels.moving.remuxing import finish, remux
from countermark.labels.visible import Corner, Wording
from countermark.pyav import library, local, reading

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LEAST_SECONDS: Final = 2
"""GB 45438-2025, 5.4: at normal speed."""


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """What `label_video` did.

    `lines`: what is written. `ink_height`: pixels of the smallest letter. `labelled_frames`: how
    many frames have the label. `encoded`: "part" when the packets from `copied_from_seconds` of
    the play time on are those of the source, "all" when every frame was encoded again.
    """

    lines: tuple[str, ...]
    ink_height: int
    labelled_frames: int
    encoded: Literal["part", "all"]
    copied_from_seconds: float | None


def label_video(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    wording: Wording,
    *,
    seconds: float | None = LEAST_SECONDS,
    corner: Corner = Corner.BOTTOM_RIGHT,
    height_fraction: float = 0.05,
) -> LabelledVideo:
    """Write a copy of a movie with a label burned into its first seconds of play time.

    >>> from countermark.labels.visible import wording
    >>> label_video("missing.mp4", "labelled.mp4", wording("cn"))
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.

    `seconds`: at least 2; None for the whole movie. `corner`, `height_fraction`: as in
    `label_picture`; the height is that of the movie as it is shown, and the label is upright.

    MP4, MOV, Matroska and WebM with H.264, H.265, VP8, VP9 or AV1. Of H.264, VP8 and VP9 only the
    groups of pictures that the label reaches into are encoded again, and the rest is copied; the
    joint is decoded before the file is kept. Where that is not possible, and for other codecs, all
    frames are encoded again. Other tracks, chapters, metadata, colours and rotation stay. The
    destination is written whole or not at all, and may be the source. A manifest or an implicit
    label is written after this, never before.

    Raises `SourceNotFound`, `UnreadableVideo`, `UnsupportedVideo`, `LabelDoesNotFit`,
    `FontMissing`, `DestinationNotWritable`, `InvalidArgument`, `MissingExtra`.
    Source: GB 45438-2025, 5.4.
    """
    if seconds is not None and not LEAST_SECONDS <= seconds < 1e9:
        raise InvalidArgument(
            f"A label of {seconds} seconds is too short.",
            remedy=f"Show it for {LEAST_SECONDS} seconds or more, or throughout (None).",
        )
    name = os.fspath(source)
    with opened(name) as (container, stream):
        codec = codec_of(stream)
        with reading(name, UnreadableVideo):
            exact = None if seconds is None else Fraction(seconds).limit_denominator(1000)
            plan = make_plan(container, stream, codec, exact)
    path = target(destination)

    def label(frame: VideoFrame) -> Overlay:
        return make_overlay(wording, frame, corner=corner, height_fraction=height_fraction)

    with drafting(path, like=Path(name)) as (draft, put):
        labelled = _write(name, draft, plan, codec, label)
        put()
    return labelled


def _write(
    name: str, draft: BinaryIO, plan: Plan, codec: str, label: Callable[[VideoFrame], Overlay]
) -> LabelledVideo:
    attempts = [plan] if plan.joint is None else [plan, Plan(plan.end, None, (), None)]
    for attempt in attempts:
        draft.seek(0)
        draft.truncate()
        with writing(f"The copy of {name!r}"):
            with opened(name) as (container, stream), reading(name, UnreadableVideo):
                done = remux(container, stream, draft, attempt, codec=codec, alter=label)
            finish(name, draft)
        if attempt.joint is None or is_clean(name, draft, done.frames, attempt.joint):
            break
    return LabelledVideo(
        lines=done.alteration.lines,
        ink_height=done.alteration.ink_height,
        labelled_frames=done.altered,
        encoded="all" if attempt.joint is None else "part",
        copied_from_seconds=done.copied_from_seconds,
    )


@contextlib.contextmanager
def opened(name: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A movie and its first track of moving pictures."""
    av = library()
    with reading(name, UnreadableVideo):
        container = av.open(local(name))
    with container:
        cover = av.stream.Disposition.attached_pic
        moving = [one for one in container.streams.video if not one.disposition & cover]
        if not moving or moving[0].codec_context is None:
            raise UnreadableVideo(
                f"The file {name!r} holds no moving picture.", remedy="Name one that does."
            )
        if len(moving) > 1 or moving[0].metadata.get("alpha_mode") == "1":
            raise UnsupportedVideo(
                f"The file {name!r} has {len(moving)} moving pictures, or one that is transparent.",
                remedy="Label a movie with one picture that is not transparent.",
            )
        _check_container(container, name)
        yield container, moving[0]


def _check_container(container: Any, name: str) -> None:
    if not container.format.name.startswith(("mov,", "matroska")):
        raise UnsupportedVideo(
            f"The file {name!r} is a {container.format.name}.",
            remedy="Labelled are MP4, MOV, Matroska and WebM; convert it first.",
        )
