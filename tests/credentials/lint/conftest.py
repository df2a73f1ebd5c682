"""Manifest stores to order: a real one taken apart, changed, and put together and signed again."""

from __future__ import annotations

import hashlib
import json as jsons
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from countermark import jumbf
from countermark.credentials import Signed, SoftBinding, cbor, claim, cose

CBOR_ASSERTION = b"cbor" + jumbf.STORE_UUID[4:]
JSON_ASSERTION = b"json" + jumbf.STORE_UUID[4:]
REGISTERED = SoftBinding("com.adobe.trustmark.P", b"2*0101")
Edit = Callable[["Draft"], None]


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def superbox(identity: bytes, label: str, *contents: bytes) -> bytes:
    description = box(b"jumd", identity + b"\x03" + label.encode() + b"\0")
    return box(b"jumb", description + b"".join(contents))


@dataclass
class Draft:
    """The parts of a manifest; `assembled` hashes, signs and joins them.

    `assertions`: data by label; bytes are content boxes as they stand. `json`: labels of those
    that are written as JSON. `final`: whether hashes stay as they are. `signature`: instead of
    one that is made from the headers. `beside`: boxes beside the assertion store.
    """

    sign: Callable[[bytes], bytes]
    label: str
    claim: dict[str, Any]
    assertions: dict[str, Any]
    protected: dict[Any, Any]
    unprotected: dict[Any, Any]
    kind: bytes = b"c2ma"
    claim_label: str = "c2pa.claim.v2"
    json: set[str] = field(default_factory=set)
    final: bool = False
    signature: bytes | None = None
    beside: bytes = b""

    @property
    def actions(self) -> list[Any]:
        return self.assertions["c2pa.actions.v2"]["actions"]

    def put(self, label: str, data: Any, *, json: bool = False) -> None:
        """Add an assertion that the claim refers to."""
        self.assertions[label] = data
        if json:
            self.json.add(label)
        url = f"self#jumbf=c2pa.assertions/{label}"
        self.claim["created_assertions"].append({"url": url, "hash": b""})

    def drop(self, label: str) -> None:
        """Take an assertion away, and the claim's reference to it."""
        del self.assertions[label]
        for name in ("created_assertions", "gathered_assertions"):
            kept = [r for r in self.claim[name] if claim.reference_label(r) != label]
            self.claim[name] = kept

    def assembled(self) -> bytes:
        boxes = {label: self._assertion(label) for label in self.assertions}
        if not self.final:
            self._renew(self.assertions.get("c2pa.actions.v2"), boxes)
            boxes = {label: self._assertion(label) for label in self.assertions}
            self._renew(self.claim, boxes)
        content = cbor.encode(self.claim)
        parts = (
            superbox(jumbf.type_uuid(b"c2as"), "c2pa.assertions", *boxes.values()),
            superbox(jumbf.type_uuid(b"c2cl"), self.claim_label, box(b"cbor", content)),
            superbox(jumbf.type_uuid(b"c2cs"), "c2pa.signature", box(b"cbor", self._cose(content))),
            self.beside,
        )
        manifest = superbox(jumbf.type_uuid(self.kind), self.label, *parts)
        return superbox(jumbf.STORE_UUID, "c2pa", manifest)

    def _assertion(self, label: str) -> bytes:
        data = self.assertions[label]
        if isinstance(data, bytes):
            return superbox(CBOR_ASSERTION, label, data)
        if label in self.json:
            return superbox(JSON_ASSERTION, label, box(b"json", jsons.dumps(data).encode()))
        return superbox(CBOR_ASSERTION, label, box(b"cbor", cbor.encode(data)))

    def _renew(self, data: Any, boxes: dict[str, bytes]) -> None:
        pending = [data]
        while pending:
            item = pending.pop()
            if isinstance(item, dict):
                label = str(item.get("url", "")).rpartition("c2pa.assertions/")[2]
                if label in boxes and "hash" in item:
                    item["hash"] = hashlib.sha256(boxes[label][8:]).digest()
                pending.extend(item.values())
            elif isinstance(item, list):
                pending.extend(item)

    def _cose(self, content: bytes) -> bytes:
        if self.signature is not None:
            return self.signature
        encoded = cbor.encode(self.protected)
        signature = self.sign(cose.to_be_signed(encoded, content))
        return b"\xd2" + cbor.encode([encoded, self.unprotected, None, signature])


def taken_apart(store: bytes, sign: Callable[[bytes], bytes]) -> Draft:
    parsed = claim.parse(store)
    _, protected, unprotected, _ = parsed.signature()
    assertions: dict[str, Any] = {}
    json: set[str] = set()
    for label, found in parsed.assertions.items():
        data = parsed.decoded(found)
        if data is None:
            data = store[found.children[1].start : found.end]
        elif found.content(b"json"):
            json.add(label)
        assertions[label] = data
    # What has no finding at all: a registered algorithm, and a time stamp, of whatever content.
    unprotected = {**unprotected, "sigTst2": {"tstTokens": [{"val": b"token"}]}}
    return Draft(
        sign,
        parsed.label,
        dict(parsed.content),
        assertions,
        dict(protected),
        unprotected,
        json=json,
    )


@pytest.fixture(scope="session")
def forged(signed: Callable[..., Signed], signer: Any) -> Callable[[Edit], bytes]:
    """A manifest store like that of a marked picture, after an edit of its parts."""
    store = signed(soft_bindings=[REGISTERED]).manifest

    def make(edit: Edit) -> bytes:
        draft = taken_apart(store, signer.sign)
        edit(draft)
        return draft.assembled()

    return make


@pytest.fixture(scope="session")
def chain_of() -> Callable[..., list[bytes]]:
    """Certificates as x5chain has them."""

    def ders(*certificates: x509.Certificate) -> list[bytes]:
        return [certificate.public_bytes(Encoding.DER) for certificate in certificates]

    return ders
