"""Signing: embed a manifest in a picture file, with soft bindings as the standard has them.

The library lays out the file and the manifest around a signature by a key that counts for
nothing. Then the byte strings that it cannot write are put in place, every hash above them is
renewed, the signer signs once, and the finished file is read back before anyone sees it.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from countermark.credentials import build, cbor, cose, library, profile, reading, soft_binding
from countermark.credentials import claim as claims
from countermark.credentials.assets import load
from countermark.credentials.claim import Claim
from countermark.credentials.containers import locate
from countermark.credentials.jumbf import Box
from countermark.credentials.signer import Signer
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.trust import Trust
from countermark.errors import (
    CountermarkError,
    InvalidArgument,
    SigningFailed,
    UnreadableManifest,
)
from countermark.record import Record

_REPORT: Final = "Please report this with the versions of countermark and c2pa-python."


@dataclass(frozen=True, slots=True)
class Signed:
    """A finished file and the manifest store in it."""

    asset: bytes
    manifest: bytes


def sign(
    asset: BinaryIO | Path,
    media_type: str,
    *,
    record: Record,
    signer: Signer,
    soft_binding: SoftBinding,
    thumbnail: bytes,
    parent: tuple[BinaryIO | Path, str] | None = None,
) -> Signed:
    """Embed a signed manifest in a copy of `asset`.

    `asset`: the marked picture as a file; it is only read. A manifest in it is replaced.
    `thumbnail`: JPEG bytes. `parent`: the file that the picture was made from and its media
    type; the manifest then begins with c2pa.opened, otherwise with c2pa.created.

    Raises `UnusableCertificate` when the chain may not sign claims, `SigningFailed` when the
    signer or the library fails or the finished file does not read back valid,
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
    ...     soft_binding=SoftBinding.of_payload(7),
    ...     thumbnail=jpeg(64, 48),
    ... )
    >>> signed.manifest in signed.asset
    True

    Source: C2PA 2.2, sections "Actions", "Soft binding", "Digital signatures".
    """
    library.check_media_type(media_type)
    if parent is None and record.edits_existing:
        raise InvalidArgument(
            f"The record says {record.source.value}, but no earlier picture is given.",
            remedy="Give the picture that was edited as the parent.",
        )
    chain = profile.check(signer)
    draft = Signed(
        *library.embed(
            load(asset),
            media_type,
            build.definition(record, soft_binding, opened=parent is not None),
            algorithm=signer.algorithm,
            certificate_chain=signer.certificate_chain,
            private_key=_placeholder_key(
                signer.algorithm, cose.signature_length_bytes(chain[0].public_key()) * 8
            ),
            resources={build.THUMBNAIL: thumbnail},
            ingredient=None if parent is None else (build.ingredient(), load(parent[0]), parent[1]),
        )
    )
    try:
        finished = _finish(draft, soft_binding, signer, chain[0])
    except UnreadableManifest as error:
        problem = "The C2PA library wrote a manifest that countermark cannot parse."
        raise SigningFailed(problem, remedy=_REPORT) from error
    _check(finished, media_type, soft_binding)
    return finished


@functools.lru_cache(maxsize=16)
def _placeholder_key(name: str, bits: int) -> bytes:
    """A private key for that algorithm, in PEM, whose signatures nobody accepts.

    The library wants one to lay out the manifest, and reserves less room than for a callback.
    """
    algorithm = cose.ALGORITHMS[name]
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


def _finish(draft: Signed, binding: SoftBinding, signer: Signer, leaf: x509.Certificate) -> Signed:
    location = locate(draft.asset)
    if location is None or location.extract(draft.asset) != draft.manifest:
        problem = "The manifest is not where the C2PA library should have embedded it."
        raise SigningFailed(problem, remedy=_REPORT)
    store = _with_soft_binding(draft.manifest, binding)
    store = _with_signature(store, signer, leaf)
    return Signed(location.replace(draft.asset, store), store)


def _with_soft_binding(store: bytes, binding: SoftBinding) -> bytes:
    """Put in the byte strings, then renew each hash on the way up to the claim."""
    store, hashed = _edited(
        store, soft_binding.LABEL, lambda data: soft_binding.fill(data, binding)
    )
    store, _ = _edited(store, build.ACTIONS, lambda data: _relate(data, hashed))
    return store


def _relate(data: dict[Any, Any], soft_binding_hash: bytes) -> None:
    for action in data["actions"]:
        for reference in action.get("parameters", {}).get("relatedAssertions", ()):
            reference["hash"] = soft_binding_hash


def _edited(
    store: bytes, label: str, edit: Callable[[dict[Any, Any]], None]
) -> tuple[bytes, bytes]:
    """Edit an assertion's data in place and renew its hash in the claim; also that hash."""
    claim = claims.parse(store)
    box = claim.assertions.get(label)
    if box is None:
        raise _changed_layout()
    store = _rewritten(store, _cbor(box), edit)
    hashed = claims.digest(store, box)

    def renew(content: dict[Any, Any]) -> None:
        for reference in claims.references(content):
            if claims.reference_label(reference) == label:
                reference["hash"] = hashed

    return _rewritten(store, claim.claim_box, renew), hashed


