"""Private keys as files: PKCS#8 in PEM, encrypted by scrypt and AES-256-CBC under a passphrase.

`BestAvailableEncryption` of the `cryptography` package derives the key by PBKDF2 with only 2,048
rounds, and its builder does not write PKCS#8, so the PBES2 structure is put together here from
the package's scrypt, AES and ASN.1. Its own reader and OpenSSL open what comes out.

Source: RFC 5958, section 3; RFC 8018, section 6.2 and appendix A.4 (PBES2); RFC 7914 (scrypt).
"""

from __future__ import annotations

import base64
import os
import textwrap
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from countermark.errors import InvalidArgument, UnusableKey, WrongPassphrase
from countermark.keys.algorithms import PrivateKey, algorithm_of

# OWASP's equal of N = 2^17, p = 1 that stays within the 32 MiB OpenSSL allows for reading: 16 MiB,
# some 0.2 s.
_COST: Final = 2**14
_BLOCK: Final = 8
_PARALLEL: Final = 5
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"

_PBES2: Final = x509.ObjectIdentifier("1.2.840.113549.1.5.13")
_SCRYPT: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_AES256_CBC: Final = x509.ObjectIdentifier("2.16.840.1.101.3.4.1.42")


@asn1.sequence
class _ScryptParameters:
    salt: bytes
    cost: int
    block: int
    parallel: int


@asn1.sequence
class _KeyDerivation:
    algorithm: x509.ObjectIdentifier
    parameters: _ScryptParameters


@asn1.sequence
class _Encryption:
    algorithm: x509.ObjectIdentifier
    initial_vector: bytes


@asn1.sequence
class _Pbes2Parameters:
    derivation: _KeyDerivation
    encryption: _Encryption


@asn1.sequence
class _Scheme:
    algorithm: x509.ObjectIdentifier
    parameters: _Pbes2Parameters


@asn1.sequence
class _EncryptedPrivateKeyInfo:
    scheme: _Scheme
    data: bytes


def encode(key: PrivateKey | x25519.X25519PrivateKey, passphrase: str | None) -> bytes:
    """The key in PEM, encrypted when there is a passphrase.

    >>> from countermark.keys.algorithms import generate
    >>> encode(generate("es256"), "correct horse").splitlines()[0]
    b'-----BEGIN ENCRYPTED PRIVATE KEY-----'

    Raises `InvalidArgument` for an empty passphrase.
    """
    if passphrase is None:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    lines = textwrap.wrap(base64.b64encode(_encrypted(der, _secret(passphrase))).decode(), 64)
    text = "\n".join((f"-----BEGIN {_ENCRYPTED}-----", *lines, f"-----END {_ENCRYPTED}-----", ""))
    return text.encode()


def decode(pem: bytes, passphrase: str | None) -> PrivateKey:
    """The private key in a PEM file, of a kind that signs claims; raises as `open_pem`."""
    key = open_pem(pem, passphrase)
    if not isinstance(
        key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
    ):
        raise _unusable()
    algorithm_of(key)
    return key


def open_pem(pem: bytes, passphrase: str | None) -> PrivateKeyTypes:
    """The private key in a PEM file, of whatever kind.

    Raises `WrongPassphrase` when it does not open with that passphrase, or needs none;
    `UnusableKey` when it is damaged.
    """
    encrypted = is_encrypted(pem)
    if encrypted != (passphrase is not None):
        raise WrongPassphrase(
            "The private key is encrypted." if encrypted else "The private key is not encrypted.",
            remedy="Give its passphrase." if encrypted else "Leave the passphrase out.",
        )
    password = None if passphrase is None else _secret(passphrase, empty_is_wrong=True)
    try:
        return serialization.load_pem_private_key(pem, password)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise WrongPassphrase(
                "The private key does not open with this passphrase.", remedy="Try another one."
            ) from error
        raise _unusable() from error


def is_encrypted(pem: bytes) -> bool:
    """Whether the private key in a PEM file needs a passphrase."""
    return _ENCRYPTED.encode() in pem or b"Proc-Type: 4,ENCRYPTED" in pem  # RFC 1421


def check_passphrase(passphrase: str | None) -> None:
    """Whether a key can be encrypted under it.

    >>> check_passphrase("")
    Traceback (most recent call last):
    ...
    countermark.errors.InvalidArgument: The passphrase is empty. \
Give one, or none to leave the key unencrypted.

    Raises `InvalidArgument` when not.
    """
    if passphrase is not None:
        _secret(passphrase)


def _encrypted(der: bytes, secret: bytes) -> bytes:
    salt, initial_vector = os.urandom(_SALT_BYTES), os.urandom(algorithms.AES256.block_size // 8)
    derivation = Scrypt(salt=salt, length=_KEY_BYTES, n=_COST, r=_BLOCK, p=_PARALLEL)
    cipher = Cipher(algorithms.AES256(derivation.derive(secret)), modes.CBC(initial_vector))
    padder, encryptor = padding.PKCS7(algorithms.AES256.block_size).padder(), cipher.encryptor()
    padded = padder.update(der) + padder.finalize()
    scheme = _Scheme(
        algorithm=_PBES2,
        parameters=_Pbes2Parameters(
            derivation=_KeyDerivation(
                algorithm=_SCRYPT,
                parameters=_ScryptParameters(
                    salt=salt, cost=_COST, block=_BLOCK, parallel=_PARALLEL
                ),
            ),
            encryption=_Encryption(algorithm=_AES256_CBC, initial_vector=initial_vector),
        ),
    )
    data = encryptor.update(padded) + encryptor.finalize()
    return asn1.encode_der(_EncryptedPrivateKeyInfo(scheme=scheme, data=data))


def _secret(passphrase: str, *, empty_is_wrong: bool = False) -> bytes:
    if passphrase == "":
        if empty_is_wrong:
            raise WrongPassphrase("The passphrase is empty.", remedy="Give the key's own.")
        raise InvalidArgument(
            "The passphrase is empty.", remedy="Give one, or none to leave the key unencrypted."
        )
    try:
        return passphrase.encode(errors="surrogateescape")  # bytes of the environment as they are
    except UnicodeEncodeError:
        problem = "The passphrase is no text."
    raise InvalidArgument(problem, remedy="Use characters only.")  # whose cause would show it


def _unusable() -> UnusableKey:
    return UnusableKey(
        "The private key file is damaged or of a kind that signs no claims.",
        remedy="Restore it from a copy, or make a new key.",
    )
