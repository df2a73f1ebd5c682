"""`countermark report authority`, run as a user does."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from countermark import keys

TIMES = ("--from", "2026-01-01", "--to", "2100-01-01T00:00:00+08:00")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an authority's key and certificate."""
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
         "authority.pem", "-subj", "/CN=Example Authority"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def make(call, authority: Path, *options: str) -> tuple[int, str, str]:
    command = ("report", "authority", *TIMES, "--recipient", authority / "authority.pem")
    return call(*command, "--reason", "illegal-content", "-o", "report.p7m", *options)


def test_a_marked_picture_is_reported(
    call, photo: Path, home: keys.Home, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path = photo.parent
    monkeypatch.chdir(tmp_path)
    title = ("--title", "Träume von Jana")
    code, said, _ = call("mark", photo, "--out", "marked.jpg", "--json", *title)
    assert code == 0
    marked = json.loads(said)["payload"]
    code, said, complaint = make(call, authority)
    assert (code, complaint) == (0, "")
    assert said.startswith("2 leaves and 0 personal records are in report.p7m.")
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "report.p7m"]
    command += ["-inkey", authority / "key.pem", "-out", "report.zip"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        (line,) = archive.read("fingerprints.jsonl").splitlines()
        assert json.loads(line)["payload"] == marked
        content = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"Jana", b"photo.jpg", b"PRIVATE KEY"):
        assert word not in content
    leaves = call("log", "show")[1].splitlines()
    assert json.loads(leaves[-1])["kind"] == "disclosed"
    assert call("log", "check")[0] == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--from", "yesterday"), "no time"),
        (("--from", "2100-01-01"), "about no time"),
        (("--recipient", "photo.jpg"), "cannot be read"),
        (("--witness", "nobody"), "not an Ed25519 key"),
        (("--reason", "because Jana said so"), "Invalid value"),
        (("-o", "nowhere/report.p7m"), "does not exist"),
    ],
)
def test_what_cannot_be_reported_is_said(
    call,
    home: keys.Home,
    authority: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"no certificate")
    code, said, complaint = make(call, authority, *options)
    assert (code in (2, 3), said) == (True, "")
    assert why in complaint
    assert not (tmp_path / "report.p7m").exists()
    assert call("log", "show")[1] == ""
