"""The end of a certificate is announced 30 days ahead, wherever its key is used and lives."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import keyring
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from keyrings.alt.file import PlaintextKeyring

from countermark import keys
from countermark.auditing import audited
from countermark.credentials import Signer
from countermark.errors import CertificateExpiresSoon
from countermark.keys import DevelopmentIssuer
from countermark.keys.issuing import common_name, pem
from countermark.registry import Registry

KEY = ec.generate_private_key(ec.SECP256R1())
Sign = Callable[[Signer], bytes]


@pytest.fixture
def issued(issuer: DevelopmentIssuer) -> Callable[[int], bytes]:
    """A chain for the key that ends in so many days."""

    def issued(days: int) -> bytes:
        limited = dataclasses.replace(issuer, validity=timedelta(days=days))
        return pem(*limited.certify(KEY.public_key(), common_name("Studio")))

    return issued


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[keys.KeyringStore]:
    former, backend = keyring.get_keyring(), PlaintextKeyring()
    backend.file_path = os.fspath(tmp_path / "keyring.cfg")
    keyring.set_keyring(backend)
    store = keys.KeyringStore()
    store.add("studio", KEY)
    yield store
    keyring.set_keyring(former)


@pytest.fixture(params=["file", "callback", "keyring", "audited"])
def signer_with(
    request: pytest.FixtureRequest, kept: keys.KeyringStore, tmp_path: Path
) -> Callable[[bytes], Signer]:
    """A signer of each kind over the key; that of a token is in test_pkcs11.py."""

    def callback(chain: bytes) -> Signer:
        return keys.CallbackSigner(
            lambda data: KEY.sign(data, ec.ECDSA(hashes.SHA256())),
            algorithm="es256",
            certificate_chain=chain,
        )

    makers: dict[str, Callable[[bytes], Signer]] = {
        "file": lambda chain: keys.LocalSigner(KEY, chain),
        "callback": callback,
        "keyring": lambda chain: kept.signer("studio", chain),
        "audited": lambda chain: audited(callback(chain), Registry.open(tmp_path / "registry")),
    }
    return makers[str(request.param)]


@pytest.fixture
def expect_silence() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_signer_of_each_kind_warns(
    signer_with: Callable[[bytes], Signer], issued: Callable[[int], bytes], sign_photo: Sign
) -> None:
    with pytest.warns(CertificateExpiresSoon, match=r"signer's certificate CN=Studio expires on "):
        sign_photo(signer_with(issued(29)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sign_photo(signer_with(issued(32)))


@pytest.fixture
def pool_of(tmp_path: Path) -> Callable[[DevelopmentIssuer], keys.Pool]:
    def make(issuer: DevelopmentIssuer) -> keys.Pool:
        return keys.Pool(tmp_path / "pool", issuer, name="Camera", capacity=2, low_water_mark=0)

    return make


@pytest.mark.usefixtures("expect_silence")
def test_one_time_keys_do_not_nag_about_their_own_end(
    pool_of: Callable[[DevelopmentIssuer], keys.Pool],
    issuer: DevelopmentIssuer,
    sign_photo: Sign,
    tmp_path: Path,
) -> None:
    """Refilling the pool replaces them; nobody could renew one."""
    pool = pool_of(dataclasses.replace(issuer, validity=timedelta(days=2)))
    pool.refill()
    sign_photo(pool.take())
    with Registry.open(tmp_path / "registry") as registry:
        sign_photo(audited(pool.take(), registry))


def ending(own: x509.Certificate, key: ec.EllipticCurvePrivateKey, days: int) -> x509.Certificate:
    """The authority's certificate, but with its end in so many days."""
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )
    for extension in own.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(key, hashes.SHA256())


def test_issuer_of_one_time_keys_is_announced(
    pool_of: Callable[[DevelopmentIssuer], keys.Pool], issuer: DevelopmentIssuer, sign_photo: Sign
) -> None:
    own = ending(issuer.chain[0], issuer.private_key, 20)
    pool = pool_of(DevelopmentIssuer(issuer.private_key, (own, issuer.root), timedelta(days=2)))
    with pytest.warns(CertificateExpiresSoon, match="issuer's certificate CN=Example issuer"):
        pool.refill()
    with pytest.warns(CertificateExpiresSoon, match="certificate CN=Example issuer expires"):
        sign_photo(pool.take())


def test_shared_key_that_stands_in_for_an_empty_pool_warns(
    tmp_path: Path, issuer: DevelopmentIssuer, issued: Callable[[int], bytes], sign_photo: Sign
) -> None:
    shared = keys.LocalSigner(KEY, issued(20))
    pool = keys.Pool(tmp_path / "pool", issuer, name="Camera", fallback=shared)
    with pytest.warns(CertificateExpiresSoon, match="CN=Studio"):
        sign_photo(pool.take())


@pytest.mark.parametrize("days", [29, 32])
def test_development_authority_is_announced(days: int, home: keys.Home) -> None:
    authority = home.authority()
    assert authority is not None
    own = ending(authority.certificate, authority.private_key, days)
    authority = dataclasses.replace(authority, certificate=own)
    uses: tuple[Callable[[], Any], ...] = (
        lambda: authority.issue(KEY.public_key(), subject=common_name("Studio")),
        lambda: authority.revocation_list([], number=1),
    )
    for use in uses:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            use()
        assert [item.category for item in said] == [CertificateExpiresSoon] * (days == 29)
        assert days != 29 or "development authority's certificate" in str(said[0].message)


@pytest.mark.parametrize("days", [29, 32])
def test_client_certificate_of_an_est_server_is_announced(
    days: int, issuer: DevelopmentIssuer, issued: Callable[[int], bytes], tmp_path: Path
) -> None:
    private = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "client.pem"
    path.write_bytes(issued(days) + private)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        keys.EstIssuer("https://ca.example", anchors=pem(issuer.root), client_certificate=path)
    assert [item.category for item in said] == [CertificateExpiresSoon] * (days == 29)
    assert days != 29 or "EST client's certificate CN=Studio" in str(said[0].message)
