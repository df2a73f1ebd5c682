"""Signed sounds and movies are remembered, and verify follows fingerprints as leads."""

import dataclasses
import hashlib
import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countermark import errors, keys, verify
from countermark.credentials import SoftBinding, Trust, TrustStatus, sign_file
from countermark.enrolling import enroll
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Registry
from countermark.report import ClipEvidence, Confidence, ManifestEvidence, Report, Verdict

RECORD = Record(source=DigitalSource.AI_GENERATED, title="A tune")
FFMPEG = ("ffmpeg", "-v", "error", "-y")


def wav(samples: np.ndarray, rate: int = 11025) -> bytes:
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + samples.nbytes, b"WAVEfmt ", 16, 1, 1,
                       rate, 2 * rate, 2, 16, b"data", samples.nbytes)  # fmt: skip
    return head + samples.tobytes()


def tune(seconds: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    time = np.arange(2756) / 11025
    chords = 110 * 2 ** (random.integers(0, 36, (4 * seconds, 3)) / 12)
    parts = [(np.outer(tones, time) % 1 - 0.5).sum(axis=0) for tones in chords]
    return (6000 * np.concatenate(parts)).astype(np.int16)


@pytest.fixture
def signed(tmp_path: Path, home: keys.Home, photograph: Any) -> Callable[..., Path]:
    """Signs a file of that name, with a tune, and in movies a camera that moves over a picture."""

    def signed(name: str, seed: int = 1, payload: int | None = None) -> Path:
        plain, path, out = tmp_path / "plain.wav", tmp_path / f"plain-{name}", tmp_path / name
        is_movie = path.suffix in (".mp4", ".mov")
        plain.write_bytes(wav(tune(7 if is_movie else 20, seed)))
        shown = tmp_path / "shown.png"
        photograph(("astronaut", "coffee", "retina")[seed % 3], 640).save(shown)
        moving = ("-loop", "1", "-r", "12", "-t", "7", "-i", shown)
        camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):(ih-240)*(0.5+0.5*cos(t/3))"
        coding = ("-vf", camera, "-c:v", "libx264", "-preset", "ultrafast") if is_movie else ()
        command = [*FFMPEG, "-i", plain, *(moving if is_movie else ()), *coding, path]
        subprocess.run(command, check=True)
        bindings = [] if payload is None else [SoftBinding.of_payload(payload)]
        kinds = {".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg",
                 ".m4a": "audio/mp4", ".mp4": "video/mp4", ".mov": "video/quicktime"}  # fmt: skip
        sign_file(
            path,
            out,
            kinds[path.suffix],
            record=RECORD,
            signer=home.signer(),
            soft_bindings=bindings,
        )
        return out

    return signed


@pytest.fixture
def examine(registry: Registry, trust: Trust) -> Callable[[Path], Report]:
    return lambda path: verify(path, registry=registry, trust=trust)


def copy(path: Path, name: str, *options: str) -> Path:
    out = path.with_name(name)
    subprocess.run([*FFMPEG, "-i", path, *options, out], check=True)
    return out


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a"])
def test_a_part_of_a_sound_leads_to_its_manifest(
    registry: Registry, signed: Callable[..., Path], examine: Callable[[Path], Report], name: str
) -> None:
    path = signed(name)
    entry = enroll(path, registry=registry)
    assert entry.record == RECORD
    assert registry.find_payload(entry.payload) == entry
    assert examine(path).verdict is Verdict.INTACT
    opus = ("-c:a", "libopus", "-b:a", "24k")
    copies = {".wav": ("c.mp3", "-b:a", "64k"), ".flac": ("c.ogg", *opus),
              ".mp3": ("c.m4a", "-b:a", "64k"), ".m4a": ("c.wav", "-ar", "8000")}  # fmt: skip
    form, *options = copies[path.suffix]
    report = examine(copy(path, form, "-ss", "12.3", "-t", "5", "-map_metadata", "-1", *options))
    assert (report.verdict, report.trust, report.is_lead) == (
        Verdict.RECOVERED,
        TrustStatus.NONE,
        True,
    )
    assert (report.record, report.claim_signer, report.trusted_by) == (RECORD, None, None)
    assert [item.kind for item in report.evidence] == [
        "manifest",
        "watermark",
        "fingerprint",
        "manifest",
    ]
    heard, stored = report.evidence[2:]
    assert isinstance(heard, ClipEvidence)
    assert (heard.of, heard.found, heard.confidence) == ("sound", True, Confidence.WEAK)
    assert heard.at_seconds == pytest.approx(12.3, abs=0.3)
    assert isinstance(stored, ManifestEvidence)
    assert (stored.origin, stored.confidence) == ("registry", Confidence.WEAK)
    assert "a lead and no proof" in report.summary
    assert str(report).startswith("RECOVERED: a lead to lost credentials was found, and no proof")
    assert json.loads(report.to_json())["trust"] == "none"


