"""Private keys as files: scrypt and AES under a passphrase, read by others, never told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from countermark import keys
from countermark.errors import InvalidArgument, UnusableKey, WrongPassphrase
from countermark.keys import private_key
from countermark.keys.algorithms import algorithm_of, generate


def in_the_clear(key: Any, form: serialization.PrivateFormat) -> bytes:
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return pem


@pytest.mark.parametrize(
    ("algorithm", "passphrase"),
    [
        *((algorithm, None) for algorithm in keys.ALGORITHMS),
        *((algorithm, "secret") for algorithm in keys.ALGORITHMS),
        ("es256", "Käse 芝士"),
        ("es256", "\udcff bytes of the environment"),
    ],
)
def test_key_is_the_same_after_its_file(algorithm: str, passphrase: str | None) -> None:
    key = generate(algorithm)
    pem = private_key.encode(key, passphrase)
    assert private_key.is_encrypted(pem) is (passphrase is not None)
    again = private_key.decode(pem, passphrase)
    assert again.public_key() == key.public_key()
    assert algorithm_of(again) == algorithm


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_openssl_reads_it(tmp_path: Path, openssl: Callable[..., str], algorithm: str) -> None:
    if not openssl("version").startswith("OpenSSL"):
        pytest.skip("LibreSSL reads no scrypt")
    path = tmp_path / "key.pem"
    path.write_bytes(private_key.encode(generate(algorithm), "secret"))
    checked = openssl("pkey", "-in", path, "-passin", "pass:secret", "-noout", "-text")
    assert "Private-Key" in checked
    openssl("pkey", "-in", path, "-passin", "pass:Secret", "-noout", expect=1)


def test_file_says_scrypt_and_aes256(tmp_path: Path, openssl: Callable[..., str]) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(private_key.encode(generate("es256"), "secret"))
    items = openssl("asn1parse", "-in", path).splitlines()
    objects = [item.rsplit(":", 1)[1].strip() for item in items if "OBJECT" in item]
    assert [name.lower() for name in objects] == ["pbes2", "scrypt", "aes-256-cbc"]
    integers = [int(item.rsplit(":", 1)[1], 16) for item in items if "INTEGER" in item]
    assert integers == [2**14, 8, 5]  # OWASP's second line for scrypt: 16 MiB
    texts = path.read_text().splitlines()
    assert max(map(len, texts)) == 64


def test_no_two_files_are_alike() -> None:
    key = generate("ed25519")
    assert private_key.encode(key, "secret") != private_key.encode(key, "secret")


def test_older_ways_of_writing_keys_open() -> None:
    key = generate("es256")
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        encryption = serialization.BestAvailableEncryption(b"secret")
        pem = key.private_bytes(serialization.Encoding.PEM, form, encryption)
        assert private_key.decode(pem, "secret").public_key() == key.public_key()
        clear = in_the_clear(key, form)
        assert private_key.decode(clear, None).public_key() == key.public_key()


@pytest.mark.parametrize("passphrase", ["", "\ud800"])
def test_passphrase_that_protects_nothing_is_refused(passphrase: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        private_key.encode(generate("es256"), passphrase)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("cut", [2, 20, 60, 100])
def test_damaged_encrypted_key_does_not_open(cut: int) -> None:
    pem = private_key.encode(generate("es256"), "secret")
    with pytest.raises((WrongPassphrase, UnusableKey)) as caught:
        private_key.decode(pem[:-cut], "secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_signer_does_not_tell_its_key(algorithm: str) -> None:
    key = generate(algorithm)
    signer = keys.LocalSigner(key, b"")
    assert repr(signer) == f"LocalSigner(algorithm='{algorithm}')"
    assert str(signer) == repr(signer)
