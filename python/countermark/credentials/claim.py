"""The active manifest of a store, parsed and checked on our own, beside the library.

The library's JSON shows a byte string and a text alike and hands out no certificate, so what
countermark relies on is read from the boxes themselves: an assertion counts only when the claim
refers to it and its hash agrees.

Source: C2PA 2.2, sections "Claims" and "Assertion store".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cryptography import x509

from countermark import jumbf
from countermark.certificates import load_der
from countermark.credentials import cbor, cose, stapling
from countermark.errors import UnreadableManifest
from countermark.jumbf import damaged

_X5CHAIN: Final = (33, "x5chain")
_DIGESTS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_REFERENCES: Final = ("created_assertions", "gathered_assertions", "assertions")
_UPDATE_TYPE: Final = jumbf.type_uuid(b"c2um")
_ASSERTION_STORE_TYPE: Final = jumbf.type_uuid(b"c2as")
_CLAIM_TYPE: Final = jumbf.type_uuid(b"c2cl")
_SIGNATURE_TYPE: Final = jumbf.type_uuid(b"c2cs")
_INGREDIENT: Final = "c2pa.ingredient.v3"
_MAX_CERTIFICATES: Final = 16
"""Of one signature: a path is tried through all that name the right issuer."""
_MAX_INGREDIENT_BYTES: Final = 2**23
"""Of all manifests together; an ingredient takes a few thousand."""
_UNSIGNED_HEADERS: Final = frozenset((*_X5CHAIN, "pad", "pad2", "sigTst", "sigTst2", "rVals"))


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of the active manifest and what it refers to.

    `manifest`: the active manifest's superbox in `store`.
    `content`: the claim's map. `claim_box`, `signature_box`: the CBOR boxes.
    `assertions`: the superboxes whose hashes agree with the claim, by label.
    `hashes_agree`: whether all of the claim's references do.
    """

    store: bytes = field(repr=False)
    manifest: jumbf.Box = field(repr=False)
    claim_box: jumbf.Box
    signature_box: jumbf.Box
    content: dict[Any, Any]
    assertions: dict[str, jumbf.Box]
    hashes_agree: bool

    @property
    def label(self) -> str:
        """The manifest's label, urn:c2pa: and a UUID."""
        return self.manifest.label

    @property
    def is_update(self) -> bool:
        """Whether it is of an update manifest: new statements about unchanged content."""
        return self.manifest.type == _UPDATE_TYPE

    @property
    def redactions(self) -> list[str]:
        """JUMBF URIs of the assertions that were removed from earlier manifests on purpose."""
        listed = self.content.get("redacted_assertions", ())
        named = listed if isinstance(listed, (list, tuple)) else ()
        return [uri for uri in named if isinstance(uri, str)]

    def lineage(self) -> tuple[Claim, ...]:
        """This claim and, of an update, each that it updates; the last one binds the content.

        Raises `UnreadableManifest` when an update does not lead to one.
        """
        found = [self]
        claim, redactions, seen = self, self.redactions, {self.label}
        while claim.is_update:
            label = claim._updated_label()
            if label is None or label in seen:
                raise damaged("The update manifest does not say what it updates")
            seen.add(label)
            claim = parse(self.store, label, redactions)
            redactions = [*redactions, *claim.redactions]
            found.append(claim)
        return tuple(found)

    def _updated_label(self) -> str | None:
        for name in (_INGREDIENT, "c2pa.ingredient.v2", "c2pa.ingredient"):
            for box in self.named(name):
                data = self.decoded(box)
                if isinstance(data, dict) and data.get("relationship") == "parentOf":
                    reference = data.get("activeManifest", data.get("c2pa_manifest"))
                    url = reference.get("url") if isinstance(reference, dict) else None
                    return str(url).rpartition("/")[2]
        return None

    def data(self, box: jumbf.Box) -> bytes:
        """The content of one box."""
        return self.store[box.body : box.end]

    def named(self, label: str) -> Iterator[jumbf.Box]:
        """The agreeing assertions of that label, repetitions (`label__1`) included.

        Raises `UnreadableManifest` when all together they are too large to be decoded.
        """
        boxes = [b for name, b in self.assertions.items() if name.partition("__")[0] == label]
        if sum(box.end - box.start for box in boxes) > cbor.MAX_BYTES:
            raise damaged(f"The assertions {label!r:.80} are too large")
        yield from boxes

    def decoded(self, box: jumbf.Box) -> Any:
        """An assertion's data, from CBOR or JSON; None when it holds neither.

        Raises `UnreadableManifest` for data that does not parse.
        """
        if content := box.content(b"cbor"):
            return cbor.decode(self.data(content))
        if content := box.content(b"json"):
            if content.end - content.body > cbor.MAX_BYTES:
                raise damaged(f"The assertion {box.label!r:.80} is too large")
            try:
                return json.loads(self.data(content))
            except (ValueError, RecursionError) as error:
                raise damaged(f"The assertion {box.label!r:.80} is not JSON") from error
        return None

    def signature(self) -> tuple[bytes, Mapping[Any, Any], Mapping[Any, Any], bytes]:
        """Protected header as bytes and as a map, unprotected header, signature."""
        return parse_signature(self.data(self.signature_box))

    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificates that came with the signature, the leaf first."""
        _, protected, unprotected, _ = self.signature()
        return chain_of(protected, unprotected)

    def reference_hashes(self) -> dict[str, object]:
        """The hashes by which the claim refers to its assertions, by label."""
        return {reference_label(r): r.get("hash") for r in references(self.content)}

    def ocsp_responses(self) -> tuple[bytes, ...]:
        """The OCSP responses at hand: those of other manifests in the store are among them."""
        return stapling.responses(self.store)

    def signed_by(self, leaf: x509.Certificate) -> bool:
        """Whether the signature is the leaf's, over this claim."""
        encoded, protected, _, signature = self.signature()
        data = cose.to_be_signed(encoded, self.data(self.claim_box))
        return cose.verify(leaf.public_key(), protected.get(1), signature, data)


