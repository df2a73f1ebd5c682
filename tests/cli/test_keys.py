"""`countermark keys`, run as a user runs it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from countermark import keys
from countermark.keys import private_key, storage
from countermark.keys.algorithms import generate

Run = Callable[..., subprocess.CompletedProcess[str]]
REQUEST = ("--organisation", "Example Ltd", "--name", "Camera App", "--country", "SE")


def entries(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("keys", "list", "--json").stdout.splitlines()]


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def refused(result: subprocess.CompletedProcess[str], code: int = 3) -> str:
    assert result.returncode == code, result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


def test_from_zero_to_a_production_chain(
    run: Run, photo: Path, tmp_path: Path, public_authority: Any
) -> None:
    """The ten steps of docs/keys.md, with an authority in place of the real one."""
    good(run("init"))
    options = ("--level", "2", "--product", "7f3d3c53-9a0c-4d6a-8a3b-2f1a5d0c9e11")
    good(run("keys", "csr", *REQUEST, *options, "--out", "request.pem"))
    csr = x509.load_pem_x509_csr((tmp_path / "request.pem").read_bytes())
    chain = public_authority.certify(csr.public_key())
    (tmp_path / "chain.pem").write_bytes(public_authority.pem(*chain))
    findings = json.loads(run("keys", "lint", "chain.pem", "--json").stdout)["findings"]
    assert {finding["scope"] for finding in findings} == {"assurance-level-1"}
    assert "signs now" in good(run("keys", "import", "chain.pem"))
    assert [entry["state"] for entry in entries(run)] == ["retired", "signing"]
    good(run("mark", photo, "--out", "marked.jpg"))
    with open(tmp_path / "countermark-home" / "trust.pem", "ab") as trust:
        trust.write(public_authority.pem(public_authority.root))
    verified = json.loads(good(run("verify", "marked.jpg", "--json")))
    assert (verified["verdict"], verified["trust"]) == ("intact", "trusted")


def test_rotation_keeps_old_files_trusted_and_revocation_is_listed(
    run: Run, photo: Path, tmp_path: Path, openssl: Callable[..., str]
) -> None:
    good(run("init"))
    good(run("mark", photo, "--out", "old.jpg"))
    assert "signs now (ed25519, until" in good(run("keys", "rotate", "--algorithm", "ed25519"))
    good(run("mark", photo, "--out", "new.jpg"))
    for name in ("old.jpg", "new.jpg"):
        assert json.loads(good(run("verify", name, "--json")))["trust"] == "trusted"
    first, second = entries(run)
    assert (first["state"], second["state"]) == ("retired", "signing")
    said = good(run("keys", "revoke", first["id"], "--reason", "key-compromise"))
    path = Path(re.findall("Revocation list: (.*)", said)[0])
    assert "Key Compromise" in openssl("crl", "-in", path, "-noout", "-text")
    assert [entry["state"] for entry in entries(run)] == ["revoked", "signing"]
    assert entries(run)[0]["reason"] == "keyCompromise"
    assert "already" in refused(run("keys", "revoke", first["id"], "--reason", "superseded"))
    assert str(path) in good(run("keys", "crl"))
    assert "keys rotate" in good(run("keys", "revoke", second["id"], "--reason", "superseded"))
    assert "revoked" in refused(run("mark", photo, "--out", "third.jpg"))
    assert not (tmp_path / "third.jpg").exists()


def test_list_is_for_people_too(run: Run) -> None:
    good(run("init", "--algorithm", "es384", "--name", "Photo desk"))
    good(run("keys", "csr", *REQUEST))
    lines = good(run("keys", "list")).splitlines()
    assert re.fullmatch(r"[0-9a-f]{16}  es384    signing    20\d\d-\d\d-\d\d  CN=Photo.*", lines[0])
    assert re.fullmatch(r"[0-9a-f]{16}  es256    requested  -           CN=Camera App,.*", lines[1])


def test_lint_says_what_is_missing_and_where_it_is_written(run: Run, tmp_path: Path) -> None:
    good(run("init"))
    result = run("keys", "lint")
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "C2PA certificate profile: nothing to find."
    assert re.fullmatch(r"Assurance level 1: \d+ findings\.", lines[1])
    assert any("1.3.6.1.4.1.62558.3.20" in line and "[C2PA Cert" in line for line in lines)
    (tmp_path / "no.pem").write_text("no chain")
    assert "PEM" in refused(run("keys", "lint", "no.pem"))
    assert "nowhere.pem" in refused(run("keys", "lint", "nowhere.pem"))


def test_key_that_ends_soon_is_announced_once_where_it_is_used(
    run: Run, photo: Path, tmp_path: Path, public_authority: Any
) -> None:
    good(run("init"))
    key = generate("es256")
    storage.write_file(tmp_path / "key.pem", private_key.encode(key, None))
    chain = public_authority.pem(*public_authority.certify(key.public_key(), days=20))
    (tmp_path / "chain.pem").write_bytes(chain)
    good(run("keys", "import", "chain.pem", "--key", "key.pem"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(photo.read_bytes())
    result = run("mark", folder, "--out", "marked")
    assert result.returncode == 0
    notes = [line for line in result.stderr.splitlines() if line.startswith("Note:")]
    assert len(notes) == 1, result.stderr
    assert "CN=Camera App" in notes[0]
    assert "expires on" in notes[0]
    assert "(ends in 19 days: renew it)" in good(run("keys", "list"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("csr", *REQUEST, "--level", "1"), "belong together"),
        (("csr", *REQUEST, "--algorithm", "rs256"), "Use one of: es256"),
        (("csr", *REQUEST, "--out", "nowhere/request.pem"), "does not exist"),
        (("csr", *REQUEST[:4], "--country", "Sweden"), "ISO 3166"),
        (("import", "nowhere.pem"), "cannot be read"),
        (("rotate", "--algorithm", "none"), "Use one of: es256"),
        (("revoke", "0" * 16, "--reason", "superseded"), "keys list"),
    ],
)
def test_refusals_are_one_sentence_and_change_nothing(
    run: Run, home: keys.Home, arguments: tuple[str, ...], reason: str
) -> None:
    before = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert reason in refused(run("keys", *arguments))
    after = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert after == before


def test_wrong_usage_and_missing_home(run: Run) -> None:
    for command in ("list", "lint", "rotate", "crl"):
        assert "countermark init" in refused(run("keys", command))
    assert run("keys", "revoke", "0" * 16, "--reason", "boredom").returncode == 2
    assert run("keys", "csr").returncode == 2


def test_open_key_file_stops_marking(run: Run, photo: Path, home: keys.Home) -> None:
    (home.folder / "claim-signing-key.pem").chmod(0o644)
    assert "chmod 600" in refused(run("mark", photo, "--out", "marked.jpg"))


def secrets_of(home: keys.Home, passphrase: str | None) -> list[str]:
    """The private numbers of every key in a home, as they would show in a text."""
    found = []
    for path in home.folder.rglob("*key.pem"):
        pem = path.read_bytes()
        found += [line for line in pem.decode().splitlines() if len(line) >= 32]
        key = private_key.decode(pem, passphrase if private_key.is_encrypted(pem) else None)
        form = serialization.PrivateFormat.PKCS8
        der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
        numbers = getattr(key, "private_numbers", None)
        value = getattr(numbers(), "private_value", None) if numbers else None
        scalar = value.to_bytes(66, "big").lstrip(b"\0") if value else der[-32:]
        found += [
            scalar.hex(),
            base64.b64encode(scalar).decode()[:40],
            base64.b64encode(der).decode(),
        ]
    assert len(found) > 10
    return found


@pytest.mark.parametrize("passphrase", [None, "correct horse battery"])
def test_nothing_secret_is_ever_said_or_written_elsewhere(
    run: Run, photo: Path, tmp_path: Path, passphrase: str | None, public_authority: Any
) -> None:
    environment = {} if passphrase is None else {"COUNTERMARK_PASSPHRASE": passphrase}
    said: list[str] = []

    def keep(*arguments: object, **other: str) -> None:
        result = run(*arguments, **{**environment, **other})
        said.extend((result.stdout, result.stderr))

    keep("init")
    keep("keys", "csr", *REQUEST, "--out", "request.pem")
    keep("keys", "rotate", "--algorithm", "ps256")
    home = keys.open_home()
    keep("mark", photo, "--out", "marked.jpg", "--json")
    keep("keys", "list", "--json")
    keep("keys", "lint", "--json")
    keep("keys", "crl")
    keep("keys", "log", "--json")
    keep("keys", "revoke", keys.list_keys(home)[0].id, "--reason", "key-compromise")
    keep("keys", "rotate", COUNTERMARK_PASSPHRASE="wrong passphrase")
    keep("mark", photo, "--out", "again.jpg", COUNTERMARK_PASSPHRASE="wrong passphrase")
    (path,) = home.folder.glob("requests/*/claim-signing-key.pem")
    path.write_bytes(path.read_bytes()[:-60])
    csr = x509.load_pem_x509_csr((tmp_path / "request.pem").read_bytes())
    chain = public_authority.certify(csr.public_key())
    (tmp_path / "chain.pem").write_bytes(public_authority.pem(*chain))
    keep("keys", "import", "chain.pem")
    assert not list(home.folder.glob("keys/*/.*"))
    path.unlink()  # damaged, so that it does not open below
    written = [p for p in tmp_path.rglob("*") if p.is_file() and not p.name.endswith("key.pem")]
    everything = "\n".join(said) + "\n".join(p.read_bytes().decode("latin-1") for p in written)
    assert "signs now" in everything
    for secret in secrets_of(home, passphrase):
        assert secret not in everything
    assert passphrase is None or passphrase not in everything
    assert "PRIVATE KEY" not in everything
