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

from countermark import audio, fingerprint, keys, mark, screening, verify
from countermark.credentials import sign
from countermark.errors import (
    FeatureIgnored,
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
