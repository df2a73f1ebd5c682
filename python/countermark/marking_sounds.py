"""Mark a sound file: watermark, signed manifest and registry entry in one step.

>>> is_sound(Path("no such file.wav"))
False
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark import audio, clips, credentials, duties, files, sidecars, sound
from countermark.auditing import audited
from countermark.containers import StreamContent
from countermark.credentials import (
    SOUND_WATERMARK_ALGORITHM,
    Signer,
    SoftBinding,
    TimeStamper,
    containers,
)
from countermark.credentials.assets import opened
from countermark.duties import Demands
from countermark.errors import CountermarkError, InvalidArgument, MarkLost, MarkNotReadable
from countermark.labelling import Labelling
from countermark.marking import Marked
from countermark.preserving import Marks, check_kept, labels_in
from countermark.record import Modality, Record
from countermark.registry import Entry, Registry
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labels.profiles import Profile
    from countermark.labels.visible import Wording

SOUNDS: Final = {
    "audio/wav": (".wav", ".wave"),
    "audio/flac": (".flac",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".m4b", ".mp4"),
}
"""Media types of sounds that hold manifests, and the endings of their names."""

_STRENGTHS: Final = {Strength.SUBTLE: 0.7, Strength.BALANCED: 1.0, Strength.ROBUST: 1.4}


def is_sound(path: Path) -> bool:
    """Whether `mark_sound` is for this file, by what is in it."""
    try:
        with opened(path) as stream:
            return containers.media_type(StreamContent(stream)) in SOUNDS
    except (OSError, CountermarkError):
        return False


def mark_sound(
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
) -> Marked:
    """Write a copy of a sound with a watermark and a signed manifest, and remember both.

    As `countermark.marking.mark`, for WAV, FLAC, MP3 and M4A (AAC, ALAC), whose rate, channels,
    codec, rate of bits, tags and cover art stay (`sound.rewrite`). A label that is heard, where a
    profile demands one, is marked with the rest. The soft binding names the payload for the whole
    time of play; the registry keeps the sound's fingerprint. Memory does not grow with the length.

    >>> import numpy as np, wave
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource
    >>> noise = np.random.default_rng(1).normal(0, 1000, 6 * 16000)
    >>> noise = np.convolve(noise, np.ones(4), "same").astype("<i2")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     home = keys.create_home(folder + "/home")
    ...     path = Path(folder) / "voice.wav"
    ...     with wave.open(str(path), "wb") as file:
    ...         file.setparams((1, 2, 16_000, 0, "NONE", ""))
    ...         file.writeframes(noise.tobytes())
    ...     with Registry.open(home.registry_path) as registry:
    ...         record = Record(source=DigitalSource.AI_GENERATED)
    ...         done = mark_sound(
    ...             path, path, record=record, signer=home.signer(), registry=registry
    ...         )
    ...     with path.open("rb") as file:
    ...         clips.watermarks(file, "audio/wav")[0].payload == done.payload
    True

    Raises as `countermark.marking.mark`, and `UnreadableSound`, `UnsupportedSound`, `MissingExtra`.
    """
    media_type = credentials.media_type_of(source)
    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    demands = demands or labelling.demands
    duties.check(record, registry, modality=Modality.AUDIO, demands=demands)
    found = sidecars.brought(source)
    came_in = Marks.of(found.manifest, labels_in(source))
    place = _checked_place(destination, media_type)
    _check_unmarked(source, media_type, came_in)
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
        _watermark(labelled, marked, payload, strength)
        clip = _readable(marked, media_type, payload)
        stated = labelling.stated_in_file(marked, folder, record, came_in.label)
        draft = folder / f"signed{source.suffix}"
        store = credentials.sign_file(
            stated,
            draft,
            media_type,
            record=record,
            signer=audited(signer, registry),
            soft_bindings=[
                SoftBinding.of_payload(
                    payload, algorithm=SOUND_WATERMARK_ALGORITHM, seconds=clip.seconds
                )
            ],
            parent=parent if record.edits_existing or found.manifest else None,
            time_stamper=time_stamper,
        )
        check_kept(came_in, draft, media_type)
        labelling.check(draft, registry)
        entry = Entry(
            payload=payload,
            clip=clip,
            manifest=store,
            manifest_sha256=hashlib.sha256(store).digest(),
            record=record,
            width=0,
            height=0,
            marked_at=marked_at,
        )
        _place(draft, place, source, registry, entry)
    missing = credentials.unstamped(store) if time_stamper else None
    return Marked(payload, entry.manifest_sha256.hex(), place, missing)


def _checked_place(destination: Path, media_type: str) -> Path:
    suffix = destination.suffix.lower()
    if suffix not in SOUNDS[media_type]:
        raise InvalidArgument(
            f"The destination {str(destination)!r} ends in {suffix}, but the sound is {media_type} "
            "and stays so.",
            remedy=f"Name it {SOUNDS[media_type][0]}, or convert the sound first.",
        )
    return files.target(destination)


def _watermark(source: Path, destination: Path, payload: int, strength: Strength) -> None:
    def embedder(rate: int, channels: int) -> sound.Filter:
        return audio.Embedder(payload, rate, strength=_STRENGTHS[strength])

    with destination.open("w+b") as out:
        sound.rewrite(source, out, embedder)


def _check_unmarked(source: Path, media_type: str, came_in: Marks) -> None:
    """Raises `MarkLost` where a watermark would be laid over one that no manifest names.

    Only a mark that plays as it was put is in the way of another one.
    """
    if came_in.payloads:
        return
    with source.open("rb") as file:
        found = clips.watermarks(file, media_type, effort="aligned")
    if found:
        raise MarkLost(
            f"The sound holds the watermark {found[0].payload:016x}, which another one would "
            "disturb, and no manifest that names it, so nothing was written.",
            remedy="Mark the file that still has its manifest, or sign this one without another "
            "watermark (countermark sign).",
        )


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
