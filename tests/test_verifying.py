"""Verifying: each verdict, what leads to it, and what must never lead to it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from countermark import credentials, errors, fingerprint, image, keys, mark, verify, watermark
from countermark.credentials import (
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    read,
    sign,
)
from countermark.record import DigitalSource, Record, System
from countermark.registry import Registry
from countermark.report import (
    Confidence,
    FingerprintEvidence,
    ManifestEvidence,
    Report,
    Verdict,
    WatermarkEvidence,
)

RECORD = Record(
    source=DigitalSource.AI_GENERATED, creator="Ada Example", system=System(name="Model 3")
)
Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]
Mark = Callable[..., bytes]
Examine = Callable[[bytes], Report]


@pytest.fixture
def marked(home: keys.Home, registry: Registry, as_file: AsFile) -> Mark:
    """Marks a picture and gives the file."""

    def marked(picture: Image.Image, form: str = "JPEG") -> bytes:
        stream = io.BytesIO()
        source = io.BytesIO(as_file(picture, form))
        mark(source, stream, record=RECORD, signer=home.signer(), registry=registry)
        return stream.getvalue()

    return marked


@pytest.fixture
def examine(trust: Trust, registry: Registry) -> Examine:
    """The report on a file, by the trust list and the registry of the test's home."""
    return lambda content: verify(io.BytesIO(content), trust=trust, registry=registry)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def store(content: bytes) -> bytes:
    manifest = read(io.BytesIO(content), "image/jpeg", trust=Trust.nobody())
    assert manifest is not None
    return manifest.bytes


def with_manifest_of(jpeg: bytes, donor: bytes) -> bytes:
    """The APP11 segments of one JPEG put into another."""
    place, segments = 2, b""
    while donor[place + 1] != 0xDA:
        length = struct.unpack(">H", donor[place + 2 : place + 4])[0] + 2
        if donor[place + 1] == 0xEB:
            segments += donor[place : place + length]
        place += length
    return jpeg[:2] + segments + jpeg[2:]


# ---- the file itself ----


def test_intact_file_and_what_the_signer_states(
    marked: Mark, examine: Examine, photograph: Photograph
) -> None:
    report = examine(marked(photograph()))
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert report.record is not None
    assert dataclasses.replace(report.record, created=None) == RECORD
    assert [type(item) for item in report.evidence] == [ManifestEvidence]
    assert report.evidence[0].confidence is Confidence.PROVEN


def test_trust_does_not_change_the_verdict(
    marked: Mark, registry: Registry, photograph: Photograph, tmp_path: Path
) -> None:
    content = marked(photograph())
    stranger = Trust.from_file(keys.create_home(tmp_path / "stranger").trust_path)
    for trust in (Trust.nobody(), stranger):
        report = verify(io.BytesIO(content), trust=trust, registry=registry)
        assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.UNTRUSTED)


def test_home_gives_trust_and_registry(
    marked: Mark,
    photograph: Photograph,
    as_file: AsFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = marked(photograph())
    stripped = as_file(opened(content))
    assert verify(io.BytesIO(content)).trust is TrustStatus.TRUSTED
    assert verify(io.BytesIO(stripped)).verdict is Verdict.RECOVERED
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "no home"))
    assert verify(io.BytesIO(content)).trust is TrustStatus.UNTRUSTED
    assert verify(io.BytesIO(stripped)).verdict is Verdict.UNMARKED
    assert not (tmp_path / "no home").exists()


def test_byte_appended_is_altered(marked: Mark, examine: Examine, photograph: Photograph) -> None:
    report = examine(marked(photograph()) + b"x")
    assert report.verdict is Verdict.ALTERED
    assert report.trust is TrustStatus.TRUSTED
    assert "does not vouch" in report.summary


@pytest.mark.parametrize("change", ["resized", "cropped", "turned", "mirrored"])
def test_edited_file_that_kept_its_manifest_is_altered(
    change: str, marked: Mark, examine: Examine, photograph: Photograph, as_file: AsFile
) -> None:
    content = marked(photograph())
    picture = opened(content)
    width, height = picture.size
    edited = {
        "resized": picture.resize((width // 2, height // 2)),
        "cropped": picture.crop((200, 100, width - 100, height - 50)),
        "turned": picture.transpose(Image.Transpose.ROTATE_90),
        "mirrored": ImageOps.mirror(picture),
    }[change]
    report = examine(with_manifest_of(as_file(edited), content))
    assert report.verdict is Verdict.ALTERED, report
    assert report.record is not None


def test_manifest_put_on_another_picture_is_transplanted(
    marked: Mark, examine: Examine, photograph: Photograph, as_file: AsFile
) -> None:
    donor = marked(photograph("coffee"))
    report = examine(with_manifest_of(as_file(photograph("astronaut")), donor))
    assert (report.verdict, report.trust) == (Verdict.TRANSPLANTED, TrustStatus.TRUSTED)
    assert report.record is None


def test_damaged_manifest_is_replaced_by_the_registry(
    marked: Mark, examine: Examine, photograph: Photograph, trust: Trust, tmp_path: Path
) -> None:
    content = bytearray(marked(photograph()))
    content[content.index(b"Ada Example")] ^= 1
    report = examine(bytes(content))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED)
    assert report.record.creator == "Ada Example"
    with Registry.open(tmp_path / "empty") as empty:
        report = verify(io.BytesIO(bytes(content)), trust=trust, registry=empty)
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.NONE)
    assert "fail their own checks" in report.summary


