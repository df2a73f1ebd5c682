"""Manifests beside their files, for files that have no place for one: `.c2pa` of the same name.

The C2PA library makes such a store when it is told the media type of a store, and is given the hash
of the file as an assertion; it embeds nothing then. It compares that hash with a file of any kind.
An earlier store becomes the parent as data of an ingredient, beside what the library found in it:
the standard demands of an ingredient with a manifest that it says what was found.

Source: C2PA 2.2, sections 10.3.3 "Ingredients", 11.4 "External Manifests" and "Data hash".
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography import x509

from countermark.certificates import signature_length_bytes
from countermark.containers import StreamContent
from countermark.credentials import build, hard_binding, library, profile, reading
from countermark.credentials.active import active_label
from countermark.credentials.assets import Stream, opened
from countermark.credentials.bounds import MAX_BYTES
from countermark.credentials.findings import BINDING_CODES
from countermark.credentials.finishing import (
    REPORT,
    time_stamped,
    with_detached_binding,
    with_signature,
    with_soft_binding,
)
from countermark.credentials.signer import Signer
from countermark.credentials.signing import placeholder_key
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.trust import Trust
from countermark.errors import InvalidArgument, SigningFailed, UnreadableManifest
from countermark.record import Record

SIDECAR: Final = ".c2pa"
"""In place of that of the file."""

_STORE: Final = "parent.c2pa"
"""Name under which the library is given the store of the parent."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A file that another one was made from.

    `asset`: the file; `media_type`: its own; `store`: the manifest store that lies beside it; None
    where there is none, or it is in the file.
    """

    asset: BinaryIO | Path
    media_type: str
    store: bytes | None


def store_beside(path: Path) -> bytes | None:
    """The manifest store that lies beside a file, by its name; None where none lies there.

    >>> store_beside(Path("no such scene.glb")) is None
    True

    Raises `SourceNotFound` for one that cannot be read.
    """
    sidecar = path.with_suffix(SIDECAR)
    if not sidecar.is_file() or sidecar == path:
        return None
    with opened(sidecar) as stream:
        return stream.read(MAX_BYTES + 1)  # a longer one is refused by whoever reads it


def sign_detached(
    asset: BinaryIO | Path,
    *,
    record: Record,
    signer: Signer,
    soft_binding: SoftBinding | None = None,
    parent: Beside | None = None,
    actions: Sequence[str] = (),
    time_stamper: TimeStamper | None = None,
) -> bytes:
    """A signed manifest store to lie beside a file of any kind, which stays as it is.

    >>> import tempfile
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = keys.create_home(Path(folder) / "home").signer()
    >>> record = Record(source=DigitalSource.AI_GENERATED)
    >>> store = sign_detached(io.BytesIO(b"a scene"), record=record, signer=signer)
    >>> [
    ...     reading.read_detached(store, io.BytesIO(content), trust=Trust.nobody()).hard_binding
    ...     for content in (b"a scene", b"a Scene")
    ... ]
    ['match', 'mismatch']

    `asset`: the finished file; it is only read, in bounded memory. `soft_binding`: to the watermark
    in it. `parent`: the file that it was made from, with its own store. `actions`, `time_stamper`:
    as in `sign`.

    Who has the file alone finds nothing; keep both together, or the store in a registry.

    Raises `UnusableCertificate`, `SigningFailed`, `SourceNotFound`; `InvalidArgument` for a record
    that speaks of an earlier file when no parent is given; `UnreadableManifest` for a store of the
    parent that is none.
    """
    if record.edits_existing and parent is None:
        raise InvalidArgument(
            f"The record says {record.source.value}, but no earlier file is given.",
            remedy="Give the file that was edited, with the manifest beside it, as the parent.",
        )
    leaf = profile.check(signer)[0]
    with opened(asset) as stream:
        stated = build.definition(
            record,
            soft_binding,
            has_thumbnail=False,
            hard_binding=hard_binding.detached_placeholder(),
            actions=actions,
            ingredients=build.ingredients(parent is not None, 0),
        )
        store = _drafted(stated, parent, signer, leaf, has_room=time_stamper is not None)
        try:
            if soft_binding is not None:
                store = with_soft_binding(store, soft_binding)
            store = with_detached_binding(store, StreamContent(stream))
            store = with_signature(store, signer, leaf)
        except UnreadableManifest as error:
            problem = "The C2PA library wrote a manifest that countermark cannot parse."
            raise SigningFailed(problem, remedy=REPORT) from error
        if time_stamper is not None:
            store = time_stamped(store, time_stamper)
        _check(store, stream, soft_binding)
    return store


def _drafted(
    stated: dict[str, Any],
    parent: Beside | None,
    signer: Signer,
    leaf: x509.Certificate,
    *,
    has_room: bool,
) -> bytes:
    """Let the library lay out a store, with room for a time stamp or without."""
    signature_bytes = signature_length_bytes(leaf.public_key())
    resources: dict[str, bytes] = {}
    ingredients: list[library.Ingredient] = []
    with contextlib.ExitStack() as stack:
        if parent is not None and parent.store is not None:
            stated = {**stated, "ingredients": [_ingredient(parent, parent.store)]}
            resources[_STORE] = parent.store
        elif parent is not None:
            (named,) = build.ingredients(has_parent=True, components=0)
            file = stack.enter_context(opened(parent.asset))
            ingredients.append((named, file, parent.media_type))
        return library.embed(
            io.BytesIO(),
            io.BytesIO(),
            library.STORE_MEDIA_TYPE,
            stated,
            algorithm=signer.algorithm,
            certificate_chain=signer.certificate_chain,
            private_key=None
            if has_room
            else placeholder_key(signer.algorithm, signature_bytes * 8),
            signature_bytes=signature_bytes,
            resources=resources,
            ingredients=ingredients,
            in_pieces=False,
        )


def _ingredient(parent: Beside, store: bytes) -> dict[str, Any]:
    """The parent as the library takes it, with what it finds in its manifest."""
    (named,) = build.ingredients(has_parent=True, components=0)
    return {
        **named,
        "format": parent.media_type,
        "manifest_data": {"format": library.STORE_MEDIA_TYPE, "identifier": _STORE},
        "active_manifest": active_label(store),
        "validation_results": _results(parent.asset, store),
    }


def _results(asset: BinaryIO | Path, store: bytes) -> dict[str, Any]:
    """What was found in a manifest; large files are compared here, in bounded memory."""
    with opened(asset) as stream:
        code = hard_binding.compare_large(store, StreamContent(stream))
        stream.seek(0)
        results = library.results(store, stream if code is None else io.BytesIO())
    if code is None:
        return results
    active = results["activeManifest"]
    for kind in ("success", "failure"):
        active[kind] = [e for e in active[kind] if not e["code"].startswith(BINDING_CODES)]
    active["success" if code.endswith(".match") else "failure"].append({"code": code})
    return results


def _check(store: bytes, stream: Stream, soft_binding: SoftBinding | None) -> None:
    """Read store and file as any verifier would."""
    manifest = reading.read_beside(store, stream, trust=Trust.nobody())
    bindings = () if soft_binding is None else (soft_binding,)
    if (
        manifest.soft_bindings != bindings
        or set(manifest.failures) != {"signingCredential.untrusted"}
        or not (manifest.signature_valid and manifest.assertions_valid)
        or manifest.hard_binding != "match"
    ):
        found = ", ".join(manifest.failures) or "no failure"
        raise SigningFailed(f"The manifest does not read back valid ({found}).", remedy=REPORT)
