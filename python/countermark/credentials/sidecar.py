"""Manifests beside their files, for files that have no place for one: `.c2pa` of the same name.

The C2PA library makes such a store when it is told the media type of a store, and is given the hash
of the file as an assertion; it embeds nothing then. It compares that hash with a file of any kind.

Source: C2PA 2.2, sections 11.4 "External Manifests" and "Data hash".
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography import x509

from countermark.certificates import signature_length_bytes
from countermark.containers import StreamContent
from countermark.credentials import build, hard_binding, library, profile, reading
from countermark.credentials.assets import Stream, opened
from countermark.credentials.bounds import MAX_BYTES
from countermark.credentials.finishing import (
    REPORT,
    time_stamped,
    with_detached_binding,
    with_signature,
    with_soft_bindings,
)
from countermark.credentials.parent import Beside, Ingredients, ingredients
from countermark.credentials.signer import Signer
from countermark.credentials.signing import placeholder_key
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.trust import Trust
from countermark.errors import InvalidArgument, SigningFailed, UnreadableManifest
from countermark.record import Record

SIDECAR: Final = ".c2pa"
"""In place of the ending of the file, or behind it."""


def sidecars(path: Path) -> tuple[Path, ...]:
    """The files beside a file that may hold its manifest, the one with the fuller name first.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("room.glb", "room.c2pa", "room.glb.c2pa"):
    ...         _ = Path(folder, name).write_bytes(b"")
    ...     [one.name for one in sidecars(Path(folder, "room.glb"))]
    ['room.glb.c2pa', 'room.c2pa']

    A name proves nothing: `read_detached` tells whether what is there belongs to this very file.
    """
    if not path.name or path.suffix.lower() == SIDECAR:
        return ()
    names = (path.with_name(path.name + SIDECAR), path.with_suffix(SIDECAR))
    return tuple(one for one in dict.fromkeys(names) if one.is_file())


def load_sidecar(path: Path) -> bytes:
    """The manifest store in a file of its own, for `read_detached`; never much more than may be.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     load_sidecar(Path(file.name))
    b''

    Raises `SourceNotFound`.
    """
    with opened(path) as stream:
        return stream.read(MAX_BYTES + 1)  # what is larger is refused by whoever reads it


def sign_detached(
    asset: BinaryIO | Path,
    *,
    record: Record,
    signer: Signer,
    soft_bindings: Sequence[SoftBinding] = (),
    thumbnail: bytes | None = None,
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

    `asset`: the finished file; it is only read, in bounded memory. `soft_bindings`: to the
    watermarks in it and its fingerprints. `thumbnail`: JPEG bytes. `parent`: the file that it was
    made from, with its own store. `actions`, `time_stamper`: as in `sign`.

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
    with opened(asset) as stream, ingredients(parent) as named:
        store = draft(
            record,
            named,
            signer,
            leaf,
            binding=hard_binding.detached_placeholder(),
            soft_bindings=soft_bindings,
            thumbnail=thumbnail,
            actions=actions,
            has_room=time_stamper is not None,
        )
        try:
            store = with_soft_bindings(store, soft_bindings)
            store = with_detached_binding(store, StreamContent(stream))
            store = with_signature(store, signer, leaf)
        except UnreadableManifest as error:
            problem = "The C2PA library wrote a manifest that countermark cannot parse."
            raise SigningFailed(problem, remedy=REPORT) from error
        if time_stamper is not None:
            store = time_stamped(store, time_stamper)
        _check(store, stream, soft_bindings, thumbnail)
    return store


def draft(
    record: Record,
    named: Ingredients,
    signer: Signer,
    leaf: x509.Certificate,
    *,
    binding: dict[str, Any],
    soft_bindings: Sequence[SoftBinding] = (),
    thumbnail: bytes | None = None,
    actions: Sequence[str] = (),
    has_room: bool,
) -> bytes:
    """Let the library lay out a store for a file that it does not see.

    `binding`: the placeholder of the hard binding. `has_room`: for a time stamp.
    """
    stated = build.definition(
        record,
        soft_bindings,
        has_thumbnail=thumbnail is not None,
        hard_binding=binding,
        actions=actions,
        ingredients=named.named,
    )
    shown = {} if thumbnail is None else {build.THUMBNAIL: thumbnail}
    signature_bytes = signature_length_bytes(leaf.public_key())
    key = None if has_room else placeholder_key(signer.algorithm, signature_bytes * 8)
    return library.embed(
        io.BytesIO(),
        io.BytesIO(),
        library.STORE_MEDIA_TYPE,
        named.within(stated),
        algorithm=signer.algorithm,
        certificate_chain=signer.certificate_chain,
        private_key=key,
        signature_bytes=signature_bytes,
        resources={**shown, **named.resources},
        ingredients=named.files,
        in_pieces=False,
    )


def _check(
    store: bytes, stream: Stream, soft_bindings: Sequence[SoftBinding], thumbnail: bytes | None
) -> None:
    """Read store and file as any verifier would."""
    manifest = reading.read_beside(store, stream, trust=Trust.nobody())
    if (
        manifest.soft_bindings != tuple(soft_bindings)
        or manifest.thumbnail != thumbnail
        or set(manifest.failures) != {"signingCredential.untrusted"}
        or not (manifest.signature_valid and manifest.assertions_valid)
        or manifest.hard_binding != "match"
    ):
        found = ", ".join(manifest.failures) or "no failure"
        raise SigningFailed(f"The manifest does not read back valid ({found}).", remedy=REPORT)
