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

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

from countermark import clips, containers, credentials, duties, files, sidecars
from countermark.auditing import audited
from countermark.containers import StreamContent
from countermark.containers.text_types import MAX_TEXT_BYTES, TEXT_TYPES, text_type
from countermark.credentials import (
    SIDECAR,
    Beside,
    Manifest,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
    Unstamped,
    clip_bindings,
)
from countermark.credentials.assets import opened
from countermark.credentials.containers import MEDIA_TYPES
from countermark.duties import Demands, modality_of
from countermark.errors import InvalidArgument, MissingExtra, UnreadableVideo
from countermark.labelling import Labelling
from countermark.labels import aigc, scenes
from countermark.labels.profiles import Profile
from countermark.labels.visible import Wording
from countermark.preserving import Marks, check_kept, compare, deposit, labels_in
from countermark.record import Record
from countermark.registry import Registry
from countermark.text import Method, linked, sign_inside, usual_method
from countermark.verifying.carried import Carried

Place: TypeAlias = Method | Literal["beside", "linked"]
"""Where the manifest of a text goes: by a method of `text.sign`, or beside it; "linked" is beside
a page of HTML that says so in its head."""


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
    method: Place | None = None,
) -> SignedFile:
    """Write a copy of a file with a signed manifest, and the labels that are demanded.

    Example: see the module.

    `source`, `destination`: paths; they may be the same. `record`: what the signer states; a label
    that it states already is not put there again. `registry`: its log tells of the signature.
    `parent`: the file that it was made from, by default itself when it has a manifest, in it or
    beside it. `components`: the files that were placed in it. `demands`, `profiles`, `wording`: as
    in `mark`. `method`: where the manifest of a text goes; by default into the head of a page of
    HTML, if it has one, and beside all other texts, unless there is one in them already.

    A movie is labelled in its first two seconds, a sound by a rhythm before it, a document where
    its text begins (`labels.documents`); a picture needs a label before. Without a label to put
    there, large files are copied once and never held in memory. Sounds and movies are decoded for
    their fingerprints, which are signed too, where PyAV is installed: what a registry knows
    (`enrolling.enroll`) then shows that a part is of them.

    Office files, texts, scenes and other files that have a label in their metadata but no place for
    a manifest get it in a file of its own beside the destination, by the same name with the ending
    .c2pa, or behind the whole name where another file's manifest is there already. Both are put in
    their places, or none; the registry keeps it. Such a manifest names no components, nor does one
    in a text.

    Raises `MissingExtra` for a manifest in a text without the extra `text`, `SourceNotFound`,
    `UnsupportedImage` for files of other kinds, `InvalidArgument`, `ConsentMissing`,
    `UnassessedModel`, `GrantMissing`, `ProfileNotMet`, `MarkLost`, `LabelError`,
    `CredentialError`, `RegistryError`, `DestinationNotWritable`.
    """
    media_type = _media_type(source)
    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    demands = demands or labelling.demands
    duties.check(record, registry, modality=modality_of(media_type), demands=demands)
    holds = media_type in MEDIA_TYPES
    if not holds and components:
        raise InvalidArgument(
            f"The manifest of a {media_type} file names no components.", remedy="Leave them out."
        )
    found = sidecars.brought(source)
    way = _way(source, media_type, method, found)
    came_in = Marks.of(found.manifest, labels_in(source))
    made_from = _parent(parent, source, found)
    record = labelling.numbered(record, uuid.uuid4().hex)
    place = files.target(destination)
    with tempfile.TemporaryDirectory() as folder:
        labelled, record = labelling.shown_in_file(source, Path(folder), media_type, record)
        labelled = labelling.stated_in_file(labelled, Path(folder), record, came_in.label)
        if holds:
            draft, sidecar = Path(folder) / f"signed{source.suffix}", None
            store = credentials.sign_file(
                labelled,
                draft,
                media_type,
                record=record,
                signer=audited(signer, registry),
                soft_bindings=_fingerprints(labelled),
                parent=made_from,
                components=[(one, credentials.media_type_of(one)) for one in components],
                time_stamper=time_stamper,
            )
            check_kept(came_in, draft, media_type)
            labelling.check(draft, registry)
            _place(draft, place, like=source)
        elif way != "beside" and way != "linked":
            draft, sidecar = Path(folder) / f"signed{source.suffix}", None
            signed = sign_inside(
                labelled.read_bytes(),
                media_type=media_type,
                method=way,
                record=record,
                signer=audited(signer, registry),
                parent=made_from,
                time_stamper=time_stamper,
            )
            store = signed.manifest
            draft.write_bytes(signed.asset)
            check_kept(came_in, draft, media_type)
            labelling.check(draft, registry)
            _place(draft, place, like=source)
        else:
            sidecar = sidecars.place_for(destination)
            if way == "linked":
                labelled = _linked(labelled, Path(folder), sidecar.name)
            payloads = _payloads(labelled)
            store = _detached(labelled, record, signer, registry, made_from, payloads, time_stamper)
            compare(came_in, Marks.of(_read(store), labels_in(labelled)))
            _check_beside(labelling, labelled, store, Path(folder), registry)
            with files.replacing(files.target(sidecar), store, like=source) as put:
                put()  # taken back when what follows fails
                _place(
                    labelled, place, like=source, then=lambda: deposit(registry, store, payloads)
                )
    return _done(store, record, time_stamper, sidecar)


