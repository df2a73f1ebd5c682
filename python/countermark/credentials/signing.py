"""Signing: embed a manifest in a file, with soft bindings as the standard has them.

The library writes a draft of the finished file, `finishing` makes its manifest what it should
be, and the result is read back before anyone sees it.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from countermark import files, jumbf
from countermark.certificates import ALGORITHMS, signature_length_bytes
from countermark.containers import StreamContent
from countermark.credentials import build, hard_binding, library, profile, reading
from countermark.credentials.assets import Stream, Watched, opened, written
from countermark.credentials.containers import (
    Location,
    can_hash_in_pieces,
    completed,
    locate,
    outline,
)
from countermark.credentials.finishing import (
    REPORT,
    time_stamped,
    warn_of_missing,
    with_hard_binding,
    with_signature,
    with_soft_bindings,
)
from countermark.credentials.parent import Asset, Beside, ingredients
from countermark.credentials.signer import Signer
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.training_mining import TrainingMining
from countermark.credentials.trust import Trust
from countermark.errors import InvalidArgument, MarkLost, SigningFailed, UnreadableManifest
from countermark.record import Record

_Assertion: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A finished file and the manifest store in it."""

    asset: bytes
    manifest: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """What a manifest shall state, and who signs it."""

    media_type: str
    record: Record
    signer: Signer
    soft_bindings: Sequence[SoftBinding]
    thumbnail: bytes | None
    parent: Beside | None
    components: Sequence[Asset]
    training_mining: TrainingMining | None
    actions: Sequence[str]
    time_stamper: TimeStamper | None


def sign(
    asset: BinaryIO | Path,
    media_type: str,
    *,
    record: Record,
    signer: Signer,
    soft_bindings: Sequence[SoftBinding] = (),
    thumbnail: bytes | None = None,
    parent: Asset | Beside | None = None,
    components: Sequence[Asset] = (),
    training_mining: TrainingMining | None = None,
    actions: Sequence[str] = (),
    time_stamper: TimeStamper | None = None,
) -> Signed:
    """Embed a signed manifest in a copy of `asset`.

    `asset`: the file; it is only read. A manifest in it is replaced by one that holds it, by way of
    the parent. `soft_bindings`: to the watermarks in it and its fingerprints, each an assertion.
    `thumbnail`: JPEG bytes. `parent`: the file that it was made from and its media type, such as
    `asset` itself, or `Beside`, with the store that lies beside it; the manifest then begins with
    c2pa.opened, otherwise with c2pa.created.
    `components`: the files that were placed in it. `training_mining`: what machines may do
    with it. `actions`: what else was done after the parent was opened, such as
    "c2pa.edited.metadata"; the watermark is then one that was there before. `time_stamper`: proves
    the time; the manifest takes some 9 kB more then. When it has no time stamp to give, the file is
    signed without one, with the warning `TimeStampMissing`.

    Raises `UnusableCertificate` when the chain may not sign claims, `SigningFailed` when the
    signer or the library fails or the finished file does not read back valid,
    `MarkLost` when the file holds a manifest that is not in the parent,
    `InvalidArgument` when the record says that an existing picture was edited and there is no
    parent, `UnsupportedImage` for other media types, `SourceNotFound` for unreadable files.

    >>> import io, tempfile
    >>> from PIL import Image
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource, Record
    >>> def jpeg(width, height):
    ...     file = io.BytesIO()
    ...     Image.new("RGB", (width, height)).save(file, "JPEG")
    ...     return file.getvalue()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = keys.create_home(Path(folder) / "home").signer()
    >>> signed = sign(
    ...     io.BytesIO(jpeg(256, 192)),
    ...     "image/jpeg",
    ...     record=Record(source=DigitalSource.CAPTURED),
    ...     signer=signer,
    ...     soft_bindings=[SoftBinding.of_payload(7)],
    ...     thumbnail=jpeg(64, 48),
    ... )
    >>> signed.manifest in signed.asset
    True

    Source: C2PA 2.2, sections "Actions", "Soft binding", "Digital signatures".
    """
    request = _Request(
        media_type,
        record,
        signer,
        soft_bindings,
        thumbnail,
        Beside.of(parent),
        components,
        training_mining,
        actions,
        time_stamper,
    )
    out = io.BytesIO()
    with opened(asset) as source:
        store = _sign(source, out, request)
    return Signed(out.getvalue(), store)


