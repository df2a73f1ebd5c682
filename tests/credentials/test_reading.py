"""What `read` finds: nothing, damage in every region, several stores."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark.credentials import Signed, Trust, TrustStatus, containers, read
from countermark.credentials import claim as claims
from countermark.errors import SourceNotFound, UnreadableManifest, UnsupportedImage


def test_file_without_manifest_gives_none(
    photograph: Callable[[str], bytes], media_type: str
) -> None:
    asset = io.BytesIO(photograph(media_type))
    assert read(asset, media_type, trust=Trust.nobody()) is None


@pytest.mark.parametrize("asset", [b"", b"\xff\xd8", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_file_that_is_no_picture_holds_no_manifest(asset: bytes) -> None:
    manifest = read(io.BytesIO(asset), "image/png", trust=Trust.nobody())
    assert manifest is None or not manifest.signature_valid


def test_content_decides_not_the_stated_type(signed_files: dict[str, Signed], trust: Trust) -> None:
    manifest = read(io.BytesIO(signed_files["image/png"].asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"


def regions(signed: Signed) -> Iterator[tuple[str, int]]:
    """A byte of each part of the manifest, as an offset in the file."""
    claim = claims.parse(signed.manifest)
    location = containers.locate(signed.asset)
    assert location is not None
    leaf_in_store = signed.manifest.index(b"leaf")
    inside = {
        "assertion": claim.assertions["c2pa.actions.v2"].end - 5,
        "soft binding": claim.assertions["c2pa.soft-binding"].end - 8,
        "thumbnail": claim.assertions["c2pa.thumbnail.claim"].end - 9,
        "hard binding": claim.assertions[hard_binding_label(claim)].end - 30,
        "claim": claim.claim_box.body + 20,
        "signature": claim.signature_box.end - 10,
        "padding": claim.signature_box.end - 100,
        "certificate": leaf_in_store,
    }
    start, end = location.spans[0]
    for name, offset in inside.items():
        assert offset < end - start
        yield name, start + offset


def hard_binding_label(claim: claims.Claim) -> str:
    return next(label for label in claim.assertions if label.startswith("c2pa.hash."))


def test_change_in_any_region_is_seen(
    signed_files: dict[str, Signed], media_type: str, trust: Trust
) -> None:
    signed = signed_files[media_type]
    for name, offset in regions(signed):
        altered = bytearray(signed.asset)
        altered[offset] ^= 1
        manifest = read(io.BytesIO(altered), media_type, trust=trust)
        assert manifest is not None, name
        assert not (manifest.signature_valid and manifest.assertions_valid), name
        if name in ("claim", "signature", "padding", "certificate"):
            assert not manifest.signature_valid, name
            assert manifest.trust is TrustStatus.NONE, name
            assert manifest.claim_signer is None, name
        elif name not in ("hard binding",):
            assert (manifest.signature_valid, manifest.assertions_valid) == (True, False), name
            assert manifest.trust is TrustStatus.TRUSTED, name


def picture_byte(signed: Signed, media_type: str) -> int:
    """Offset of a byte of the picture itself, far from headers."""
    location = containers.locate(signed.asset)
    assert location is not None
    start, end = location.spans[0][0], location.spans[-1][1]
    before, after = start, len(signed.asset) - end
    return before // 2 if before > after else end + after * 2 // 3


def test_changed_picture_is_a_mismatch_by_a_trusted_signer(
    signed_files: dict[str, Signed], media_type: str, trust: Trust
) -> None:
    altered = bytearray(signed_files[media_type].asset)
    altered[picture_byte(signed_files[media_type], media_type)] ^= 1
    manifest = read(io.BytesIO(altered), media_type, trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "mismatch"
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    assert manifest.trust is TrustStatus.TRUSTED
    assert "changed after it was signed" in manifest.explanation


def test_manifest_moved_to_another_picture_is_a_mismatch(
    signed: Callable[..., Signed], media_type: str, trust: Trust
) -> None:
    first = signed(media_type)
    other = Image.open(io.BytesIO(first.asset)).transpose(Image.Transpose.ROTATE_180)
    file = io.BytesIO()
    other.save(file, other.format or media_type.partition("/")[2])
    second = signed(media_type, asset=file.getvalue())
    location = containers.locate(second.asset)
    assert location is not None
    if location.length_bytes != len(first.manifest):
        pytest.fail("both manifests state the same and should be of one length")
    moved = location.replace(second.asset, first.manifest)
    manifest = read(io.BytesIO(moved), media_type, trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "mismatch"
    assert manifest.signature_valid


def test_re_encoded_file_has_no_manifest(signed_files: dict[str, Signed], media_type: str) -> None:
    picture = Image.open(io.BytesIO(signed_files[media_type].asset))
    file = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(file, picture.format)
    assert read(io.BytesIO(file.getvalue()), media_type, trust=Trust.nobody()) is None


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_never_intact(
    signed_files: dict[str, Signed], media_type: str, trust: Trust, part: float
) -> None:
    asset = signed_files[media_type].asset
    manifest = read(io.BytesIO(asset[: int(part * len(asset))]), media_type, trust=trust)
    assert manifest is None or manifest.hard_binding != "match"


def test_two_stores_are_ambiguous(signed_files: dict[str, Signed], trust: Trust) -> None:
    asset = signed_files["image/jpeg"].asset
    location = containers.locate(asset)
    assert location is not None
    start, end = location.spans[0]
    segment = asset[start - 12 : end]
    doubled = asset[:2] + segment + asset[2:]
    with pytest.raises(UnreadableManifest):
        containers.locate(doubled)
    manifest = read(io.BytesIO(doubled), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.failures == ("claim.malformed",)
    assert manifest.trust is TrustStatus.NONE


def test_unreadable_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        read(tmp_path / "nowhere.png", "image/png", trust=Trust.nobody())
    with pytest.raises(SourceNotFound):
        read(tmp_path, "image/png", trust=Trust.nobody())
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(SourceNotFound):
        read(closed, "image/png", trust=Trust.nobody())


def test_other_media_types_are_refused() -> None:
    with pytest.raises(UnsupportedImage):
        read(io.BytesIO(), "text/rtf", trust=Trust.nobody())
    assert read(io.BytesIO(b"A lake."), "text/plain", trust=Trust.nobody()) is None
