"""Known content is refused, flagged or logged by policy, and nothing hides or forges it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from countermark import audio, clips, fingerprint, keys, mark, screening, verify
from countermark.credentials import sign
from countermark.errors import (
    FeatureIgnored,
    InvalidArgument,
    InvalidFeature,
    RefusedContent,
    UnusablePolicy,
)
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.registry.features import Feature, Kind, Reviewer, Signers, Statement, Text
from countermark.registry.log import NoteKey, leaf
from countermark.report import Verdict
from countermark.screening import Action, Rules, Use
from countermark.screening.policy import read_policy
from countermark.video import mark_video

RECORD = Record(source=DigitalSource.CAPTURED)
ADA, BEN = NoteKey.generate("ada"), NoteKey.generate("ben")
SIGNERS = Signers((Reviewer(ADA.verifier), Reviewer(BEN.verifier)))
STATEMENT = Statement(
    texts=(Text("de", "Kein Hochwasser", "Von 2011."), Text("en", "No flood", "It is of 2011.")),
    dated=date(2026, 11, 26),
)
Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]


@pytest.fixture
def reviewed(home: keys.Home) -> keys.Home:
    """A home with two reviewers."""
    screening.write_signers(home, SIGNERS)
    return home


def add(registry: Registry, kind: Kind = Kind.REFUTED, **subject: object) -> Feature:
    feature = Feature(
        kind=kind,
        reason="test",
        source="Checkers Example",
        at=datetime.now(timezone.utc),
        statement=STATEMENT if kind is Kind.REFUTED else None,
        **subject,  # type: ignore[arg-type]
    )
    registry.features.propose(feature, ADA, SIGNERS)
    registry.features.approve(feature.id, BEN, SIGNERS)
    return feature


def likeness(picture: Image.Image) -> dict[str, object]:
    hash_ = fingerprint.pdq(picture)
    return {"pdq": hash_.bits, "pdq_quality": hash_.quality}


def policy(home: keys.Home, text: str) -> None:
    home.feature_policy_path.write_text(text)


def kinds(registry: Registry) -> list[str]:
    return [leaf.decode(content)["kind"] for content in registry.log.leaves()]


def marked(picture: Image.Image, home: keys.Home, registry: Registry, as_file: AsFile) -> bytes:
    stream = io.BytesIO()
    source = io.BytesIO(as_file(picture))
    mark(source, stream, record=RECORD, signer=home.signer(), registry=registry)
    return stream.getvalue()


# ---- marking ----
def test_what_is_illegal_is_not_marked(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    add(registry, Kind.ILLEGAL, **likeness(Image.open(photo)))
    size = registry.log.size
    destination = tmp_path / "marked.jpg"
    with pytest.raises(RefusedContent, match=r"known as illegal \(test\) and is not marked"):
        mark(photo, destination, record=RECORD, signer=reviewed.signer(), registry=registry)
    assert not destination.exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["photo.jpg"]
    assert registry.entries() == []
    assert registry.log.size == size
    destination.write_bytes(b"before")
    with pytest.raises(RefusedContent):
        mark(photo, destination, record=RECORD, signer=reviewed.signer(), registry=registry)
    assert destination.read_bytes() == b"before"
    assert registry.log.check().size == size


def test_flagged_content_is_marked_and_said_so(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    feature = add(registry, **likeness(Image.open(photo)))
    options = {"record": RECORD, "signer": reviewed.signer(), "registry": registry}
    done = mark(photo, tmp_path / "a.jpg", **options)  # type: ignore[arg-type]
    (notice,) = done.notices
    assert (notice.feature, notice.kind) == (feature.id.hex(), Kind.REFUTED)
    registry.features.revoke(feature.id, ADA, SIGNERS, reason="mistake")
    assert mark(photo, tmp_path / "b.jpg", **options).notices == ()  # type: ignore[arg-type]


def test_logged_content_leaves_a_leaf_and_nothing_else(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    add(registry, **likeness(Image.open(photo)))
    policy(reviewed, '[mark]\nrefuted = "log"\n[verify]\nrefuted = "log"\n')
    destination = tmp_path / "marked.jpg"
    done = mark(photo, destination, record=RECORD, signer=reviewed.signer(), registry=registry)
    assert done.notices == ()
    assert kinds(registry)[-3:] == ["feature-matched", "key-used", "marked"]
    assert verify(destination).notices == ()
    assert kinds(registry)[-1] == "feature-matched"


def test_a_payload_is_known_from_pixels_and_manifest(
    reviewed: keys.Home, registry: Registry, photograph: Photograph, as_file: AsFile
) -> None:
    content = marked(photograph(long_edge=640), reviewed, registry, as_file)
    (_, entry), *_ = registry.entries()
    add(registry, Kind.ILLEGAL, payload=entry.payload)
    picture = Image.open(io.BytesIO(content))
    cut = picture.crop((90, 60, 560, 400))
    for source in (content, as_file(cut, quality=85)):
        with pytest.raises(RefusedContent):
            mark(
                io.BytesIO(source), io.BytesIO(), record=RECORD, signer=reviewed.signer(),
                registry=registry,
            )  # fmt: skip
    (notice,) = verify(io.BytesIO(as_file(cut, quality=85))).notices
    assert (notice.by_watermark, notice.distance) == (True, None)
    (notice,) = verify(io.BytesIO(content)).notices
    assert notice.by_watermark


def test_a_feature_that_cannot_be_relied_on_stops_marking(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    add(registry, **likeness(Image.open(photo)))
    screening.write_signers(reviewed, SIGNERS.without_reviewer("ben"))
    with pytest.raises(InvalidFeature, match="cannot be relied on"):
        mark(photo, tmp_path / "a.jpg", record=RECORD, signer=reviewed.signer(), registry=registry)
    assert not (tmp_path / "a.jpg").exists()
    with pytest.warns(FeatureIgnored, match="approval is not signed"):
        assert verify(photo, registry=registry).notices == ()


def still_movie(picture: Path, out: Path) -> Path:
    """Two seconds in which nothing moves."""
    size = ["-vf", "scale=320:240", "-pix_fmt", "yuv420p", "-r", "10", "-t", "2"]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-loop", "1", "-i", str(picture), *size]
    subprocess.run([*command, str(out)], check=True)
    return out


def test_a_movie_is_known_by_its_frames(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    movie, out = still_movie(photo, tmp_path / "movie.mp4"), tmp_path / "out.mp4"
    feature = add(registry, **likeness(Image.open(photo)))
    options = {"record": RECORD, "signer": reviewed.signer(), "registry": registry}
    (notice,) = mark(movie, out, **options).notices  # type: ignore[arg-type]
    assert (notice.feature, notice.by_watermark) == (feature.id.hex(), False)
    policy(reviewed, '[mark]\nrefuted = "refuse"\n')
    with pytest.raises(RefusedContent, match="is not marked"):
        mark(movie, tmp_path / "more.mp4", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "more.mp4").exists()


def test_a_sound_is_known_by_its_watermark(
    reviewed: keys.Home, registry: Registry, tune: Path, tmp_path: Path
) -> None:
    samples = np.fromfile(tune, "<f4").reshape(-1, 2)
    marked = (audio.embed(samples, 44_100, 7) * 32767).astype("<i2")
    source, out = tmp_path / "sound.wav", tmp_path / "out.wav"
    with wave.open(str(source), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(marked.tobytes())
    add(registry, Kind.PROTECTED, payload=7)
    with pytest.raises(RefusedContent, match="protected"):
        mark(source, out, record=RECORD, signer=reviewed.signer(), registry=registry)
    assert not out.exists()


# ---- verifying ----
def test_intact_credentials_do_not_hide_a_refutation(
    reviewed: keys.Home, registry: Registry, photograph: Photograph, as_file: AsFile
) -> None:
    picture = photograph(long_edge=640)
    content = marked(picture, reviewed, registry, as_file)
    add(registry, **likeness(picture))
    edited = picture.copy()
    ImageDraw.Draw(edited).ellipse((300, 150, 340, 190), "black")
    signed_anew = sign(
        io.BytesIO(as_file(edited)), "image/jpeg", record=RECORD, signer=reviewed.signer()
    ).asset
    files = {
        Verdict.INTACT: [content, signed_anew],
        Verdict.RECOVERED: [as_file(Image.open(io.BytesIO(content)).rotate(90, expand=True))],
        Verdict.ALTERED: [content + b"x"],
    }
    for verdict, contents in files.items():
        for each in contents:
            report = verify(io.BytesIO(each))
            assert report.verdict is verdict
            (notice,) = report.notices
            assert notice.statement == STATEMENT
            assert str(report).startswith("REFUTED: No flood\n")
            assert str(report).index("It is of 2011.") < str(report).index(verdict.value.upper())
            told = json.loads(report.to_json())
            assert next(iter(told)) == "notices"
            assert told["notices"][0]["statement"]["texts"]["de"]["title"] == "Kein Hochwasser"
            assert told["notices"][0]["signed_by"] == ["ada", "ben"]
    assert verify(io.BytesIO(as_file(photograph("chelsea", 640)))).notices == ()


def test_files_without_pixels_are_known_by_their_manifest(
    reviewed: keys.Home, registry: Registry, photograph: Photograph, as_file: AsFile
) -> None:
    content = marked(photograph(long_edge=640), reviewed, registry, as_file)
    (_, entry), *_ = registry.entries()
    add(registry, payload=entry.payload)
    report = verify(io.BytesIO(content[: len(content) - 9000]))  # its pixels end too early
    assert report.verdict is not Verdict.INTACT
    assert [notice.by_watermark for notice in report.notices] == [True]


def test_nothing_is_decoded_for_an_intact_file_without_features(
    home: keys.Home,
    registry: Registry,
    photograph: Photograph,
    as_file: AsFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = marked(photograph(long_edge=640), home, registry, as_file)
    monkeypatch.setattr("countermark.image.read", lambda _: pytest.fail("it was decoded"))
    assert verify(io.BytesIO(content)).verdict is Verdict.INTACT


def test_a_policy_may_refuse_a_report(reviewed: keys.Home, registry: Registry, photo: Path) -> None:
    add(registry, Kind.ILLEGAL, **likeness(Image.open(photo)))
    assert [notice.kind for notice in verify(photo).notices] == [Kind.ILLEGAL]
    policy(reviewed, '[verify]\nillegal = "refuse"\n')
    with pytest.raises(RefusedContent, match="not verified"):
        verify(photo)


READ_ONLY = """
import os, sys
from countermark import verify
from countermark.credentials import Trust
from countermark.registry import Registry
from countermark.screening import Rules
rules, trust = Rules.of_home(), Trust.nobody()
with open(sys.argv[2], "rb") as photo:
    with Registry.open(sys.argv[1]) as registry:
        list(registry.features.all(rules.signers))  # what Python imports late may be root's alone
    os.geteuid() or os.setuid(65534)  # nobody, whom the rights of files hold back
    with Registry.open(sys.argv[1]) as registry:
        report = verify(photo, trust=trust, registry=registry, rules=rules)