# ---- the watermark ----


def test_watermark_unknown_here_is_unmarked_and_says_so(
    photograph: Photograph, examine: Examine, as_file: AsFile
) -> None:
    content = as_file(watermark.embed(photograph(), 77))
    report = examine(content)
    found = [item for item in report.evidence if isinstance(item, WatermarkEvidence)]
    assert report.verdict is Verdict.UNMARKED
    assert (found[0].payload, found[0].registered) == (77, False)
    assert "does not know it" in report.summary


def test_without_any_registry_the_watermark_is_still_reported(
    photograph: Photograph, as_file: AsFile
) -> None:
    report = verify(io.BytesIO(as_file(watermark.embed(photograph(), 77))))
    assert report.verdict is Verdict.UNMARKED
    assert "does not know it" in report.summary


def test_manifest_that_does_not_name_the_payload_is_transplanted(
    marked: Mark, examine: Examine, photograph: Photograph, as_file: AsFile, registry: Registry
) -> None:
    picture = photograph()
    marked(picture)
    entry, _ = registry.find_similar([bytes(32)], max_distance=256)[0]
    with registry.adding(dataclasses.replace(entry, payload=77)):
        pass
    report = examine(as_file(watermark.embed(picture, 77)))
    assert report.verdict is Verdict.TRANSPLANTED
    assert "does not name" in report.summary


@pytest.mark.parametrize("algorithm", ["com.adobe.trustmark.P", "org.countermark.image.1"])
def test_manifest_that_names_other_marks_too_is_not_recovered(
    marked: Mark,
    photograph: Photograph,
    examine: Examine,
    as_file: AsFile,
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
) -> None:
    """C2PA 2.2, section 18.10.5.1."""
    other = SoftBinding(algorithm, b"2*010101")

    def sign_both(*arguments: Any, soft_bindings: Sequence[SoftBinding], **keywords: Any) -> Signed:
        return sign(*arguments, soft_bindings=[*soft_bindings, other], **keywords)

    with monkeypatch.context() as astray:
        astray.setattr(credentials, "sign", sign_both)
        content = marked(photograph())
    manifest = read(io.BytesIO(content), "image/jpeg", trust=Trust.nobody())
    assert manifest is not None
    assert len(manifest.soft_bindings) == 2
    assert examine(content).verdict is Verdict.INTACT  # nothing had to be found
    report = examine(as_file(opened(content)))
    found = [item for item in report.evidence if isinstance(item, ManifestEvidence)]
    by_watermark = [item for item in found if item.names_watermark]
    assert [item.confidence for item in by_watermark] == [Confidence.NONE]
    assert "It names other marks too" in by_watermark[0].explanation
    assert report.verdict is Verdict.UNMARKED
    assert "name other marks too" in report.summary


def test_damaged_manifest_in_the_registry_recovers_nothing(
    marked: Mark,
    photograph: Photograph,
    as_file: AsFile,
    trust: Trust,
    tmp_path: Path,
    registry: Registry,
) -> None:
    content = marked(photograph())
    entry, _ = registry.find_similar([bytes(32)], max_distance=256)[0]
    damaged = bytearray(entry.manifest)
    damaged[damaged.index(b"Ada Example")] ^= 1
    with Registry.open(tmp_path / "other") as other:
        digest = hashlib.sha256(damaged).digest()
        broken = dataclasses.replace(entry, manifest=bytes(damaged), manifest_sha256=digest)
        with other.adding(broken):
            pass
        report = verify(io.BytesIO(as_file(opened(content))), trust=trust, registry=other)
    assert (report.verdict, report.trust) == (Verdict.UNMARKED, TrustStatus.NONE)
    assert report.record is None
    assert "in the registry, but they fail their own checks" in report.summary


# ---- the fingerprint ----


