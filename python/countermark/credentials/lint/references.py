"""Hashed URIs: whether each names a box that is there, by the right hash.

Source: C2PA 2.2, sections 8.4.2 and 15.10.3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from countermark import jumbf
from countermark.credentials import claim as claims
from countermark.credentials.lint import rules
from countermark.credentials.lint.finding import Finding
from countermark.credentials.lint.parts import Parts
from countermark.errors import UnreadableManifest

_SCHEME: Final = "self#jumbf="
_LISTS: Final = ("created_assertions", "gathered_assertions", "assertions")
_LEGACY_INGREDIENTS: Final = ("c2pa.ingredient", "c2pa.ingredient.v2")
"""The hashes of manifests in these cover less than the box, and differ from version to version."""


@dataclass(slots=True)
class Index:
    """The superboxes of a store by their paths, and their hashes, each computed once."""

    store: bytes = field(repr=False)
    boxes: dict[str, jumbf.Box]
    hashes: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, store: bytes, root: jumbf.Box) -> Index:
        """Index every superbox below `root`; of those with the same path the first."""
        boxes: dict[str, jumbf.Box] = {}
        pending = [("/c2pa", root)]
        while pending:
            path, box = pending.pop()
            boxes.setdefault(path, box)
            pending += [(f"{path}/{c.label}", c) for c in box.children if c.kind == b"jumb"]
        return cls(store, boxes)

    def path(self, url: object, manifest: str) -> str | None:
        """The path of the box that a URI in that manifest names; None when it is not there."""
        if not isinstance(url, str) or not url.startswith(_SCHEME):
            return None
        path = url[len(_SCHEME) :]
        if not path.startswith("/"):
            path = f"/c2pa/{manifest}/{path}"
        return path if path in self.boxes else None

    def digest(self, path: str, algorithm: str) -> bytes:
        """Raises `UnreadableManifest` for an algorithm that C2PA lacks."""
        key = path, algorithm
        if key not in self.hashes:
            self.hashes[key] = claims.digest(self.store, self.boxes[path], algorithm)
        return self.hashes[key]


def check(parts: Parts, index: Index, redacted: frozenset[str]) -> Iterator[Finding]:
    """Every hashed URI in the claim and in its assertions, and assertions that lack one."""
    where = f"{parts.uri}/{parts.claim_label}"
    declared: set[str] = set()
    for reference in _listed(parts.claim):
        if not isinstance(reference, Mapping):
            yield rules.HASHED_URI_TARGET.found(where, "An entry of the claim is not a hashed URI.")
            continue
        label = claims.reference_label(dict(reference))
        if label in declared:
            problem = f"The claim refers to {label!r:.80} twice."
            yield rules.ASSERTION_UNDECLARED.found(where, problem)
        declared.add(label)
        if f"{_SCHEME}/c2pa/{parts.label}/c2pa.assertions/{label}" not in redacted:
            yield from _problems(reference, parts, index, where)
    if parts.claim:
        for label, assertion in parts.assertions.items():
            if label not in declared:
                problem = "The claim does not refer to this assertion."
                yield rules.ASSERTION_UNDECLARED.found(assertion.uri, problem)
    for assertion in parts.assertions.values():
        if not assertion.is_json:
            legacy = assertion.name in _LEGACY_INGREDIENTS
            for reference in hashed_uris(assertion.data):
                if reference["url"] not in redacted:
                    yield from _problems(reference, parts, index, assertion.uri, legacy=legacy)


def hashed_uris(data: Any) -> Iterator[Mapping[Any, Any]]:
    """The hashed URIs into the store, at any depth of an assertion."""
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            url = item.get("url")
            if "hash" in item and isinstance(url, str) and url.startswith(_SCHEME):
                yield item
            pending.extend(item.values())
        elif isinstance(item, (list, tuple)):
            pending.extend(item)


def _listed(claim: Mapping[Any, Any]) -> Iterator[Any]:
    for name in _LISTS:
        listed = claim.get(name)
        if isinstance(listed, (list, tuple)):
            yield from listed


def _problems(
    reference: Mapping[Any, Any],
    parts: Parts,
    index: Index,
    where: str,
    *,
    legacy: bool = False,
) -> Iterator[Finding]:
    url, stated = reference.get("url"), reference.get("hash")
    shown = f"{url!r:.120}"
    path = index.path(url, parts.label)
    if path is None:
        yield rules.HASHED_URI_TARGET.found(where, f"There is no box at {shown}.")
    if not isinstance(stated, bytes):
        kind = "absent" if stated is None else "not a byte string"
        yield rules.HASHED_URI_HASH.found(where, f"The hash for {shown} is {kind}.")
        return
    algorithm = reference.get("alg", parts.claim.get("alg", "sha256"))
    if path is None or (legacy and path.count("/") == 2):
        return
    try:
        if index.digest(path, str(algorithm)) != stated:
            yield rules.HASHED_URI_MISMATCH.found(where, f"The hash for {shown} does not agree.")
    except UnreadableManifest as error:
        yield rules.HASHED_URI_ALGORITHM.found(where, error.problem)
