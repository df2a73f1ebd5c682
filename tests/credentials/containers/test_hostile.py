"""Damaged and hostile files of every container: a judged manifest or none, and never for long."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark.containers import StreamContent
from countermark.credentials import (
    Manifest,
    Signed,
    Trust,
    containers,
    read,
    read_fragment,
)
from countermark.errors import UnreadableManifest, UnsupportedImage

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
EDITS = st.lists(st.tuples(st.integers(0, 2**31), st.binary(min_size=1, max_size=8)), max_size=6)
Samples = Callable[[str], Signed]


@given(st.sampled_from(sorted(containers.MEDIA_TYPES)), EDITS, st.none() | st.integers(0, 2**31))
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_file_is_judged(
    signed_samples: Samples,
    trust: Trust,
    media_type: str,
    edits: list[tuple[int, bytes]],
    cut: int | None,
) -> None:
    original = signed_samples(media_type).asset
    asset = bytearray(original)
    for at, replacement in edits:
        at %= len(asset)
        asset[at : at + len(replacement)] = replacement
    if cut is not None:
        del asset[cut % len(asset) :]
    manifest = read(io.BytesIO(asset), media_type, trust=trust)
    assert manifest is None or isinstance(manifest, Manifest)


def test_store_is_found_the_same_in_a_stream(signed_samples: Samples, media_type: str) -> None:
    asset = signed_samples(media_type).asset
    found = containers.locate(asset)
    assert found is not None
    assert containers.locate(StreamContent(io.BytesIO(asset))) == found
    out = io.BytesIO(asset)
    store = bytes(len(signed_samples(media_type).manifest))
    found.write(out, store)
    assert out.getvalue() == found.replace(asset, store) != asset


def doubled(media_type: str, asset: bytes, store: bytes) -> bytes:
    """The file with its manifest store in it twice, as far as its structure allows it."""
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    if media_type == "application/pdf":
        return asset + b"\n9 0 obj\n<<>>stream\n" + store + b"\nendstream\nendobj\n"
    if media_type == "image/svg+xml":
        start = asset.index(b"<c2pa:manifest>")
        end = asset.index(b"</c2pa:manifest>") + 16
        return asset[:end] + asset[start:end] + asset[end:]
    if media_type == "image/gif":
        start = asset.index(b"\x21\xff\x0bC2PA_GIF")
        location = containers.locate(asset)
        assert location is not None
        end = location.spans[-1][1] + 1
        return asset[:end] + asset[start:end] + asset[end:]
    if media_type == "image/jxl":
        return asset + store
    if media_type == "image/heic":
        inner = uuid + bytes(4) + b"manifest\0" + bytes(8) + store
        return asset + struct.pack(">I4s", len(inner) + 8, b"uuid") + inner
    assert media_type == "audio/wav"
    return asset + bytes(len(asset) % 2) + b"C2PA" + struct.pack("<I", len(store)) + store


@pytest.mark.parametrize(
    "media_type",
    ["application/pdf", "audio/wav", "image/gif", "image/heic", "image/jxl", "image/svg+xml"],
)
def test_two_stores_are_ambiguous(signed_samples: Samples, media_type: str, trust: Trust) -> None:
    signed = signed_samples(media_type)
    asset = doubled(media_type, signed.asset, signed.manifest)
    with pytest.raises(UnreadableManifest, match="more than one"):
        containers.locate(asset)
    manifest = read(io.BytesIO(asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.failures == ("claim.malformed",)


BOMBS = {
    "boxes": b"\0\0\0\x18ftypisom" + b"\0\0\0\x08free" * 1_000_000,
    "chunks": b"RIFF\xff\xff\xff\x7fWAVE" + b"junk\0\0\0\0" * 1_000_000,
    "fill bytes": b"\xff\xd8" + b"\xff" * 8_000_000,
    "blocks": b"GIF89a\x01\0\x01\0\0\0\0" + b"\x21\xfe\0" * 2_000_000,
    "frames": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"TXXX\0\0\0\0\0\0" * 800_000,
    "elements": b"<svg>" + b"<g>" * 2_000_000,
    "streams": b"%PDF-1.7" + b"stream\r\n" * 1_000_000,
    "entities": b"<!DOCTYPE svg ["
    + b"".join(
        b'<!ENTITY e%d "%s">' % (depth, b"&e%d;" % (depth - 1) * 100 if depth else b"x" * 100)
        for depth in range(10)
    )
    + b"]><svg>&e9;</svg>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_nothing_takes_long(bomb: str) -> None:
    start = time.process_time()
    with suppress(UnreadableManifest):
        assert containers.locate(BOMBS[bomb]) is None
    assert time.process_time() - start < 2


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>"
NOT_STORES = {
    "in a comment": b"<metadata><!-- <c2pa:manifest>AAAA</c2pa:manifest> --></metadata>",
    "as data": b"<metadata><![CDATA[<c2pa:manifest>AAAA</c2pa:manifest>]]></metadata>",
    "elsewhere": b"<g><c2pa:manifest>AAAA</c2pa:manifest></g>",
    "deeper": b"<metadata><g><c2pa:manifest>AAAA</c2pa:manifest></g></metadata>",
    "empty": b"<metadata><c2pa:manifest></c2pa:manifest></metadata>",
    "no base64": b"<metadata><c2pa:manifest>A*AA</c2pa:manifest></metadata>",
    "by reference": b"<metadata><c2pa:manifest>AA&#65;A</c2pa:manifest></metadata>",
}


@pytest.mark.parametrize("case", NOT_STORES)
def test_text_of_a_drawing_that_is_no_store(case: str) -> None:
    assert containers.locate(SVG % NOT_STORES[case]) is None


def test_text_of_a_drawing_that_is_a_store() -> None:
    text = b"<metadata>\n<c2pa:manifest>QUJDRA==</c2pa:manifest></metadata>"
    location = containers.locate(SVG % text)
    assert location is not None
    assert location.extract(SVG % text) == b"ABCD"
    assert location.replace(SVG % text, b"EFGH") == (SVG % text).replace(b"QUJDRA", b"RUZHSA")


def id3(version: int, flags: int, frames: bytes) -> bytes:
    size = len(frames)
    field = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + field + frames + b"fLaC"


def geob(encoding: int, names: bytes, size: bytes, flags: bytes = b"\0\0") -> bytes:
    body = bytes([encoding]) + b"application/c2pa\0" + names + b"STORE"
    return b"GEOB" + (size or bytes([0, 0, 0, len(body)])) + flags + body


@pytest.mark.parametrize(
    ("tag", "is_found"),
    [
        (id3(4, 0, geob(3, b"c2pa\0store\0", b"")), True),
        (id3(3, 0, geob(0, b"\0\0", b"")), True),
        (id3(3, 0, geob(1, b"\xff\xfec\0\0\0\xff\xfed\0\0\0", b"")), True),
        (id3(4, 0x40, b"\0\0\0\x06\x01\0" + geob(3, b"\0\0", b"")), True),
        (id3(3, 0x40, b"\0\0\0\x06" + bytes(6) + geob(3, b"\0\0", b"")), True),
        (id3(4, 0, b"TIT2\0\0\0\x02\0\0\0A" + geob(3, b"\0\0", b"") + bytes(50)), True),
        (id3(4, 0x80, geob(3, b"\0\0", b"")), False),
        (id3(4, 0, geob(3, b"\0\0", b"", b"\0\x08")), False),
        (id3(4, 0, geob(3, b"\0\0", b"\0\0\x7f\x7f")), False),
        (id3(4, 0, geob(3, b"no end", b"")), False),
        (id3(2, 0, geob(3, b"\0\0", b"")), False),
    ],
)
def test_objects_in_tags(tag: bytes, is_found: bool) -> None:
    location = containers.locate(tag)
    assert (location is not None) == is_found
    assert location is None or location.extract(tag) == b"STORE"


def test_fragment_needs_its_own_initialisation(
    signed: Callable[..., Signed], fragmented: bytes, trust: Trust
) -> None:
    whole = signed("video/mp4", asset=fragmented, thumbnail=None).asset
    manifest = read(io.BytesIO(whole), "video/mp4", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"
    at = whole.index(b"moof") - 4
    alone = read_fragment(io.BytesIO(whole[:at]), io.BytesIO(whole[at:]), trust=trust)
    assert alone is not None
    assert alone.signature_valid
    assert alone.hard_binding == "mismatch"  # it was signed as one file
    with pytest.raises(UnsupportedImage):
        read_fragment(io.BytesIO(), io.BytesIO(), "text/plain", trust=trust)
