"""Sign a file of any container, with the labels that profiles demand, and without a watermark.

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
    Beside,
    Manifest,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
    Unstamped,
)
from countermark.duties import Demands, modality_of
from countermark.labelling import Labelling
from countermark.labels import aigc, scenes
from countermark.labels.profiles import Profile
from countermark.labels.visible import Wording
from countermark.preserving import Marks, check_kept, compare, deposit, labels_in
from countermark.record import Record
from countermark.registry import Registry


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What `sign` has done.

    `manifest`: the label of the new manifest. `record`: as it states it, with the label that was
    put there. `unstamped`: as in `Marked`.
    """

    manifest: str
    record: Record
    unstamped: Unstamped | None


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

    A movie is labelled in its first two seconds, a sound by a rhythm before it; a picture or a
    document that is not labelled here needs a label before. Without a label to put there, large
    files are copied once and never held in memory.

    Raises `SourceNotFound`, `UnsupportedImage` for files without a place for a manifest,
    `ConsentMissing`, `UnassessedModel`, `GrantMissing`, `ProfileNotMet`, `MarkLost`, `LabelError`,
    `CredentialError`, `RegistryError`, `DestinationNotWritable`.
    """
    media_type = credentials.media_type_of(source)
    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    demands = demands or labelling.demands
    duties.check(record, registry, modality=modality_of(media_type), demands=demands)
    earlier = credentials.read(source, media_type, trust=Trust.nobody())
    came_in = Marks.of(earlier, labels_in(source))
    record = labelling.numbered(record, uuid.uuid4().hex)
    place = files.target(destination)
    with tempfile.TemporaryDirectory() as folder:
        labelled, record = labelling.shown_in_file(source, Path(folder), media_type, record)
        labelled = labelling.stated_in_file(labelled, Path(folder), record, came_in.label)
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
    manifest = credentials.read_detached(store, trust=Trust.nobody()).label
    return SignedFile(
        cast(str, manifest), record, credentials.unstamped(store) if time_stamper else None
    )


def sign_beside(
    source: Path,
    destination: Path,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    parent: Path | None = None,
    time_stamper: TimeStamper | None = None,
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

    For files that have no place for a manifest; `comply` finds it by the name of the file with the
    ending .c2pa. It names the watermark in the textures of a GLB file, if there is one. `parent`:
    the file that it was made from, with the manifest that lies beside it or is in it; by default
    itself when a manifest lies at the destination or beside it already. The registry keeps the
    manifest, so that who has the scene alone is led to it by the watermark.

    Raises as `sign`, but for what is said there of labels and profiles; `InvalidArgument` for a
    record that speaks of an earlier file when there is none.
    """
    shown = aigc.media_type(source)
    duties.check(record, registry, modality=modality_of(shown or ""))
    labels = labels_in(source)
    label = None if labels is None else labels.label
    record = Labelling().numbered(record, (label and label.produce_id) or uuid.uuid4().hex)
    place = files.target(destination)
    payloads = scenes.find_payloads(source) if shown == scenes.GLB else ()
    earlier = _beside(source, place) if parent is None else _made_from(parent)
    store = credentials.sign_detached(
        source,
        record=record,
        signer=audited(signer, registry),
        soft_binding=SoftBinding.of_payload(payloads[0]) if payloads else None,
        parent=earlier,
        time_stamper=time_stamper,
    )
    compare(_marks(_lying(source, place)), _marks(store))
    with files.replacing(place, store, like=source) as put:
        put()
        deposit(registry, store, payloads)
    manifest = credentials.read_detached(store, trust=Trust.nobody()).label
    return SignedFile(cast(str, manifest), record, None)


def _parent(parent: Path | None, source: Path, earlier: Manifest | None) -> tuple[Path, str] | None:
    found = source if parent is None and earlier is not None else parent
    return None if found is None else (found, credentials.media_type_of(found))


def _lying(source: Path, place: Path) -> bytes | None:
    """The manifest store that is there already: where the new one goes, or beside the file."""
    return credentials.store_beside(place.with_suffix("")) or credentials.store_beside(source)


def _beside(source: Path, place: Path) -> Beside | None:
    store = _lying(source, place)
    is_store = store is not None and _marks(store) != Marks.NONE
    return Beside(source, _kind(source), store) if is_store else None


def _made_from(parent: Path) -> Beside:
    return Beside(parent, _kind(parent), credentials.store_beside(parent))


def _kind(path: Path) -> str:
    return aigc.media_type(path) or "application/octet-stream"


def _marks(store: bytes | None) -> Marks:
    if store is None:
        return Marks.NONE
    return Marks.of(credentials.read_detached(store, trust=Trust.nobody()), None)


def _place(draft: Path, place: Path, *, like: Path) -> None:
    with files.drafting(place, like=like) as (out, put), draft.open("rb") as content:
        shutil.copyfileobj(content, out)
        put()
