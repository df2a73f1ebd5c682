"""Signers whose certificates outlive this project, and whose keys are forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = datetime(2099, 12, 31, tzinfo=timezone.utc)
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING])
Key = Any


@dataclass
class Signer:
    """`algorithm`: es256, ps256 or ed25519; `certificate_chain`: PEM, the leaf first."""

    key: Key
    certificate_chain: bytes
    algorithm: str

    def sign(self, data: bytes) -> bytes:
        """As COSE wants it."""
        if self.algorithm == "ed25519":
            return bytes(self.key.sign(data))
        if self.algorithm == "ps256":
            masked = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return bytes(self.key.sign(data, masked, hashes.SHA256()))
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Authority:
    """A root, and beneath it an authority that certifies claim signers. `pem`: the root."""

    def __init__(self, name: str) -> None:
        self._name = f"{name} authority"
        self._key = ec.generate_private_key(ec.SECP256R1())
        root_name, root_key = f"{name} root", ec.generate_private_key(ec.SECP256R1())
        root = _certificate(root_name, root_key, root_name, root_key, path_length=1)
        own = _certificate(self._name, self._key, root_name, root_key, path_length=0)
        self.pem, self._own = _pem(root), _pem(own)

    def signer(self, algorithm: str) -> Signer:
        """A new one."""
        key: Key = {
            "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ps256": lambda: rsa.generate_private_key(65537, 2048),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()
        leaf = _certificate(f"signer {algorithm}", key, self._name, self._key)
        return Signer(key, _pem(leaf) + self._own, algorithm)


def _certificate(
    name: str, key: Key, issuer: str, issuer_key: Key, *, path_length: int | None = None
) -> x509.Certificate:
    """Of an authority if there is a `path_length`, else of a claim signer."""
    authority = path_length is not None
    usage = x509.KeyUsage(
        not authority, False, False, False, False, authority, authority, False, False
    )
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(authority, path_length), True)
        .add_extension(usage, True)
        .add_extension(own, False)
        .add_extension(above, False)
    )
    if not authority:
        builder = builder.add_extension(PURPOSES, False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(name: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "countermark conformance kit")
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, name)])
