"""`countermark features`: what people type, what they read, and what is refused."""

from __future__ import annotations

import json
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from countermark import keys, screening
from countermark.cli import app
from countermark.errors import (
    InvalidArgument,
    InvalidFeature,
    KeyMissing,
    ReviewRefused,
    WrongPassphrase,
)
from countermark.publishing import note_key
from countermark.registry import Registry
from countermark.registry.features import snapshot
from countermark.registry.log import NoteKey

Run = Callable[..., str]


@pytest.fixture
def cm(home: keys.Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process; `by`: whose passphrase is known; gives what it prints."""
    monkeypatch.setattr("countermark.keys.private_key._COST", 2)  # scrypt takes its time else

    def cm(*arguments: object, by: str | None = None, code: int = 0) -> str:
        monkeypatch.setenv("COUNTERMARK_REVIEWER_PASSPHRASE", f"{by}'s own" if by else "")
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.stdout

    return cm


@pytest.fixture
def feature(cm: Run) -> Run:
    """Commands of features."""
    for name in ("ada", "ben"):
        cm("features", "reviewer", "create", name, by=name)

    def feature(*arguments: object, **options: Any) -> str:
        return cm("features", *arguments, **options)

    return feature


def write_tune(path: Path) -> None:
    """Twenty seconds of chords that change four times a second."""
    time = np.arange(22_050 // 4) / 22_050
    chords = 110 * 2 ** (np.random.default_rng(1).integers(0, 36, (80, 3)) / 12)
    parts = [(np.outer(tones, time) % 1 - 0.5).sum(axis=0) for tones in chords]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes((6000 * np.concatenate(parts)).astype("<i2").tobytes())


ILLEGAL = ("--kind", "illegal", "--reason", "court-order", "--source", "court.example/1")


def test_from_a_proposal_to_a_refusal_and_back(feature: Run, cm: Run, photo: Path) -> None:
    evidence = photo.with_name("order.txt")
    evidence.write_text("by order")
    identifier = feature(
        "propose", photo, *ILLEGAL, "--evidence", evidence, "--as", "ada", by="ada"
    ).strip()
    assert json.loads(feature("list", "--json"))["state"] == "proposed"
    feature("approve", identifier, "--as", "ben", by="ben")
    shown = json.loads(feature("show", identifier[:6]))
    assert shown["signed_by"] == ["ada", "ben"]
    assert len(shown["feature"]["evidence_sha256"]) == 64
    marked = photo.with_name("marked.jpg")
    told = cm("mark", photo, "--out", marked, "--json", code=3)
    assert "known as illegal (court-order)" in json.loads(told)["error"]
    assert not marked.exists()
    told = cm("verify", photo, code=1)
    assert told.startswith("ILLEGAL: this content is on record as illegal\n")
    assert "court-order, according to court.example/1" in told
    feature("revoke", identifier, "--reason", "expired", "--as", "ada", by="ada")
    assert json.loads(feature("list", "--json"))["revoked_for"] == "expired"
    told = cm("mark", photo, "--out", marked, "--json")
    assert json.loads(told)["notices"] == []


def test_a_known_sound_is_refused_and_goes_into_lists(
    feature: Run, cm: Run, home: keys.Home, tmp_path: Path
) -> None:
    known, part, list_ = (tmp_path / name for name in ("known.wav", "part.mp3", "list.jsonl"))
    write_tune(known)
    identifier = feature("propose", known, *ILLEGAL, "--as", "ada", by="ada").strip()
    feature("approve", identifier, "--as", "ben", by="ben")
    assert json.loads(feature("show", identifier))["feature"].keys() >= {"schema", "sound"}
    cut = ("-ss", "5", "-t", "8", "-i", known, "-map_metadata", "-1", part)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *map(str, cut)], check=True)
    told = cm("mark", part, "--out", tmp_path / "out.mp3", "--json", code=3)
    assert "known as illegal (court-order)" in json.loads(told)["error"]
    (notice,) = json.loads(cm("verify", part, "--json", code=1))["notices"]
    assert (notice["distance"], notice["by_watermark"]) == (None, False)
    assert 0.8 <= notice["share"] <= 1
    feature("export", list_)
    found = snapshot.read(list_.read_bytes(), note_key(home).verifier)
    assert found.listed[0].feature.sound is not None


def test_a_flagged_picture_is_marked_and_said_so(feature: Run, cm: Run, photo: Path) -> None:
    statement = photo.with_name("statement.toml")
    statement.write_text('date = 2026-11-26\n[en]\ntitle = "Not so"\ntext = "It is of 2011."\n')
    options = ("--kind", "refuted", "--reason", "false-context", "--source", "Checkers")
    identifier = feature(
        "propose", photo, *options, "--statement", statement, "--as", "ada", by="ada"
    ).strip()
    feature("approve", identifier, "--as", "ben", by="ben")
    marked = photo.with_name("marked.jpg")
    told = cm("mark", photo, "--out", marked)
    assert f"{photo} -> {marked}\n  REFUTED: Not so\n" in told
    assert json.loads(cm("verify", marked, "--json", code=1))["verdict"] == "intact"


def test_each_signs_with_their_own_passphrase(feature: Run, photo: Path) -> None:
    arguments = ("propose", photo, *ILLEGAL, "--as")
    identifier = feature(*arguments, "ada", by="ada").strip()
    with pytest.raises(ReviewRefused, match="has proposed"):
        feature("approve", identifier, "--as", "ada", by="ada")
    with pytest.raises(WrongPassphrase):
        feature("approve", identifier, "--as", "ben", by="ada")
    with pytest.raises(InvalidArgument, match="passphrase of the reviewer"):
        feature("approve", identifier, "--as", "ben")
    with pytest.raises(ReviewRefused, match="not on the list"):
        feature("approve", identifier, "--as", "eve", by="eve")
    with pytest.raises(InvalidArgument, match="same name"):
        feature("reviewer", "create", "ada", by="eve")
    assert json.loads(feature("list", "--json"))["state"] == "proposed"


def test_reviewers_come_and_go(feature: Run, home: keys.Home, photo: Path) -> None:
    identifier = feature("propose", photo, *ILLEGAL, "--as", "ada", by="ada").strip()
    feature("approve", identifier, "--as", "ben", by="ben")
    feature("reviewer", "retire", "ben")
    assert "in force" in feature("list")
    assert "(retired " in feature("reviewer", "list")
    with pytest.raises(ReviewRefused, match="not that of a reviewer"):
        feature("revoke", identifier, "--reason", "mistake", "--as", "ben", by="ben")
    line = feature("reviewer", "list").split()[0]
    feature("reviewer", "remove", "ada")
    assert "void" in feature("list", code=1)
    feature("reviewer", "add", line)
    assert "in force" in feature("list")
    assert [r.name for r in screening.read_signers(home).reviewers] == ["ben", "ada"]
    with pytest.raises(InvalidArgument):
        feature("reviewer", "add", "ada")


def test_a_reviewer_without_a_key_here_cannot_sign(
    feature: Run, home: keys.Home, photo: Path
) -> None:
    (home.folder / "reviewers/ben").rename(home.folder / "elsewhere")
    identifier = feature("propose", photo, *ILLEGAL, "--as", "ada", by="ada").strip()
    with pytest.raises(KeyMissing):
        feature("approve", identifier, "--as", "ben", by="ben")


def test_lists_are_exchanged(
    feature: Run, cm: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = feature("propose", photo, *ILLEGAL, "--as", "ada", by="ada").strip()
    feature("approve", identifier, "--as", "ben", by="ben")
    path = photo.with_name("features.jsonl")
    assert "1 features are in" in feature("export", path)
    line = cm("log", "key").strip()
    assert [json.loads(each) for each in path.read_text().splitlines()]
    other = keys.create_home(photo.with_name("other"))
    monkeypatch.setenv("COUNTERMARK_HOME", str(other.folder))
    other_key = NoteKey.generate("example.org/other").verifier.encoded
    with pytest.raises(InvalidFeature):
        cm("features", "import", path, "--key", other_key)
    assert "1 features of countermark/" in cm("features", "import", path, "--key", line)
    assert "(as before)" in cm("features", "import", path, "--key", line)
    told = cm("verify", photo, code=1)
    assert "the list of countermark/" in told
    told = cm("mark", photo, "--out", photo.with_name("marked.jpg"), "--json", code=3)
    assert "known as illegal" in json.loads(told)["error"]
    with Registry.open(other.registry_path) as registry:
        assert registry.log.check().size == 1
    name = line.partition("+")[0]
    assert cm("features", "authorities") == f"{line}\n"
    assert cm("features", "authorities", "--remove", name) == ""
    assert cm("features", "list") == ""


def test_what_cannot_be_proposed_is_said(
    feature: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text('date = "soon"')
    for arguments, problem in (
        (("--payload", "xyz"), "is no payload"),
        ((), "needs a fingerprint or a payload"),
        (("--payload", "07", "--statement", "s.toml"), "no statement"),
        (("--payload", "07", "--reason", "Because!"), "reason code"),
    ):
        with pytest.raises(InvalidArgument, match=problem):
            feature("propose", *ILLEGAL, *arguments, "--as", "ada", by="ada")
    for identifier in ("abc", "xyzw", "0000", "0" * 65):
        with pytest.raises(InvalidArgument):
            feature("show", identifier)