def sign_beside(
    source: Path,
    destination: Path,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    parent: Path | None = None,
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
    one, and the registry keeps it, so that who has the file alone is led to it by the watermark.
    `parent`: as in `sign`; by default too itself with the manifest at the destination, whether that
    fits or not. `demands`, `profiles`: as in `sign`, but no label is put anywhere: the file must
    have what is demanded, and the record state a label that people see, hear or read.

    Raises as `sign`; `MarkLost` when the manifest at the destination would be missing.
    """
    shown = aigc.media_type(source)
    labelling = Labelling(profiles=tuple(profiles))
    demands = demands or labelling.demands
    duties.check(record, registry, modality=modality_of(shown or ""), demands=demands)
    labels = labels_in(source)
    label = None if labels is None else labels.label
    record = labelling.numbered(record, (label and label.produce_id) or uuid.uuid4().hex)
    place = files.target(destination)
    replaced = _store_at(place)
    payloads = _payloads(source)
    made_from = _parent(parent, source, sidecars.brought(source), replaced)
    store = _detached(source, record, signer, registry, made_from, payloads, time_stamper)
    if replaced is not None:
        compare(Marks.of(_read(replaced), None), Marks.of(_read(store), None))
    with tempfile.TemporaryDirectory() as folder:
        _check_beside(labelling, source, store, Path(folder), registry)
    with files.replacing(place, store, like=source) as put:
        put()
        deposit(registry, store, payloads)
    return _done(store, record, time_stamper, destination)


def _media_type(source: Path) -> str:
    """By its content, of texts by its name."""
    return aigc.media_type(source) or text_type(source) or credentials.media_type_of(source)


def _way(source: Path, media_type: str, method: Place | None, found: Carried) -> Place | None:
    """Where the manifest of a text goes; None: in the place of the one that is in it."""
    if media_type not in TEXT_TYPES:
        if method not in (None, "beside"):
            raise InvalidArgument(
                f"A {media_type} file is no text.", remedy="Leave the method out."
            )
        return "beside"
    if found.in_text:
        if method in ("beside", "linked"):
            raise InvalidArgument(
                "The text holds its manifest already, and another one beside it would not count.",
                remedy="Leave the method out, or start from the text as it was before.",
            )
        return method
    if method == "linked" and media_type != "text/html":
        raise InvalidArgument(
            f"A text of type {media_type} has no place for a link.", remedy="Use another method."
        )
    if method is None and media_type == "text/html":
        with opened(source) as asset:
            return usual_method(media_type, asset.read(MAX_TEXT_BYTES + 1)) or "beside"
    return method or "beside"


def _linked(page: Path, folder: Path, address: str) -> Path:
    done = folder / f"linked{page.suffix}"
    done.write_bytes(linked(page.read_bytes(), address))
    return done


def _parent(
    parent: Path | None, source: Path, found: Carried, replaced: bytes | None = None
) -> Beside | None:
    """The file that another one is made from; the source where it has a manifest to be kept."""
    if parent is not None:
        return sidecars.as_parent(parent)
    own = sidecars.as_parent(source, found)
    if found.manifest is None:
        return None if replaced is None else replace(own, store=replaced)
    return own


def _payloads(path: Path) -> Sequence[int]:
    is_glb = aigc.media_type(path) == scenes.GLB
    return scenes.find_payloads(path) if is_glb else ()


def _fingerprints(path: Path) -> tuple[SoftBinding, ...]:
    """Of a sound or movie; none where it cannot be decoded, which it need not be to be signed."""
    with opened(path) as asset:
        media_type = containers.media_type(StreamContent(asset))
        if media_type not in clips.FORMATS:
            return ()
        with contextlib.suppress(MissingExtra, UnreadableVideo):
            return clip_bindings(clips.read(cast(BinaryIO, asset), media_type))
    return ()


def _detached(
    asset: Path,
    record: Record,
    signer: Signer,
    registry: Registry,
    parent: Beside | None,
    payloads: Sequence[int],
    time_stamper: TimeStamper | None,
) -> bytes:
    return credentials.sign_detached(
        asset,
        record=record,
        signer=audited(signer, registry),
        soft_bindings=[
            *(SoftBinding.of_payload(payload) for payload in payloads[:1]),
            *_fingerprints(asset),
        ],
        parent=parent,
        time_stamper=time_stamper,
    )


def _check_beside(
    labelling: Labelling, asset: Path, store: bytes, folder: Path, registry: Registry
) -> None:
    """Read the finished file with its manifest, before either is in its place."""
    draft = folder / f"manifest{SIDECAR}"
    draft.write_bytes(store)
    labelling.check(asset, registry, manifest=draft)


def _store_at(place: Path) -> bytes | None:
    """The manifest store that is there; None where there is none, or something else."""
    if not place.is_file():
        return None
    store = credentials.load_sidecar(place)
    return None if _read(store).label is None else store


def _read(store: bytes) -> Manifest:
    return credentials.read_detached(store, trust=Trust.nobody())


def _done(
    store: bytes, record: Record, time_stamper: TimeStamper | None, sidecar: Path | None
) -> SignedFile:
    missing = credentials.unstamped(store) if time_stamper else None
    return SignedFile(cast(str, _read(store).label), record, missing, sidecar)


def _place(
    draft: Path, place: Path, *, like: Path, then: Callable[[], None] = lambda: None
) -> None:
    """Put the file there; it is taken back when `then` fails."""
    with files.drafting(place, like=like) as (out, put), draft.open("rb") as content:
        shutil.copyfileobj(content, out)
        put()
        then()
