"""What a manifest states besides the picture: ingredients, permissions, updates, removals."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c2pa  # type: ignore[import-untyped]
import encypher_c2pa
import pytest
from cryptography.hazmat.primitives import serialization

from countermark.credentials import (
    Manifest,
    Permission,
    Signed,
    SoftBinding,
    TrainingMining,
    Trust,
    TrustStatus,
    containers,
    library,
    read,
    read_detached,
)
from countermark.credentials import claim as claims
from countermark.errors import InvalidArgument, SourceNotFound
from countermark.record import DigitalSource, Record

CAPTURED = Record(source=DigitalSource.CAPTURED)
COMPOSITE = Record(source=DigitalSource.COMPOSITE, title="Two pictures")


def read_back(asset: bytes, trust: Trust, media_type: str = "image/jpeg") -> Manifest:
    manifest = read(io.BytesIO(asset), media_type, trust=trust)
    assert manifest is not None
    return manifest


def expect_good(manifest: Manifest) -> None:
    assert manifest.trust is TrustStatus.TRUSTED
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    assert manifest.hard_binding == "match"
    assert manifest.failures == manifest.ingredient_failures == ()


def assertion(store: bytes, label: str) -> Any:
    claim = claims.parse(store)
    return claim.decoded(claim.assertions[label])


def test_components_are_placed_each_by_its_own_action(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    photograph: Callable[[str], bytes],
    trust: Trust,
) -> None:
    components = [
        (io.BytesIO(signed_files["image/png"].asset), "image/png"),
        (io.BytesIO(photograph("image/webp")), "image/webp"),
    ]
    result = signed(record=COMPOSITE, components=components)
    manifest = read_back(result.asset, trust)
    expect_good(manifest)
    assert manifest.actions == (
        "c2pa.created",
        "c2pa.placed",
        "c2pa.placed",
        "c2pa.watermarked.bound",
    )
    first, second = (
        assertion(result.manifest, f"c2pa.ingredient.v3{suffix}") for suffix in ("", "__1")
    )
    assert {first["relationship"], second["relationship"]} == {"componentOf"}
    assert (first["dc:format"], second["dc:format"]) == ("image/png", "image/webp")
    assert "activeManifest" in first
    assert "activeManifest" not in second
    actions = assertion(result.manifest, "c2pa.actions.v2")["actions"]
    placed = [action["parameters"]["ingredients"][0]["url"] for action in actions[1:3]]
    assert [url.rpartition("/")[2] for url in placed] == [
        "c2pa.ingredient.v3",
        "c2pa.ingredient.v3__1",
    ]


def test_edited_picture_can_have_components(
    signed: Callable[..., Signed], photograph: Callable[[str], bytes], trust: Trust
) -> None:
    result = signed(
        record=Record(source=DigitalSource.HUMAN_EDITED),
        parent=(io.BytesIO(photograph("image/jpeg")), "image/jpeg"),
        components=[(io.BytesIO(photograph("image/png")), "image/png")],
    )
    manifest = read_back(result.asset, trust)
    expect_good(manifest)
    assert manifest.actions == (
        "c2pa.opened",
        "c2pa.placed",
        "c2pa.edited",
        "c2pa.watermarked.bound",
    )


def test_parent_of_another_type_was_converted(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], trust: Trust
) -> None:
    earlier = signed_files["image/png"]
    result = signed(record=CAPTURED, parent=(io.BytesIO(earlier.asset), "image/png"))
    manifest = read_back(result.asset, trust)
    expect_good(manifest)
    assert manifest.actions == ("c2pa.opened", "c2pa.converted", "c2pa.watermarked.bound")
    assert assertion(result.manifest, "c2pa.ingredient.v3")["dc:format"] == "image/png"
    assert manifest.digital_source == DigitalSource.CAPTURED.uri
    only = signed(
        record=CAPTURED,
        soft_bindings=(),
        thumbnail=None,
        parent=(io.BytesIO(earlier.asset), "image/png"),
    )
    assert read_back(only.asset, trust).actions == ("c2pa.opened", "c2pa.converted")


def test_missing_component_is_named(signed: Callable[..., Signed], tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="nowhere"):
        signed(record=COMPOSITE, components=[(tmp_path / "nowhere.png", "image/png")])


@pytest.mark.parametrize("source", [DigitalSource.CAPTURED, DigitalSource.AI_GENERATED])
def test_record_comes_back_whole(
    signed: Callable[..., Signed], record: Record, trust: Trust, source: DigitalSource
) -> None:
    for stated in (Record(source=source), record):
        assert read_back(signed(record=stated).asset, trust).record == stated


def test_record_of_another_version_is_left_out(
    signed: Callable[..., Signed], monkeypatch: pytest.MonkeyPatch, trust: Trust
) -> None:
    monkeypatch.setattr(Record, "to_json", lambda _: '{"source":"captured","mood":"calm"}')
    manifest = read_back(signed(record=CAPTURED).asset, trust)
    expect_good(manifest)
    assert manifest.record is None


PERMISSIONS = TrainingMining(
    ai_training=Permission.NOT_ALLOWED,
    ai_generative_training=Permission.CONSTRAINED,
    data_mining=Permission.ALLOWED,
    constraints="Ask ada@example.org — first.",
)


def test_permissions_come_back(signed: Callable[..., Signed], trust: Trust) -> None:
    result = signed(training_mining=PERMISSIONS)
    manifest = read_back(result.asset, trust)
    expect_good(manifest)
    assert manifest.training_mining == PERMISSIONS
    assert assertion(result.manifest, "cawg.training-mining") == {
        "entries": {
            "cawg.ai_training": {"use": "notAllowed"},
            "cawg.ai_generative_training": {
                "use": "constrained",
                "constraint_info": "Ask ada@example.org — first.",
            },
            "cawg.data_mining": {"use": "allowed"},
        }
    }
    assert read_back(signed().asset, trust).training_mining is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"ai_training": "allowed"},
        {"constraints": "ask"},
        {"ai_inference": Permission.ALLOWED, "constraints": "ask"},
    ],
)
def test_permissions_that_say_nothing_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        TrainingMining(**said)


@pytest.fixture(scope="module")
def later(
    signer: Any, signed_files: dict[str, Signed]
) -> Callable[[c2pa.C2paBuilderIntent, list[str]], bytes]:
    """A JPEG file of ours to which the C2PA library itself adds another manifest."""
    key = signer.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    credential = c2pa.C2paSignerInfo(b"es256", signer.certificate_chain, key, None)

    def make(intent: c2pa.C2paBuilderIntent, redactions: list[str]) -> bytes:
        removals = [
            {
                "action": "c2pa.redacted",
                "reason": "c2pa.PII.present",
                "parameters": {"redacted": uri},
            }
            for uri in redactions
        ]
        stated: dict[str, Any] = {"claim_generator_info": [{"name": "other", "version": "1"}]}
        if removals:
            actions = {"label": "c2pa.actions.v2", "data": {"actions": removals}}
            stated |= {"assertions": [actions], "redactions": redactions}
        out = io.BytesIO()
        with (
            c2pa.Builder(stated, context=library.context()) as builder,
            c2pa.Signer.from_info(credential) as signing,
        ):
            builder.set_intent(intent)
            asset = io.BytesIO(signed_files["image/jpeg"].asset)
            builder.sign(signing, "image/jpeg", asset, out)
        return out.getvalue()

    return make


def test_update_manifest_keeps_what_it_updates(
    later: Callable[..., bytes], signed_files: dict[str, Signed], record: Record, trust: Trust
) -> None:
    manifest = read_back(later(c2pa.C2paBuilderIntent.UPDATE, []), trust)
    expect_good(manifest)
    assert manifest.is_update
    assert manifest.label != read_back(signed_files["image/jpeg"].asset, trust).label
    assert manifest.soft_bindings == (SoftBinding.of_payload(0xFEDCBA9876543210),)
    assert (manifest.record, manifest.creator) == (record, record.creator)
    assert manifest.actions == ("c2pa.created", "c2pa.watermarked.bound", "c2pa.opened")
    assert "adds to an earlier manifest" in manifest.explanation
    detached = read_detached(manifest.bytes, trust=trust)
    assert detached.hard_binding == "not checked"
    assert (detached.is_update, detached.soft_bindings) == (True, manifest.soft_bindings)


def test_update_of_changed_content_is_a_mismatch(later: Callable[..., bytes], trust: Trust) -> None:
    updated = bytearray(later(c2pa.C2paBuilderIntent.UPDATE, []))
    updated[-100] ^= 1
    manifest = read_back(bytes(updated), trust)
    assert manifest.hard_binding == "mismatch"
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)


@pytest.mark.parametrize("find", [b"Ada Example", b"countermark.image.1", b"dc:creator"])
def test_change_of_the_updated_manifest_is_seen(
    later: Callable[..., bytes], trust: Trust, find: bytes
) -> None:
    updated = bytearray(later(c2pa.C2paBuilderIntent.UPDATE, []))
    updated[updated.index(find)] ^= 1
    manifest = read_back(bytes(updated), trust)
    assert not manifest.assertions_valid


@pytest.mark.parametrize("intent", ["UPDATE", "EDIT"])
def test_redaction_is_reported(
    later: Callable[..., bytes],
    signed_files: dict[str, Signed],
    trust: Trust,
    intent: str,
) -> None:
    label = read_back(signed_files["image/jpeg"].asset, trust).label
    uri = f"self#jumbf=/c2pa/{label}/c2pa.assertions/cawg.metadata"
    asset = later(getattr(c2pa.C2paBuilderIntent, intent), [uri])
    manifest = read_back(asset, trust)
    expect_good(manifest)
    assert manifest.redactions == (uri,)
    assert manifest.creator is None
    assert "removed on purpose" in manifest.explanation
    altered = bytearray(asset)
    altered[altered.index(b"countermark.image.1")] ^= 1
    assert not read_back(bytes(altered), trust).assertions_valid


def test_update_that_updates_nothing_is_refused(later: Callable[..., bytes], trust: Trust) -> None:
    """The type of our own manifest replaced: an update without an ingredient."""
    asset = later(c2pa.C2paBuilderIntent.EDIT, [])
    location = containers.locate(asset)
    assert location is not None
    store = location.extract(asset)
    at = store.rindex(b"c2ma\0\x11\0\x10")
    assert b"c2pa.ingredient" in store[at:]
    first = store.index(b"c2ma\0\x11\0\x10")
    forged = store[:first] + b"c2um" + store[first + 4 : at] + b"c2um" + store[at + 4 :]
    manifest = read_back(location.replace(asset, forged), trust)
    assert not (manifest.assertions_valid and manifest.hard_binding == "match")


def test_second_validator_agrees(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    trust: Trust,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # it saves that it may not call home
        monkeypatch.setenv(variable, str(tmp_path))
    result = signed(
        record=COMPOSITE,
        training_mining=PERMISSIONS,
        parent=(io.BytesIO(signed_files["image/webp"].asset), "image/webp"),
        components=[(io.BytesIO(signed_files["image/png"].asset), "image/png")],
    )
    report = encypher_c2pa.verify(
        result.asset,
        "image/jpeg",
        trust_pem=trust.anchors.decode(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert report["validation_state"] == "Trusted"
    assert report["validation_results"]["failure"] == []


def test_own_assertion_is_json(signed_files: dict[str, Signed], record: Record) -> None:
    claim = claims.parse(signed_files["image/jpeg"].manifest)
    content = claim.assertions["org.countermark.record"].content(b"json")
    assert content is not None
    assert json.loads(claim.data(content)) == json.loads(record.to_json())