print([notice.kind.value for notice in report.notices])
"""


def test_a_registry_that_cannot_be_written_is_read(reviewed: keys.Home, photo: Path) -> None:
    """The policy asks for a leaf in the log; verifying does without."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.sqlite3"
        with Registry.open(path) as registry:
            add(registry, **likeness(Image.open(photo)))
            add(registry, Kind.PROTECTED, **likeness(Image.open(photo)))
        policy(reviewed, '[verify]\nprotected = "log"\n')
        before = path.read_bytes()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, os.fspath(path), os.fspath(photo)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        Path(folder).chmod(0o755)
        assert (done.stdout, done.stderr) == ("['refuted']\n", "")
        assert path.read_bytes() == before


def test_without_a_home_the_rules_are_given(
    home: keys.Home, registry: Registry, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(registry, **likeness(Image.open(photo)))
    monkeypatch.setenv("COUNTERMARK_HOME", "/nowhere")
    with pytest.warns(FeatureIgnored, match="proposal is not signed by a reviewer"):
        assert verify(photo, registry=registry).notices == ()
    assert len(verify(photo, registry=registry, rules=Rules(SIGNERS)).notices) == 1


# ---- the policy ----
def test_a_policy_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "features.toml"
    usual = read_policy(path)
    assert usual.action(Use.MARK, Kind.ILLEGAL) is Action.REFUSE
    assert {usual.action(Use.VERIFY, kind) for kind in Kind} == {Action.FLAG}
    path.write_text('[mark]\nillegal = "log"\n')
    changed = read_policy(path)
    assert changed.action(Use.MARK, Kind.ILLEGAL) is Action.LOG
    assert changed.action(Use.MARK, Kind.PROTECTED) is Action.REFUSE


@pytest.mark.parametrize(
    "text",
    ['[mark]\nilegal = "log"', '[mark]\nillegal = "deny"', '[marks]\nillegal = "log"',
     'mark = "log"', "[mark]\nillegal = 1", "no TOML", "[mark]\nillegal = [[]]"],
)  # fmt: skip
def test_a_misspelt_policy_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "features.toml"
    path.write_text(text)
    with pytest.raises(UnusablePolicy):
        read_policy(path)


@pytest.mark.parametrize("text", ["reviewer", "reviewer ada+00+AQ", "witness x", "\udcff"])
def test_a_damaged_list_of_signers_is_refused(text: str, home: keys.Home) -> None:
    home.feature_signers_path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UnusablePolicy):
        Rules.of_home(home)


