"""Sounds and movies that lost their manifests, or were put together from several of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import wave
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countermark import audio, clips, credentials, image, keys, verify
from countermark.credentials import (
    SOUND_WATERMARK_ALGORITHM,
    SoftBinding,
    Trust,
    TrustStatus,
    clip_bindings,
)
from countermark.image import Picture
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry
from countermark.report import ClipEvidence, ManifestEvidence, Report, Verdict, WatermarkEvidence
from countermark.video import mark_video, still_of

RATE = 22_050
SECONDS = 8
AT = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
SHARED = ("-map_metadata", "-1", "-c:a", "aac", "-b:a", "96k")


def ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *(str(each) for each in arguments)]
    subprocess.run(command, check=True)


def tune(seed: int) -> np.ndarray:
    """Chords that change four times a second."""
    random = np.random.default_rng(seed)
    time = np.arange(RATE // 4) / RATE
    chords = 110 * 2 ** (random.integers(0, 36, (4 * SECONDS, 3)) / 12)
    parts = [(np.outer(tones, time) % 1 - 0.5).sum(axis=0) for tones in chords]
    return 0.2 * np.concatenate(parts) + random.normal(0, 0.002, len(time) * 4 * SECONDS)


def wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return path


class Studio:
    """Two movies whose pictures and sound are marked, signed and remembered."""

    def __init__(self, folder: Path, photograph: Callable[..., Any]) -> None:
        self.folder = folder
        self.home = keys.create_home(folder / "home")
        self.registry = Registry.open(self.home.registry_path)
        self.trust = Trust.from_file(self.home.trust_path)
        self._photograph = photograph
        self.lake = self.movie("Lake", "coffee", 1, payload=0xA1)
        self.town = self.movie("Town", "astronaut", 2, payload=0xB2)

    def plain(self, name: str, picture: str, seed: int) -> tuple[Path, Path]:
        """A camera that moves over a picture, and a tune."""
        shown, pictures = self.folder / "shown.bmp", self.folder / f"{name}-plain.mp4"
        self._photograph(picture, 640).save(shown)
        camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):(ih-240)*(0.5+0.5*cos(t/3)),fps=6"
        form = ("-vf", camera, "-c:v", "libx264", "-preset", "ultrafast", "-crf", 16)
        ffmpeg("-loop", 1, "-r", 6, "-t", SECONDS, "-i", shown, *form, pictures)
        return pictures, wav(self.folder / f"{name}-plain.wav", tune(seed))

    def movie(self, name: str, picture: str, seed: int, payload: int | None) -> Path:
        pictures, sound = self.plain(name, picture, seed)
        bindings: list[SoftBinding] = []
        if payload is not None:
            mark_video(pictures, pictures, payload)
            wav(sound, audio.embed(tune(seed), RATE, payload))
            bindings = self.bindings(payload)
        whole = self.folder / f"{name}-whole.mp4"
        ffmpeg("-i", pictures, "-i", sound, *SHARED, "-c:v", "copy", whole)
        return self.signed(whole, bindings, name, payload or 0xC3)

    def bindings(self, payload: int) -> list[SoftBinding]:
        sound = SOUND_WATERMARK_ALGORITHM
        return [
            SoftBinding.of_payload(payload, seconds=SECONDS),
            SoftBinding.of_payload(payload, algorithm=sound, seconds=SECONDS),
        ]

    def claimed(self, movie: Path, out: Path, payload: int) -> Path:
        """It under a manifest that names that watermark and nothing else of it."""
        credentials.sign_file(
            movie,
            out,
            "video/mp4",
            record=Record(source=DigitalSource.AI_GENERATED),
            signer=self.home.signer(),
            soft_bindings=self.bindings(payload),
        )
        return out

    def signed(self, whole: Path, bindings: list[SoftBinding], name: str, payload: int) -> Path:
        out = self.folder / f"{name}.mp4"
        record = Record(source=DigitalSource.AI_GENERATED, title=name)
        with whole.open("rb") as file:
            clip = clips.read(file, "video/mp4")
        store = credentials.sign_file(
            whole,
            out,
            "video/mp4",
            record=record,
            signer=self.home.signer(),
            soft_bindings=[*bindings, *clip_bindings(clip)],
            thumbnail=image.thumbnail(Picture(still_of(whole), "JPEG")),
        )
        self.registry.put(
            Entry(
                payload=payload,
                clip=clip,
                manifest=store,
                manifest_sha256=hashlib.sha256(store).digest(),
                record=record,
                width=320,
                height=240,
                marked_at=AT,
            )
        )
        return out

    def verify(self, path: Path, registry: Registry | None = None) -> Report:
        return verify(path, trust=self.trust, registry=registry or self.registry)

    def mixed(self, pictures: Path, sound: Path) -> Path:
        out = self.folder / "mixed.mp4"
        streams = ("-map", "0:v", "-map", "1:a", "-c:v", "copy")
        ffmpeg("-i", pictures, "-i", sound, *streams, *SHARED, out)
        return out


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, photograph: Callable[..., Any]
) -> Iterator[Studio]:
    studio = Studio(tmp_path_factory.mktemp("studio"), photograph)
    with studio.registry:
        yield studio


@pytest.fixture(scope="module")
def sea(studio: Studio) -> Path:
    """Another movie, without marks."""
    return studio.movie("Sea", "rocket", 3, payload=None)


def marks(report: Report) -> list[tuple[str | None, int | None, bool | None]]:
    found = [item for item in report.evidence if isinstance(item, WatermarkEvidence)]
    return [(item.of, item.payload, item.named) for item in found]


def test_the_sound_of_one_under_the_pictures_of_another_is_named(studio: Studio) -> None:
    report = studio.verify(studio.mixed(studio.lake, studio.town))
    assert (report.verdict, report.trust) == (Verdict.TRANSPLANTED, TrustStatus.NONE)
    assert (report.record, report.claim_signer) == (None, None)
    assert report.summary.startswith("The pictures and the sound are not of one file: the pictures")
    assert "00000000000000a1, that of “Lake” (signed by" in report.summary
    assert "00000000000000b2, that of “Town” (signed by" in report.summary
    assert marks(report) == [("video", 0xA1, True), ("sound", 0xB2, False)]
    stored = [i for i in report.evidence if isinstance(i, ManifestEvidence) and i.found]
    assert [item.origin for item in stored] == ["registry", "registry"]
    assert str(report).startswith("TRANSPLANTED: ")
    told = json.loads(report.to_json())["evidence"]
    assert [(i["of"], i["named"]) for i in told if i["kind"] == "watermark"] == [
        ("video", True),
        ("sound", False),
    ]


@pytest.mark.slow
def test_it_is_found_too_where_only_the_pictures_are_known(studio: Studio, tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry") as registry:
        entry = studio.registry.find_payload(0xA1)
        assert entry is not None
        registry.put(entry)
        report = studio.verify(studio.mixed(studio.lake, studio.town), registry)
    assert report.verdict is Verdict.TRANSPLANTED
    assert "00000000000000b2, which this registry does not know" in report.summary


def changed(path: Path) -> Path:
    """The file with a byte that was signed changed, and nothing that is seen or heard."""
    content = path.read_bytes()
    assert b"SoundHandler" in content
    path.write_bytes(content.replace(b"SoundHandler", b"Soundhandler"))
    return path


@pytest.mark.parametrize(
    ("pictures", "sound", "verdict", "says"),
    [
        ("lake", "lake", Verdict.ALTERED, "The moving pictures and the sound still carry"),
        (
            "lake",
            "town",
            Verdict.TRANSPLANTED,
            "the sound carries the watermark 00000000000000b2, that of “Town”",
        ),
        (
            "town",
            "lake",
            Verdict.TRANSPLANTED,
            "the moving pictures carry the watermark 00000000000000b2, that of “Town”",
        ),
    ],
)
def test_the_manifest_of_one_in_what_is_mixed(
    studio: Studio, tmp_path: Path, pictures: str, sound: str, verdict: Verdict, says: str
) -> None:
    mixed = studio.mixed(getattr(studio, pictures), getattr(studio, sound))
    signed = studio.claimed(mixed, tmp_path / "signed.mp4", 0xA1)
    report = studio.verify(changed(signed))
    assert report.verdict is verdict, report
    assert says in report.summary
    assert [named for _, _, named in marks(report)] == [pictures == "lake", sound == "lake"]


def part(movie: Path, out: Path, *options: object) -> Path:
    """Five seconds from its middle, coded anew."""
    coding = ("-c:v", "libx264", "-crf", 28, "-preset", "ultrafast")
    ffmpeg("-ss", 2.5, "-t", 5, "-i", movie, *coding, *SHARED, *options, out)
    return out


def test_a_part_from_the_middle_is_recovered(studio: Studio, tmp_path: Path) -> None:
    report = studio.verify(part(studio.lake, tmp_path / "part.mp4"))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert not report.is_lead
    assert report.record is not None
    assert report.record.title == "Lake"
    assert "100% of the seconds of its pictures that were looked at are like" in report.summary
    assert "of its sound is like that of which the fingerprint was signed" in report.summary


def test_so_is_one_whose_frames_cannot_be_searched_for_a_mark(
    studio: Studio, tmp_path: Path
) -> None:
    copy = part(studio.lake, tmp_path / "part.mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0")
    report = studio.verify(copy)
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert [of for of, _, _ in marks(report)] == ["sound"]
    assert "100% of the seconds of its pictures that were looked at are like" in report.summary


@pytest.mark.slow
def test_so_is_one_without_a_mark(studio: Studio, sea: Path, tmp_path: Path) -> None:
    report = studio.verify(part(sea, tmp_path / "part.mkv"))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert "led to Content Credentials" in report.summary
    assert [item.of for item in report.evidence if isinstance(item, ClipEvidence)] == [
        "video",
        "sound",
    ]
    # A registry with another fingerprint than the signed one proves nothing.
    entry = studio.registry.find_payload(0xC3)
    town = studio.registry.find_payload(0xB2)
    assert entry is not None
    assert town is not None
    with Registry.open(tmp_path / "registry") as forged:
        forged.put(dataclasses.replace(entry, clip=town.clip))
        report = studio.verify(part(studio.town, tmp_path / "town.mp4"), forged)
    assert report.is_lead
    assert "No fingerprint is signed" not in report.summary


def test_sound_alone(studio: Studio, tmp_path: Path) -> None:
    ffmpeg("-i", studio.lake, "-vn", "-map_metadata", -1, "-b:a", "96k", tmp_path / "sound.mp3")
    heard = studio.verify(tmp_path / "sound.mp3")
    assert (heard.verdict, heard.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), heard
    assert "of its sound" in heard.summary
    assert "pictures" not in heard.summary


@pytest.mark.slow
def test_pictures_alone(studio: Studio, tmp_path: Path) -> None:
    seen = studio.verify(part(studio.lake, tmp_path / "seen.mp4", "-an"))
    assert (seen.verdict, seen.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), seen
    assert "of its sound" not in seen.summary


@pytest.mark.slow
def test_a_mark_that_was_in_the_sound_before_makes_no_mixture(
    studio: Studio, tmp_path: Path
) -> None:
    """The movie was signed with the marked voice of another file in it."""
    pictures, _ = studio.plain("Play", "rocket", 5)
    mark_video(pictures, pictures, 0xD4)
    whole = studio.mixed(pictures, studio.town)
    play = studio.signed(whole, studio.bindings(0xD4)[:1], "Play", 0xD4)
    report = studio.verify(part(play, tmp_path / "part.mp4"))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert marks(report) == [("video", 0xD4, True), ("sound", 0xB2, False)]


@pytest.mark.slow
def test_another_track_of_sound_is_left_open(studio: Studio, tmp_path: Path) -> None:
    other, two = wav(tmp_path / "other.wav", tune(9)), tmp_path / "two.mp4"
    ffmpeg("-i", studio.lake, "-i", other, "-map", 0, "-map", "1:a", "-c:v", "copy", *SHARED, two)
    report = studio.verify(two)
    assert report.is_lead, report
    assert "its sound may be of something else" in report.summary


@pytest.mark.slow
def test_other_words_under_the_pictures_make_it_a_lead(studio: Studio, tmp_path: Path) -> None:
    other = wav(tmp_path / "other.wav", tune(9))
    report = studio.verify(studio.mixed(studio.lake, other))
    assert report.is_lead, report
    assert "its sound may be of something else" in report.summary
    over = studio.mixed(studio.plain("Hill", "retina", 4)[0], studio.lake)
    report = studio.verify(over)
    assert report.is_lead, report
    assert "its pictures may be of something else" in report.summary


def with_sounds(movie: Path, out: Path, *sounds: Path) -> Path:
    """The pictures of a movie with these sounds, each a track of its own."""
    inputs = [each for sound in sounds for each in ("-i", sound)]
    maps = [each for number in range(1, len(sounds) + 1) for each in ("-map", f"{number}:a")]
    ffmpeg("-i", movie, *inputs, "-map", "0:v", *maps, "-c:v", "copy", *SHARED, out)
    return out


def test_every_sound_is_compared(studio: Studio, tmp_path: Path) -> None:
    """Two that carry the mark are shown; another one's is named; one without is left open."""
    translated = wav(tmp_path / "translated.wav", audio.embed(tune(6), RATE, 0xA1))
    own = with_sounds(studio.lake, tmp_path / "own.mp4", studio.lake, translated)
    report = studio.verify(own)
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert marks(report) == [("video", 0xA1, True), ("sound", 0xA1, True), ("sound", 0xA1, True)]
    assert "of its sound 1 carries the watermark" in report.summary
    assert "of its sound 2 carries the watermark" in report.summary
    told = [item.explanation for item in report.evidence if isinstance(item, WatermarkEvidence)]
    assert told[2].startswith("Sound 2 carries an inaudible watermark with the payload")

    mixed = with_sounds(studio.lake, tmp_path / "mixed.mp4", studio.lake, studio.town)
    report = studio.verify(mixed)
    assert (report.verdict, report.trust) == (Verdict.TRANSPLANTED, TrustStatus.NONE), report
    assert "sound 2 carries 00000000000000b2, that of “Town”" in report.summary

    signed = studio.claimed(mixed, tmp_path / "signed.mp4", 0xA1)
    report = studio.verify(changed(signed))
    assert report.verdict is Verdict.TRANSPLANTED, report
    assert "sound 2 carries the watermark 00000000000000b2" in report.summary


