"""A linter for what the C2PA library does not enforce: each breach with its clause and remedy.

Not judged here, but by `credentials.read`: signatures, hashes over the file's content, revocation
and trust. Not judged at all: the fields of cawg.metadata (CAWG allows any) beyond their prefixes,
identity assertions, what a time stamp token holds, compressed manifests, remote manifests,
whether certificates of earlier manifests were valid when those were signed, and the schemas of
assertions other than actions, bindings and metadata.

Source: C2PA 2.2 and, where a rule says so, 2.4, CAWG metadata 1.1 and the conformance programme.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, Final

from countermark import jumbf
from countermark.credentials import bounds, library
from countermark.credentials.assets import opened
from countermark.credentials.containers import TEXT_TYPES, locate, media_type
from countermark.credentials.findings import Findings
from countermark.credentials.lint import (
    actions,
    bindings,
    labels,
    references,
    rules,
    signature,
    time_stamps,
)
from countermark.credentials.lint.finding import Finding, Rule, Severity
from countermark.credentials.lint.parts import Parts, take_apart
from countermark.credentials.lint.references import Index
from countermark.credentials.statements import parse_time
from countermark.credentials.trust import Trust
from countermark.errors import UnreadableManifest

__all__ = ["RULES", "Finding", "Rule", "Severity", "lint"]

RULES: Final = rules.ALL
"""All rules of the linter."""

_FILE: Final = "file"
_MAX_FINDINGS: Final = 1000
"""Of a hostile file nobody reads more."""


def lint(asset: BinaryIO | Path) -> tuple[Finding, ...]:
    """What is wrong with the manifests of a file, or of a bare manifest store.

    >>> import io
    >>> for finding in lint(io.BytesIO(b"plain text")):
    ...     print(finding.severity.value, finding.rule, finding.where)
    note container-unknown file

    The active manifest comes first, then the earlier ones, the youngest of them first. What the
    standard deprecates is found in them too, though it may have been right in its time.

    Raises `SourceNotFound` for unreadable files.
    """
    with opened(asset) as stream:
        data = stream.read()
    found = _found(data)
    return tuple(finding for finding, _ in zip(found, range(_MAX_FINDINGS), strict=False))


def _found(data: bytes) -> Iterator[Finding]:
    if data[4:8] == b"jumb":
        yield from _store(data, _time(library.STORE_MEDIA_TYPE, data, None))
        return
    try:
        location = locate(data)
    except UnreadableManifest as error:
        yield rules.STORE_LOCATION.found(_FILE, error.problem)
        return
    kind = media_type(data)
    if location is not None and kind is not None:
        store = location.extract(data)
        is_known = kind not in TEXT_TYPES  # to the library
        yield from _store(store, _time(kind if is_known else library.STORE_MEDIA_TYPE, data, store))
    else:
        yield _without_store(data, kind)


def _without_store(data: bytes, kind: str | None) -> Finding:
    if kind is None:
        problem = "countermark does not know where such a file keeps a manifest store."
        return rules.CONTAINER_UNKNOWN.found(_FILE, problem)
    seen = None if kind in TEXT_TYPES else _seen(kind, data, None)
    if seen is None:
        problem = "No manifest store was found in the file."
        return rules.MANIFEST_MISSING.found(_FILE, problem)
    if any(code == "manifest.inaccessible" for code, _ in seen.failures):
        problem = "The file only links to a manifest store elsewhere; it was not fetched."
        return rules.MANIFEST_REMOTE.found(_FILE, problem)
    if seen.label is None:
        reasons = "; ".join(text for _, text in seen.failures)
        problem = f"The C2PA library refuses the file ({reasons:.200})."
        return rules.FILE_REFUSED.found(_FILE, problem)
    problem = "The manifest store is in a place of the file that countermark does not read."
    return rules.CONTAINER_UNKNOWN.found(_FILE, problem)


def _time(kind: str, data: bytes, store: bytes | None) -> datetime | None:
    """When the active manifest was signed, by its time stamp as the library reads it."""
    seen = _seen(kind, data, store)
    if seen is None or seen.signed_at is None:
        return None
    return parse_time(seen.signed_at)


def _seen(kind: str, data: bytes, store: bytes | None) -> Findings | None:
    """What the library says, who trusts nobody here; nothing of a store that it is not given."""
    bare = data if kind == library.STORE_MEDIA_TYPE else store
    try:
        if bare is not None:
            bounds.check(bare)
    except UnreadableManifest:
        return None
    return library.validate(kind, data, store, trust=Trust.nobody())


def _store(store: bytes, signed_at: datetime | None) -> Iterator[Finding]:
    try:
        root = jumbf.parse(store)
    except UnreadableManifest as error:
        yield rules.STORE_MALFORMED.found(_FILE, error.problem)
        return
    manifests = [box for box in root.children if box.kind == b"jumb"]
    if (root.type, root.label) != (jumbf.STORE_UUID, "c2pa") or not manifests:
        yield rules.STORE_MALFORMED.found(_FILE, "The manifest store holds no manifest.")
        return
    if len({box.label for box in manifests}) != len(manifests):
        problem = "Two manifests have the same label."
        yield rules.STORE_MALFORMED.found("self#jumbf=/c2pa", problem)
    index = Index.of(store, root)
    # One at a time: what a hostile manifest grows to is gone before the next one.
    redacted = frozenset(uri for box in manifests for uri in _redacted(take_apart(store, box)))
    active_time = signed_at or datetime.now(timezone.utc)
    stamped: set[str] = set()
    for number, manifest in enumerate(reversed(manifests)):
        parts = take_apart(store, manifest)
        yield from parts.findings
        yield from labels.check(parts)
        yield from references.check(parts, index, redacted)
        yield from bindings.check(parts)
        yield from actions.check(parts)
        yield from time_stamps.check(parts)
        is_stamped = parts.label in stamped
        yield from signature.check(parts, active_time if number == 0 else None, is_stamped)
        stamped.update(time_stamps.stamped(parts))


def _redacted(parts: Parts) -> Iterator[str]:
    listed = parts.claim.get("redacted_assertions")
    for uri in listed if isinstance(listed, (list, tuple)) else ():
        if isinstance(uri, str):
            yield uri
