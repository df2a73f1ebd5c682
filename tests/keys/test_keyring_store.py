"""Keys in a keyring: that of keyrings.alt in a file, which needs no desktop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from keyring.backends import fail, null
from keyrings.alt.file import PlaintextKeyring

from countermark.certificates import dump_pem
from countermark.credentials import Signer
from countermark.errors import (
    KeyExists,
    KeyMissing,
    KeyringUnavailable,
    UnusableCertificate,
    UnusableKey,
)
from countermark.keys import ALGORITHMS, DevelopmentAuthority, KeyringStore
from countermark.keys.algorithms import generate
from countermark.keys.issuing import common_name

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(autouse=True)
def _former_backend() -> Iterator[None]:
    former = keyring.get_keyring()
    yield
    keyring.set_keyring(former)


@pytest.fixture
def store(tmp_path: Path) -> KeyringStore:
    backend: Any = PlaintextKeyring()
    backend.file_path = os.fspath(tmp_path / "keyring.cfg")
    keyring.set_keyring(backend)
    return KeyringStore()


@pytest.fixture
def chain(issuer: DevelopmentAuthority) -> bytes:
    return dump_pem(*issuer.certify(KEY.public_key(), common_name("Studio")))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_kept_key_signs_a_picture(
    store: KeyringStore,
    issuer: DevelopmentAuthority,
    sign_photo: Callable[[Signer], bytes],
    expect_trusted: Callable[[bytes, str], None],
    algorithm: str,
) -> None:
    key = generate(algorithm)
    store.add("studio", key)
    chain = dump_pem(*issuer.certify(key.public_key(), common_name("Studio")))
    signer = KeyringStore().signer("studio", chain)
    assert signer.algorithm == algorithm
    expect_trusted(sign_photo(signer), "Studio")


def test_services_do_not_see_each_other(store: KeyringStore, chain: bytes) -> None:
    store.add("studio", KEY)
    with pytest.raises(KeyMissing, match="no key 'studio'"):
        KeyringStore("another").signer("studio", chain)


def test_nothing_is_overwritten(store: KeyringStore, chain: bytes) -> None:
    store.add("studio", KEY)
    with pytest.raises(KeyExists, match="'studio' already"):
        store.add("studio", ec.generate_private_key(ec.SECP256R1()))
    store.signer("studio", chain)


def test_removed_key_is_gone(store: KeyringStore, chain: bytes, tmp_path: Path) -> None:
    store.add("studio", KEY)
    store.remove("studio")
    for use in (lambda: store.signer("studio", chain), lambda: store.remove("studio")):
        with pytest.raises(KeyMissing):
            use()
    assert "studio" not in (tmp_path / "keyring.cfg").read_text()


def test_chain_of_another_key_is_refused(store: KeyringStore, chain: bytes) -> None:
    store.add("other", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UnusableCertificate, match="does not belong"):
        store.signer("other", chain)


@pytest.mark.parametrize("chain", [b"", b"no chain"])
def test_chain_that_is_none_is_refused(store: KeyringStore, chain: bytes) -> None:
    store.add("studio", KEY)
    with pytest.raises(UnusableCertificate, match="no readable certificate"):
        store.signer("studio", chain)


@pytest.mark.parametrize("entry", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_entry_that_is_no_key_is_said(store: KeyringStore, chain: bytes, entry: str) -> None:
    keyring.set_password("countermark", "studio", entry)
    with pytest.raises(UnusableKey, match="not a private key that signs"):
        store.signer("studio", chain)


def test_system_without_keyring_is_said() -> None:
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(KeyringUnavailable, match="no keyring") as raised:
        KeyringStore().add("studio", KEY)
    assert "PRIVATE KEY" not in str(raised.value)


def test_keyring_that_forgets_is_noticed() -> None:
    keyring.set_keyring(null.Keyring())
    with pytest.raises(KeyringUnavailable, match="did not keep"):
        KeyringStore().add("studio", KEY)


def test_keyring_that_refuses_is_said(store: KeyringStore, tmp_path: Path) -> None:
    (tmp_path / "keyring.cfg").mkdir()
    with pytest.raises(KeyringUnavailable, match="refuses"):
        store.add("studio", KEY)
