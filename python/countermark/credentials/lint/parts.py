"""A manifest taken apart as far as it parses; what does not parse becomes a finding.

`credentials.claim` refuses a manifest at its first defect, as a verifier must. A linter goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from countermark import jumbf
from countermark.credentials import cbor
from countermark.credentials.lint import rules
from countermark.credentials.lint.finding import Finding
from countermark.errors import UnreadableManifest

_STANDARD: Final = jumbf.type_uuid(b"c2ma")
_UPDATE: Final = jumbf.type_uuid(b"c2um")
_CLAIMS: Final = ("c2pa.claim.v2", "c2pa.claim")
_MAX_BYTES: Final = 2 * cbor.MAX_BYTES
"""Of all assertions of a manifest together; they grow to many times as much when decoded."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion: `data` is what its CBOR or JSON says, None when it holds neither."""

    label: str
    uri: str
    data: Any
    is_json: bool

    @property
    def name(self) -> str:
        """The label without the number of a repetition."""
        return self.label.partition("__")[0]


@dataclass(frozen=True, slots=True)
class Parts:
    """What could be read of a manifest.

    `uri`: the manifest's JUMBF URI. `update`: whether it is an update manifest.
    `claim`: its map, empty when it does not parse; `claim_label`: None when there is none.
    `signature`: the bytes of the COSE_Sign1, None when there are none.
    `findings`: what did not parse.
    """

    store: bytes = field(repr=False)
    uri: str
    label: str
    update: bool
    claim: Mapping[Any, Any]
    claim_label: str | None
    assertions: Mapping[str, Assertion]
    signature: bytes | None = field(repr=False)
    findings: tuple[Finding, ...]

    def named(self, *names: str) -> Iterator[Assertion]:
        """The assertions of these labels, repetitions included."""
        return (item for item in self.assertions.values() if item.name in names)


def take_apart(store: bytes, manifest: jumbf.Box) -> Parts:
    """Read one manifest of a store."""
    uri = f"self#jumbf=/c2pa/{manifest.label}"
    findings: list[Finding] = []
    if manifest.type not in (_STANDARD, _UPDATE):
        kind = manifest.type[:4].decode("ascii", "replace")
        findings.append(rules.MANIFEST_TYPE.found(uri, f"The manifest's type is {kind!r}."))
    boxes = _by_label(manifest, uri, findings)
    claim_label, claim = _claim(store, boxes, uri, findings)
    holder = boxes.get("c2pa.assertions")
    assertions = {} if holder is None else _assertions(store, holder, uri, findings)
    return Parts(
        store=store,
        uri=uri,
        label=manifest.label,
        update=manifest.type == _UPDATE,
        claim=claim,
        claim_label=claim_label,
        assertions=assertions,
        signature=_content(store, boxes.get("c2pa.signature"), b"cbor"),
        findings=tuple(findings),
    )


def _by_label(parent: jumbf.Box, uri: str, findings: list[Finding]) -> dict[str, jumbf.Box]:
    found: dict[str, jumbf.Box] = {}
    for box in parent.children:
        if box.kind != b"jumb":
            continue
        if box.label in found:
            problem = f"Two boxes are labelled {box.label!r:.80}."
            findings.append(rules.STORE_MALFORMED.found(uri, problem))
        found.setdefault(box.label, box)
    return found


def _claim(
    store: bytes, boxes: Mapping[str, jumbf.Box], uri: str, findings: list[Finding]
) -> tuple[str | None, Mapping[Any, Any]]:
    present = [label for label in _CLAIMS if label in boxes]
    if len(present) != 1:
        problem = f"The manifest has {'two claims' if present else 'no claim'}."
        findings.append(rules.CLAIM_MALFORMED.found(uri, problem))
    if not present:
        return None, {}
    label = present[0]
    content = _content(store, boxes[label], b"cbor")
    try:
        claim = None if content is None else cbor.decode(content)
    except UnreadableManifest as error:
        findings.append(rules.CLAIM_MALFORMED.found(f"{uri}/{label}", error.problem))
        return label, {}
    if not isinstance(claim, dict):
        findings.append(rules.CLAIM_MALFORMED.found(f"{uri}/{label}", "The claim is not a map."))
        return label, {}
    return label, claim


def _assertions(
    store: bytes, holder: jumbf.Box, uri: str, findings: list[Finding]
) -> dict[str, Assertion]:
    place = f"{uri}/c2pa.assertions"
    found: dict[str, Assertion] = {}
    room = _MAX_BYTES
    for label, box in _by_label(holder, place, findings).items():
        where = f"{place}/{label}"
        is_json = box.content(b"cbor") is None and box.content(b"json") is not None
        content = box.content(b"cbor") or box.content(b"json")
        room -= 0 if content is None else content.end - content.body
        try:
            if room < 0:
                raise jumbf.damaged("The assertions are too large to be read together")
            data = _decoded(store, box)
        except UnreadableManifest as error:
            findings.append(rules.ASSERTION_MALFORMED.found(where, error.problem))
            data = None
        found[label] = Assertion(label, where, data, is_json)
    return found


def _decoded(store: bytes, box: jumbf.Box) -> Any:
    if (content := _content(store, box, b"cbor")) is not None:
        return cbor.decode(content)
    if (content := _content(store, box, b"json")) is not None:
        if len(content) > cbor.MAX_BYTES:
            raise jumbf.damaged("The JSON is too large to be read")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise jumbf.damaged("The JSON does not parse") from error
    return None


def _content(store: bytes, box: jumbf.Box | None, kind: bytes) -> bytes | None:
    content = None if box is None else box.content(kind)
    return None if content is None else store[content.body : content.end]