@pytest.mark.slow
def test_the_signed_sound_is_found_where_it_is_the_second(
    studio: Studio, sea: Path, tmp_path: Path
) -> None:
    """Without marks, by its fingerprint; beside a sound that nobody signed it is a lead."""
    silent, other = tmp_path / "silent.wav", wav(tmp_path / "other.wav", tune(9))
    wav(silent, np.zeros(SECONDS * RATE))
    report = studio.verify(with_sounds(sea, tmp_path / "second.mp4", silent, sea))
    assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED), report
    assert "of its sound 2 is like that of which the fingerprint was signed" in report.summary
    heard = [item for item in report.evidence if isinstance(item, ClipEvidence) and item.found]
    assert [item.of for item in heard] == ["video", "sound"]
    assert "What is heard in sound 2 from 0:00 on" in heard[1].explanation
    report = studio.verify(with_sounds(sea, tmp_path / "open.mp4", other, sea))
    assert report.is_lead, report
    assert "its sound may be of something else" in report.summary


def test_unknown_marks_that_differ_are_both_named(studio: Studio, tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "nothing")
    report = studio.verify(studio.mixed(studio.lake, studio.town), registry)
    assert (report.verdict, report.trust) == (Verdict.UNMARKED, TrustStatus.NONE)
    assert report.summary == (
        "The pictures carry the watermark 00000000000000a1, which this registry does not know; "
        "the sound carries another one, 00000000000000b2, which this registry does not know. They "
        "may be of two files. Whoever put the marks there has the registries that know them."
    )
    assert marks(report) == [("video", 0xA1, None), ("sound", 0xB2, None)]
    report = studio.verify(studio.mixed(studio.lake, studio.lake), registry)
    assert report.summary.startswith("The frames carry a watermark, but this registry does not")