@pytest.mark.parametrize("turn", [None, *Image.Transpose])
def test_fingerprint_alone_recovers_in_all_eight_symmetries(
    turn: Image.Transpose | None,
    marked: Mark,
    examine: Examine,
    photograph: Photograph,
    as_file: AsFile,
) -> None:
    """The picture before marking has no watermark, but the same fingerprint."""
    picture = photograph("chelsea")
    marked(picture)
    copy = picture.resize((400, 260))
    if turn is not None:
        copy = copy.transpose(turn)
    report = examine(as_file(copy, quality=70))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert report.record.creator == "Ada Example"
    found = [item for item in report.evidence if isinstance(item, FingerprintEvidence)]
    assert (found[0].found, found[0].confidence) == (True, Confidence.WEAK)
    assert report.evidence[-1].confidence is Confidence.WEAK


def test_similar_fingerprint_of_another_picture_is_dismissed(
    marked: Mark,
    examine: Examine,
    photograph: Photograph,
    as_file: AsFile,
    registry: Registry,
    home: keys.Home,
    trust: Trust,
    tmp_path: Path,
) -> None:
    marked(photograph("coffee"))
    entry, _ = registry.find_similar([bytes(32)], max_distance=256)[0]
    astronaut = photograph("astronaut")
    with Registry.open(tmp_path / "other") as other:
        with other.adding(dataclasses.replace(entry, pdq=fingerprint.pdq(astronaut).bits)):
            pass
        report = verify(io.BytesIO(as_file(astronaut)), trust=trust, registry=other)
    assert report.verdict is Verdict.UNMARKED
    assert "None counts" in report.evidence[-1].explanation


# ---- nothing, and no picture ----


@pytest.mark.parametrize("size", [(640, 480), (100, 80), (3, 3), (1, 1)])
def test_unmarked_pictures_of_any_size(
    size: tuple[int, int], photograph: Photograph, examine: Examine, as_file: AsFile
) -> None:
    report = examine(as_file(photograph("rocket").resize(size), "PNG"))
    assert (report.verdict, report.trust, report.record) == (
        Verdict.UNMARKED,
        TrustStatus.NONE,
        None,
    )
    assert [item.found for item in report.evidence] == [False, False, False]


def lying_png() -> bytes:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def animated() -> bytes:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (200, 200), color) for color in ("red", "blue")]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def test_what_is_no_picture_is_unreadable(photograph: Photograph, as_file: AsFile) -> None:
    jpeg = as_file(photograph())
    for content in (
        b"",
        b"text",
        jpeg[: len(jpeg) // 2],
        lying_png(),
        animated(),
        as_file(Image.new("CMYK", (300, 300))),
    ):
        report = verify(io.BytesIO(content))
        assert (report.verdict, report.trust) == (Verdict.UNREADABLE, TrustStatus.NONE)
        assert report.summary.count("\n") == 0
        assert json.loads(report.to_json())["verdict"] == "unreadable"


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    for missing in (tmp_path / "no.jpg", tmp_path):
        with pytest.raises(errors.SourceNotFound):
            verify(missing)
    with pytest.raises(errors.InvalidArgument):
        verify(b"bytes")


def test_unusable_registry_is_an_error(
    photograph: Photograph, as_file: AsFile, home: keys.Home, trust: Trust
) -> None:
    home.registry_path.write_bytes(b"not a registry" * 100)
    with pytest.raises(errors.UnreadableRegistry):
        verify(io.BytesIO(as_file(photograph())))


def test_defects_of_ours_are_not_called_unreadable(
    photograph: Photograph, as_file: AsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(image, "read", defect)
    with pytest.raises(ZeroDivisionError):
        verify(io.BytesIO(as_file(photograph())))


# ---- the report ----


def test_report_as_text_and_as_json_say_the_same(
    marked: Mark, examine: Examine, photograph: Photograph, as_file: AsFile
) -> None:
    report = examine(as_file(opened(marked(photograph()))))
    text, members = str(report), json.loads(report.to_json())
    assert text.startswith("RECOVERED")
    assert max(map(len, text.splitlines())) <= 88
    assert "Ada Example" in text
    assert "\n" not in report.to_json()
    assert members["verdict"] == "recovered"
    assert members["trust"] == "trusted"
    assert members["record"]["source"] == "ai-generated"
    assert [item["kind"] for item in members["evidence"]] == ["manifest", "watermark", "manifest"]
    for item in members["evidence"]:
        assert {"found", "confidence", "check", "explanation"} <= item.keys()
    payload = members["evidence"][1]["payload"]
    assert payload in text
    assert members["evidence"][2]["correlation"] > 0.9


def test_transposed_arrays_are_examined_like_others(
    marked: Mark, examine: Examine, photograph: Photograph, as_file: AsFile
) -> None:
    pixels = np.asarray(opened(marked(photograph())))
    report = examine(as_file(Image.fromarray(np.ascontiguousarray(pixels.swapaxes(0, 1)))))
    assert report.verdict is Verdict.RECOVERED
    assert report.evidence[1].mirrored
