"""The package with the in-browser reader: only the one that is known is taken, whole or not."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import ReaderUnavailable
from countermark.service import Settings, reader
from countermark.service.app import create_app


def package(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_other_packages_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    for content in (b"", b"no archive", package(LICENSE=b"free")):
        with pytest.raises(ReaderUnavailable, match="as its authors published it"):
            reader.unpack(content, folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("environment", "npmrc", "expected"),
    [
        ({}, "fund=false\nregistry = https://mirror.example/npm\n", "https://mirror.example/npm/"),
        (
            {"npm_config_registry": "https://other.example"},
            "registry=https://mirror.example",
            "https://other.example/",
        ),
        ({"NPM_CONFIG_REGISTRY": "https://other.example/"}, "", "https://other.example/"),
        (
            {"npm_config_registry": "https://other.example"},
            '@contentauth:registry="https://${PLACE}/npm"\n@else:registry=https://wrong.example',
            "https://scoped.example/npm/",
        ),
    ],
)
def test_registry_is_the_one_that_npm_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    npmrc: str,
    expected: str,
) -> None:
    (tmp_path / "npmrc").write_text(npmrc)
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("PLACE", "scoped.example")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert reader.registry() == expected


def test_npm_is_asked_when_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReaderUnavailable, match="npm cannot be asked"):
        reader.registry()
    (tmp_path / "npm").write_text("#!/bin/sh\necho https://mirror.example/npm\n")
    (tmp_path / "npm").chmod(0o755)
    assert reader.registry() == "https://mirror.example/npm/"


def test_registry_must_be_on_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_userconfig", "/missing/npmrc")
    monkeypatch.setenv("npm_config_registry", "file:///etc")
    with pytest.raises(ReaderUnavailable, match="no address on the web"):
        reader.fetch(Path("never"))


def test_registry_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("npm_config_userconfig", "/missing/npmrc")
    monkeypatch.setenv("npm_config_registry", "http://name:secret@127.0.0.1:9/")
    assert reader.main([str(tmp_path / "reader")]) == 3
    said = capsys.readouterr().err
    assert said.startswith("@contentauth/c2pa-web cannot be fetched from 127.0.0.1 (")
    assert "npm pack @contentauth/c2pa-web@0.13.1" in said
    assert "secret" not in said
    assert not (tmp_path / "reader").exists()


def test_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for arguments in ([], ["--help"], ["a", "b", "c"]):
        assert reader.main(arguments) == 2
        assert "usage: " in capsys.readouterr().err
    assert reader.main([str(tmp_path), str(tmp_path / "missing.tgz")]) == 3


def test_folder_without_the_reader_is_refused(
    tmp_path: Path, service_home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERMARK_HOME", str(service_home.folder))
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ReaderUnavailable, match=r"python -m countermark\.service\.reader"):
            create_app(Settings(reader=folder))
    for name in reader.READER_FILES:
        (tmp_path / name).write_bytes(b"other")
    with pytest.raises(ReaderUnavailable, match=r"c2pa_worker\.js"):
        reader.check(tmp_path)
