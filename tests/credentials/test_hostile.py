"""Parsers of hostile bytes: only our own error or a judged manifest comes out."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark import jumbf
from countermark.credentials import (
    Manifest,
    Signed,
    Trust,
    TrustStatus,
    cbor,
    claim,
    containers,
    cose,
    read,
    read_detached,
    soft_binding,
)
from countermark.errors import UnreadableManifest

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
several = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 2**31),
        st.one_of(st.binary(min_size=1, max_size=8), st.just(b"\xff" * 8), st.just(bytes(8))),
    ),
    min_size=1,
    max_size=6,
)
CUT = st.none() | st.integers(0, 2**31)
MAGIC = st.sampled_from(
    [
        b"\xff\xd8\xff\xeb",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\0\0WEBP",
        b"\0\0\0\x18ftypavif",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"II+\0\x08\0\0\0",
        b"GIF89a\x01\0\x01\0\0\0\0\x21\xff\x0bC2PA_GIF\x01\0\0",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"ID3\x04\0\0\0\0\x02\0GEOB",
        b"ID3\x03\0\0\0\0\x02\0GEOB\0\0\0\x40\0\0\x01application/c2pa\0",
        b"fLaC",
        b"<svg><metadata><c2pa:manifest>",
        b"%PDF-1.7\nstream\n",
        b"",
    ]
)
PICTURES = ("image/avif", "image/jpeg", "image/png", "image/tiff", "image/webp")
# Shapes that no assertion of ours has, for every place where a type is expected.
ITEMS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def damaged(data: bytes, edits: list[tuple[int, bytes]], cut: int | None) -> bytes:
    """Overwrite a few places, and cut the end off."""
    result = bytearray(data)
    for at, replacement in edits:
        at %= len(result)
        result[at : at + len(replacement)] = replacement
    return bytes(result if cut is None else result[: cut % len(result)])


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_cbor_or_an_error_of_ours(data: bytes) -> None:
    with suppress(UnreadableManifest):
        cbor.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        "9bffffffffffffffff",  # array of 2**64 - 1 items
        "5bffffffffffffffff",  # string of as many bytes
        "81" * 5000 + "00",  # nested beyond any stack
        "d82363282828",  # regular expression that does not compile
        "c4821b7fffffffffffffff01",  # decimal fraction with a huge exponent
        "c1fb7e37e43c8800759c",  # time far beyond the calendar
        "d81d00",  # reference to nothing
        "d81c81d81d00",  # array that holds itself
        "a2010001",  # map that ends early
        "a201000101",  # map with a key twice
        "a1800080",  # map with an array as a key
        "0000",  # two items
        "7f61ffff",
        "",
    ],
)
def test_hostile_cbor_is_refused_or_harmless(data: str) -> None:
    with suppress(UnreadableManifest):
        cbor.decode(bytes.fromhex(data))


def test_cbor_tags_stay_as_they_stand() -> None:
    for data in ("c074323032362d31312d32335430303a30303a30305a", "c24101", "d8236128", "d2830000"):
        with suppress(UnreadableManifest):
            assert cbor.encode(cbor.decode(bytes.fromhex(data))) == bytes.fromhex(data)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_boxes_or_an_error_of_ours(data: bytes) -> None:
    with suppress(UnreadableManifest):
        jumbf.parse(data)


def test_boxes_nested_too_deeply_are_refused() -> None:
    box = b""
    for _ in range(5000):
        box = (len(box) + 8).to_bytes(4, "big") + b"jumb" + box
    with pytest.raises(UnreadableManifest, match="too deeply"):
        jumbf.parse(box)


def test_more_boxes_than_any_manifest_has_are_refused() -> None:
    free = b"\0\0\0\x08free" * 2**16
    description = b"jumd" + jumbf.STORE_UUID + b"\x03c2pa\0"
    body = (len(description) + 4).to_bytes(4, "big") + description + free
    with pytest.raises(UnreadableManifest, match="too many boxes"):
        jumbf.parse((len(body) + 8).to_bytes(4, "big") + b"jumb" + body)


def test_more_cbor_than_any_assertion_has_is_refused() -> None:
    """Of small items, which take sixty times as much memory as they take in the file."""
    assert len(cbor.decode(b"\x9a\x00\x01\x00\x00" + b"\xa0" * 2**16)) == 2**16
    with pytest.raises(UnreadableManifest, match="in one place"):
        cbor.decode(b"\x9a\x00\x10\x00\x00" + b"\xa0" * 2**20)


# Near COSE_Sign1: its four parts, each of any kind.
NEAR_SIGNATURES = st.lists(
    st.one_of(
        ITEMS,
        st.binary(max_size=20),
        st.dictionaries(
            st.integers(-40, 40) | st.sampled_from(["pad", "sigTst2", "x5chain"]), ITEMS
        ),
        st.dictionaries(st.integers(-40, 40), ITEMS).map(cbor.encode),
    ),
    min_size=3,
    max_size=5,
)


@given(NEAR_SIGNATURES, st.sampled_from([b"", b"\xd2", b"\xd8\x62"]))
@settings(max_examples=200, deadline=None)
def test_any_item_is_a_signature_or_an_error_of_ours(parts: list[Any], tag: bytes) -> None:
    with suppress(UnreadableManifest):
        encoded, protected, unprotected, signature = claim.parse_signature(tag + cbor.encode(parts))
        assert isinstance(encoded, bytes)
        assert isinstance(signature, bytes)
        assert all(hasattr(header, "items") for header in (protected, unprotected))


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_signature_or_an_error_of_ours(data: bytes) -> None:
    with suppress(UnreadableManifest):
        claim.parse_signature(data)


@given(st.integers(-50, 50) | ITEMS, st.binary(max_size=140))
@settings(max_examples=100, deadline=None)
def test_no_signature_of_any_shape_verifies(signer: Any, identifier: Any, signature: bytes) -> None:
    assert cose.verify(signer.key.public_key(), identifier, signature, b"data") is False


@given(MAGIC, st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_any_file_is_searched_without_harm(magic: bytes, rest: bytes) -> None:
    with suppress(UnreadableManifest):
        location = containers.locate(magic + rest)
        if location is not None:
            assert len(location.extract(magic + rest)) == location.length_bytes


def test_tiff_directories_in_a_ring_end() -> None:
    ring = b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0"
    assert containers.locate(ring) is None


def test_store_of_another_length_is_not_put_in(signed_files: dict[str, Signed]) -> None:
    asset = signed_files["image/png"].asset
    location = containers.locate(asset)
    assert location is not None
    with pytest.raises(ValueError, match="length"):
        location.replace(asset, b"short")


@given(EDITS, CUT)
@several
def test_damaged_store_is_parsed_or_refused(
    signed_files: dict[str, Signed], edits: list[tuple[int, bytes]], cut: int | None
) -> None:
    store = damaged(signed_files["image/jpeg"].manifest, edits, cut)
    with suppress(UnreadableManifest):
        parsed = claim.parse(store)
        parsed.chain()


@given(EDITS, CUT)
@several
def test_damaged_store_is_judged(
    signed_files: dict[str, Signed], trust: Trust, edits: list[tuple[int, bytes]], cut: int | None
) -> None:
    original = signed_files["image/jpeg"].manifest
    store = damaged(original, edits, cut)
    manifest = read_detached(store, trust=trust)
    assert isinstance(manifest, Manifest)
    intact = manifest.signature_valid and manifest.assertions_valid
    assert (intact and manifest.trust is TrustStatus.TRUSTED) == (store == original)


@given(st.sampled_from(PICTURES), EDITS, CUT)
@several
def test_damaged_file_is_judged(
    signed_files: dict[str, Signed],
    trust: Trust,
    media_type: str,
    edits: list[tuple[int, bytes]],
    cut: int | None,
) -> None:
    asset = damaged(signed_files[media_type].asset, edits, cut)
    manifest = read(io.BytesIO(asset), media_type, trust=trust)
    assert manifest is None or isinstance(manifest, Manifest)


@given(ITEMS)
@settings(max_examples=100, deadline=None)
def test_assertion_of_any_shape_states_nothing(item: Any) -> None:
    for data in (item, {"alg": item, "blocks": item}, {"alg": "a", "blocks": [item, {"value": 1}]}):
        assert list(soft_binding.read(data)) == []


def resigned(signed: Signed, sign: Callable[[bytes], bytes], find: bytes, put: bytes) -> bytes:
    """A store with other bytes in its claim, correctly signed: hostile, but not forged."""
    store = signed.manifest.replace(find, put)
    parsed = claim.parse(store)
    encoded, _, _, old = parsed.signature()
    new = sign(cose.to_be_signed(encoded, parsed.data(parsed.claim_box)))
    return store.replace(old, new)


def test_signer_cannot_claim_another_assertions_hash(
    signed_files: dict[str, Signed], signer: Any, trust: Trust
) -> None:
    signed = signed_files["image/jpeg"]
    good = claim.parse(signed.manifest)
    hashes = [r["hash"] for r in claim.references(good.content)]
    store = resigned(signed, signer.sign, hashes[0], hashes[1])
    manifest = read_detached(store, trust=trust)
    assert manifest.signature_valid
    assert not manifest.assertions_valid
