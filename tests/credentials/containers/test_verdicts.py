"""`verify` on every container: what the manifest in a file proves where nothing else is known."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import clips, errors, mark, verify
from countermark.credentials import Signed, Trust, TrustStatus, containers
from countermark.marking.kinds import MOVIES, SOUNDS
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Confidence, ManifestEvidence, Report, Verdict

Samples = Callable[[str], Signed]
Examine = Callable[[bytes], Report]
DECODED = {"image/avif", "image/jpeg", "image/png", "image/tiff", "image/webp", "image/x-adobe-dng"}
"""Those whose pixels are examined too."""


@pytest.fixture
def examine(tmp_path: Path, trust: Trust) -> Examine:
    """The report on a file, where it lies and as a stream, which must say the same."""

    def examine(content: bytes) -> Report:
        path = tmp_path / "file"
        path.write_bytes(content)
        registry = Registry.open(tmp_path / "no registry")
        report = verify(path, trust=trust, registry=registry)
        assert verify(io.BytesIO(content), trust=trust, registry=registry) == report
        assert json.loads(report.to_json())["media_type"] == report.media_type
        assert max(map(len, str(report).splitlines())) <= 88
        return report

    return examine


def content_byte(signed: Signed) -> int:
    """Offset of a byte of the content itself, far from headers."""
    location = containers.locate(signed.asset)
    assert location is not None
    start, end = location.spans[0][0], location.spans[-1][1]
    before, after = start, len(signed.asset) - end
    return before // 2 if before > after else end + after * 2 // 3


def with_damaged_statement(signed: Signed) -> bytes:
    location = containers.locate(signed.asset)
    assert location is not None
    store = bytearray(signed.manifest)
    store[store.index(b"Ada Example")] ^= 1
    return location.replace(signed.asset, bytes(store))


def test_signed_file_is_intact(
    signed_samples: Samples, media_type: str, examine: Examine, record: Record
) -> None:
    report = examine(signed_samples(media_type).asset)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert [(type(i), i.confidence) for i in report.evidence] == [
        (ManifestEvidence, Confidence.PROVEN)
    ]
    assert report.record is not None
    assert report.record.creator == record.creator
    assert report.trusted_by is not None
    shown = containers.media_type(signed_samples(media_type).asset)
    assert report.media_type == shown


def test_changed_content_is_altered(
    signed_samples: Samples, media_type: str, examine: Examine
) -> None:
    signed = signed_samples(media_type)
    altered = bytearray(signed.asset)
    altered[content_byte(signed)] ^= 1
    report = examine(bytes(altered))
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.TRUSTED)
    first = report.evidence[0]
    assert isinstance(first, ManifestEvidence)
    assert (first.hard_binding, first.confidence) == ("mismatch", Confidence.WEAK)
    assert first.correlation is None
    if media_type in clips.FORMATS:
        assert "No watermark that they name was read" in report.summary
    else:
        assert media_type in DECODED or "not decoded" in report.summary


def test_changed_statement_is_altered_and_nobody_vouches(
    signed_samples: Samples, media_type: str, examine: Examine
) -> None:
    report = examine(with_damaged_statement(signed_samples(media_type)))
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.NONE)
    assert (report.record, report.claim_signer, report.trusted_by) == (None, None, None)
    assert "fail their own checks" in report.summary


def test_file_without_a_manifest_is_unmarked(
    sample: Callable[[str], bytes], media_type: str, examine: Examine
) -> None:
    report = examine(sample(media_type))
    assert (report.verdict, report.trust) == (Verdict.UNMARKED, TrustStatus.NONE)
    kinds = list(dict.fromkeys(item.kind for item in report.evidence))
    assert kinds == ["manifest", "watermark", "fingerprint"]
    assert not any(item.found for item in report.evidence)
    says = [item.explanation for item in report.evidence]
    if media_type in DECODED:
        assert "too small" in says[1]
    elif media_type in clips.FORMATS:
        if media_type in ("video/mp4", "video/quicktime"):
            assert says.pop(1) == "No watermark was read in the frames that were sampled."
        has_sound = media_type.startswith("audio/")
        assert says[1] == (
            "No watermark was read in the sound." if has_sound else "There is no sound in the file."
        )
        assert says[2] == "Not looked for: there is no registry that holds sounds or movies."
        assert "says nothing about where it comes from" in report.summary
    else:
        assert says[1] == says[2] == f"Not looked for: files of type {media_type} are not decoded."
        assert "have no watermark yet" in report.summary
    assert "says nothing about where" in report.summary


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", None),
        (b"\0" * 1000, None),
        (b"<!doctype html><title>A page</title>", None),
        (b"<?xml version='1.0'?><feed/>", None),
        (b"<!--" + b" " * 2_000_000 + b"--><svg/>", None),  # hardly meant as one
        ("a text of another system".encode("utf-16"), None),
        (b"PK\3\4letter.docx", None),
        (b"%PDF-1.7 and nothing else", "application/pdf"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\x18WAVE", "audio/wav"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\xff\0jumb", "image/jxl"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_file_of_a_known_kind_or_damaged_is_unreadable(
    content: bytes, media_type: str | None, examine: Examine
) -> None:
    report = examine(content)
    assert (report.verdict, report.trust) == (Verdict.UNREADABLE, TrustStatus.NONE)
    assert (report.media_type, report.evidence) == (media_type, ())
    assert "\n" not in report.summary


# ---- pictures that are not decoded ----
def animated(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    other = picture.transpose(Image.Transpose.ROTATE_180)
    picture.save(file, "PNG", save_all=True, append_images=[other])
    return file.getvalue()


def printed(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.convert("CMYK").save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(("make", "media_type"), [(animated, "image/png"), (printed, "image/jpeg")])
def test_picture_that_cannot_be_decoded_is_judged_by_its_manifest(
    make: Callable[[Image.Image], bytes],
    media_type: str,
    signed: Callable[..., Signed],
    examine: Examine,
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (160, 200, 3), np.uint8)
    plain = make(Image.fromarray(noise))
    report = examine(plain)
    assert report.verdict is Verdict.UNREADABLE  # there may be a mark in it
    done = signed(media_type, asset=plain, thumbnail=None)
    assert examine(done.asset).verdict is Verdict.INTACT
    report = examine(done.asset + b"x")
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.TRUSTED)
    report = examine(with_damaged_statement(done))
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.NONE)
    assert report.evidence[1].explanation.startswith("Not looked for: ")


def test_truncated_picture_that_was_signed_is_altered(
    signed_files: dict[str, Signed], examine: Examine
) -> None:
    asset = signed_files["image/jpeg"].asset
    report = examine(asset[:-2000])
    assert (report.verdict, report.trust) == (Verdict.ALTERED, TrustStatus.TRUSTED)


# ---- where the file lies ----
@pytest.mark.skipif(os.name != "posix", reason="only POSIX has named pipes")
def test_pipe_is_read_once(tmp_path: Path, signed_samples: Samples, trust: Trust) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "song.flac").write_bytes(signed_samples("audio/flac").asset)
    with subprocess.Popen(["cp", tmp_path / "song.flac", pipe]):
        report = verify(pipe, trust=trust, registry=Registry.open(tmp_path / "none"))
    assert report.verdict is Verdict.INTACT


@pytest.mark.parametrize("name", ["missing.mp4", ".", "x" * 5000, "a\0b"])
def test_missing_file_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    for verb in (
        verify,
        lambda path: mark(path, io.BytesIO(), record=Record(source=DigitalSource.CAPTURED),
                          signer=None, registry=Registry.open(tmp_path / "none")),
    ):  # fmt: skip
        with pytest.raises(errors.SourceNotFound):
            verb(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the memory of a process")
def test_large_movie_is_verified_in_little_memory(
    tmp_path: Path, sample: Callable[[str], bytes]
) -> None:
    program = """
        import sys
        from pathlib import Path
        from countermark import verify
        report = verify(sys.argv[1])
        status = Path("/proc/self/status").read_text()
        print(report.verdict.value, status.partition("VmHWM:")[2].split()[0])
    """
    signing = """
        import sys
        from pathlib import Path
        from countermark import keys
        from countermark.credentials import sign_file
        from countermark.record import DigitalSource, Record
        path = Path(sys.argv[1])
        sign_file(path, path, "video/mp4", signer=keys.create_home().signer(),
                  record=Record(source=DigitalSource.CAPTURED))
    """
    path = tmp_path / "movie.mp4"
    grow(path, sample("video/mp4"), 100 << 20)
    found = [run(program, path), run(signing, path), run(program, path)]
    with path.open("r+b") as file:
        file.seek(60 << 20)
        file.write(b"x")
    found.append(run(program, path))
    assert [said.split()[:1] for said in found] == [["unmarked"], [], ["intact"], ["altered"]]
    for said in found:
        assert said == "" or int(said.split()[1]) < 128 << 10, found  # KiB, decoders and all


def run(program: str, path: Path) -> str:
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def grow(path: Path, movie: bytes, by_bytes: int) -> None:
    """The movie with that much more media data, which takes no room on the disk."""
    at = movie.index(b"mdat") - 4
    size = int.from_bytes(movie[at : at + 4], "big")
    with path.open("wb") as file:
        file.write(movie[:at] + struct.pack(">I4sQ", 1, b"mdat", size + 8 + by_bytes))
        file.write(movie[at + 8 : at + size])
        file.seek(by_bytes, os.SEEK_CUR)
        file.write(movie[at + size :])


# ---- marking ----
def test_marking_other_files_says_how_to_sign_them(
    tmp_path: Path, sample: Callable[[str], bytes], media_type: str
) -> None:
    if media_type in DECODED or media_type in {*MOVIES, *SOUNDS}:
        return
    path = tmp_path / "file"
    path.write_bytes(sample(media_type))
    for source in (path, io.BytesIO(sample(media_type))):
        with pytest.raises(errors.UnsupportedImage, match="countermark sign") as caught:
            mark(
                source,
                tmp_path / "out",
                record=Record(source=DigitalSource.CAPTURED),
                signer=None,
                registry=Registry.open(tmp_path / "none"),
            )
        assert str(caught.value).startswith("Files of type ")
    assert not (tmp_path / "out").exists()
