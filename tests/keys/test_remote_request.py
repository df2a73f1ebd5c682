"""Requests for certificates of keys that are elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from countermark.errors import InvalidArgument, IssuingFailed, SigningFailed, UnusableKey
from countermark.keys import DevelopmentAuthority, remote_request
from countermark.keys.issuing import common_name

CURVE_KEY = ec.generate_private_key(ec.SECP384R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()


def masked(data: bytes) -> bytes:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return RSA_KEY.sign(data, pss, hashes.SHA256())


SERVICES: dict[str, tuple[Any, Any]] = {
    "es384": (CURVE_KEY, lambda data: CURVE_KEY.sign(data, ec.ECDSA(hashes.SHA384()))),
    "ps256": (RSA_KEY, masked),
    "ed25519": (ED25519_KEY, ED25519_KEY.sign),
}


def ask(sign: Any, algorithm: str, key: Any) -> x509.CertificateSigningRequest:
    subject = common_name("Camera")
    return remote_request(sign, public_key=key.public_key(), algorithm=algorithm, subject=subject)


@pytest.mark.parametrize("algorithm", SERVICES)
def test_issuer_takes_the_request(issuer: DevelopmentAuthority, algorithm: str) -> None:
    key, sign = SERVICES[algorithm]
    leaf, _ = issuer.issue(ask(sign, algorithm, key))
    assert leaf.public_key() == key.public_key()
    assert leaf.subject == common_name("Camera")


def test_signature_of_another_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(SigningFailed, match="does not verify"):
        ask(lambda data: other.sign(data, ec.ECDSA(hashes.SHA384())), "es384", CURVE_KEY)


def test_error_of_the_callback_comes_out_as_it_is() -> None:
    def failing(_: bytes) -> bytes:
        raise ConnectionError("HTTP 503")

    for algorithm, (key, _) in SERVICES.items():
        with pytest.raises(ConnectionError, match="HTTP 503"):
            ask(failing, algorithm, key)


def test_algorithm_must_be_the_keys() -> None:
    with pytest.raises(UnusableKey, match="es256"):
        ask(SERVICES["es384"][1], "es256", CURVE_KEY)
    with pytest.raises(InvalidArgument, match="rs256"):
        ask(SERVICES["ps256"][1], "rs256", RSA_KEY)


def test_request_that_was_changed_is_not_certified(issuer: DevelopmentAuthority) -> None:
    key, sign = SERVICES["es384"]
    der = ask(sign, "es384", key).public_bytes(serialization.Encoding.DER)
    changed = x509.load_der_x509_csr(der.replace(b"Camera", b"Anyone"))
    with pytest.raises(IssuingFailed, match="not signed by the key"):
        issuer.issue(changed)
