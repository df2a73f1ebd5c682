"""Adding time stamps to files that were signed without, in place and in one step.

Where a container lets the manifest store grow, an update manifest holds the time stamp. Where it
does not, because lengths or offsets before the store are hashed with the content, the time stamp
goes into the signature's own header, whose padding has room for it.

Source: C2PA 2.2, sections 10.4.4, 11.2.3 "Update Manifests" and 18.17 "Time-stamps".
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from countermark import files
from countermark.certificates import signature_length_bytes
from countermark.containers import StreamContent
from countermark.credentials import build, finishing, library, profile, reading, timestamps
from countermark.credentials import claim as claims
from countermark.credentials.assets import Stream, Watched, opened, written
from countermark.credentials.bounds import MAX_BYTES
from countermark.credentials.claim import Claim
from countermark.credentials.containers import locate
from countermark.credentials.reading import Manifest
from countermark.credentials.signer import Signer
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.trust import Trust
from countermark.errors import CertificateExpired, ManifestChanged, SigningFailed

_GROWING: Final = frozenset(
    ("image/gif", "image/jpeg", "image/jxl", "image/png", "image/svg+xml"),
)
"""Media types whose hard binding survives that the store takes more room."""


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A manifest without a time stamp: its label, and the signature of its claim."""

    manifest: str
    signature: bytes


def unstamped(store: bytes) -> Unstamped | None:
    """The active manifest of a store, when its signature carries no time stamp; else None.

    >>> import tempfile
    >>> from countermark import keys
    >>> from countermark.credentials import sign_file
    >>> from countermark.record import DigitalSource, Record
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "drawing.svg"
    ...     _ = path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    ...     store = sign_file(
    ...         path, path, "image/svg+xml", record=Record(source=DigitalSource.HUMAN_CREATED),
    ...         signer=keys.create_home(Path(folder) / "home").signer(),
    ...     )
    >>> unstamped(store).manifest[:9]
    'urn:c2pa:'
    >>> continues(store, store)
    True

    Raises `UnreadableManifest`.
    """
    claim = claims.parse(store)
    return None if _is_stamped(claim) else Unstamped(claim.label, claim.signature()[3])


def continues(store: bytes, original: bytes) -> bool:
    """Whether a store has another one's active manifest still, but for time stamps added since.

    Example: see `unstamped`. Raises `UnreadableManifest`.
    """
    claim = claims.parse(original)
    wanted = claim.label, claim.signature()[3]
    lineage = claims.parse(store).lineage()
    return any((found.label, found.signature()[3]) == wanted for found in lineage)


def add_time_stamp(
    path: Path,
    media_type: str,
    wanted: Unstamped,
    *,
    time_stamper: TimeStamper,
    signer: Callable[[], Signer],
) -> bytes | None:
    """Add a time stamp of a manifest to the file that holds it; the new manifest store.

    None when there is one already. `media_type`: that of the file, or `library.STORE_MEDIA_TYPE`
    for a manifest beside its file, which is not looked at. `wanted`: as `unstamped` said when the
    file was signed. `signer`: called when there is an update manifest to be signed. The file is
    replaced in one step, after it was read back as valid as before; whatever fails, it is as it
    was. Example: `countermark.stamping.flush` in docs/keys.md.

    Raises `ManifestChanged` when the file does not hold that manifest, or not as it was signed;
    `CertificateExpired` when its certificates have run out, for then a time stamp proves nothing;
    `TimestampFailed`, `SigningFailed`, `UnusableCertificate`, `SourceNotFound`,
    `DestinationNotWritable`.
    """
    place = files.target(path)
    is_store = media_type == library.STORE_MEDIA_TYPE
    with opened(place) as source:
        before = _checked(_read(source, media_type), path, is_store=is_store)
    lineage = _lineage(before, wanted, path)
    if _is_stamped(lineage[-1]) or _has_token(lineage):
        return None
    with files.drafting(place, like=place) as (file, put):
        draft = Watched(file)
        with written(draft, place):
            if is_store:
                store = _stamped(before.bytes, time_stamper)
                draft.write(store)
            elif media_type in _GROWING or len(lineage) > 1:
                message = timestamps.added_message(wanted.signature)
                tokens = {wanted.manifest: finishing.token(time_stamper, message)}
                store = _update(place, draft, media_type, tokens, signer(), time_stamper)
            else:
                store = _filled(place, draft, before.bytes, time_stamper)
            _check(draft, media_type, store, before)
        put()
    return store


def _read(stream: Stream, media_type: str) -> Manifest | None:
    if media_type != library.STORE_MEDIA_TYPE:
        return reading.read_stream(stream, media_type, trust=Trust.nobody())
    stream.seek(0)
    store = stream.read(MAX_BYTES + 1)  # what is larger is refused
    return reading.read_detached(store, trust=Trust.nobody())