def _cbor(box: Box) -> Box:
    content = box.content(b"cbor")
    if content is None:
        raise _changed_layout()
    return content


def _rewritten(store: bytes, box: Box, edit: Callable[[Any], None]) -> bytes:
    data = store[box.body : box.end]
    item = cbor.decode(data)
    if cbor.encode(item) != data:
        raise _changed_layout()
    edit(item)
    return _spliced(store, box, cbor.encode(item))


def _spliced(store: bytes, box: Box, data: bytes) -> bytes:
    if len(data) != box.end - box.body:
        raise _changed_layout()
    return store[: box.body] + data + store[box.end :]


def _changed_layout() -> SigningFailed:
    problem = "The C2PA library lays out manifests in an unknown way."
    return SigningFailed(problem, remedy=_REPORT)


def _with_signature(store: bytes, signer: Signer, leaf: x509.Certificate) -> bytes:
    claim = claims.parse(store)
    encoded, _, _, replaced = claim.signature()
    signature = _signature(signer, cose.to_be_signed(encoded, claim.data(claim.claim_box)))
    if len(signature) != len(replaced):
        raise SigningFailed(
            f"The signer returned {len(signature)} bytes instead of {len(replaced)}.",
            remedy="ECDSA signatures are r and s of equal length, not DER.",
        )
    signed = _spliced_signature(claim, signature)
    if not claims.parse(signed).signed_by(leaf):
        raise SigningFailed(
            "The signature does not verify with the signer's own certificate.",
            remedy="Use the private key that belongs to the leaf certificate.",
        )
    return signed


def _spliced_signature(claim: Claim, signature: bytes) -> bytes:
    """The signature is the last item of the COSE_Sign1 array, so it ends the box."""
    end = claim.signature_box.end
    return claim.store[: end - len(signature)] + signature + claim.store[end:]


def _signature(signer: Signer, data: bytes) -> bytes:
    try:
        return bytes(signer.sign(data))
    except CountermarkError:
        raise
    except Exception as error:  # a signer is anything: a token, a cloud, a user's own code
        raise SigningFailed(
            f"The signer failed ({type(error).__name__}: {error}).",
            remedy="Check that the key is available and try again.",
        ) from error


def _check(signed: Signed, media_type: str, binding: SoftBinding) -> None:
    """Read the finished file as any verifier would, and as the standard demands."""
    manifest = reading.read(io.BytesIO(signed.asset), media_type, trust=Trust.nobody())
    if (
        manifest is None
        or manifest.bytes != signed.manifest
        or manifest.soft_bindings != (binding,)
        or manifest.thumbnail is None
        or set(manifest.failures) != {"signingCredential.untrusted"}
        or not (manifest.signature_valid and manifest.assertions_valid)
        or manifest.hard_binding != "match"
    ):
        found = "no manifest" if manifest is None else ", ".join(manifest.failures) or "no failure"
        raise SigningFailed(f"The signed file does not read back valid ({found}).", remedy=_REPORT)
