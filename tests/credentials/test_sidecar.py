"""Manifests beside their files: made, checked against the file, and broken by one flipped byte."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c2pa
import pytest

from countermark.credentials import (
    Beside,
    IngredientState,
    Kind,
    SoftBinding,
    Trust,
    TrustList,
    TrustStatus,
    active_label,
    hard_binding,
    read_detached,
    sign_detached,
)
from countermark.errors import InvalidArgument, SigningFailed, SourceNotFound, UnreadableManifest
from countermark.keys import TimestampAuthority
from countermark.record import DigitalSource, Record, System

SCENE = b"glTF\2\0\0\0" + bytes(range(256)) * 20
RECORD = Record(source=DigitalSource.AI_GENERATED, system=System(name="Example Model"))
BINDING = SoftBinding.of_payload(7)


@pytest.fixture(scope="session")
def store(signer: Any) -> bytes:
    return sign_detached(io.BytesIO(SCENE), record=RECORD, signer=signer, soft_bindings=[BINDING])


def test_manifest_holds_for_its_file(store: bytes, trust: Trust) -> None:
    found = read_detached(store, io.BytesIO(SCENE), trust=trust)
    assert found.hard_binding == "match"
    assert found.signature_valid
    assert found.assertions_valid
    assert (found.trust, found.failures) == (TrustStatus.TRUSTED, ())
    assert found.record == RECORD
    assert found.soft_bindings == (BINDING,)
    assert found.actions == ("c2pa.created", "c2pa.watermarked.bound")


def test_without_the_file_nothing_is_said_of_it(store: bytes, trust: Trust) -> None:
    found = read_detached(store, trust=trust)
    assert (found.hard_binding, found.failures) == ("not checked", ())


@pytest.mark.parametrize("at", [0, 5, len(SCENE) // 2, len(SCENE) - 1])
def test_one_flipped_byte_of_the_file_breaks_it(store: bytes, trust: Trust, at: int) -> None:
    changed = bytearray(SCENE)
    changed[at] ^= 1
    found = read_detached(store, io.BytesIO(bytes(changed)), trust=trust)
    assert found.hard_binding == "mismatch"
    assert found.failures == ("assertion.dataHash.mismatch",)
    assert found.signature_valid


@pytest.mark.parametrize("other", [b"", SCENE[:-1], SCENE + b"\0"])
def test_another_length_breaks_it(store: bytes, trust: Trust, other: bytes) -> None:
    assert read_detached(store, io.BytesIO(other), trust=trust).hard_binding == "mismatch"


def test_flipped_bytes_of_the_manifest_break_it(store: bytes, trust: Trust) -> None:
    for at in range(0, len(store), 97):
        changed = bytearray(store)
        changed[at] ^= 1
        found = read_detached(bytes(changed), io.BytesIO(SCENE), trust=trust)
        holds = found.signature_valid and found.assertions_valid and not found.failures
        assert not (holds and found.hard_binding == "match"), at


def test_what_is_no_store_binds_nothing(trust: Trust) -> None:
    found = read_detached(b"no store", io.BytesIO(SCENE), trust=trust)
    assert (found.hard_binding, found.failures) == ("absent", ("claim.malformed",))


def test_c2pa_library_agrees_by_itself(store: bytes) -> None:
    with c2pa.Reader("application/c2pa", io.BytesIO(SCENE), manifest_data=store) as reader:
        report = reader.json()
    assert "assertion.dataHash.match" in report
    with c2pa.Reader("application/c2pa", io.BytesIO(SCENE[1:]), manifest_data=store) as reader:
        assert "assertion.dataHash.mismatch" in reader.json()


def test_large_file_is_hashed_here_with_the_same_outcome(
    signer: Any, trust: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "room.glb"
    path.write_bytes(SCENE)
    monkeypatch.setattr(hard_binding, "LARGE_BYTES", len(SCENE) - 1)
    store = sign_detached(path, record=RECORD, signer=signer)
    assert read_detached(store, path, trust=trust).hard_binding == "match"
    path.write_bytes(SCENE[:-1] + b"?")
    assert read_detached(store, path, trust=trust).hard_binding == "mismatch"
    monkeypatch.undo()
    path.write_bytes(SCENE)
    assert read_detached(store, path, trust=trust).hard_binding == "match"


@pytest.mark.parametrize("algorithm", ["es384", "ps256", "ed25519"])
def test_every_kind_of_key_signs(signer_to_order: Callable[..., Any], algorithm: str) -> None:
    key = signer_to_order(algorithm)
    store = sign_detached(io.BytesIO(SCENE), record=RECORD, signer=key)
    found = read_detached(store, io.BytesIO(SCENE), trust=Trust.nobody())
    assert (found.hard_binding, found.signature_valid) == ("match", True)


def test_record_that_speaks_of_an_earlier_file_needs_one(signer: Any, trust: Trust) -> None:
    record = Record(source=DigitalSource.AI_EDITED)
    with pytest.raises(InvalidArgument, match="no earlier file"):
        sign_detached(io.BytesIO(SCENE), record=record, signer=signer)
    bare = Beside(io.BytesIO(SCENE), "model/gltf-binary", None)
    edited = io.BytesIO(SCENE + b"?")
    store = sign_detached(edited, record=record, signer=signer, parent=bare)
    found = read_detached(store, io.BytesIO(SCENE + b"?"), trust=trust)
    assert (found.hard_binding, found.failures, found.record) == ("match", (), record)
    assert [(one.role, one.state) for one in found.ingredients] == [
        ("parentOf", IngredientState.NONE)
    ]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("content", [SCENE, SCENE[:-1] + b"?"])
def test_parent_is_the_store_with_what_was_found_in_it(
    store: bytes,
    signer: Any,
    trust: Trust,
    content: bytes,
    large: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if large:
        monkeypatch.setattr(hard_binding, "LARGE_BYTES", 1)
    parent = Beside(io.BytesIO(content), "model/gltf-binary", store)
    later = sign_detached(io.BytesIO(b"later"), record=RECORD, signer=signer, parent=parent)
    monkeypatch.undo()
    found = read_detached(later, io.BytesIO(b"later"), trust=trust)
    assert (found.hard_binding, found.failures) == ("match", ())
    [taken] = found.ingredients
    assert (taken.label, taken.state) == (active_label(store), IngredientState.HOLDS)
    assert (taken.trust, taken.media_type) == (TrustStatus.TRUSTED, "model/gltf-binary")
    mismatch = "assertion.dataHash.mismatch" in taken.recorded_failures
    assert mismatch is (content != SCENE)


def test_what_is_no_store_is_no_parent(signer: Any) -> None:
    broken = Beside(io.BytesIO(SCENE), "model/gltf-binary", b"no store")
    with pytest.raises(UnreadableManifest):
        sign_detached(io.BytesIO(SCENE), record=RECORD, signer=signer, parent=broken)


def test_signer_that_fails_gives_no_manifest(signer: Any) -> None:
    class Broken:
        algorithm = signer.algorithm
        certificate_chain = signer.certificate_chain

        def sign(self, data: bytes) -> bytes:
            return bytes(64)

    with pytest.raises(SigningFailed):
        sign_detached(io.BytesIO(SCENE), record=RECORD, signer=Broken())


def test_missing_file_is_said(signer: Any, store: bytes, trust: Trust, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        sign_detached(tmp_path / "none.glb", record=RECORD, signer=signer)
    with pytest.raises(SourceNotFound):
        read_detached(store, tmp_path / "none.glb", trust=trust)


def test_time_is_proven(signer: Any, trust: Trust, time_server: Any) -> None:
    authority = TimestampAuthority([time_server.url], anchors=time_server.root)
    store = sign_detached(io.BytesIO(SCENE), record=RECORD, signer=signer, time_stamper=authority)
    stamps = TrustList(Kind.TIMESTAMP, time_server.root, name="stamps")
    found = read_detached(store, io.BytesIO(SCENE), trust=Trust(lists=(*trust.lists, stamps)))
    assert (found.hard_binding, found.failures) == ("match", ())
    assert found.time_stamped_by is not None