def _checked(manifest: Manifest | None, path: Path, *, is_store: bool) -> Manifest:
    """The manifest of a file that is as it was signed."""
    if manifest is None:
        raise _changed(path, "carries no manifest any more")
    if "signingCredential.expired" in manifest.failures:
        raise _too_late(path)
    if not _is_whole(manifest, is_store=is_store):
        raise _changed(path, "was changed since it was signed")
    return manifest


def _is_whole(manifest: Manifest, *, is_store: bool) -> bool:
    return (
        manifest.signature_valid
        and manifest.assertions_valid
        and manifest.hard_binding == ("not checked" if is_store else "match")
        and set(manifest.failures) == {"signingCredential.untrusted"}
    )


def _lineage(before: Manifest, wanted: Unstamped, path: Path) -> Sequence[Claim]:
    """The updates of the wanted manifest that the file has, and at last its own claim."""
    found: list[Claim] = []
    for claim in claims.parse(before.bytes).lineage():
        found.append(claim)
        if (claim.label, claim.signature()[3]) == (wanted.manifest, wanted.signature):
            now = datetime.now(timezone.utc)
            if any(now > certificate.not_valid_after_utc for certificate in claim.chain()):
                raise _too_late(path)
            return found
    raise _changed(path, "carries another manifest now")


def _is_stamped(claim: Claim) -> bool:
    return not {"sigTst", "sigTst2"}.isdisjoint(claim.signature()[2])


def _has_token(lineage: Sequence[Claim]) -> bool:
    *updates, claim = lineage
    return any(token for update in updates for token in timestamps.added(update, claim.label))


def _update(
    source: Path,
    draft: Stream,
    media_type: str,
    tokens: dict[str, bytes],
    signer: Signer,
    time_stamper: TimeStamper,
) -> bytes:
    """Write the file with an update manifest, which is stamped itself, for it expires too."""
    leaf = profile.check(signer)[0]
    with opened(source) as content, opened(source) as parent:
        store = library.embed(
            content,
            draft,
            media_type,
            build.update(tokens),
            algorithm=signer.algorithm,
            certificate_chain=signer.certificate_chain,
            private_key=None,
            signature_bytes=signature_length_bytes(leaf.public_key()),
            resources={},
            ingredients=[(build.ingredients(True, 0)[0], parent, media_type)],
            in_pieces=False,
            is_update=True,
        )
    store = finishing.with_added_time_stamps(store, tokens)
    store = finishing.with_signature(store, signer, leaf)
    message = timestamps.message(claims.parse(store))
    store = finishing.with_time_stamp(store, finishing.token(time_stamper, message))
    _put(draft, store)
    return store


def _filled(source: Path, draft: Stream, store: bytes, time_stamper: TimeStamper) -> bytes:
    """Write the file with the time stamp in the header of the signature that it has."""
    store = _stamped(store, time_stamper)
    with opened(source) as content:
        shutil.copyfileobj(content, draft)
    _put(draft, store)
    return store


def _stamped(store: bytes, time_stamper: TimeStamper) -> bytes:
    message = timestamps.message(claims.parse(store))
    return finishing.with_time_stamp(store, finishing.token(time_stamper, message))


def _put(draft: Stream, store: bytes) -> None:
    location = locate(StreamContent(draft))
    if location is None or location.length_bytes != len(store):
        problem = "The manifest is not where the C2PA library should have embedded it."
        raise SigningFailed(problem, remedy=finishing.REPORT)
    location.write(draft, store)
    draft.flush()


def _check(draft: Stream, media_type: str, store: bytes, before: Manifest) -> None:
    """Read the finished file as any verifier would."""
    after = _read(draft, media_type)
    if (
        after is None
        or after.bytes != store
        or not _is_whole(after, is_store=media_type == library.STORE_MEDIA_TYPE)
        or after.soft_bindings != before.soft_bindings
        or after.record != before.record
    ):
        found = "no manifest" if after is None else ", ".join(after.failures) or "no failure"
        raise SigningFailed(
            f"With the time stamp, the file does not read back valid ({found}).",
            remedy="Use another timestamp server; its certificates may not fit the C2PA profile.",
        )


def _changed(path: Path, what: str) -> ManifestChanged:
    return ManifestChanged(
        f"{str(path)!r} {what}.",
        remedy="Put the file back as it was signed, or drop it from the queue.",
    )


def _too_late(path: Path) -> CertificateExpired:
    return CertificateExpired(
        f"The certificate that signed {str(path)!r} has run out; a time stamp proves nothing now.",
        remedy="Sign the file again, and drop this manifest from the queue.",
    )
