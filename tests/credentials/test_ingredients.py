"""The chain below a manifest: what went into a file, and how far each of its signers is trusted."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import jumbf
from countermark.credentials import (
    Ingredient,
    IngredientState,
    Kind,
    Manifest,
    Signed,
    Trust,
    TrustList,
    TrustStatus,
    active_alone,
    cbor,
    containers,
    cose,
    read,
    read_detached,
    sign,
)
from countermark.credentials import claim as claims
from countermark.credentials.ingredients import MAX_DEPTH, MAX_SIBLINGS
from countermark.record import DigitalSource, Record, System

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
EDITED = Record(source=DigitalSource.HUMAN_EDITED)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"
Signing = Callable[..., Signed]


def read_back(asset: bytes, trust: Trust, media_type: str = "image/jpeg") -> Manifest:
    manifest = read(io.BytesIO(asset), media_type, trust=trust)
    assert manifest is not None
    return manifest


def outline(tree: tuple[Ingredient, ...]) -> list[Any]:
    """Role, state, whether there is a thumbnail, trust, and what is below."""
    return [
        (i.role, i.state.value, i.thumbnail is not None, i.trust.value, outline(i.ingredients))
        for i in tree
    ]


def test_picture_marked_edited_and_marked_again(
    signed: Signing, signer: Any, signer_to_order: Any, thumbnail: Any, trust_in: Any
) -> None:
    stranger = signer_to_order()
    captured = Record(
        source=DigitalSource.CAPTURED, title="At the lake", system=System(name="Camera 5")
    )
    first = signed(record=captured, thumbnail=thumbnail(24))
    second = signed(
        record=EDITED,
        signer=stranger,
        thumbnail=thumbnail(28),
        parent=(io.BytesIO(first.asset), "image/jpeg"),
    )
    third = signed(
        record=EDITED, thumbnail=thumbnail(32), parent=(io.BytesIO(second.asset), "image/jpeg")
    )
    manifest = read_back(third.asset, trust_in(signer))
    assert outline(manifest.ingredients) == [
        ("parentOf", "holds", True, "untrusted",
         [("parentOf", "holds", True, "trusted", [])]),
    ]  # fmt: skip
    (parent,) = manifest.ingredients
    (origin,) = parent.ingredients
    assert parent.actions == ("c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound")
    assert (parent.title, parent.trusted_by) == (None, None)
    assert parent.claim_signer == manifest.claim_signer  # they bear one name, which proves nothing
    assert origin.actions == ("c2pa.created", "c2pa.watermarked.bound")
    assert (origin.title, origin.generator) == ("At the lake", "Camera 5")
    assert (origin.trusted_by, origin.digital_source) == ("your trust list", captured.source.uri)
    pictures = [manifest.thumbnail, parent.thumbnail, origin.thumbnail]
    assert [Image.open(io.BytesIO(content or b"")).width for content in pictures] == [32, 28, 24]
    assert [parent.label, origin.label] == [
        read_back(each.asset, trust_in(signer)).label for each in (second, first)
    ]
    assert manifest.trust is TrustStatus.TRUSTED  # a parent changes nothing about its child
    stored = read_detached(manifest.bytes, trust=trust_in(signer))
    assert stored.ingredients == manifest.ingredients


def test_picture_made_of_two(signed: Signing, photograph: Any, trust: Trust) -> None:
    result = signed(
        record=Record(source=DigitalSource.COMPOSITE),
        components=[
            (io.BytesIO(signed("image/png").asset), "image/png"),
            (io.BytesIO(photograph("image/webp")), "image/webp"),
        ],
    )
    found = read_back(result.asset, trust).ingredients
    assert outline(found) == [
        ("componentOf", "holds", True, "trusted", []),
        ("componentOf", "none", False, "none", []),
    ]
    assert [each.media_type for each in found] == ["image/png", "image/webp"]


def test_withdrawn_signer_of_a_parent_is_told(
    signed: Signing, signer: Any, signer_to_order: Any, crl_to_order: Any, trust_in: Any
) -> None:
    withdrawn = signer_to_order()
    parent = signed(signer=withdrawn)
    child = signed(record=EDITED, parent=(io.BytesIO(parent.asset), "image/jpeg"))
    leaf, issuer = withdrawn.chain
    crl = crl_to_order(issuer, withdrawn.issuer_key, leaf)
    anchors = trust_in(signer, withdrawn).anchors
    for lists, status in (((), TrustStatus.TRUSTED), ((crl,), TrustStatus.REVOKED)):
        manifest = read_back(child.asset, Trust(anchors, revocation_lists=lists))
        assert [each.trust for each in manifest.ingredients] == [status]
        assert manifest.trust is TrustStatus.TRUSTED


def test_each_list_vouches_for_parents_too(
    signed: Signing, signer: Any, signer_to_order: Any
) -> None:
    known = signer_to_order()
    parent = signed(signer=known)
    child = signed(record=EDITED, parent=(io.BytesIO(parent.asset), "image/jpeg"))
    pem = known.certificate_chain
    for kind, status in (
        (Kind.SIGNER, TrustStatus.TRUSTED),
        (Kind.TIMESTAMP, TrustStatus.UNTRUSTED),
        (Kind.IDENTITY, TrustStatus.UNTRUSTED),
    ):
        trust = Trust(lists=(TrustList(kind, pem, name="one"),))
        (found,) = read_back(child.asset, trust).ingredients
        assert found.trust is status
        assert found.trusted_by == ("one" if status is TrustStatus.TRUSTED else None)


def test_parent_whose_signature_was_broken_before(signed: Signing, trust: Trust) -> None:
    parent = signed()
    claim = claims.parse(parent.manifest)
    end = claim.signature_box.end
    broken = parent.manifest[: end - 1] + bytes([parent.manifest[end - 1] ^ 1])
    broken += parent.manifest[end:]
    asset = parent.asset.replace(parent.manifest, broken)
    assert asset != parent.asset
    manifest = read_back(
        signed(record=EDITED, parent=(io.BytesIO(asset), "image/jpeg")).asset, trust
    )
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    (found,) = manifest.ingredients
    assert (found.state, found.trust) == (IngredientState.INVALID, TrustStatus.NONE)
    assert (found.claim_signer, found.actions) == (None, ())
    assert "claimSignature.mismatch" in found.recorded_failures


def test_parent_whose_content_was_altered_before(signed: Signing, trust: Trust) -> None:
    asset = bytearray(signed().asset)
    asset[-40] ^= 1
    child = signed(record=EDITED, parent=(io.BytesIO(bytes(asset)), "image/jpeg"))
    (found,) = read_back(child.asset, trust).ingredients
    assert (found.state, found.trust) == (IngredientState.HOLDS, TrustStatus.TRUSTED)
    assert "assertion.dataHash.mismatch" in found.recorded_failures


@pytest.mark.parametrize("find", [b"Ada Example", b"countermark.image.1", b"c2pa.created"])
def test_parent_that_was_changed_afterwards(signed: Signing, trust: Trust, find: bytes) -> None:
    parent = signed()
    other = Record(source=DigitalSource.HUMAN_EDITED, creator="Somebody")
    store = bytearray(
        signed(record=other, parent=(io.BytesIO(parent.asset), "image/jpeg")).manifest
    )
    store[store.index(find)] ^= 1
    manifest = read_detached(bytes(store), trust=trust)
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, False)
    (found,) = manifest.ingredients  # that is the part that does not hold
    assert (found.state, found.claim_signer, found.title) == (IngredientState.INVALID, None, None)


def test_parent_that_is_left_out(signed: Signing, trust: Trust) -> None:
    parent = signed()
    child = signed(record=EDITED, parent=(io.BytesIO(parent.asset), "image/jpeg"))
    alone = read_detached(active_alone(child.manifest), trust=trust)
    (found,) = alone.ingredients
    assert (found.state, found.label) == (
        IngredientState.MISSING,
        read_back(parent.asset, trust).label,
    )


def test_update_stands_above_what_it_updates(signed: Signing, signer: Any, trust: Trust) -> None:
    """Of an update the parent is the manifest that it adds to."""
    from cryptography.hazmat.primitives import serialization

    from countermark.credentials import library

    key = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    first, out = signed(), io.BytesIO()
    label = read_back(first.asset, trust).label
    uri = f"self#jumbf=/c2pa/{label}/c2pa.assertions/cawg.metadata"
    redacted = {"action": "c2pa.redacted", "reason": "c2pa.PII.present",
                "parameters": {"redacted": uri}}  # fmt: skip
    stated = {
        "claim_generator_info": [{"name": "other", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [redacted]}}],
        "redactions": [uri],
    }
    library.embed(
        io.BytesIO(first.asset), out, "image/jpeg", stated, algorithm="es256",
        certificate_chain=signer.certificate_chain, private_key=key, signature_bytes=0,
        resources={}, ingredients=[], in_pieces=False, is_update=True,
    )  # fmt: skip
    manifest = read_back(out.getvalue(), trust)
    assert manifest.is_update
    assert manifest.redactions == (uri,)
    (found,) = manifest.ingredients
    # It is as it was signed, but for what was removed on purpose.
    assert (found.label, found.state, found.trust) == (
        label, IngredientState.HOLDS, TrustStatus.TRUSTED,
    )  # fmt: skip


def _drawn(signer: Any, parent: bytes | None, components: int = 0) -> bytes:
    part = [(io.BytesIO(SVG), "image/svg+xml") for _ in range(components)]
    return sign(
        io.BytesIO(SVG),
        "image/svg+xml",
        record=EDITED if parent else Record(source=DigitalSource.HUMAN_CREATED),
        signer=signer,
        parent=(io.BytesIO(parent), "image/svg+xml") if parent else None,
        components=part,
    ).asset


def test_long_and_wide_trees_are_cut(signer: Any, trust: Trust) -> None:
    asset = None
    for _ in range(MAX_DEPTH + 2):
        asset = _drawn(signer, asset)
    assert asset is not None
    below, depth = read_back(asset, trust, "image/svg+xml"), 0
    node: Any = below
    while node.ingredients:
        (node,) = node.ingredients
        depth += 1
    assert (depth, node.omitted) == (MAX_DEPTH, 1)
    wide = read_back(_drawn(signer, None, MAX_SIBLINGS + 16), trust, "image/svg+xml")
    assert (len(wide.ingredients), wide.omitted) == (MAX_SIBLINGS, 16)


def test_bush_is_judged_in_no_time(signer: Any, trust: Trust) -> None:
    """The same large parent under many: judged once, and cut at the number that is shown."""
    trunk = _drawn(signer, None, 12)
    parts = [(io.BytesIO(trunk), "image/svg+xml") for _ in range(8)]
    asset = sign(io.BytesIO(SVG), "image/svg+xml", record=EDITED, signer=signer,
                 parent=(io.BytesIO(trunk), "image/svg+xml"), components=parts).asset  # fmt: skip
    begun = time.process_time()
    manifest = read_back(asset, trust, "image/svg+xml")
    assert time.process_time() - begun < 3
    count, omitted, pending = 0, manifest.omitted, list(manifest.ingredients)
    while pending:
        node = pending.pop()
        count, omitted = count + 1, omitted + node.omitted
        pending += node.ingredients
    assert (count, omitted) == (64, 9 * 13 - 64)


def _resigned(store: bytes, signer: Any, find: str, change: Callable[[Any], Any]) -> bytes:
    """The store with another content of one assertion of the active manifest, signed anew."""
    claim = claims.parse(store)
    box = claim.assertions[find].content(b"cbor")
    assert box is not None
    encoded = cbor.encode(change(cbor.decode(claim.data(box))))
    store = _replaced(store, box, encoded)
    claim = claims.parse(store)  # whose hash of it is another one now
    digest = claims.digest(store, _assertion(store, find))
    content = dict(claim.content)
    for name in ("created_assertions", "gathered_assertions"):
        content[name] = [
            {**entry, "hash": digest} if claims.reference_label(entry) == find else entry
            for entry in content.get(name, [])
        ]
    store = _replaced(store, claim.claim_box, cbor.encode(content))
    claim = claims.parse(store)
    protected, _, _, old = claim.signature()
    data = cose.to_be_signed(protected, claim.data(claim.claim_box))
    at = store.rindex(old)
    return store[:at] + signer.sign(data) + store[at + len(old) :]


def _assertion(store: bytes, label: str) -> jumbf.Box:
    manifest = list(jumbf.manifests_of(store).values())[-1]
    return manifest.labelled()["c2pa.assertions"].labelled()[label]


def _replaced(store: bytes, inner: jumbf.Box, content: bytes) -> bytes:
    """With other content of one box; the boxes around it grow."""
    grown = len(content) - (inner.end - inner.body)
    changed, pending = bytearray(store), [jumbf.parse(store)]
    while pending:
        box = pending.pop()
        if box.start <= inner.start and inner.end <= box.end:
            changed[box.start : box.start + 4] = (box.end - box.start + grown).to_bytes(4, "big")
            pending += box.children
    changed[inner.body : inner.end] = content
    return bytes(changed)


@pytest.mark.parametrize("key", ["activeManifest", "c2pa_manifest"])
def test_manifest_that_is_its_own_parent(
    signed: Signing, signer: Any, trust: Trust, key: str
) -> None:
    child = signed(record=EDITED, parent=(io.BytesIO(signed().asset), "image/jpeg"))
    label = claims.parse(child.manifest).label

    def change(stated: dict[str, Any]) -> dict[str, Any]:
        reference = stated.pop("activeManifest")
        return {**stated, key: {**reference, "url": f"self#jumbf=/c2pa/{label}"}}

    store = _resigned(child.manifest, signer, "c2pa.ingredient.v3", change)
    assert claims.parse_one(
        store, list(jumbf.manifests_of(store).values())[-1]
    ).hashes_agree  # it is what it was made to be
    manifest = read_detached(store, trust=trust)
    assert all(each.ingredients == () for each in manifest.ingredients)


HOSTILE_TYPES = (None, 7, "x" * 5000, b"x", [], [[]], {}, {"url": []}, {"url": 7, "hash": None})


@pytest.mark.parametrize("value", HOSTILE_TYPES, ids=lambda value: repr(value)[:20])
def test_statements_of_any_type_harm_nothing(
    signed: Signing, signer: Any, trust: Trust, value: Any
) -> None:
    child = signed(record=EDITED, parent=(io.BytesIO(signed().asset), "image/jpeg"))
    names = ("relationship", "dc:title", "dc:format", "thumbnail", "validationResults",
             "activeManifest", "alg")  # fmt: skip
    for name in names:
        store = _resigned(
            child.manifest, signer, "c2pa.ingredient.v3", lambda data, n=name: {**data, n: value}
        )
        for each in read_detached(store, trust=trust).ingredients:
            assert each.role in ("parentOf", "")
            assert len(each.title or "") <= 512
            assert each.thumbnail is None or name != "thumbnail" or each.state.value == "holds"


EXPECTED = {
    "CA.jpg": [("parentOf", "none", True, "none", [])],
    "CACA.jpg": [
        ("parentOf", "holds", True, "trusted", [("parentOf", "none", True, "none", [])]),
    ],
    "CIE-sig-CA.jpg": [("componentOf", "invalid", True, "none", [])],
    "adobe-20220124-CAICA.jpg": [
        ("parentOf", "none", True, "none", []),
        ("componentOf", "holds", True, "trusted", [("parentOf", "none", True, "none", [])]),
    ],
    "adobe-20220124-E-clm-CAICAI.jpg": [],  # its own assertions are not what it refers to
    "adobe-20220124-XCI.jpg": [("componentOf", "none", True, "none", [])],
    "success.jpg": [
        ("parentOf", "holds", True, "trusted", [("parentOf", "none", True, "none", [])]),
        ("componentOf", "none", False, "none", []),
    ],
    "express-signed.pdf": [("componentOf", "holds", False, "untrusted", [])],
    "adobe-20240110-single_manifest_store.pdf": [
        ("componentOf", "holds", False, "untrusted", []),
        ("componentOf", "holds", False, "untrusted", []),
    ],
}


def test_chains_of_others(corpus: Path) -> None:
    roots = corpus / "test_cert_root_bundle.pem"
    trust = Trust.from_file(roots) if roots.exists() else Trust.nobody()
    for name, expected in EXPECTED.items():
        path = corpus / name
        if path.exists():
            media_type = "application/pdf" if path.suffix == ".pdf" else "image/jpeg"
            manifest = read(path, media_type, trust=trust)
            assert manifest is not None
            assert outline(manifest.ingredients) == expected, name


def test_older_kind_of_ingredient_that_was_changed_afterwards(corpus: Path) -> None:
    path = corpus / "adobe-20220124-CAICA.jpg"
    if path.exists():
        trust = Trust.from_file(corpus / "test_cert_root_bundle.pem")
        content = path.read_bytes()
        location = containers.locate(content)
        assert location is not None
        store = bytearray(location.extract(content))
        store[store.index(b"c2pa.color_adjustments")] ^= 1
        manifest = read_detached(bytes(store), trust=trust)
        assert not manifest.assertions_valid
        assert [each.state.value for each in manifest.ingredients] == ["none", "invalid"]
