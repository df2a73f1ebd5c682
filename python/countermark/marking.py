"""Mark a picture file: watermark, signed manifest and registry entry in one step.

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
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import numpy as np

from countermark import credentials, duties, files, fingerprint, image, keys, watermark
from countermark.auditing import audited
from countermark.containers import Content, StreamContent
from countermark.credentials import (
    Beside,
    Manifest,
    Signed,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
    Unstamped,
    containers,
)
from countermark.credentials.assets import opened
from countermark.duties import Demands
from countermark.errors import (
    CountermarkError,
    InvalidArgument,
    MarkLost,
    MarkNotReadable,
    UnsupportedImage,
)
from countermark.image import Picture
from countermark.record import Modality, Record
from countermark.registry import Entry, Registry
from countermark.registry.features import Notice
from countermark.screening import Rules, Sight, Use, named_payloads, screen
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labelling import Labelling
    from countermark.labels.profiles import Profile
    from countermark.labels.visible import Wording
    from countermark.preserving import Marks

SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "TIFF": (".tif", ".tiff"),
}
"""Endings of file names, by format; the first one is the usual one."""

_UNTURNING: Final = {6: 8, 8: 6}  # the other EXIF orientations undo themselves


@dataclass(frozen=True, slots=True)
class Marked:
    """What `mark` has done.

    `payload`: the 64 bits in the pixels. `manifest_sha256`: of the manifest store, hexadecimal.
    `destination`: where the marked file is; None for a stream. `unstamped`: the manifest, when a
    time stamp was wanted and could not be had; `countermark.stamping.settle` queues the file then.
    `notices`: what is known of the picture, where the policy lets it be marked all the same.
    """

    payload: int
    manifest_sha256: str
    destination: Path | None
    unstamped: Unstamped | None = None
    notices: tuple[Notice, ...] = ()


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
) -> Marked:
    """Write a copy of a picture with a watermark and a signed manifest, and remember both.

    Example: see the module.

    `source`, `destination`: paths or binary streams; the destination may be the source. JPEG,
    PNG, WebP, AVIF and TIFF keep their format, EXIF, ICC profile and orientation.
    A manifest in the source, or beside it by name if it fits, becomes the parent of the new one.
    `record`: what the signer states about the picture; `created` is now if it says nothing,
    and the content id is the payload where a label or a profile wants one.
    `registry`: by default the one of the home folder. `strength`: of the watermark.
    `time_stamper`: proves when it was signed; when it cannot, that is a warning
    (`TimeStampMissing`), and the picture is marked without.
    `rules`: whose features of known content count, and what follows; by default the home's.
    `demands`: which consents and models are demanded, by default what the profiles demand.
    `profiles`: what jurisdictions demand of it, such as `labels.profiles.profile("cn")`: it gets
    the labels that they ask for, and is refused if it lacks anything else.
    `wording`: of a label that people see, whether a profile demands one or not.

    The destination is written in one piece and only together with the registry's entry: when
    anything fails, both are as they were. The use of the key is in the registry's log all the
    same, from before the signature was there to be used.

    Raises `SourceNotFound`, `ImageError` for files that are no picture or cannot be marked
    (`credentials.sign_file` signs more kinds of files, without a watermark),
    `ConsentMissing`, `UnassessedModel` and `GrantMissing` for a record that lacks what must be
    there before, `ProfileNotMet` for a file that would lack what a profile demands, `MarkLost` for
    one that would lose what it came in with, `LabelError` for a picture without room for a label,
    `RefusedContent` for content that the policy refuses, `InvalidFeature` when it fits a feature
    that is not signed as it must be, `MarkNotReadable` for pictures that do not hold the watermark,
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
        demands = demands or labelling.demands
        duties.check(record, registry, modality=Modality.IMAGE, demands=demands)
        original = _read(source)
        place = _checked_place(destination, original.picture)
        notices = _screened(original, registry, rules)
        _check_unmarked(original)
        marked_at = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
        payload = registry.new_payload()
        record = replace(record, created=record.created or marked_at)
        record = labelling.numbered(record, f"{payload:016x}")

        picture, record = _labelled(original.picture, record, labelling)
        picture = _watermarked(picture, payload, strength)
        encoded = labelling.stated(image.encode(picture), record, original.marks.label)
        parent = original.parent if record.edits_existing or original.manifest else None
        auditor = audited(signer, registry)
        signed = _signed(parent, picture, encoded, payload, record, auditor, time_stamper)
        check_kept(original.marks, signed.asset, picture.media_type)
        labelling.check(signed.asset, registry)
        entry = _entry(picture, payload, signed.manifest, record, marked_at)
        with (
            _placing(signed.asset, place or destination, source) as put,
            registry.adding(entry),
        ):
            put()
    missing = credentials.unstamped(signed.manifest) if time_stamper else None
    return Marked(payload, entry.manifest_sha256.hex(), place, missing, notices)


def is_marked(path: Path, registry: Registry) -> bool:
    """Whether a file is as `mark` has written it, time stamps aside, and in this registry.

    >>> is_marked(Path("no such file.jpg"), Registry.open("no such registry"))
    False
    """
    try:
        with path.open("rb") as file:
            found = credentials.read(file, "image/jpeg", trust=Trust.nobody())
    except (OSError, CountermarkError):
        return False
    if found is None or found.hard_binding != "match":
        return False
    stores = [
        store for payload in named_payloads(found) for store in registry.manifests.all_of(payload)
    ]
    return any(credentials.continues(found.bytes, store) for store in stores)