def sign_file(
    source: Path,
    destination: Path,
    media_type: str,
    *,
    record: Record,
    signer: Signer,
    soft_bindings: Sequence[SoftBinding] = (),
    thumbnail: bytes | None = None,
    parent: Asset | Beside | None = None,
    components: Sequence[Asset] = (),
    training_mining: TrainingMining | None = None,
    actions: Sequence[str] = (),
    time_stamper: TimeStamper | None = None,
) -> bytes:
    """As `sign`, from file to file and in bounded memory; the manifest store.

    `destination`: may be the source. The signed file appears there in one step, after it was
    read back valid; whatever fails, there is what was there before, and nothing beside it.

    Raises as `sign`, and `DestinationNotWritable`.

    >>> import tempfile
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource, Record
    >>> drawing = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = keys.create_home(Path(folder) / "home").signer()
    ...     path = Path(folder) / "drawing.svg"
    ...     _ = path.write_text(drawing)
    ...     record = Record(source=DigitalSource.HUMAN_CREATED)
    ...     store = sign_file(path, path, "image/svg+xml", record=record, signer=signer)
    ...     reading.read(path, "image/svg+xml", trust=Trust.nobody()).bytes == store
    True
    """
    request = _Request(
        media_type,
        record,
        signer,
        soft_bindings,
        thumbnail,
        Beside.of(parent),
        components,
        training_mining,
        actions,
        time_stamper,
    )
    place = files.target(destination)
    with files.drafting(place, like=_like(source)) as (draft, put):
        watched = Watched(draft)
        with written(watched, place), opened(source) as original:
            store = _sign(original, watched, request)
        put()
    return store


def _like(source: Path) -> Path | None:
    """The source, for its rights; None when it is missing, which is said where it is opened."""
    return source if source.exists() else None


def _sign(source: Stream, draft: Stream, request: _Request) -> bytes:
    """Write the finished file to `draft`; the manifest store in it."""
    library.check_media_type(request.media_type)
    if request.parent is None and request.record.edits_existing:
        raise InvalidArgument(
            f"The record says {request.record.source.value}, but no earlier picture is given.",
            remedy="Give the picture that was edited as the parent.",
        )
    leaf = profile.check(request.signer)[0]
    signature_bytes = signature_length_bytes(leaf.public_key())
    binding = hard_binding.placeholder(StreamContent(source))
    store = _drafted(source, draft, request, signature_bytes, binding)
    _check_kept(source, store)
    content = StreamContent(draft)
    try:
        location = locate(content)
        if location is None or location.extract(content) != store:
            problem = "The manifest is not where the C2PA library should have embedded it."
            raise SigningFailed(problem, remedy=REPORT)
        store = with_soft_bindings(store, request.soft_bindings)
        if binding is not None:
            store = with_hard_binding(store, binding["label"], content, location)
        store = signed = with_signature(store, request.signer, leaf)
        if request.time_stamper is not None:
            store = time_stamped(signed, request.time_stamper)
    except UnreadableManifest as error:
        problem = "The C2PA library wrote a manifest that countermark cannot parse."
        raise SigningFailed(problem, remedy=REPORT) from error
    try:
        _put(draft, location, store, request)
    except SigningFailed:
        if store == signed:
            raise
        # The library counts it against the signer when an authority's certificate is unfit.
        warn_of_missing("The time stamp makes the manifest invalid.")
        store = signed
        _put(draft, location, store, request)
    return store


