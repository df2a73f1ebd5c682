"""Every container: signed with an exact soft binding, read back, judged by others, still usable."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import cbor2
import encypher_c2pa
import numpy as np
import pikepdf
import pillow_heif
import pytest
from PIL import Image

from countermark.credentials import (
    WATERMARK_ALGORITHM,
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    containers,
    read,
)
from countermark.credentials import claim as claims
from countermark.record import DigitalSource, Record

BINDING = SoftBinding.of_payload(0xFEDCBA9876543210)
HASHED_BY_BOXES = (
    "audio/mp4",
    "image/avif",
    "image/heic",
    "image/heif",
    "video/mp4",
    "video/quicktime",
)
Samples = Callable[[str], Signed]


def test_the_samples_are_all_there_are(sample: Callable[[str], bytes]) -> None:
    for name in containers.MEDIA_TYPES:
        shown = containers.media_type(sample(name))
        assert containers.MEDIA_TYPES[name] is containers.MEDIA_TYPES[shown or ""], name


def test_unsigned_file_has_no_manifest(sample: Callable[[str], bytes], media_type: str) -> None:
    assert read(io.BytesIO(sample(media_type)), media_type, trust=Trust.nobody()) is None


def test_signed_file_reads_intact_and_trusted(
    signed_samples: Samples, media_type: str, trust: Trust
) -> None:
    signed = signed_samples(media_type)
    manifest = read(io.BytesIO(signed.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    assert manifest.hard_binding == "match"
    assert manifest.failures == ()
    assert manifest.bytes == signed.manifest
    assert manifest.soft_bindings == (BINDING,)
    assert manifest.thumbnail is None


def test_soft_binding_on_disk_is_a_byte_string(signed_samples: Samples, media_type: str) -> None:
    signed = signed_samples(media_type)
    location = containers.locate(signed.asset)
    assert location is not None
    store = location.extract(signed.asset)
    assert store == signed.manifest
    start = store.index(b"cbor", store.rindex(b"c2pa.soft-binding\0"))
    length = int.from_bytes(store[start - 4 : start], "big")
    assert cbor2.loads(store[start + 4 : start - 4 + length]) == {
        "alg": WATERMARK_ALGORITHM,
        "blocks": [{"scope": {}, "value": BINDING.value}],
        "pad": b"\0",
    }


def test_hard_binding_is_of_the_kind_that_fits(signed_samples: Samples, media_type: str) -> None:
    found = claims.parse(signed_samples(media_type).manifest).assertions
    kind = "c2pa.hash.bmff.v3" if media_type in HASHED_BY_BOXES else "c2pa.hash.data"
    assert [label for label in found if label.startswith("c2pa.hash.")] == [kind]


def test_neither_soft_binding_nor_thumbnail_is_needed(
    signed: Callable[..., Signed], sample: Callable[[str], bytes], media_type: str, trust: Trust
) -> None:
    result = signed(media_type, asset=sample(media_type), soft_bindings=(), thumbnail=None)
    manifest = read(io.BytesIO(result.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.soft_bindings == ()
    assert manifest.actions == ("c2pa.created",)


def test_large_manifest(
    signed: Callable[..., Signed],
    sample: Callable[[str], bytes],
    thumbnail: Callable[..., bytes],
    media_type: str,
    trust: Trust,
) -> None:
    """Above 64 KiB, where JPEG wants several segments."""
    preview = thumbnail(800, quality=98)
    assert len(preview) > 1 << 16
    result = signed(media_type, asset=sample(media_type), thumbnail=preview)
    manifest = read(io.BytesIO(result.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.hard_binding == "match"
    assert (manifest.thumbnail, manifest.soft_bindings) == (preview, (BINDING,))


def test_file_that_is_marked_again_keeps_the_first_manifest(
    signed: Callable[..., Signed], signed_samples: Samples, media_type: str, trust: Trust
) -> None:
    first = signed_samples(media_type)
    again = signed(
        media_type,
        asset=first.asset,
        record=Record(source=DigitalSource.CAPTURED),
        thumbnail=None,
        parent=(io.BytesIO(first.asset), media_type),
    )
    manifest = read(io.BytesIO(again.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.actions == ("c2pa.opened", "c2pa.watermarked.bound")
    assert manifest.failures == manifest.ingredient_failures == ()
    assert first.manifest[100:] in again.manifest


def test_every_intent_in_every_container(
    signed: Callable[..., Signed],
    sample: Callable[[str], bytes],
    signed_samples: Samples,
    media_type: str,
    trust: Trust,
) -> None:
    """Opened from a file of another container, converted, edited, with another one placed in it."""
    other = "image/png" if media_type != "image/png" else "audio/wav"
    result = signed(
        media_type,
        asset=sample(media_type),
        record=Record(source=DigitalSource.HUMAN_EDITED),
        thumbnail=None,
        parent=(io.BytesIO(signed_samples(other).asset), other),
        components=[(io.BytesIO(signed_samples(media_type).asset), media_type)],
    )
    manifest = read(io.BytesIO(result.asset), media_type, trust=trust)
    assert manifest is not None
    assert (manifest.trust, manifest.hard_binding) == (TrustStatus.TRUSTED, "match")
    assert manifest.failures == manifest.ingredient_failures == ()
    assert manifest.actions == (
        *("c2pa.opened", "c2pa.placed", "c2pa.edited", "c2pa.converted"),
        "c2pa.watermarked.bound",
    )
    assert manifest.soft_bindings == (BINDING,)
    claim = claims.parse(result.manifest)
    ingredients = [claim.decoded(box) for box in claim.named("c2pa.ingredient.v3")]
    assert {item["relationship"] for item in ingredients} == {"parentOf", "componentOf"}
    for item in ingredients:  # both were judged when they were opened, and found whole
        assert item["validationResults"]["activeManifest"]["success"]
        codes = {entry["code"] for entry in item["validationResults"]["activeManifest"]["failure"]}
        assert codes <= {"signingCredential.untrusted"}


def test_change_of_the_content_is_a_mismatch(
    signed_samples: Samples, media_type: str, trust: Trust
) -> None:
    signed = signed_samples(media_type)
    altered = bytearray(signed.asset)
    altered[content_byte(signed)] ^= 1
    manifest = read(io.BytesIO(altered), media_type, trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "mismatch"
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)


def content_byte(signed: Signed) -> int:
    """Offset of a byte of the content itself, far from headers."""
    location = containers.locate(signed.asset)
    assert location is not None
    start, end = location.spans[0][0], location.spans[-1][1]
    before, after = start, len(signed.asset) - end
    return before // 2 if before > after else end + after * 2 // 3


def test_change_of_the_manifest_is_seen(
    signed_samples: Samples, media_type: str, trust: Trust
) -> None:
    signed = signed_samples(media_type)
    location = containers.locate(signed.asset)
    assert location is not None
    store = bytearray(signed.manifest)
    store[store.index(b"Ada Example")] ^= 1
    manifest = read(
        io.BytesIO(location.replace(signed.asset, bytes(store))), media_type, trust=trust
    )
    assert manifest is not None
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, False)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_never_intact(
    signed_samples: Samples, media_type: str, trust: Trust, part: float
) -> None:
    asset = signed_samples(media_type).asset
    manifest = read(io.BytesIO(asset[: int(part * len(asset))]), media_type, trust=trust)
    assert manifest is None or manifest.hard_binding != "match"


def test_second_validator_agrees(
    signed_samples: Samples,
    media_type: str,
    trust: Trust,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # it saves that it may not call home
        monkeypatch.setenv(variable, str(tmp_path))
    report = encypher_c2pa.verify(
        signed_samples(media_type).asset,
        media_type,
        trust_pem=trust.anchors.decode(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert report["validation_state"] == "Trusted"
    assert report["hard_binding"] == "match"
    assert report["validation_results"]["failure"] == []


def pixels(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def heif_pixels(content: bytes) -> Any:
    return np.asarray(pillow_heif.open_heif(content))


def frames(content: bytes) -> Any:
    """Everything that a player would show or sound."""
    with av.open(io.BytesIO(content)) as container:
        decoded = [frame.to_ndarray() for frame in container.decode(container.streams[0])]
    return np.concatenate([frame.ravel() for frame in decoded])


def pages(content: bytes) -> Any:
    with pikepdf.open(io.BytesIO(content)) as document:
        assert document.check_pdf_syntax() == []
        return [[float(side) for side in page.mediabox] for page in document.pages]  # type: ignore[attr-defined]


def shapes(content: bytes) -> Any:
    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(content)
    return [(e.tag, e.attrib, e.text) for e in root if e.tag != f"{space}metadata"]


def codestream(content: bytes) -> Any:
    """As no decoder of JPEG XL is at hand: what one would be given."""
    return content[content.index(b"jxlc") + 4 :][:64]


READERS: dict[str, Callable[[bytes], Any]] = {
    "application/pdf": pages,
    "image/heic": heif_pixels,
    "image/heif": heif_pixels,
    "image/jxl": codestream,
    "image/svg+xml": shapes,
}


def test_content_is_untouched_for_its_own_reader(
    sample: Callable[[str], bytes], signed_samples: Samples, media_type: str
) -> None:
    by_kind = pixels if media_type.startswith("image/") else frames
    reader = READERS.get(media_type, by_kind)
    before, after = reader(sample(media_type)), reader(signed_samples(media_type).asset)
    assert len(before) > 0
    assert np.array_equal(before, after) if isinstance(before, np.ndarray) else before == after


def test_exiftool_reads_the_finished_file(
    sample: Callable[[str], bytes], signed_samples: Samples, media_type: str, tmp_path: Path
) -> None:
    exiftool = shutil.which("exiftool")
    assert exiftool, "install libimage-exiftool-perl"

    for name, content in (
        ("before", sample(media_type)),
        ("after", signed_samples(media_type).asset),
    ):
        (tmp_path / name).write_bytes(content)
    command = [exiftool, "-j", "-G", "-MIMEType", "-ImageSize", "-Error", "before", "after"]
    said = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path).stdout
    before, after = json.loads(said)
    assert after == {**before, "SourceFile": "after"}