def parse(store: bytes, label: str | None = None, redactions: Sequence[str] = ()) -> Claim:
    """The active manifest of a store, which is the last one, or that of another label.

    `redactions`: what later manifests have removed from it.

    Raises `UnreadableManifest` when boxes, claim or signature do not parse.
    """
    manifests = jumbf.manifests_of(store)
    manifest = list(manifests.values())[-1] if label is None else manifests.get(label)
    if manifest is None:
        raise damaged("The manifest store lacks a manifest that it refers to")
    claim = parse_one(store, manifest, redactions)
    if claim.redactions:  # redaction changes ingredients, rightly
        return claim
    agree = claim.hashes_agree and _ingredients_agree(store, manifest, manifests)
    return replace(claim, hashes_agree=agree)


def parse_one(store: bytes, manifest: jumbf.Box, redactions: Sequence[str] = ()) -> Claim:
    """As `parse`, for one of the `manifests_of` a store, without a look at those it refers to."""
    claim_box = claim_box_of(manifest)
    signature_box = _cbor_of(manifest.labelled().get("c2pa.signature"), _SIGNATURE_TYPE)
    content = cbor.decode(store[claim_box.body : claim_box.end])
    if not isinstance(content, dict):
        raise damaged("The claim is not a map")
    parse_signature(store[signature_box.body : signature_box.end])
    prefix = f"{manifest.label}/c2pa.assertions/"
    removed = {uri.rpartition(prefix)[2] for uri in redactions if prefix in uri}
    assertions, agree = _resolve(store, assertions_of(manifest), content, removed)
    return Claim(store, manifest, claim_box, signature_box, content, assertions, agree)


def claim_box_of(manifest: jumbf.Box) -> jumbf.Box:
    """The claim's CBOR; raises `UnreadableManifest` when there is not exactly one."""
    parts = manifest.labelled()
    stated = [parts[name] for name in ("c2pa.claim.v2", "c2pa.claim") if name in parts]
    if len(stated) != 1:
        raise damaged("The manifest has not exactly one claim")
    return _cbor_of(stated[0], _CLAIM_TYPE)


def assertions_of(manifest: jumbf.Box) -> dict[str, jumbf.Box]:
    """All that are in the store, by label, agreeing or not; raises `UnreadableManifest`."""
    box = manifest.labelled().get("c2pa.assertions")
    if box is None or box.type != _ASSERTION_STORE_TYPE:
        raise damaged("The manifest lacks its assertions")
    return box.labelled()


def parse_signature(data: bytes) -> tuple[bytes, Mapping[Any, Any], Mapping[Any, Any], bytes]:
    """The protected header, as it is signed and as a map, the other one, and the signature.

    Raises `UnreadableManifest` for what is no signature over a claim, or hides something.
    """
    found = cose.read_sign1(data)
    if not _UNSIGNED_HEADERS.issuperset(found.unprotected):
        raise damaged("The signature has headers of its own that nothing protects")
    padding = [found.unprotected.get(name, b"") for name in ("pad", "pad2")]
    if not all(isinstance(pad, bytes) and not any(pad) for pad in padding):
        raise damaged("The padding of the signature is not zero")
    return found.encoded, found.protected, found.unprotected, found.signature


def chain_of(
    protected: Mapping[Any, Any], unprotected: Mapping[Any, Any]
) -> tuple[x509.Certificate, ...]:
    """The certificates in the headers of a COSE signature, the leaf first.

    Raises `UnreadableManifest` when they do not parse. Source: C2PA 2.2, section 14.5.
    """
    headers = (h[name] for h in (protected, unprotected) for name in _X5CHAIN if name in h)
    found = next(headers, ())
    try:
        ders = [found] if isinstance(found, bytes) else list(found)
        if len(ders) > _MAX_CERTIFICATES:
            raise damaged("The signature comes with too many certificates")
        return load_der(ders)
    except (TypeError, ValueError) as error:
        raise damaged("The certificate chain of the signature does not parse") from error


