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
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from countermark import credentials, files, keys
from countermark.auditing import audited
from countermark.costs import layer
from countermark.credentials import Signer, TimeStamper
from countermark.duties import Demands
from countermark.marking.kinds import asset_of
from countermark.marking.marked import Marked, is_marked
from countermark.marking.pixels import mark_frames, mark_pixels
from countermark.marking.placing import placing
from countermark.marking.preparing import prepare
from countermark.record import Record
from countermark.registry import Registry
from countermark.screening import Rules
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
    What `mark_pixels`, `mark_frames` or `LiveSound` has marked for the same record keeps that
    watermark, its pixels and its sound.
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
    with ExitStack() as stack:
        if registry is None:
            path = keys.open_home().registry_path
            registry = stack.enter_context(Registry.open(path))
        asset = asset_of(source)

        def folder(place: Path | None) -> Path:
            """For drafts, where there is room for the finished file."""
            beside = None if place is None else place.parent
            made = tempfile.TemporaryDirectory(dir=beside, prefix=".countermark-")
            return Path(stack.enter_context(made))

        done = prepare(
            asset,
            destination,
            record=record,
            signer=audited(signer, registry),
            registry=registry,
            folder=folder,
            strength=strength,
            time_stamper=time_stamper,
            rules=rules,
            demands=demands,
            profiles=profiles,
            wording=wording,
            progress=progress,
        )
        out = done.place or cast(BinaryIO, destination)
        like = asset if isinstance(asset, Path) else None
        with (
            layer("registry"),
            placing(done.content, out, like=like) as put,
            done.entered(registry),
        ):
            put()
    missing = credentials.unstamped(done.entry.manifest) if time_stamper else None
    digest = done.entry.manifest_sha256.hex()
    return Marked(done.entry.payload, digest, done.place, missing, done.notices, done.video)
