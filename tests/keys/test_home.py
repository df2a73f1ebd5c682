"""The home folder: made whole or not at all, never overwritten, its key for its owner only."""

from __future__ import annotations

import io
import os
import shutil
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image

from countermark import keys
from countermark.credentials import SoftBinding, Trust, TrustStatus, read, sign
from countermark.errors import (
    DestinationNotWritable,
    HomeExists,
    HomeMissing,
    InvalidArgument,
    UnknownKey,
    UnusableCertificate,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import storage
from countermark.record import DigitalSource, Record

FILES = ["certificate-chain.pem", "claim-signing-key.pem", "trust.pem"]
ENTRIES = ["authorities", *FILES]


@pytest.fixture
def home(tmp_path: Path) -> keys.Home:
    return keys.create_home(tmp_path / "home", organisation="Example Studio", name="Camera 3")


def certificates(home: keys.Home) -> list[x509.Certificate]:
    """Leaf, intermediate, root."""
    chain = (home.folder / "certificate-chain.pem").read_bytes()
    return x509.load_pem_x509_certificates(chain + home.trust_path.read_bytes())


def in_the_clear(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


def key_path(home: keys.Home) -> Path:
    return home.folder / "claim-signing-key.pem"


def test_home_holds_key_certificates_and_trust_file(home: keys.Home) -> None:
    assert sorted(path.name for path in home.folder.iterdir()) == ENTRIES
    assert home.registry_path == home.folder / "registry.sqlite3"
    assert keys.open_home(home.folder) == home
    assert keys.open_home(str(home.folder)) == home


@pytest.mark.usefixtures("home")
def test_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_only_the_owner_may_enter(home: keys.Home) -> None:
    for path in (home.folder, *home.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_certificates_have_the_c2pa_profile(home: keys.Home) -> None:
    leaf, intermediate, root = certificates(home)
    assert leaf.subject.rfc4514_string() == "CN=Camera 3,O=Example Studio"
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),
    }
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    for certificate, authority, length in ((leaf, False, None), (intermediate, True, 0)):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert (constraints.value.ca, constraints.value.path_length) == (authority, length)
        certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=366)
    assert leaf.not_valid_before_utc < datetime.now(timezone.utc)


def test_signer_signs_with_the_leafs_key(home: keys.Home) -> None:
    signer = home.signer()
    signature = signer.sign(b"data")
    assert len(signature) == 64
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    public_key = certificates(home)[0].public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(hashes.SHA256()))


def test_key_does_not_show_in_the_signers_text(home: keys.Home) -> None:
    assert repr(home.signer()) == "LocalSigner(algorithm='es256')"


@pytest.mark.parametrize("passphrase", [None, "correct horse", "Käse 芝士"])
def test_manifest_signed_from_home_is_trusted_by_its_trust_file(
    tmp_path: Path, passphrase: str | None
) -> None:
    home = keys.create_home(tmp_path / "home", passphrase=passphrase)
    file = io.BytesIO()
    Image.new("RGB", (160, 160)).save(file, "JPEG")
    signed = sign(
        io.BytesIO(file.getvalue()),
        "image/jpeg",
        record=Record(source=DigitalSource.CAPTURED),
        signer=home.signer(passphrase),
        soft_bindings=[SoftBinding.of_payload(1)],
        thumbnail=file.getvalue(),
    )
    trust = Trust.from_file(home.trust_path)
    manifest = read(io.BytesIO(signed.asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.trust is TrustStatus.TRUSTED


def test_key_with_passphrase_is_encrypted(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="secret")
    pem = key_path(home).read_bytes()
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert serialization.load_pem_private_key(pem, b"secret")
    for wrong in (None, "", "Secret"):
        with pytest.raises(WrongPassphrase):
            home.signer(wrong)


def test_passphrase_for_an_open_key_is_an_error(home: keys.Home) -> None:
    with pytest.raises(WrongPassphrase, match="not encrypted"):
        home.signer("secret")


@pytest.mark.parametrize("damage", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_damaged_key_is_unusable(home: keys.Home, damage: bytes) -> None:
    key_path(home).write_bytes(damage)
    with pytest.raises(UnusableKey):
        home.signer()


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256K1()), dsa.generate_private_key(1024)]
)
def test_key_of_a_kind_that_c2pa_does_not_allow_is_unusable(home: keys.Home, key: Any) -> None:
    key_path(home).write_bytes(in_the_clear(key))
    with pytest.raises(UnusableKey):
        home.signer()


def test_key_of_another_certificate_is_refused(home: keys.Home) -> None:
    key_path(home).write_bytes(in_the_clear(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(UnusableCertificate, match="another key"):
        home.signer()


@pytest.mark.parametrize("damage", [b"", b"no certificate", b"\xff"])
def test_damaged_certificates_are_unusable(home: keys.Home, damage: bytes) -> None:
    (home.folder / "certificate-chain.pem").write_bytes(damage)
    with pytest.raises(UnusableCertificate, match="damaged"):
        home.signer()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610])
