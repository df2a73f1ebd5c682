"""Mark a file: watermark, signed manifest and registry entry in one step.

>>> import io, tempfile
>>> import numpy as np
>>> from PIL import Image
>>> from countermark import keys
>>> from countermark.record import DigitalSource, Record
>>> from countermark.registry import Registry
>>> pixels = np.random.default_rng(1).integers(60, 200, (256, 256, 3), dtype=np.uint8)
>>> source, destination = io.BytesIO(), io.BytesIO()
>>> Image.fromarray(pixels).save(source, "PNG")
>>> _ = source.seek(0)
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         done = mark(
...             source, destination, record=Record(source=DigitalSource.CAPTURED),
...             signer=home.signer(), registry=registry,
...         )
...         registry.find_payload(done.payload).record.source.value
'captured'

There is one road for pictures, movies and sounds. What a kind of file needs for itself is in a
module of its own: it reads an `Original`, which gives a `Copy`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from countermark import credentials, duties, files, keys
from countermark.auditing import audited
from countermark.costs import layer
from countermark.credentials import Signer, TimeStamper
from countermark.duties import Demands
from countermark.errors import MarkLost
from countermark.marking.entering import entry_of
from countermark.marking.kinds import asset_of, modality_of, read
from countermark.marking.marked import Marked, is_marked
from countermark.marking.originals import Order, Original
from countermark.marking.pixels import mark_frames, mark_pixels
from countermark.marking.placing import checked_place, placing, signed
from countermark.record import Record
from countermark.registry import Entry, Registry
from countermark.screening import Rules, Use, named_payloads, screen
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labels.profiles import Profile
    from countermark.labels.visible import Wording

__all__ = ["Marked", "is_marked", "mark", "mark_frames", "mark_pixels"]


def mark(
    source: files.Source,
    destination: files.Destination,
    *,
    record: Record,
    signer: Signer,
    registry: Registry | None = None,
    strength: Strength = Strength.BALANCED,
    time_stamper: TimeStamper | None = None,
    rules: Rules | None = None,
    demands: Demands | None = None,
    profiles: Sequence[Profile] = (),
    wording: Wording | None = None,
    progress: Callable[[int], None] = lambda frames: None,
) -> Marked:
    """Write a copy of a file with a watermark and a signed manifest, and remember both.

    Example: see the module.

    `source`, `destination`: paths, or of pictures binary streams too; the destination may be the
    source. JPEG, PNG, WebP, AVIF and TIFF keep their format, EXIF, ICC profile and orientation;
    of MP4 and MOV every frame is marked, and the sound (`video.mark_video`); WAV, FLAC, MP3 and M4A
    keep their codec and tags (`sound.rewrite`). Memory does not grow with the length of a clip.
    A manifest in the source, or beside it by name if it fits, becomes the parent of the new one.
    A picture that `mark_pixels` has marked for the same record keeps that watermark and its pixels.
    `record`: what the signer states about the file; `created` is now if it says nothing,
    and the content id is the payload where a label or a profile wants one.
    `registry`: by default the one of the home folder. `strength`: of the watermark.
    `time_stamper`: proves when it was signed; when it cannot, that is a warning
    (`TimeStampMissing`), and the file is marked without.
    `rules`: whose features of known content count, and what follows; by default the home's. A movie
    is known by one frame a second, a sound by its watermark alone.
    `demands`: which consents and models are demanded, by default what the profiles demand.
    `profiles`: what jurisdictions demand of it, such as `labels.profiles.profile("cn")`: it gets
    the labels that they ask for, and is refused if it lacks anything else.
    `wording`: of a label that people see, whether a profile demands one or not.
    `progress`: called with the number of a movie's frames that are done.

    The destination is written in one piece and only together with the registry's entry: when
    anything fails, both are as they were. The use of the key is in the registry's log all the
    same, from before the signature was there to be used.

    Raises `SourceNotFound`, `ImageError` for files of no kind that can be marked
    (`credentials.sign_file` signs more kinds of files, without a watermark), `VideoError` and
    `SoundError` for damaged ones of these kinds, `MissingExtra`,
    `ConsentMissing`, `UnassessedModel` and `GrantMissing` for a record that lacks what must be
    there before, `ProfileNotMet` for a file that would lack what a profile demands, `MarkLost` for
    one that would lose what it came in with, `LabelError` for one without room for a label,
    `RefusedContent` for content that the policy refuses, `InvalidFeature` when it fits a feature
    that is not signed as it must be, `MarkNotReadable` for files that do not hold the watermark,
    `InvalidArgument` when the destination's name belongs to another format, `CredentialError` when
    signing fails, `HomeMissing` without registry and home, `UnusablePolicy`, `RegistryError`,
    `DestinationNotWritable`.
    """
    # Here, so that whoever verifies or signs does not load what labels are made with.
    from countermark.labelling import Labelling
    from countermark.preserving import check_kept

    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    with ExitStack() as stack:
        if registry is None:
            path = keys.open_home().registry_path
            registry = stack.enter_context(Registry.open(path))
        asset = asset_of(source)
        modality = modality_of(asset)
        duties.check(record, registry, modality=modality, demands=demands or labelling.demands)
        original = read(asset, modality)
        place = checked_place(destination, original)
        named = named_payloads(original.past.manifest)
        notices = screen(original.sight, registry, Use.MARK, named=named, rules=rules)
        marked_at = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
        there = _entry_of_mark(original, registry, record)
        payload = registry.new_payload() if there is None else there.payload
        record = replace(record, created=record.created or marked_at) if not there else there.record
        record = labelling.numbered(record, f"{payload:016x}")

        def folder() -> Path:
            """For drafts, where there is room for the finished file."""
            beside = None if place is None else place.parent
            made = tempfile.TemporaryDirectory(dir=beside, prefix=".countermark-")
            return Path(stack.enter_context(made))

        is_marked = there is not None
        order = Order(payload, record, strength, labelling, folder, progress, is_marked)
        copy = original.marked(order)
        parent = original.past.parent if record.edits_existing or original.past.manifest else None
        with layer("sign"):
            content, manifest = signed(
                copy, original.media_type, audited(signer, registry), parent, time_stamper
            )
        check_kept(original.past.marks, content, original.media_type)
        labelling.check(content, registry)
        entry = entry_of(copy.record, copy.look, payload, manifest, marked_at)
        out = place or cast(BinaryIO, destination)
        like = asset if isinstance(asset, Path) else None
        adding = registry.manifests.adding(payload, manifest) if there else registry.adding(entry)
        with layer("registry"), placing(content, out, like=like) as put, adding:
            put()
    missing = credentials.unstamped(manifest) if time_stamper else None
    return Marked(payload, entry.manifest_sha256.hex(), place, missing, notices, copy.video)


def _entry_of_mark(original: Original, registry: Registry, record: Record) -> Entry | None:
    """Of the watermark that `mark_pixels` has put into the picture, for the same record.

    Raises `MarkLost` when a watermark would be laid over another one that no manifest names. Only
    a mark that lies as it was put is in the way of another one, so that a fast look suffices.
    """
    found = None if original.past.marks.payloads else original.earlier_payload()
    if found is None:
        return None
    entry = registry.find_payload(found)
    if entry is not None and original.keeps_mark:
        stated = replace(record, created=record.created or entry.record.created)
        if stated == entry.record:
            return entry
    raise MarkLost(
        f"The {original.noun} holds the watermark {found:016x}, which another one would "
        "disturb, and no manifest that names it, so nothing was written.",
        remedy="Mark the file that still has its manifest, or sign this one without another "
        "watermark (countermark sign).",
    )
