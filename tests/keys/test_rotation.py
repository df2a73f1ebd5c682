"""Rotation with overlap, and revocation on a list that others read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from countermark import keys
from countermark.errors import (
    InvalidArgument,
    UnknownKey,
    UnusableCertificate,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import private_key, storage
from countermark.keys.algorithms import generate
from countermark.keys.home import CHAIN, KEY

COMPROMISE = keys.RevocationReason.KEY_COMPROMISE


@pytest.fixture
def home(tmp_path: Path) -> keys.Home:
    return keys.create_home(tmp_path / "home", organisation="Example Studio", name="Camera 3")


def states(home: keys.Home) -> list[str]:
    return [entry.state.value for entry in keys.list_keys(home)]


def snapshot(home: keys.Home) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


def test_new_key_signs_and_the_former_is_listed(home: keys.Home) -> None:
    before = snapshot(home)
    first = home.signer()
    entry = keys.rotate(home)
    second = keys.open_home(home.folder).signer()
    assert second.certificate_chain != first.certificate_chain
    assert second.private_key.public_key() != first.private_key.public_key()
    assert states(home) == ["retired", "signing"]
    assert keys.list_keys(home)[1] == entry
    assert entry.subject == "CN=Camera 3,O=Example Studio"
    assert before.items() <= snapshot(home).items()  # nothing that was there has changed


def test_every_later_key_is_for_its_owner_only(home: keys.Home) -> None:
    keys.rotate(home)
    keys.request_certificate(home, organisation="Example", name="App", country="SE")
    for path in home.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_openssl_follows_the_chain_to_the_root(
    home: keys.Home, openssl: Callable[..., str], algorithm: str
) -> None:
    entry = keys.rotate(home, algorithm=algorithm)
    chain = entry.folder / CHAIN
    said = openssl("verify", "-CAfile", home.trust_path, "-untrusted", chain, chain)
    assert said.strip().endswith("OK")


def test_keys_of_a_home_open_with_one_passphrase(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="secret")
    for wrong in (None, "Secret"):
        with pytest.raises(WrongPassphrase):
            keys.rotate(home, passphrase=wrong)
    keys.rotate(home, passphrase="secret")
    assert home.signer("secret")
    for path in home.folder.rglob("*key.pem"):
        assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_home_without_an_authority_gets_one(home: keys.Home) -> None:
    """So it is with homes of version 0.1, and where the authority's key was deleted."""
    shutil.rmtree(home.folder / "authorities")
    root = home.trust_path.read_bytes()
    keys.rotate(home)
    roots = x509.load_pem_x509_certificates(home.trust_path.read_bytes())
    assert home.trust_path.read_bytes().startswith(root)
    assert len(roots) == 2
    keys.rotate(home)
    assert len(x509.load_pem_x509_certificates(home.trust_path.read_bytes())) == 2
    assert states(home) == ["retired", "retired", "signing"]


def test_earlier_home_that_is_encrypted_does_not_get_an_open_key(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="secret")
    shutil.rmtree(home.folder / "authorities")
    before = snapshot(home)
    with pytest.raises(WrongPassphrase):
        keys.rotate(home)
    assert snapshot(home) == before


def test_unknown_algorithm_changes_nothing(home: keys.Home) -> None:
    before = snapshot(home)
    with pytest.raises(InvalidArgument, match="es256, es384"):
        keys.rotate(home, algorithm="rs256")
    assert snapshot(home) == before


def test_retired_private_key_may_be_deleted(home: keys.Home) -> None:
    keys.rotate(home)
    (home.folder / KEY).unlink()
    assert keys.open_home(home.folder).signer()
    assert states(home) == ["retired", "signing"]


def test_openssl_refuses_what_is_revoked(home: keys.Home, openssl: Callable[..., str]) -> None:
    first = keys.list_keys(home)[0]
    second = keys.rotate(home)
    revoked = keys.revoke(home, first.id, reason=COMPROMISE)
    assert (revoked.state.value, revoked.reason) == ("revoked", "keyCompromise")
    assert states(home) == ["revoked", "signing"]
    (path,) = home.revocation_list_paths
    authority = path.with_name("authority.pem")
    text = openssl("crl", "-in", path, "-CAfile", authority, "-noout", "-text")
    assert "verify OK" in text
    assert f"{first.chain[0].serial_number:X}" in text.replace(":", "")
    assert "Key Compromise" in text
    options = ("verify", "-crl_check", "-CRLfile", path, "-CAfile", home.trust_path)
    for entry, code in ((first, 2), (second, 0)):
        chain = entry.folder / CHAIN
        said = openssl(*options, "-untrusted", authority, chain, expect=code)
        assert ("certificate revoked" in said) is (code == 2)