# ---- sounds and movies ----
def tune_of(seed: int, seconds: int = 20) -> np.ndarray:
    """Chords that change four times a second, at 22,050 Hz."""
    random = np.random.default_rng(seed)
    time = np.arange(22_050 // 4) / 22_050
    chords = 110 * 2 ** (random.integers(0, 36, (4 * seconds, 3)) / 12)
    return 0.2 * np.concatenate([(np.outer(c, time) % 1 - 0.5).sum(axis=0) for c in chords])


def sound_file(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return path


def film_of(picture: Path, out: Path, *more: object) -> Path:
    """Twelve seconds of a camera that moves over a picture."""
    camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):(ih-240)*(0.5+0.5*cos(t/3)),fps=6"
    shown = ["-loop", 1, "-r", 6, "-t", 12, "-i", picture]
    coding = ["-vf", camera, "-c:v", "libx264", "-preset", "ultrafast", "-crf", 16]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *shown, *more, *coding, out]
    subprocess.run([*map(str, command)], check=True)
    return out


def clip_likeness(path: Path, media_type: str) -> dict[str, bytes]:
    with path.open("rb") as file:
        found = clips.read(file, media_type)
    both = {"sound": found.sound, "video": found.video}
    return {name: one.bits for name, one in both.items() if one is not None}


