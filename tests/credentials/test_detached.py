"""Stored manifests: judged without their files, and no changed byte passes."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from countermark.credentials import (
    Manifest,
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    read,
    read_detached,
)
from countermark.record import DigitalSource, Record


def passes(manifest: Manifest) -> bool:
    return (
        manifest.signature_valid
        and manifest.assertions_valid
        and manifest.trust is TrustStatus.TRUSTED
    )


def test_stored_manifest_is_judged_without_its_file(
    signed_files: dict[str, Signed], media_type: str, trust: Trust
) -> None:
    stored = read_detached(signed_files[media_type].manifest, trust=trust)
    embedded = read(io.BytesIO(signed_files[media_type].asset), media_type, trust=trust)
    assert embedded is not None
    assert passes(stored)
    assert stored.failures == ()
    assert stored.hard_binding == "not checked"
    for name in ("bytes", "label", "claim_signer", "soft_bindings", "thumbnail", "actions"):
        assert getattr(stored, name) == getattr(embedded, name)


def test_stored_manifest_of_a_stranger_is_untrusted(signed_files: dict[str, Signed]) -> None:
    stored = read_detached(signed_files["image/webp"].manifest, trust=Trust.nobody())
    assert (stored.signature_valid, stored.assertions_valid) == (True, True)
    assert stored.trust is TrustStatus.UNTRUSTED
    assert stored.failures == ("signingCredential.untrusted",)


@pytest.fixture(scope="module")
def opened(signed: Callable[..., Signed], signed_files: dict[str, Signed]) -> bytes:
    """A store with an earlier manifest in it."""
    parent = (io.BytesIO(signed_files["image/webp"].asset), "image/webp")
    record = Record(source=DigitalSource.HUMAN_EDITED, title="Opened")
    return signed(record=record, soft_bindings=[SoftBinding.of_payload(1)], parent=parent).manifest


@pytest.mark.parametrize("turn", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_no_changed_byte_passes(opened: bytes, trust: Trust, turn: int) -> None:
    assert passes(read_detached(opened, trust=trust))
    # Every byte of the first boxes, where the structure is, then samples over all the rest.
    for offset in (*range(0, 160), *range(160 + turn, len(opened), 37)):
        altered = bytearray(opened)
        altered[offset] ^= (0x01, 0x20, 0x80)[(offset + turn) % 3]
        assert not passes(read_detached(bytes(altered), trust=trust)), offset


def test_truncated_or_extended_store_does_not_pass(opened: bytes, trust: Trust) -> None:
    for length in range(0, len(opened), 499):
        assert not passes(read_detached(opened[:length], trust=trust)), length
    assert not passes(read_detached(opened + b"\0", trust=trust))
    assert not passes(read_detached(opened + opened, trust=trust))


@pytest.mark.parametrize("stored", [b"", b"\0" * 8, b"{}", b"\xff\xd8\xff\xd9", b"jumb" * 9])
def test_what_is_no_store_is_malformed(stored: bytes) -> None:
    manifest = read_detached(stored, trust=Trust.nobody())
    assert manifest.failures
    assert manifest.trust is TrustStatus.NONE
    assert not manifest.signature_valid
    assert not manifest.assertions_valid
    assert manifest.explanation


def test_whole_file_is_not_a_stored_manifest(signed_files: dict[str, Signed], trust: Trust) -> None:
    assert not passes(read_detached(signed_files["image/jpeg"].asset, trust=trust))
