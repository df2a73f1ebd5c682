"""Verify a file: what it, its watermark and its fingerprint prove, in one report.

>>> import io
>>> import numpy as np
>>> from PIL import Image
>>> file = io.BytesIO()
>>> Image.fromarray(np.zeros((200, 300, 3), np.uint8)).save(file, "PNG")
>>> _ = file.seek(0)
>>> report = verify(file, trust=Trust.nobody(), registry=Registry.open("no such file"))
>>> report.verdict.value, report.trust.value
('unmarked', 'none')
>>> [item.kind for item in report.evidence]
['manifest', 'watermark', 'fingerprint']
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Final

from countermark import containers, files, image
from countermark.containers import CHUNK_BYTES, StreamContent
from countermark.containers.text_types import TEXT_TYPES, text_type
from countermark.credentials import Trust
from countermark.credentials.assets import Stream, opened
from countermark.credentials.containers import media_type as media_type_of
from countermark.credentials.reading import UNREADABLE_ASSET
from countermark.errors import ImageError
from countermark.image import Picture
from countermark.registry import Registry
from countermark.report import Confidence, Evidence, Report, Verdict
from countermark.resolving import Resolver
from countermark.screening import Rules, Seen, Sight, Use, named_payloads, screen
from countermark.verifying import clips, conclusion, evidence
from countermark.verifying.carried import Carried, carried
from countermark.verifying.conclusion import is_bound
from countermark.verifying.examination import Examination
from countermark.verifying.trusted import find_home, trust_store

_CHANGED_TEXT: Final = "The text was changed after its Content Credentials were signed."


def verify(
    source: files.Source,
    *,
    manifest: str | PathLike[str] | None = None,
    media_type: str | None = None,
    trust: Trust | None = None,
    registry: Registry | None = None,
    resolvers: Sequence[Resolver] = (),
    rules: Rules | None = None,
) -> Report:
    """Say what is known about a file, and how.

    Example: see the module.

    `source`: a path or a binary stream; a file at a path is never loaded as a whole, but for
    pictures that have to be decoded. `manifest`: the file with its manifest, which is then judged
    instead of the one in it or beside it. `trust`: whose signatures count, by default the official
    C2PA lists and those of the home folder, if there is one, with the revocation lists of its
    authorities; the report names the list that decided. `registry`: where lost manifests are
    looked for, by default that of the home folder. `resolvers`: services of others that are asked
    when all else leads nowhere; without them nothing is ever fetched from the network.

    `media_type`: of a text, which does not show by itself what it is; by default as it is named.
    `rules`: whose features of known content count, and what follows; by default the home's.

    What the registry knows of the content, such as a refutation, stands before all else
    (`Report.notices`), also for intact files; only in a registry with features is it looked for.
    Then the manifest in the file is checked, or without one that which lies beside a file at a
    path: photo.jpg.c2pa or photo.c2pa for photo.jpg. That one counts only for the very bytes that
    were signed; a name ties nothing. Without a manifest that holds, the watermark in the
    pixels, then their fingerprint, lead to a manifest in the registry. Such a manifest counts
    only if its own signature and hashes hold, it names no other marks than were found (C2PA 2.2,
    section 18.10.5.1), and the thumbnail in it shows this picture.
    Of sounds and movies without a manifest that holds, the watermark that the frames have in
    common, looked for in samples of them, then that in the sound, then the fingerprints
    (Chromaprint, vPDQ) lead to one in the registry. Unless what was signed in it shows pictures and
    sound, by its thumbnail and the digests of fingerprints, that is a lead: then nobody is trusted.
    Watermarks of two files in one are `transplanted`. Documents and other pictures are judged by
    the manifest in them alone.

    A file of none of these kinds gives the verdict `unreadable`. Raises `SourceNotFound` when
    there is no file, `InvalidArgument` for what is neither path nor binary stream,
    `RefusedContent` for content that the policy refuses, `UnusableTrust`, `UnusablePolicy`, and
    `RegistryError` when the registry cannot be used.
    """
    with ExitStack() as stack:
        asset = stack.enter_context(_at_hand(source))
        if trust is None or registry is None:
            home = find_home()
            if trust is None:
                trust = trust_store(home).trust()
            if registry is None and home is not None:
                registry = stack.enter_context(Registry.open(home.registry_path))
        path = Path(source) if isinstance(source, (str, PathLike)) else None
        named = media_type or (None if path is None else text_type(path))
        known = _known(StreamContent(asset), named)
        at = carried(
            asset,
            known,
            trust=trust,
            path=path,
            sidecar=None if manifest is None else Path(manifest),
        )
        return _report(asset, known, at, trust, registry, resolvers, rules, path)


def _known(content: StreamContent, named: str | None) -> str | None:
    """The media type that the content shows, of those that hold manifests; of texts, as named."""
    shown = media_type_of(content)
    if named not in TEXT_TYPES or shown not in (None, *TEXT_TYPES):
        return shown
    is_text = containers.media_type(content) is None and b"\0" not in content[:CHUNK_BYTES]
    return named if is_text else shown


def _at_hand(source: files.Source) -> AbstractContextManager[Stream]:
    """The file where it lies; what cannot be read twice, such as a pipe, in memory."""
    if isinstance(source, (str, PathLike)) and os.path.isfile(source):
        return opened(Path(source))
    return nullcontext(io.BytesIO(files.load(source)))


def _report(
    asset: Stream,
    shown: str | None,
    at: Carried,
    trust: Trust,
    registry: Registry | None,
    resolvers: Sequence[Resolver],
    rules: Rules | None,
    path: Path | None,
) -> Report:
    embedded = None if at.is_strange else at.manifest
    tell = partial(
        screen, registry=registry, use=Use.VERIFY, named=named_payloads(embedded), rules=rules
    )
    if embedded is not None and is_bound(embedded) and embedded.hard_binding == "match":
        found = [evidence.manifest(embedded, Confidence.PROVEN, sidecar=at.sidecar)]
        kind = shown or containers.media_type(StreamContent(asset))
        report = conclusion.by_manifest(Verdict.INTACT, embedded, found, media_type=kind)
        with _sight(asset, kind, path, registry) as sight:
            return replace(report, notices=tell(sight))
    try:
        picture = _decoded(asset)
    except ImageError as error:
        kind = shown or containers.media_type(StreamContent(asset))
        if kind is not None and clips.is_clip(kind):
            # Here, so that whoever verifies pictures does not load what movies are read with.
            from countermark.verifying.clips import judging

            with _sight(asset, kind, path, registry) as sight:
                notices = tell(sight)
            told = judging.report(asset, kind, at, path, trust, registry, resolvers)
        else:
            notices = tell(None)
            told = _report_undecoded(asset, shown, at, error)
        return replace(told, notices=notices)
    content = partial(_content, asset)
    seen = Examination(picture, shown, embedded, trust, registry, resolvers, content)
    seen.found += evidence.strange(at)
    notices = tell(seen)
    return replace(seen.report(), notices=notices)


@contextmanager
def _sight(
    asset: Stream, kind: str | None, path: Path | None, registry: Registry | None
) -> Iterator[Seen | None]:
    """What is seen in a file that need not be decoded for its verdict; None when nothing is.

    Only in a registry with features is it looked for.
    """
    if registry is None or not registry.features.any():
        yield None
        return
    if kind is not None and clips.is_clip(kind):
        from countermark.verifying.clips import content, sights

        with content.on_disk(asset, path) as where:
            yield sights.leniently(sights.sight_of(where, kind))
        return
    try:
        picture = _decoded(asset)
    except ImageError:
        yield None
        return
    yield Sight(image.upright(picture.pixels, picture.orientation))


def _decoded(asset: Stream) -> Picture:
    """The picture in the file, of which only the head is read when it is none."""
    head = _head(asset)
    asset.seek(0)
    return image.read(io.BytesIO(asset.read() if image.is_decodable(head) else head))


def _content(asset: Stream) -> bytes:
    asset.seek(0)
    return asset.read()


def _head(asset: Stream) -> bytes:
    asset.seek(0)
    return asset.read(image.HEAD_BYTES)


def _report_undecoded(asset: Stream, shown: str | None, at: Carried, error: ImageError) -> Report:
    """Without pixels the manifest in the file is all there is."""
    embedded = None if at.is_strange else at.manifest
    if at.is_strange:
        reason = "files of this kind are not decoded."
        nothing: list[Evidence] = [*evidence.strange(at), *evidence.not_decoded(reason)]
        kind = shown or containers.media_type(StreamContent(asset))
        return conclusion.by_nothing(None, nothing, media_type=kind, decoded=False)
    could_have_pixels = image.is_decodable(_head(asset))
    if shown is None:
        reason = f"{error.problem} Nothing can be verified in such a file."
        return conclusion.unreadable(reason, media_type=None)
    if could_have_pixels and not conclusion.is_damaged(embedded):
        return conclusion.unreadable(f"{error}", media_type=shown)
    if embedded is not None and UNREADABLE_ASSET in embedded.failures:
        reason = f"The {shown} file is damaged, so that what it carries cannot be read."
        return conclusion.unreadable(reason, media_type=shown)
    found: list[Evidence]
    if embedded is not None and is_bound(embedded):
        found = [evidence.manifest(embedded, Confidence.WEAK, decoded=False)]
        said = _CHANGED_TEXT if shown in TEXT_TYPES else None
        return conclusion.by_manifest(
            Verdict.ALTERED, embedded, found, media_type=shown, decoded=False, summary=said
        )
    reason = error.problem if could_have_pixels else f"files of type {shown} are not decoded."
    found = [evidence.unusable_manifest(embedded), *evidence.not_decoded(reason)]
    return conclusion.by_nothing(embedded, found, media_type=shown, decoded=False)
