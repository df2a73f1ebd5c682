"""`countermark trust`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from countermark import keys
from countermark.credentials import Kind, TrustStore
from countermark.credentials.trust_store import fingerprint

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def stranger(tmp_path: Path) -> keys.Home:
    """Another home folder, with a root of its own."""
    return keys.create_home(tmp_path / "stranger", organisation="Stranger Studio")


def root(home: keys.Home) -> x509.Certificate:
    return x509.load_pem_x509_certificate(home.trust_path.read_bytes())


def test_list_names_purpose_end_list_and_date(run: Run) -> None:
    result = run("trust", "list")  # without a home folder
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("C2PA trust list of 2026-08-21: 30 certificates that may vouch for")
    assert "  24213596a832efb8  until 2030-05-08  CN=Google C2PA Media Services" in result.stdout
    assert "C2PA TSA trust list of 2026-08-21: 22 certificates" in result.stdout


def test_list_begins_with_the_trust_file_of_the_home(run: Run, home: keys.Home) -> None:
    first, second, *_ = run("trust", "list").stdout.splitlines()
    assert first == "Your trust.pem: 1 certificate that may vouch for claim signers"
    assert fingerprint(root(home))[:16] in second


@pytest.mark.parametrize("age", [180, 181])
def test_old_lists_are_named(run: Run, home: keys.Home, stranger: keys.Home, age: int) -> None:
    store = TrustStore(home.folder / "trust")
    day = date.today() - timedelta(days=age)
    store.update(stranger.trust_path, Kind.IDENTITY, today=day)  # the package has no such list
    result = run("trust", "list")
    assert result.returncode == 0
    assert (f"The identity list of {day} is {age} days old." in result.stderr) is (age > 180)


def test_added_anchor_is_trusted_until_it_is_removed(
    run: Run, home: keys.Home, stranger: keys.Home, photo: Path, tmp_path: Path
) -> None:
    marked = tmp_path / "marked.jpg"
    environment = {"COUNTERMARK_HOME": str(stranger.folder)}
    assert run("mark", photo, "--out", marked, **environment).returncode == 0

    def trust() -> tuple[str, str | None]:
        found = json.loads(run("verify", "--json", marked).stdout)
        assert found["verdict"] == "intact"
        return found["trust"], found["trusted_by"]

    assert trust() == ("untrusted", None)
    for kind in ("timestamp", "identity"):
        result = run("trust", "add", stranger.trust_path, "--kind", kind)
        assert result.returncode == 0
        assert trust() == ("untrusted", None)
    added = run("trust", "add", stranger.trust_path, "--kind", "claim")
    assert "1 added, which may vouch for claim signers." in added.stdout
    assert trust() == ("trusted", "your own list")
    assert "(trusted by your own list)" in run("verify", marked).stdout
    removed = run("trust", "remove", fingerprint(root(stranger))[:16])
    assert removed.stdout.count("(your own list)") == 3
    assert trust() == ("untrusted", None)


def test_official_list_names_itself_in_the_report(
    run: Run, home: keys.Home, stranger: keys.Home, photo: Path, tmp_path: Path
) -> None:
    marked = tmp_path / "marked.jpg"
    run("mark", photo, "--out", marked, COUNTERMARK_HOME=str(stranger.folder))
    result = run("trust", "update", "--from", stranger.trust_path, "--kind", "claim")
    assert result.returncode == 0
    assert "1 added, 30 removed." in result.stdout
    assert result.stdout.splitlines()[0].startswith("+ ")
    report = run("verify", marked).stdout
    assert f"(trusted by C2PA trust list of {date.today()})" in " ".join(report.split())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "no such file", "--kind", "claim"), 3),
        (("add", "photo.jpg", "--kind", "claim"), 3),
        (("add", "photo.jpg"), 2),
        (("add", "photo.jpg", "--kind", "everything"), 2),
        (("update", "--from", "photo.jpg", "--kind", "claim"), 3),
        (("update", "--kind", "claim"), 2),
        (("remove", "0123"), 3),
    ],
)
def test_refusals_change_nothing(
    run: Run, home: keys.Home, photo: Path, arguments: tuple[str, ...], code: int
) -> None:
    result = run("trust", *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr
    assert not (home.folder / "trust").exists()


def test_changes_need_a_home(run: Run, tmp_path: Path, stranger: keys.Home) -> None:
    result = run("trust", "add", stranger.trust_path, "--kind", "claim")
    assert result.returncode == 3
    assert "countermark init" in result.stderr


def test_identity_list_can_be_kept(run: Run, home: keys.Home, stranger: keys.Home) -> None:
    result = run("trust", "update", "--from", stranger.trust_path, "--kind", "identity")
    assert "1 added, 0 removed." in result.stdout
    assert f"Identity list of {date.today()}: 1" in run("trust", "list").stdout
    assert home.trust_path.read_bytes() == root(home).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("reason", ["key-compromise", "superseded"])
def test_key_revoked_here_is_revoked_for_verify_here(run: Run, photo: Path, reason: str) -> None:
    """Without a time stamp nothing proves that the signature is older, whatever the reason."""
    run("init")
    run("mark", photo, "--out", "marked.jpg")
    before = json.loads(run("verify", "marked.jpg", "--json").stdout)
    assert (before["verdict"], before["trust"]) == ("intact", "trusted")
    run("keys", "rotate")
    run("mark", photo, "--out", "later.jpg")
    first = keys.list_keys(keys.open_home())[0]
    assert run("keys", "revoke", first.id, "--reason", reason).returncode == 0
    after = run("verify", "marked.jpg", "later.jpg", "--json")
    found = [json.loads(line) for line in after.stdout.splitlines()]
    assert [(line["verdict"], line["trust"]) for line in found] == [
        ("intact", "revoked"),
        ("intact", "trusted"),
    ]
    assert after.returncode == 0  # trust never changes the verdict
    assert "withdrawn" in run("verify", "marked.jpg").stdout
    assert "Revocation lists:" in run("trust", "list").stdout
