"""Sign a file of any kind, with the labels that profiles demand, and without a watermark.

>>> import tempfile
>>> from countermark import keys
>>> from countermark.record import DigitalSource, Record
>>> drawing = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     path = Path(folder) / "drawing.svg"
...     _ = path.write_text(drawing)
...     with Registry.open(home.registry_path) as registry:
...         record = Record(source=DigitalSource.HUMAN_CREATED)
...         done = sign(path, path, record=record, signer=home.signer(), registry=registry)
>>> done.record.label is None
True
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from countermark import credentials, duties, files
from countermark.auditing import audited
from countermark.credentials import (
    SIDECAR,
    Manifest,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
    Unstamped,
)
from countermark.credentials.containers import MEDIA_TYPES
from countermark.duties import Demands, modality_of
from countermark.errors import InvalidArgument
from countermark.labelling import Labelling
from countermark.labels import aigc, scenes
from countermark.labels.profiles import Profile
from countermark.labels.visible import Wording
from countermark.preserving import Marks, check_alone, check_kept, compare, fits, labels_in
from countermark.record import Record
from countermark.registry import Registry


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What `sign` has done.

    `manifest`: the label of the new manifest. `record`: as it states it, with the label that was
    put there. `unstamped`: as in `Marked`. `sidecar`: the file with the manifest, where it lies
    beside the signed one; else None.
    """

    manifest: str
    record: Record
    unstamped: Unstamped | None
    sidecar: Path | None = None


def sign(
    source: Path,
    destination: Path,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    parent: Path | None = None,
    components: Sequence[Path] = (),
    time_stamper: TimeStamper | None = None,
    demands: Demands | None = None,
    profiles: Sequence[Profile] = (),
    wording: Wording | None = None,
) -> SignedFile:
    """Write a copy of a file with a signed manifest, and the labels that are demanded.

    Example: see the module.

    `source`, `destination`: paths; they may be the same. `record`: what the signer states; a label
    that it states already is not put there again. `registry`: its log tells of the signature.
    `parent`: the file that it was made from, by default itself when it holds a manifest.
    `components`: the files that were placed in it. `demands`, `profiles`, `wording`: as in `mark`.

    A movie is labelled in its first two seconds, a sound by a rhythm before it, a document where
    its text begins (`labels.documents`); a picture needs a label before. Without a label to put
    there, large files are copied once and never held in memory.

    Office files, Markdown, HTML, scenes and other files that have a label in their metadata but no
    place for a manifest get it in a file of its own beside the destination, by the same name with
    the ending .c2pa, or behind the whole name where another file's manifest is there already. Both
    are put in their places, or none. Such a manifest names no parent and no components.

    Raises `SourceNotFound`, `UnsupportedImage` for files of other kinds, `InvalidArgument`,
    `ConsentMissing`, `UnassessedModel`, `GrantMissing`, `ProfileNotMet`, `MarkLost`, `LabelError`,
    `CredentialError`, `RegistryError`, `DestinationNotWritable`.
    """
    media_type = aigc.media_type(source) or credentials.media_type_of(source)
    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    demands = demands or labelling.demands
    duties.check(record, registry, modality=modality_of(media_type), demands=demands)
    check_alone(source)
    holds = media_type in MEDIA_TYPES
    if not holds and (parent is not None or components):
        raise InvalidArgument(
            f"The manifest of a {media_type} file lies beside it, and names no other files.",
            remedy="Leave parent and components out.",
        )
    earlier = credentials.read(source, media_type, trust=Trust.nobody()) if holds else None
    came_in = Marks.of(earlier, labels_in(source))
    record = labelling.numbered(record, uuid.uuid4().hex)
    place = files.target(destination)
    with tempfile.TemporaryDirectory() as folder:
        labelled, record = labelling.shown_in_file(source, Path(folder), media_type, record)
        labelled = labelling.stated_in_file(labelled, Path(folder), record, came_in.label)
        if holds:
            draft = Path(folder) / f"signed{source.suffix}"
            store = credentials.sign_file(
                labelled,
                draft,
                media_type,
                record=record,
                signer=audited(signer, registry),
                parent=_parent(parent, source, earlier),
                components=[(one, credentials.media_type_of(one)) for one in components],
                time_stamper=time_stamper,
            )
            check_kept(came_in, draft, media_type)
            labelling.check(draft, registry)
            _place(draft, place, like=source)
            sidecar = None
        else:
            compare(came_in, Marks.of(None, labels_in(labelled)))
            store = _detached(labelled, record, signer, registry, time_stamper)
            _check_beside(labelling, labelled, store, Path(folder), registry)
            sidecar = _sidecar_of(destination)
            with files.replacing(files.target(sidecar), store, like=source) as put:
                put()  # taken back when what follows fails
                _place(labelled, place, like=source)
    return _done(store, record, time_stamper, sidecar)