def _check_kept(source: Stream, store: bytes) -> None:
    """Raises `MarkLost` unless the manifests in the source are in the store too.

    One that is no manifest store by its structure is none that anybody could have read.
    """
    content = StreamContent(source)
    location = locate(content)
    if location is None:
        return
    with contextlib.suppress(UnreadableManifest):
        earlier = jumbf.manifests_of(location.extract(content))
        for label in sorted(earlier.keys() - jumbf.manifests_of(store).keys()):
            raise MarkLost(
                f"The manifest {label:.80} in the file would be missing, so nothing was written.",
                remedy="Give the file as the parent too, so that its manifest is kept.",
            )


def _drafted(
    source: Stream,
    draft: Stream,
    request: _Request,
    signature_bytes: int,
    binding: _Assertion | None,
) -> bytes:
    """Write the file as it will be, but for the hash of the file and the signature.

    The library does it, but for files that it would load as a whole.
    """
    content = StreamContent(source)
    shown = outline(content)
    if shown is None:
        return _laid_out(source, draft, request, signature_bytes, binding)
    signed = io.BytesIO()
    store = _laid_out(io.BytesIO(shown), signed, request, signature_bytes, binding)
    try:
        for piece in completed(content, signed.getvalue()):
            draft.write(piece)
    except ValueError as error:
        raise SigningFailed(
            f"The manifest could not be embedded in the file: {error}.",
            remedy="Check that the file is whole and of its stated type.",
        ) from error
    return store


def _laid_out(
    source: Stream,
    draft: Stream,
    request: _Request,
    signature_bytes: int,
    binding: _Assertion | None,
) -> bytes:
    """Let the library lay out the file around a signature that counts for nothing."""
    in_pieces = binding is None and can_hash_in_pieces(StreamContent(source))
    source.seek(0)
    with ingredients(request.parent, request.components) as named:
        stated = build.definition(
            request.record,
            request.soft_bindings,
            has_thumbnail=request.thumbnail is not None,
            hard_binding=binding,
            permissions=request.training_mining,
            actions=request.actions,
            ingredients=named.named,
            is_converted=request.parent is not None
            and request.parent.media_type != request.media_type,
        )
        thumbnail = {} if request.thumbnail is None else {build.THUMBNAIL: request.thumbnail}
        return library.embed(
            source,
            draft,
            request.media_type,
            named.within(stated),
            algorithm=request.signer.algorithm,
            certificate_chain=request.signer.certificate_chain,
            private_key=None
            if request.time_stamper
            else placeholder_key(request.signer.algorithm, signature_bytes * 8),
            signature_bytes=signature_bytes,
            resources={**thumbnail, **named.resources},
            ingredients=named.files,
            in_pieces=in_pieces,
        )


@functools.lru_cache(maxsize=16)
def placeholder_key(name: str, bits: int) -> bytes:
    """A private key for that algorithm, in PEM, whose signatures nobody accepts.

    The library wants one to lay out the manifest, and reserves less room than for a callback.
    """
    algorithm = ALGORITHMS[name]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm.curve is not None:
        key = ec.generate_private_key(algorithm.curve())
    elif algorithm.digest is not None:
        key = rsa.generate_private_key(65537, bits)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _put(draft: Stream, location: Location, store: bytes, request: _Request) -> None:
    location.write(draft, store)
    draft.flush()
    _check(draft, store, request)


def _check(draft: Stream, store: bytes, request: _Request) -> None:
    """Read the finished file as any verifier would, and as the standard demands."""
    manifest = reading.read_stream(draft, request.media_type, trust=Trust.nobody())
    if (
        manifest is None
        or manifest.bytes != store
        or manifest.soft_bindings != tuple(request.soft_bindings)
        or manifest.thumbnail != request.thumbnail
        or set(manifest.failures) != {"signingCredential.untrusted"}
        or not (manifest.signature_valid and manifest.assertions_valid)
        or manifest.hard_binding != "match"
    ):
        found = "no manifest" if manifest is None else ", ".join(manifest.failures) or "no failure"
        raise SigningFailed(f"The signed file does not read back valid ({found}).", remedy=REPORT)
