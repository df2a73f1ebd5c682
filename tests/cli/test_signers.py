"""Keys in tokens, keyrings and pools, by the command line alone: signer.toml in the home."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

from countermark import keys
from countermark.credentials import Trust, claim, read

Run = Callable[..., subprocess.CompletedProcess[str]]
REQUEST = ("--organisation", "Example Ltd", "--name", "Camera 3", "--country", "SE")
PIN = "correct-horse-2"


@pytest.fixture
def configure(home: keys.Home) -> Callable[[str], Path]:
    def configure(text: str) -> Path:
        home.settings_path.write_text(text)
        return home.settings_path

    return configure


@pytest.fixture(scope="session")
def library(softhsm: Any) -> str:
    """A token that holds a key pair for each of two algorithms."""
    softhsm.make_token("studio", PIN)
    token = pkcs11.lib(softhsm.library).get_token(token_label="studio")
    with token.open(user_pin=PIN, rw=True) as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp384r1")}
        domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
        domain.generate_keypair(store=True, label="camera 3", id=b"\x03")
        session.generate_keypair(KeyType.RSA, 2048, store=True, label="camera 4", id=b"\x04")
    return str(softhsm.library)


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stdout) == (3, ""), result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


def trusted(path: Path, home: keys.Home) -> x509.Certificate:
    """The leaf of a marked file that reads back whole and trusted."""
    manifest = read(path, "image/jpeg", trust=Trust.from_file(home.trust_path))
    assert manifest is not None
    assert (manifest.failures, manifest.trust.value) == ((), "trusted")
    return claim.parse(manifest.bytes).chain()[0]


@pytest.mark.parametrize(("label", "algorithm"), [("camera 3", "es384"), ("camera 4", "ps256")])
def test_key_in_a_token_from_request_to_picture(
    run: Run, photo: Path, home: keys.Home, configure: Any, library: str, label: str, algorithm: str
) -> None:
    configure(
        f'kind = "pkcs11"\nlibrary = "{library}"\ntoken_label = "studio"\n'
        f'key_label = "{label}"\nalgorithm = "{algorithm}"\n'
    )
    assert "requested" in good(run("keys", "list"))
    assert "COUNTERMARK_PIN" in refused(run("keys", "csr", *REQUEST))
    options = ("--level", "1", "--product", "7f3d3c53-9a0c-4d6a-8a3b-2f1a5d0c9e11")
    pin = {"COUNTERMARK_PIN": PIN}
    good(run("keys", "csr", *REQUEST, *options, "--out", "request.pem", **pin))
    csr = x509.load_pem_x509_csr(photo.with_name("request.pem").read_bytes())
    level = x509.ObjectIdentifier("1.3.6.1.4.1.62558.3")
    assert csr.extensions.get_extension_for_oid(level)
    assert "no certificate for the key" in refused(run("mark", photo, "--out", "m.jpg", **pin))
    good(run("keys", "answer", "request.pem", "--out", "chain.pem"))
    assert "signs now" in good(run("keys", "import", "chain.pem", **pin))
    first, second = map(json.loads, good(run("keys", "list", "--json")).splitlines())
    assert (first["state"], second["state"]) == ("retired", "signing")
    assert (second["algorithm"], second["place"]) == (
        algorithm,
        f"key '{label}' in the token 'studio'",
    )
    good(run("mark", photo, "--out", "marked.jpg", **pin))
    assert trusted(photo.with_name("marked.jpg"), home).public_key() == csr.public_key()
    wrong = refused(run("mark", photo, "--out", "m.jpg", COUNTERMARK_PIN="swordfish"))
    assert "does not open with this PIN" in wrong
    assert "swordfish" not in wrong
    assert "signer.toml" in refused(run("keys", "rotate"))
    good(run("keys", "revoke", second["id"], "--reason", "superseded"))
    assert "is revoked" in refused(run("sign", photo, "--out", "m.jpg", **pin))
    assert not photo.with_name("m.jpg").exists()


def test_chain_of_another_key_is_not_taken_in(
    run: Run, home: keys.Home, configure: Any, library: str, photo: Path
) -> None:
    good(run("keys", "csr", *REQUEST, "--out", "request.pem"))
    good(run("keys", "answer", "request.pem", "--out", "chain.pem"))
    configure(
        f'kind = "pkcs11"\nlibrary = "{library}"\ntoken_label = "studio"\nkey_id = "03"\n'
        'algorithm = "es384"\n'
    )
    said = refused(run("keys", "import", "chain.pem", COUNTERMARK_PIN=PIN))
    assert "belongs to another key than the key 0x03 in the token" in said
    assert not home.elsewhere_chain_path.exists()


def test_key_in_the_keyring_from_request_to_picture(
    run: Run, photo: Path, home: keys.Home, configure: Any, tmp_path: Path
) -> None:
    configure('kind = "keyring"\nname = "studio"\n')
    backend = {
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "KEYRING_PROPERTY_FILE_PATH": os.fspath(tmp_path / "keyring.cfg"),
        "XDG_DATA_HOME": os.fspath(tmp_path / "data"),
    }
    assert "no keyring" in refused(
        run("keys", "csr", *REQUEST, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    )
    request = ("csr", *REQUEST, "--algorithm", "ed25519", "--out", "request.pem")
    good(run("keys", *request, **backend))
    good(run("keys", "answer", "request.pem", "--out", "chain.pem"))
    good(run("keys", "import", "chain.pem", **backend))
    assert "ed25519  signing" in good(run("keys", "list"))
    good(run("mark", photo, "--out", "marked.jpg", **backend))
    assert trusted(photo.with_name("marked.jpg"), home)


def test_pool_signs_each_picture_by_another_key(
    run: Run, photo: Path, home: keys.Home, configure: Any, tmp_path: Path
) -> None:
    configure('kind = "pool"\nname = "Example camera"\ncapacity = 3\nlow_water_mark = 2\n')
    secret = {"COUNTERMARK_PASSPHRASE": "correct horse"}
    good(run("keys", "passphrase", COUNTERMARK_NEW_PASSPHRASE="correct horse"))
    assert "3 one-time keys were added" in good(run("keys", "pool", "fill", **secret))
    assert good(run("keys", "pool", "status", **secret)).startswith("3 of 3 one-time keys, not")
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(photo.read_bytes())
    result = run("mark", folder, "--out", "marked", **secret)
    assert result.returncode == 0
    notes = [line for line in result.stderr.splitlines() if line.startswith("Note:")]
    assert len(notes) == 1
    assert "below its low-water mark of 2" in notes[0]
    one, other = (trusted(tmp_path / "marked" / name, home) for name in ("a.jpg", "b.jpg"))
    assert one.public_key() != other.public_key()
    status = run("keys", "pool", "status", "--json", **secret)
    assert status.returncode == 1
    assert json.loads(status.stdout) == {
        "left": 1, "capacity": 3, "low_water_mark": 2, "is_low": True,
    }  # fmt: skip
    run("sign", photo, "--out", "third.jpg", **secret)
    assert "Refill it" in refused(run("sign", photo, "--out", "fourth.jpg", **secret))
    assert re.search("signing .*one-time keys for 'Example camera'", good(run("keys", "list")))


def test_empty_pool_falls_back_to_the_homes_key_when_told_to(
    run: Run, photo: Path, home: keys.Home, configure: Any
) -> None:
    configure(
        'kind = "pool"\nname = "Camera"\nlow_water_mark = 0\nwhen_empty = "sign-with-shared-key"\n'
    )
    good(run("sign", photo, "--out", "signed.jpg"))
    leaf = trusted(photo.with_name("signed.jpg"), home)
    assert leaf == home.chain(home.folder)[0]
    assert good(run("keys", "rotate"))  # the key of the home still signs


def test_settings_that_cannot_be_used_sign_nothing(run: Run, photo: Path, configure: Any) -> None:
    """A misspelt word must not let another key sign than was meant."""
    path = configure('kind = "keyring"\nname = "studio"\npin = "1234"\n')
    for command in (("mark", photo, "--out", "m.jpg"), ("keys", "list")):
        said = refused(run(*command))
        assert "'pin' is not known" in said
        assert str(path) in said
    assert not photo.with_name("m.jpg").exists()


def test_passphrase_is_set_changed_and_removed(run: Run, home: keys.Home) -> None:
    old = {"COUNTERMARK_PASSPHRASE": "correct horse"}
    assert "COUNTERMARK_NEW_PASSPHRASE" in refused(run("keys", "passphrase"))
    said = good(run("keys", "passphrase", COUNTERMARK_NEW_PASSPHRASE="correct horse"))
    assert said == "2 private keys are under the new passphrase.\n"
    assert home.signer("correct horse")
    wrong = {"COUNTERMARK_PASSPHRASE": "battery staple"}
    assert "does not open" in refused(run("keys", "passphrase", "--remove", **wrong))
    assert home.signer("correct horse")
    good(run("keys", "passphrase", COUNTERMARK_NEW_PASSPHRASE="staple", **old))
    assert home.signer("staple")
    good(run("keys", "passphrase", "--remove", COUNTERMARK_PASSPHRASE="staple"))
    assert home.signer()