@pytest.mark.parametrize("reason", keys.RevocationReason)
def test_every_reason_is_written_and_read(home: keys.Home, reason: keys.RevocationReason) -> None:
    (entry,) = keys.list_keys(home)
    keys.revoke(home, entry.id, reason=reason)
    (again,) = keys.list_keys(home)
    assert again.reason == reason.flag.value
    assert again.revoked_at is not None


def test_list_grows_and_its_number_too(home: keys.Home) -> None:
    numbers = []
    for _ in range(3):
        entry = keys.list_keys(home)[-1]
        keys.rotate(home)
        keys.revoke(home, entry.id, reason=keys.RevocationReason.SUPERSEDED)
        (path,) = home.revocation_list_paths
        crl = x509.load_pem_x509_crl(path.read_bytes())
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        numbers.append((number, len(crl)))
    assert numbers == [(1, 1), (2, 2), (3, 3)]
    (path,) = keys.renew_revocation_lists(home)
    crl = x509.load_pem_x509_crl(path.read_bytes())
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert (number, len(crl)) == (4, 3)


def test_list_can_be_made_before_anything_is_revoked(home: keys.Home) -> None:
    (path,) = keys.renew_revocation_lists(home)
    assert len(x509.load_pem_x509_crl(path.read_bytes())) == 0
    assert states(home) == ["signing"]


def test_revoked_key_signs_no_more_until_it_is_rotated(home: keys.Home) -> None:
    (entry,) = keys.list_keys(home)
    assert keys.revoke(home, entry.id, reason=COMPROMISE).is_chosen
    with pytest.raises(UnusableKey, match=r"revoked.*keys rotate"):
        home.signer()
    keys.rotate(home)
    assert home.signer()


def test_nothing_is_revoked_twice_or_by_a_wrong_name(home: keys.Home) -> None:
    (entry,) = keys.list_keys(home)
    with pytest.raises(UnknownKey, match="keys list"):
        keys.revoke(home, "0" * 16, reason=COMPROMISE)
    keys.revoke(home, entry.id, reason=COMPROMISE)
    before = snapshot(home)
    with pytest.raises(InvalidArgument, match="already"):
        keys.revoke(home, entry.id, reason=keys.RevocationReason.SUPERSEDED)
    assert snapshot(home) == before


def test_what_a_forgotten_authority_issued_cannot_be_revoked_here(home: keys.Home) -> None:
    (entry,) = keys.list_keys(home)
    shutil.rmtree(home.folder / "authorities")
    with pytest.raises(UnusableKey, match="take its root out of the trust lists"):
        keys.revoke(home, entry.id, reason=COMPROMISE)
    with pytest.raises(UnusableKey, match="no key of a development authority"):
        keys.renew_revocation_lists(home)
    keys.rotate(home)
    with pytest.raises(UnusableKey):
        keys.revoke(home, entry.id, reason=COMPROMISE)


def test_lists_of_former_authorities_stay(home: keys.Home) -> None:
    (entry,) = keys.list_keys(home)
    keys.revoke(home, entry.id, reason=COMPROMISE)
    (authority_key,) = home.folder.glob("authorities/*/authority-key.pem")
    authority_key.unlink()
    second = keys.rotate(home)
    keys.revoke(home, second.id, reason=COMPROMISE)
    assert states(home) == ["revoked", "revoked"]
    assert len(home.revocation_list_paths) == 2


def test_damaged_list_is_said_and_not_passed_over(home: keys.Home) -> None:
    (path,) = keys.renew_revocation_lists(home)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnusableCertificate, match=r"revocation list.*damaged"):
        home.signer()


def test_imported_certificate_is_not_rotated_away(
    home: keys.Home, public_authority: Any, tmp_path: Path
) -> None:
    key = generate("es256")
    path = tmp_path / "key.pem"
    storage.write_file(path, private_key.encode(key, None))
    chain = public_authority.certify(key.public_key())
    keys.import_chain(home, public_authority.pem(*chain), key=path)
    with pytest.raises(UnusableKey, match="keys csr"):
        keys.rotate(home)


@pytest.mark.parametrize("name", ["authority.pem", "authority-key.pem"])
def test_damaged_authority_is_said_without_foreign_errors(home: keys.Home, name: str) -> None:
    (path,) = home.folder.glob(f"authorities/*/{name}")
    path.write_bytes(b"damaged")
    (entry,) = keys.list_keys(home)
    for work in (
        lambda: keys.rotate(home),
        lambda: keys.revoke(home, entry.id, reason=COMPROMISE),
        lambda: keys.renew_revocation_lists(home),
    ):
        with pytest.raises(UnusableKey, match="damaged"):
            work()
    assert home.signer()