@pytest.mark.parametrize("name", ["a.mp4", pytest.param("a.mov", marks=pytest.mark.slow)])
def test_a_part_of_a_movie_leads_to_its_manifest(
    registry: Registry, signed: Callable[..., Path], examine: Callable[[Path], Report], name: str
) -> None:
    path = signed(name, payload=77)
    entry = enroll(path, registry=registry)
    assert (entry.payload, entry.width, entry.height) == (77, 320, 240)
    part = ("-ss", "1.2", "-t", "5", "-vf", "scale=160:-2", "-crf", "33")
    report = examine(copy(path, "c.mkv", *part, "-c:v", "libx264", "-c:a", "libopus"))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.NONE)
    kinds = [item.of for item in report.evidence if isinstance(item, ClipEvidence)]
    assert kinds == ["video", "sound"]
    silent = copy(path, "d.mp4", *part, "-an", "-c:v", "libx264")
    assert examine(silent).verdict is Verdict.RECOVERED
    registry.delete(77, reason=DisposalReason.WITHDRAWN)
    assert examine(silent).verdict is Verdict.UNMARKED


@pytest.mark.slow
def test_the_sound_of_one_under_the_pictures_of_another_is_said_to_be_alike_only_in_part(
    registry: Registry, signed: Callable[..., Path], examine: Callable[[Path], Report]
) -> None:
    movie, other = signed("b.mp4", seed=2), signed("c.wav", seed=3)
    enroll(other, registry=registry)
    mixed = movie.with_name("mixed.mp4")
    streams = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-map_metadata", "-1")
    subprocess.run([*FFMPEG, "-i", movie, "-i", other, *streams, mixed], check=True)
    report = examine(mixed)
    assert [item.of for item in report.evidence if isinstance(item, ClipEvidence)] == ["sound"]
    assert "its pictures may be of something else" in report.summary


def test_other_sounds_are_unmarked(
    registry: Registry,
    signed: Callable[..., Path],
    examine: Callable[[Path], Report],
    tmp_path: Path,
) -> None:
    enroll(signed("a.wav"), registry=registry)
    other = tmp_path / "other.wav"
    other.write_bytes(wav(tune(30, seed=9)))
    report = examine(other)
    assert report.verdict is Verdict.UNMARKED
    assert "no sound and no movie that is like it" in report.evidence[-1].explanation
    other.write_bytes(wav(np.zeros(11025 * 30, np.int16)))
    assert "nothing in it by which" in examine(other).evidence[-1].explanation
    other.write_bytes(b"OggS" * 100)
    assert "Nothing in the file can be decoded" in examine(other).evidence[-1].explanation


def test_a_manifest_that_does_not_hold_is_no_lead(
    registry: Registry, signed: Callable[..., Path], examine: Callable[[Path], Report]
) -> None:
    path = signed("a.wav")
    entry = enroll(path, registry=registry)
    registry.delete(entry.payload, reason=DisposalReason.MISTAKEN)
    damaged = bytearray(entry.manifest)
    damaged[damaged.index(b"A tune")] ^= 1
    store = bytes(damaged)
    sha256 = hashlib.sha256(store).digest()
    registry.put(dataclasses.replace(entry, payload=5, manifest=store, manifest_sha256=sha256))
    report = examine(copy(path, "c.mp3", "-map_metadata", "-1"))
    assert report.verdict is Verdict.UNMARKED
    assert "None counts" in report.evidence[-1].explanation


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wav(tune(10)), "not as it was signed"),
        (b"\x89PNG\r\n\x1a\n", "no sound and no movie"),
    ],
)
def test_what_cannot_be_remembered_is_refused(
    registry: Registry, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(errors.InvalidArgument, match=message):
        enroll(path, registry=registry)
    assert list(registry.all_entries()) == []


def test_silence_and_what_is_there_already_are_refused(
    registry: Registry, signed: Callable[..., Path], tmp_path: Path, home: keys.Home
) -> None:
    path = signed("a.wav")
    enroll(path, registry=registry)
    with pytest.raises(errors.InvalidArgument, match="already"):
        enroll(path, registry=registry)
    silent = tmp_path / "silent.wav"
    silent.write_bytes(wav(np.zeros(11025 * 20, np.int16)))
    sign_file(silent, silent, "audio/wav", record=RECORD, signer=home.signer())
    with pytest.raises(errors.InvalidArgument, match="nothing by which"):
        enroll(silent, registry=registry)
    assert len(list(registry.all_entries())) == 1
