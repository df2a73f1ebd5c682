"""Mark a movie file: watermark, signed manifest and registry entry in one step.

>>> from pathlib import Path
>>> is_movie(Path("no such file.mp4"))
False
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark import clips, credentials, duties, files, image, sidecars
from countermark.auditing import audited
from countermark.containers import StreamContent
from countermark.credentials import Signer, SoftBinding, TimeStamper, containers
from countermark.credentials.assets import opened
from countermark.duties import Demands
from countermark.errors import CountermarkError, InvalidArgument, MarkLost, MarkNotReadable
from countermark.image import Picture
from countermark.labelling import Labelling
from countermark.marking import Marked
from countermark.preserving import Marks, check_kept, labels_in
from countermark.record import Modality, Record
from countermark.registry import Entry, Registry
from countermark.video import detect_video, mark_video, still_of
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labels.profiles import Profile
    from countermark.labels.visible import Wording

MOVIES: Final = {"video/mp4": (".mp4", ".m4v"), "video/quicktime": (".mov", ".qt")}
"""Media types of movies that hold manifests, and the endings of their names."""


def is_movie(path: Path) -> bool:
    """Whether `mark_movie` is for this file, by what is in it."""
    try:
        with opened(path) as stream:
            return containers.media_type(StreamContent(stream)) in MOVIES
    except (OSError, CountermarkError):
        return False


def mark_movie(
    source: Path,
    destination: Path,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    strength: Strength = Strength.BALANCED,
    time_stamper: TimeStamper | None = None,
    demands: Demands | None = None,
    profiles: Sequence[Profile] = (),
    wording: Wording | None = None,
    progress: Callable[[int], None] = lambda frames: None,
) -> Marked:
    """Write a copy of a movie with a watermark and a signed manifest, and remember both.

    As `countermark.marking.mark`, for MP4 and MOV; `video.mark_video` says what happens to the
    frames and to all else. Sound stays as it is, packet by packet. The soft binding names the
    payload for the whole time of play; the thumbnail is a frame of the first second, and the
    registry keeps the fingerprints of frames and sound.

    `progress`: called with the number of frames done.

    >>> from countermark.credentials import WATERMARK_ALGORITHM
    >>> WATERMARK_ALGORITHM  # every frame is a marked picture
    'org.countermark.image.1'

    Raises as `countermark.marking.mark`, and `VideoError`, `MissingExtra`.
    """
    media_type = credentials.media_type_of(source)
    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    demands = demands or labelling.demands
    duties.check(record, registry, modality=Modality.VIDEO, demands=demands)
    found = sidecars.brought(source)
    came_in = Marks.of(found.manifest, labels_in(source))
    place = _checked_place(destination, media_type)
    _check_unmarked(source, came_in)
    marked_at = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
    payload = registry.new_payload()
    record = labelling.numbered(
        replace(record, created=record.created or marked_at), f"{payload:016x}"
    )
    parent = sidecars.as_parent(source, found)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".countermark-") as name:
        folder = Path(name)
        labelled, record = labelling.shown_in_file(source, folder, media_type, record)
        marked = folder / f"marked{source.suffix}"
        done = mark_video(labelled, marked, payload, strength=strength, progress=progress)
        _check_readable(marked, payload)
        still = Picture(still_of(marked), "JPEG")
        stated = labelling.stated_in_file(marked, folder, record, came_in.label)
        draft = folder / f"signed{source.suffix}"
        store = credentials.sign_file(
            stated,
            draft,
            media_type,
            record=record,
            signer=audited(signer, registry),
            soft_bindings=[SoftBinding.of_payload(payload, seconds=done.seconds)],
            thumbnail=image.thumbnail(still),
            parent=parent if record.edits_existing or found.manifest else None,
            time_stamper=time_stamper,
        )
        check_kept(came_in, draft, media_type)
        labelling.check(draft, registry)
        entry = _entry(marked, media_type, payload, store, record, marked_at)
        _place(draft, place, source, registry, entry)
    missing = credentials.unstamped(store) if time_stamper else None
    return Marked(payload, entry.manifest_sha256.hex(), place, missing)


def _checked_place(destination: Path, media_type: str) -> Path:
    suffix = destination.suffix.lower()
    if suffix not in MOVIES[media_type]:
        raise InvalidArgument(
            f"The destination {str(destination)!r} ends in {suffix}, but the movie is {media_type} "
            "and stays so.",
            remedy=f"Name it {MOVIES[media_type][0]}, or convert the movie first.",
        )
    return files.target(destination)


def _check_unmarked(source: Path, came_in: Marks) -> None:
    """Raises `MarkLost` where a watermark would be laid over one that no manifest names."""
    if came_in.payloads:
        return
    found = detect_video(source, effort="aligned")
    if found is not None:
        raise MarkLost(
            f"The movie holds the watermark {found.payload:016x}, which another one would "
            "disturb, and no manifest that names it, so nothing was written.",
            remedy="Mark the file that still has its manifest, or sign this one without another "
            "watermark (countermark sign).",
        )


def _check_readable(marked: Path, payload: int) -> None:
    found = detect_video(marked, effort="aligned")
    if found is None or found.payload != payload:
        raise MarkNotReadable(
            "The watermark cannot be read back from the marked movie, so nothing was written.",
            remedy="Use a movie with more pixels, more structure or more frames, or a stronger "
            "mark.",
        )


def _entry(
    marked: Path,
    media_type: str,
    payload: int,
    manifest: bytes,
    record: Record,
    marked_at: datetime,
) -> Entry:
    with marked.open("rb") as file:
        clip = clips.read(file, media_type)
        width, height = clips.frame_size(file, media_type)
    return Entry(
        payload=payload,
        clip=clip,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=record,
        width=width,
        height=height,
        marked_at=marked_at,
    )


def _place(draft: Path, place: Path, source: Path, registry: Registry, entry: Entry) -> None:
    """Put the file there together with the registry's entry, or neither."""
    with (
        files.drafting(place, like=source) as (out, put),
        draft.open("rb") as content,
        registry.adding(entry),
    ):
        with files.writing(repr(str(place))):
            shutil.copyfileobj(content, out)
        put()
