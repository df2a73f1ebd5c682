"""What `sign` writes: five formats, byte strings where the standard wants them, other readers."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import encypher_c2pa
import numpy as np
import pytest
from PIL import Image

from countermark.credentials import (
    WATERMARK_ALGORITHM,
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    active_label,
    containers,
    read,
)
from countermark.errors import MarkLost
from countermark.record import DigitalSource, Record

URI = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def assertion_cbor(store: bytes, label: str) -> Any:
    """Decode an assertion without countermark's parser: the CBOR box after the last label."""
    at = store.rindex(label.encode() + b"\0")
    start = store.index(b"cbor", at)
    length = int.from_bytes(store[start - 4 : start], "big")
    return cbor2.loads(store[start + 4 : start - 4 + length])


def test_signed_file_reads_intact_and_trusted(
    signed_files: dict[str, Signed], media_type: str, trust: Trust, thumbnail: Callable[..., bytes]
) -> None:
    manifest = read(io.BytesIO(signed_files[media_type].asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    assert manifest.hard_binding == "match"
    assert manifest.failures == manifest.ingredient_failures == ()
    assert manifest.bytes == signed_files[media_type].manifest
    assert manifest.claim_signer == "leaf, countermark tests"
    assert manifest.signed_at is None
    assert manifest.soft_bindings == (SoftBinding.of_payload(0xFEDCBA9876543210),)
    assert manifest.thumbnail == thumbnail()


def test_statements_are_those_of_the_record(signed: Callable[..., Signed], trust: Trust) -> None:
    record = Record(source=DigitalSource.CAPTURED, creator="Zoë", title="<b>湖</b>\u200d")
    manifest = read(io.BytesIO(signed(record=record).asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.digital_source == URI + "digitalCapture"
    assert (manifest.creator, manifest.title) == (record.creator, record.title)
    assert (manifest.generator, manifest.created) == (None, None)
    assert manifest.actions == ("c2pa.created", "c2pa.watermarked.bound")


def test_system_and_time_are_stated(
    signed_files: dict[str, Signed], record: Record, trust: Trust
) -> None:
    asset = io.BytesIO(signed_files["image/png"].asset)
    manifest = read(asset, "image/png", trust=trust)
    assert manifest is not None
    assert (manifest.generator, manifest.created) == (str(record.system), record.created)


def test_soft_binding_on_disk_is_a_byte_string(
    signed_files: dict[str, Signed], media_type: str
) -> None:
    store = signed_files[media_type].manifest
    assert assertion_cbor(store, "c2pa.soft-binding") == {
        "alg": WATERMARK_ALGORITHM,
        "blocks": [{"scope": {}, "value": bytes.fromhex("fedcba9876543210")}],
        "pad": b"\0",
    }


def test_watermark_action_points_to_the_soft_binding(signed_files: dict[str, Signed]) -> None:
    store = signed_files["image/jpeg"].manifest
    actions = assertion_cbor(store, "c2pa.actions.v2")
    assert actions["allActionsIncluded"] is True
    (related,) = actions["actions"][-1]["parameters"]["relatedAssertions"]
    at = store.index(b"c2pa.soft-binding\0") - 17 - 8  # its description box
    length = int.from_bytes(store[at - 8 : at - 4], "big")
    assert related["url"].endswith("c2pa.assertions/c2pa.soft-binding")
    assert related["hash"] == hashlib.sha256(store[at : at - 8 + length]).digest()


def test_claim_generator_and_what_it_vouches_for(signed_files: dict[str, Signed]) -> None:
    store = signed_files["image/jpeg"].manifest
    claim = assertion_cbor(store, "c2pa.claim.v2")
    assert claim["claim_generator_info"]["name"] == "countermark"
    assert claim["claim_generator_info"]["specVersion"] == "2.4.0"
    labels = {r["url"].rpartition("/")[2] for r in claim["created_assertions"]}
    assert labels == {
        "c2pa.actions.v2",
        "c2pa.hash.data",
        "c2pa.soft-binding",
        "c2pa.thumbnail.claim",
    }
    gathered = [r["url"].rpartition("/")[2] for r in claim["gathered_assertions"]]
    assert gathered == ["cawg.metadata", "org.countermark.record"]


def test_pixels_are_untouched(
    signed_files: dict[str, Signed], media_type: str, photograph: Callable[[str], bytes]
) -> None:
    before = Image.open(io.BytesIO(photograph(media_type)))
    after = Image.open(io.BytesIO(signed_files[media_type].asset))
    assert np.array_equal(np.asarray(before), np.asarray(after))


def test_png_checksum_is_renewed(signed_files: dict[str, Signed]) -> None:
    asset = signed_files["image/png"].asset
    location = containers.locate(asset)
    assert location is not None
    assert location.checksum_at is not None
    assert location.replace(asset, location.extract(asset)) == asset


@pytest.mark.parametrize("size", [800, 1600])
def test_large_manifest_spans_several_jpeg_segments(
    signed: Callable[..., Signed], thumbnail: Callable[..., bytes], trust: Trust, size: int
) -> None:
    preview = thumbnail(size, quality=98)
    result = signed(thumbnail=preview)
    location = containers.locate(result.asset)
    assert location is not None
    assert len(location.spans) == -(-len(result.manifest) // 65_000)
    assert len(location.spans) > 1
    manifest = read(io.BytesIO(result.asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.hard_binding == "match"
    assert manifest.thumbnail == preview


@pytest.mark.parametrize("source", [DigitalSource.AI_EDITED, DigitalSource.HUMAN_EDITED])
def test_edited_picture_is_opened_from_its_parent(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    media_type: str,
    trust: Trust,
    source: DigitalSource,
) -> None:
    parent = (io.BytesIO(signed_files[media_type].asset), media_type)
    result = signed(media_type, record=Record(source=source), parent=parent)
    manifest = read(io.BytesIO(result.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.actions == ("c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound")
    assert manifest.digital_source == source.uri
    actions = assertion_cbor(result.manifest, "c2pa.actions.v2")["actions"]
    assert "digitalSourceType" not in actions[0]
    ingredient = assertion_cbor(result.manifest, "c2pa.ingredient.v3")
    assert ingredient["relationship"] == "parentOf"
    assert signed_files[media_type].manifest[200:] in result.manifest


def test_unedited_picture_with_a_manifest_is_opened(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], trust: Trust
) -> None:
    earlier = signed_files["image/jpeg"].asset
    parent = (io.BytesIO(earlier), "image/jpeg")
    result = signed(record=Record(source=DigitalSource.CAPTURED), parent=parent)
    manifest = read(io.BytesIO(result.asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.actions == ("c2pa.opened", "c2pa.watermarked.bound")
    assert manifest.digital_source == URI + "digitalCapture"


def test_earlier_manifest_in_the_asset_is_kept_as_the_parent(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], media_type: str, trust: Trust
) -> None:
    earlier = signed_files[media_type]
    parent = (io.BytesIO(earlier.asset), media_type)
    again = signed(media_type, asset=earlier.asset, parent=parent)
    manifest = read(io.BytesIO(again.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.bytes == again.manifest != earlier.manifest
    assert manifest.ingredient_failures == ()
    assert [one.label for one in manifest.ingredients] == [active_label(earlier.manifest)]


def test_earlier_manifest_in_the_asset_is_never_lost(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], media_type: str
) -> None:
    with pytest.raises(MarkLost, match="Give the file as the parent"):
        signed(media_type, asset=signed_files[media_type].asset)


def test_altered_parent_leaves_the_new_manifest_valid(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], trust: Trust
) -> None:
    altered = bytearray(signed_files["image/png"].asset)
    altered[altered.index(b"Ada Example")] ^= 1
    record = Record(source=DigitalSource.HUMAN_EDITED)
    result = signed(record=record, parent=(io.BytesIO(altered), "image/png"))
    manifest = read(io.BytesIO(result.asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.assertions_valid


@pytest.mark.parametrize("algorithm", ["es384", "es512", "ps256", "ps384", "ps512", "ed25519"])
def test_every_algorithm_signs(
    signed: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    trust_in: Callable[..., Trust],
    algorithm: str,
) -> None:
    signer = signer_to_order(algorithm)
    result = signed(signer=signer)
    manifest = read(io.BytesIO(result.asset), "image/jpeg", trust=trust_in(signer))
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert len(signer.signed) == 1


def test_paths_are_read_and_left_alone(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    tmp_path: Path,
    trust: Trust,
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(signed_files["image/png"].asset)
    manifest = read(path, "image/png", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"
    assert path.read_bytes() == signed_files["image/png"].asset


def test_second_validator_agrees(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    media_type: str,
    trust: Trust,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # it saves that it may not call home
        monkeypatch.setenv(variable, str(tmp_path))
    edited = signed(
        media_type,
        record=Record(source=DigitalSource.AI_EDITED, title="Edited"),
        parent=(io.BytesIO(signed_files["image/jpeg"].asset), "image/jpeg"),
    )
    for asset in (signed_files[media_type].asset, edited.asset):
        report = encypher_c2pa.verify(
            asset,
            media_type,
            trust_pem=trust.anchors.decode(),
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
        assert report["validation_state"] == "Trusted"
        assert report["hard_binding"] == "match"
        assert report["validation_results"]["failure"] == []


def test_exiftool_reads_the_finished_file(
    signed_files: dict[str, Signed], media_type: str, tmp_path: Path
) -> None:
    exiftool = shutil.which("exiftool")
    assert exiftool, "install libimage-exiftool-perl"
    path = tmp_path / "picture"
    path.write_bytes(signed_files[media_type].asset)
    command = [exiftool, "-j", "-G", "-validate", "-MIMEType", "-ImageSize", str(path)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["File:MIMEType"] == media_type
    assert found["Composite:ImageSize"] == "384x256"
    assert "Error" not in str(found)