def test_a_sound_is_known_by_its_fingerprint(
    reviewed: keys.Home, registry: Registry, tmp_path: Path
) -> None:
    known, part = sound_file(tmp_path / "known.wav", tune_of(1)), tmp_path / "part.mp3"
    feature = add(registry, **clip_likeness(known, "audio/wav"))
    assert Feature.from_json(feature.to_json()) == feature
    cut = ["-ss", "6", "-t", "7", "-i", str(known), "-b:a", "96k", str(part)]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *cut], check=True)
    report = verify(part)
    (notice,) = report.notices
    assert (notice.feature, notice.distance, notice.by_watermark) == (
        feature.id.hex(),
        None,
        False,
    )
    assert notice.share is not None
    assert 0.8 <= notice.share <= 1
    assert "of the shorter sound or movie is alike" in " ".join(str(report).split())
    with part.open("rb") as stream:
        assert verify(stream).notices == report.notices
    out = tmp_path / "out.mp3"
    signer = reviewed.signer()
    (notice,) = mark(part, out, record=RECORD, signer=signer, registry=registry).notices
    (notice,) = verify(out).notices  # intact, and known all the same
    policy(reviewed, '[mark]\nrefuted = "refuse"\n[verify]\nrefuted = "refuse"\n')
    with pytest.raises(RefusedContent, match="is not marked"):
        mark(part, tmp_path / "more.mp3", record=RECORD, signer=signer, registry=registry)
    with pytest.raises(RefusedContent, match="is not verified"):
        verify(part)