@dataclass(frozen=True, slots=True)
class _Original:
    """What is to be marked: the file, the picture in it, its manifest and all that it came with."""

    content: bytes
    picture: Picture
    manifest: Manifest | None
    marks: Marks
    parent: Beside


def _read(source: files.Source) -> _Original:
    if isinstance(source, (str, PathLike)) and os.path.isfile(source):
        with opened(Path(source)) as stream:
            _check_kind(StreamContent(stream))  # before a movie of gigabytes is loaded
    content = files.load(source)
    _check_kind(content)
    from countermark.preserving import Marks, labels_in  # as above
    from countermark.sidecars import brought_in

    path = Path(source) if isinstance(source, (str, PathLike)) else None
    picture = image.read(io.BytesIO(content))
    found = brought_in(io.BytesIO(content), path)
    marks = Marks.of(found.manifest, labels_in(io.BytesIO(content)))
    parent = Beside(io.BytesIO(content), picture.media_type, found.store)
    return _Original(content, picture, found.manifest, marks, parent)


def _screened(original: _Original, registry: Registry, rules: Rules | None) -> tuple[Notice, ...]:
    sight = Sight(image.upright(original.picture.pixels, original.picture.orientation))
    named = named_payloads(original.manifest)
    return screen(sight, registry, Use.MARK, named=named, rules=rules)


def _check_unmarked(original: _Original) -> None:
    """Raises `MarkLost` where a watermark would take the place of one that no manifest names.

    Only a mark that lies as it was put is in the way of another one, so that a fast look suffices.
    """
    if original.marks.payloads:
        return
    upright = image.upright(original.picture.pixels, original.picture.orientation)
    found = watermark.detect(upright, effort="aligned")
    if found is not None:
        raise MarkLost(
            f"The picture holds the watermark {found.payload:016x}, which another one would "
            "replace, and no manifest that names it, so nothing was written.",
            remedy="Mark the file that still has its manifest, or sign this one without another "
            "watermark (countermark sign).",
        )


def _check_kind(asset: Content) -> None:
    """Whether such files can carry a watermark; what is no file of a known kind passes too."""
    shown = containers.media_type(asset)
    if shown is not None and not image.is_decodable(asset[: image.HEAD_BYTES]):
        raise UnsupportedImage(
            f"Files of type {shown} carry no watermark yet.",
            remedy="Sign it without one, by countermark sign or credentials.sign_file.",
        )


def _checked_place(destination: files.Destination, picture: Picture) -> Path | None:
    """The file to write; None for a stream."""
    if not isinstance(destination, (str, PathLike)):
        return None
    suffix = Path(destination).suffix.lower()
    if any(suffix in known for form, known in SUFFIXES.items() if form != picture.format):
        raise InvalidArgument(
            f"The destination {str(destination)!r} ends in {suffix}, but the picture is a "
            f"{picture.format} and stays one.",
            remedy=f"Name it {SUFFIXES[picture.format][0]}, or convert the picture first.",
        )
    return files.target(destination)


def _labelled(picture: Picture, record: Record, labelling: Labelling) -> tuple[Picture, Record]:
    """The picture with the label that people see, which stands upright as a viewer shows it."""
    turn = picture.orientation
    pixels, record = labelling.shown(image.upright(picture.pixels, turn), record)
    stored = image.upright(pixels, _UNTURNING.get(turn, turn))
    return replace(picture, pixels=np.ascontiguousarray(stored)), record


def _watermarked(picture: Picture, payload: int, strength: Strength) -> Picture:
    """The picture with the mark, whose canonical plane lies upright as a viewer shows it."""
    turn = picture.orientation
    marked = watermark.embed(image.upright(picture.pixels, turn), payload, strength=strength)
    stored = image.upright(marked, _UNTURNING.get(turn, turn))
    return replace(picture, pixels=np.ascontiguousarray(stored))


def _signed(
    parent: Beside | None,
    picture: Picture,
    encoded: bytes,
    payload: int,
    record: Record,
    signer: Signer,
    time_stamper: TimeStamper | None,
) -> Signed:
    """The finished file, after a look whether the watermark can be read from it.

    `parent`: the file that it was made from, if the manifest is to say so. `encoded`: the file as
    it will be but for the manifest.
    """
    media_type = picture.media_type
    received = image.read(io.BytesIO(encoded))
    pixels = image.upright(received.pixels, received.orientation)
    found = watermark.detect(pixels, effort="aligned")
    if found is None or found.payload != payload:
        raise MarkNotReadable(
            "The watermark cannot be read back from the marked picture, so nothing was written.",
            remedy="Use a picture with more pixels or more structure, less compressed, or "
            "a stronger mark.",
        )
    return credentials.sign(
        io.BytesIO(encoded),
        media_type,
        record=record,
        signer=signer,
        soft_bindings=[SoftBinding.of_payload(payload)],
        thumbnail=image.thumbnail(picture),
        parent=parent,
        time_stamper=time_stamper,
    )


def _entry(
    picture: Picture, payload: int, manifest: bytes, record: Record, marked_at: datetime
) -> Entry:
    hash_ = fingerprint.pdq(image.upright(picture.pixels, picture.orientation))
    return Entry(
        payload=payload,
        pdq=hash_.bits,
        pdq_quality=hash_.quality,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=record,
        width=picture.width,
        height=picture.height,
        marked_at=marked_at,
    )


def _placing(
    content: bytes, destination: Path | files.Destination, source: files.Source
) -> AbstractContextManager[Callable[[], None]]:
    if isinstance(destination, Path):
        like = Path(source) if isinstance(source, (str, PathLike)) else None
        return files.replacing(destination, content, like=like)
    return files.appending(cast(BinaryIO, destination), content)