def references(content: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
    """The claim's hashed URIs to its assertions."""
    for name in _REFERENCES:
        listed = content.get(name, ())
        if not isinstance(listed, (list, tuple)):
            raise damaged("The claim does not list its assertions")
        for reference in listed:
            if not isinstance(reference, dict):
                raise damaged("The claim refers to an assertion in an unknown way")
            yield reference


def reference_label(reference: dict[Any, Any]) -> str:
    """Label of the assertion that a hashed URI of the claim names."""
    return str(reference.get("url", "")).rpartition("c2pa.assertions/")[2]


def digest(store: bytes, box: jumbf.Box, name: object = "sha256") -> bytes:
    """Hash of a superbox as a hashed URI states it.

    Raises `UnreadableManifest` for an algorithm that C2PA lacks.
    Source: C2PA 2.2, section "Hashing JUMBF boxes": the superbox without its own header.
    """
    make = _DIGESTS.get(str(name))
    if make is None:
        raise damaged(f"The manifest uses the unknown hash algorithm {name!r:.40}")
    return make(store[box.body : box.end]).digest()


def signed_label(data: bytes) -> str | None:
    """The label of the manifest whose claim is in the bytes that a signer is given.

    >>> claim = {"signature": "self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature"}
    >>> signed_label(cose.to_be_signed(b"", cbor.encode(claim)))
    'urn:c2pa:1'

    None for other bytes. Source: RFC 9052, section 4.4; C2PA 2.2, section "Claims".
    """
    with contextlib.suppress(UnreadableManifest):
        structure = cbor.decode(data)
        if isinstance(structure, list) and structure[:1] == ["Signature1"]:
            content = cbor.decode(structure[-1]) if isinstance(structure[-1], bytes) else None
            uri = str(content.get("signature")) if isinstance(content, dict) else ""
            _, prefix, path = uri.partition("self#jumbf=/c2pa/")
            return path.rpartition("/")[0] or None if prefix else None
    return None


def _resolve(
    store: bytes, boxes: Mapping[str, jumbf.Box], content: dict[Any, Any], removed: Set[str]
) -> tuple[dict[str, jumbf.Box], bool]:
    """The assertions that agree with the claim, and whether all do that were not removed."""
    agreeing: dict[str, jumbf.Box] = {}
    seen: set[str] = set()
    agree = True
    for reference in references(content):
        label = reference_label(reference)
        if label in seen:  # each is hashed at most once
            raise damaged("The claim refers to an assertion twice")
        seen.add(label)
        box = boxes.get(label)
        name = reference.get("alg", content.get("alg", "sha256"))
        if box is None and label in removed:
            continue
        if box is None or digest(store, box, name) != reference.get("hash"):
            agree = False
        else:
            agreeing[label] = box
    return agreeing, agree and bool(agreeing)


def _ingredients_agree(
    store: bytes, manifest: jumbf.Box, manifests: Mapping[str, jumbf.Box]
) -> bool:
    """Whether the earlier manifests in the store are, byte for byte, those that were opened.

    The library compares hashes of what it understood of them. Older kinds of ingredient are
    left to it: their hashes cover less.
    """
    pending, seen = [manifest], {manifest.label}
    room = _MAX_INGREDIENT_BYTES
    while pending:
        boxes = _ingredients(assertions_of(pending.pop()))
        room -= sum(box.end - box.start for box in boxes)
        if room < 0:
            raise damaged("The ingredients are too large")
        for reference, name in _opened(store, boxes):
            label = str(reference.get("url", "")).rpartition("/")[2]
            if label in seen:
                continue
            seen.add(label)
            earlier = manifests.get(label)
            if earlier is None or digest(store, earlier, name) != reference.get("hash"):
                return False
            pending.append(earlier)
    return True


def _ingredients(boxes: Mapping[str, jumbf.Box]) -> list[jumbf.Box]:
    return [box for label, box in boxes.items() if label.partition("__")[0] == _INGREDIENT]


def _opened(store: bytes, boxes: Iterable[jumbf.Box]) -> Iterator[tuple[dict[Any, Any], object]]:
    """The hashed URIs of ingredients' manifests, and the hash algorithm of each."""
    for box in boxes:
        content = box.content(b"cbor")
        data = cbor.decode(store[content.body : content.end]) if content else None
        reference = data.get("activeManifest") if isinstance(data, dict) else None
        if isinstance(data, dict) and isinstance(reference, dict):
            yield reference, reference.get("alg", data.get("alg", "sha256"))


def _cbor_of(box: jumbf.Box | None, identity: bytes) -> jumbf.Box:
    content = box.content(b"cbor") if box and box.type == identity else None
    if content is None:
        raise damaged("The manifest lacks its claim or its signature")
    return content
