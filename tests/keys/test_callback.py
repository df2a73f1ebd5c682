"""Signers around a function: signatures in either form, errors as they were raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from countermark.certificates import ALGORITHMS, dump_pem, signature_from_der
from countermark.credentials import Signer
from countermark.errors import SigningFailed, UnusableCertificate
from countermark.keys import CallbackSigner, DevelopmentAuthority
from countermark.keys.issuing import common_name

KEYS: dict[str, Any] = {
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "es512": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
KEYS |= dict.fromkeys(["ps256", "ps384", "ps512"], rsa.generate_private_key(65537, 2048))


def service(algorithm: str) -> Callable[[bytes], bytes]:
    """Signs as key management services do: ECDSA in DER."""
    key, digest = KEYS[algorithm], ALGORITHMS[algorithm].digest
    if algorithm.startswith("es"):
        return lambda data: key.sign(data, ec.ECDSA(digest))
    if algorithm.startswith("ps"):
        masked = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return lambda data: key.sign(data, masked, digest)
    return lambda data: key.sign(data)


@pytest.fixture(scope="session")
def chain(issuer: DevelopmentAuthority) -> Callable[[str], bytes]:
    return lambda algorithm: dump_pem(
        *issuer.certify(KEYS[algorithm].public_key(), common_name(f"Phone {algorithm}"))
    )


@pytest.fixture
def signer(chain: Callable[[str], bytes]) -> Callable[..., CallbackSigner]:
    def signer(
        sign: Callable[[bytes], Any] | None = None, algorithm: str = "es256"
    ) -> CallbackSigner:
        return CallbackSigner(
            sign or service(algorithm), algorithm=algorithm, certificate_chain=chain(algorithm)
        )

    return signer


@pytest.mark.parametrize("algorithm", KEYS)
def test_picture_signed_by_callback_is_trusted(
    signer: Callable[..., CallbackSigner],
    sign_photo: Callable[[Signer], bytes],
    expect_trusted: Callable[[bytes, str], None],
    algorithm: str,
) -> None:
    made = signer(service(algorithm), algorithm)
    assert isinstance(made, Signer)
    expect_trusted(sign_photo(made), f"Phone {algorithm}")


@pytest.mark.parametrize("algorithm", ["es256", "es384", "es512"])
def test_der_and_raw_give_the_same(signer: Callable[..., CallbackSigner], algorithm: str) -> None:
    der = service(algorithm)(b"data")
    raw = signature_from_der(KEYS[algorithm].public_key(), der)
    for form in (der, raw, bytearray(raw), memoryview(der)):
        assert signer(lambda _, form=form: form, algorithm).sign(b"data") == raw


def test_callback_gets_the_data_once(signer: Callable[..., CallbackSigner]) -> None:
    seen: list[bytes] = []
    signer(lambda data: seen.append(data) or service("es256")(data)).sign(b"data")  # type: ignore[func-returns-value]
    assert seen == [b"data"]


class KeyServiceError(Exception):
    """As a cloud's client raises them, with things in it that a caller wants back."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def failing(_: bytes) -> bytes:
    raise KeyServiceError(503)


def test_error_of_the_callback_arrives_unharmed(
    signer: Callable[..., CallbackSigner], sign_photo: Callable[[Signer], bytes]
) -> None:
    with pytest.raises(KeyServiceError, match="HTTP 503") as direct:
        signer(failing).sign(b"data")
    assert direct.value.status == 503
    with pytest.raises(SigningFailed, match=r"KeyServiceError: HTTP 503") as wrapped:
        sign_photo(signer(failing))
    assert isinstance(wrapped.value.__cause__, KeyServiceError)
    assert wrapped.value.__cause__.status == 503


@pytest.mark.parametrize(
    ("algorithm", "returned", "sentence"),
    [
        ("es256", b"", "0 bytes instead of 64"),
        ("es256", bytes(63), "63 bytes instead of 64"),
        ("es256", bytes(96), "96 bytes instead of 64"),
        ("es256", encode_dss_signature(1 << 256, 1), "instead of 64"),
        ("ed25519", bytes(65), "65 bytes instead of 64"),
        ("ps256", bytes(255), "255 bytes instead of 256"),
        ("es256", "signature", "came as str"),
        ("es256", None, "came as NoneType"),
        ("es256", bytes(64), "does not verify"),
        ("es256", encode_dss_signature(1, 1), "does not verify"),
        ("ed25519", bytes(64), "does not verify"),
        ("ps256", bytes(256), "does not verify"),
    ],
)
def test_what_is_no_signature_is_refused(
    signer: Callable[..., CallbackSigner], algorithm: str, returned: Any, sentence: str
) -> None:
    with pytest.raises(SigningFailed, match=sentence):
        signer(lambda _: returned, algorithm).sign(b"data")


def test_signature_of_another_key_hash_or_data_is_refused(
    signer: Callable[..., CallbackSigner],
) -> None:
    key, other = KEYS["es256"], ec.generate_private_key(ec.SECP256R1())
    for wrong in (
        other.sign(b"data", ec.ECDSA(hashes.SHA256())),
        key.sign(b"data", ec.ECDSA(hashes.SHA384())),
        key.sign(b"date", ec.ECDSA(hashes.SHA256())),
    ):
        with pytest.raises(SigningFailed, match="does not verify with"):
            signer(lambda _, wrong=wrong: wrong).sign(b"data")


def test_pkcs1_padding_is_refused(signer: Callable[..., CallbackSigner]) -> None:
    wrong = KEYS["ps256"].sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(SigningFailed, match="by ps256"):
        signer(lambda _: wrong, "ps256").sign(b"data")


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_chain_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableCertificate, match="no readable certificate"):
        CallbackSigner(service("es256"), algorithm="es256", certificate_chain=content)


def test_algorithm_must_be_one_that_fits(chain: Callable[[str], bytes]) -> None:
    for algorithm, sentence in (("es384", "does not fit es384"), ("rs256", "no signature algo")):
        with pytest.raises(UnusableCertificate, match=sentence):
            CallbackSigner(service("es256"), algorithm=algorithm, certificate_chain=chain("es256"))