def test_key_that_is_open_to_others_is_refused(home: keys.Home, mode: int) -> None:
    key_path(home).chmod(mode)
    with pytest.raises(UnusableKey, match=f"mode {mode:04o}.*chmod 600"):
        home.signer()
    key_path(home).chmod(0o400)
    assert home.signer()


def test_authority_key_that_is_open_to_others_is_refused(home: keys.Home) -> None:
    (path,) = home.folder.glob("authorities/*/authority-key.pem")
    path.chmod(0o644)
    with pytest.raises(UnusableKey, match="mode 0644"):
        home.authority()


def test_home_of_the_earlier_layout_opens(home: keys.Home) -> None:
    """Version 0.1 forgot its authority, and left key derivation to the package's default."""
    shutil.rmtree(home.folder / "authorities")
    key = serialization.load_pem_private_key(key_path(home).read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    key_path(home).write_bytes(pem)
    opened = keys.open_home(home.folder)
    assert opened.signer("secret").algorithm == "es256"
    assert opened.authority("secret") is None
    assert [entry.state.value for entry in keys.list_keys(opened)] == ["signing"]


@pytest.mark.parametrize("name", ["", "0123456789abcdef", "../../outside", "x" * 9000])
def test_home_that_names_a_key_it_does_not_hold_says_so(home: keys.Home, name: str) -> None:
    (home.folder / "signing-key").write_text(name)
    with pytest.raises(UnknownKey, match="keys list"):
        keys.open_home(home.folder)


def test_home_is_never_overwritten(home: keys.Home) -> None:
    before = {path: path.read_bytes() for path in home.folder.rglob("*.pem")}
    with pytest.raises(HomeExists):
        keys.create_home(home.folder)
    assert {path: path.read_bytes() for path in home.folder.rglob("*.pem")} == before
    assert [path.name for path in home.folder.parent.iterdir()] == ["home"]


def test_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(HomeExists):
        keys.create_home(tmp_path)
    (tmp_path / "home").write_text("a file")
    with pytest.raises(HomeExists):
        keys.create_home(tmp_path / "home")


def test_empty_folder_becomes_the_home(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    keys.create_home(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_missing_parents_are_made(tmp_path: Path) -> None:
    assert keys.create_home(tmp_path / "a" / "b").trust_path.exists()


@pytest.mark.parametrize("step", ["write_file", "files.sync_folder"])
def test_failed_creation_leaves_no_half_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done: list[Any] = []

    def fail(*arguments: Any) -> None:
        done.append(arguments)
        if step == "files.sync_folder" or len(done) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"{storage.__name__}.{step}", fail)
    with pytest.raises((DestinationNotWritable, HomeExists)):
        keys.create_home(tmp_path / "home")
    names = [path.name for path in tmp_path.iterdir()]
    assert names == ([] if step == "write_file" else ["home"])
    if names:
        assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ENTRIES


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file" / "home", Path("\0")):
        with pytest.raises(DestinationNotWritable):
            keys.create_home(folder)


@pytest.mark.parametrize(
    "names",
    [
        {"organisation": ""},
        {"organisation": "x" * 65},
        {"name": " "},
        {"name": "two\nlines"},
        {"name": "x" * 65},
        {"name": "ü" * 33},
        {"name": "\ud800"},
        {"passphrase": ""},
        {"passphrase": "\ud800"},
        {"algorithm": "rs256"},
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_made(
    tmp_path: Path, names: dict[str, str]
) -> None:
    with pytest.raises(InvalidArgument):
        keys.create_home(tmp_path / "home", **names)
    assert list(tmp_path.iterdir()) == []


def test_long_names_fit(tmp_path: Path) -> None:
    assert keys.create_home(tmp_path / "home", organisation="ü" * 32, name="n" * 64).signer()


@pytest.mark.parametrize("missing", FILES)
def test_incomplete_home_is_missing(home: keys.Home, missing: str) -> None:
    (home.folder / missing).unlink()
    with pytest.raises(HomeMissing, match="countermark init"):
        keys.open_home(home.folder)


def test_files_that_vanish_are_missed(home: keys.Home) -> None:
    key_path(home).unlink()
    with pytest.raises(HomeMissing):
        home.signer()


def test_home_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "stated"))
    assert keys.home_folder() == tmp_path / "stated"
    assert keys.create_home().folder == keys.open_home().folder == tmp_path / "stated"
    monkeypatch.setenv("COUNTERMARK_HOME", "~/stated")
    assert keys.home_folder() == Path(os.path.expanduser("~/stated"))
    monkeypatch.setenv("COUNTERMARK_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert keys.home_folder().name == "countermark"