def test_a_sound_with_a_few_known_seconds_is_another_one(
    reviewed: keys.Home, registry: Registry, tmp_path: Path
) -> None:
    known = tune_of(1)
    add(registry, **clip_likeness(sound_file(tmp_path / "known.wav", known), "audio/wav"))
    quote = np.concatenate([tune_of(2, 10), known[: 7 * 22_050], tune_of(3, 10)])
    assert verify(sound_file(tmp_path / "quote.wav", quote)).notices == ()
    whole = np.concatenate([tune_of(2, 10), known, tune_of(3, 10)])
    (notice,) = verify(sound_file(tmp_path / "whole.wav", whole)).notices
    assert notice.kind is Kind.REFUTED


def test_a_movie_is_known_by_its_fingerprints_and_marks_when_verified(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    sound = sound_file(tmp_path / "tune.wav", tune_of(5, 12))
    film = film_of(photo, tmp_path / "film.mp4", "-i", sound)
    likeness_ = clip_likeness(film, "video/mp4")
    assert likeness_.keys() == {"sound", "video"}
    by_video = add(registry, video=likeness_["video"])
    mute = film_of(photo, tmp_path / "mute.mkv")
    (notice,) = verify(mute).notices
    assert (notice.feature, notice.distance) == (by_video.id.hex(), None)
    assert verify(sound).notices == ()
    by_sound = add(registry, Kind.PROTECTED, sound=likeness_["sound"])
    (notice,) = verify(sound).notices
    assert notice.feature == by_sound.id.hex()
    assert {each.feature for each in verify(film).notices} == {
        by_video.id.hex(),
        by_sound.id.hex(),
    }

    marked = tmp_path / "marked.mp4"
    mark_video(film, marked, 0xABC)
    by_mark = add(registry, Kind.ILLEGAL, payload=0xABC)
    assert verify(marked).notices[0].feature == by_mark.id.hex()
    still = still_movie(photo, tmp_path / "still.mp4")
    by_frame = add(registry, **likeness(Image.open(photo)))
    assert [each.feature for each in verify(still).notices] == [by_frame.id.hex()]


def test_what_tells_nothing_is_no_feature() -> None:
    with pytest.raises(InvalidArgument, match="cannot be told from others"):
        Feature(
            kind=Kind.ILLEGAL,
            reason="test",
            source="Checkers Example",
            at=datetime.now(timezone.utc),
            sound=bytes(4 * 100),
        )


def test_damaged_clips_do_not_keep_anybody_from_verifying(
    reviewed: keys.Home, registry: Registry, photo: Path, tmp_path: Path
) -> None:
    add(registry, payload=7)
    known = sound_file(tmp_path / "known.wav", tune_of(1))
    add(registry, **clip_likeness(known, "audio/wav"))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film_of(photo, tmp_path / "film.mp4").read_bytes()[:900])
    assert verify(broken).notices == ()