def sign_beside(
    source: Path,
    destination: Path,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    time_stamper: TimeStamper | None = None,
    demands: Demands | None = None,
    profiles: Sequence[Profile] = (),
) -> SignedFile:
    """Write a signed manifest to a file of its own, to lie beside a finished file.

    >>> from countermark import keys
    >>> from countermark.record import DigitalSource
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     home = keys.create_home(folder + "/home")
    ...     path = Path(folder) / "room.glb"
    ...     _ = path.write_bytes(b"a scene, for this example")
    ...     with Registry.open(home.registry_path) as registry:
    ...         record = Record(source=DigitalSource.AI_GENERATED)
    ...         sidecar = path.with_suffix(".c2pa")
    ...         done = sign_beside(
    ...             path, sidecar, record=record, signer=home.signer(), registry=registry
    ...         )
    ...     found = credentials.read_detached(sidecar.read_bytes(), path, trust=Trust.nobody())
    >>> found.hard_binding, found.label == done.manifest
    ('match', True)

    For files of any kind, which stay as they are; `verify` and `comply` find it by the name of the
    file with the ending .c2pa. It names the watermark in the textures of a GLB file, if there is
    one. `demands`, `profiles`: as in `sign`, but no label is put anywhere: the file must have what
    is demanded, and the record state a label that people see, hear or read.

    Raises as `sign`; `InvalidArgument` for a record that speaks of an earlier file.
    """
    shown = aigc.media_type(source)
    labelling = Labelling(profiles=tuple(profiles))
    demands = demands or labelling.demands
    duties.check(record, registry, modality=modality_of(shown or ""), demands=demands)
    check_alone(source)
    labels = labels_in(source)
    label = None if labels is None else labels.label
    record = labelling.numbered(record, (label and label.produce_id) or uuid.uuid4().hex)
    place = files.target(destination)
    store = _detached(source, record, signer, registry, time_stamper)
    with tempfile.TemporaryDirectory() as folder:
        _check_beside(labelling, source, store, Path(folder), registry)
    with files.replacing(place, store, like=source) as put:
        put()
    return _done(store, record, time_stamper, destination)


def _detached(
    source: Path,
    record: Record,
    signer: Signer,
    registry: Registry,
    time_stamper: TimeStamper | None,
) -> bytes:
    is_glb = aigc.media_type(source) == scenes.GLB
    payloads = scenes.find_payloads(source) if is_glb else ()
    return credentials.sign_detached(
        source,
        record=record,
        signer=audited(signer, registry),
        soft_binding=SoftBinding.of_payload(payloads[0]) if payloads else None,
        time_stamper=time_stamper,
    )


def _check_beside(
    labelling: Labelling, asset: Path, store: bytes, folder: Path, registry: Registry
) -> None:
    """Read the finished file with its manifest, before either is in its place."""
    draft = folder / f"manifest{SIDECAR}"
    draft.write_bytes(store)
    labelling.check(asset, registry, manifest=draft)


def _sidecar_of(destination: Path) -> Path:
    """Where the manifest of that file goes: no other file's is overwritten."""
    usual = destination.with_suffix(SIDECAR)
    is_free = not usual.exists() or (destination.is_file() and fits(usual, destination))
    return usual if is_free else destination.with_name(destination.name + SIDECAR)


def _done(
    store: bytes, record: Record, time_stamper: TimeStamper | None, sidecar: Path | None
) -> SignedFile:
    manifest = credentials.read_detached(store, trust=Trust.nobody()).label
    missing = credentials.unstamped(store) if time_stamper else None
    return SignedFile(cast(str, manifest), record, missing, sidecar)


def _parent(parent: Path | None, source: Path, earlier: Manifest | None) -> tuple[Path, str] | None:
    found = source if parent is None and earlier is not None else parent
    return None if found is None else (found, credentials.media_type_of(found))


def _place(draft: Path, place: Path, *, like: Path) -> None:
    with files.drafting(place, like=like) as (out, put), draft.open("rb") as content:
        shutil.copyfileobj(content, out)
        put()
