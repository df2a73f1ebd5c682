"""Encryption to one recipient: CMS EnvelopedData, which openssl cms -decrypt opens.

The content is in memory as a whole, three to four times: the library encrypts at once. Nothing
protects the ciphertext against changes; what is inside is signed.

Source: RFC 5652, section 6; RFC 3565 (AES-256-CBC); RFC 8017, section 7.2.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

from countermark import certificates, files
from countermark.errors import UnusableCertificate

_LEAST_BITS: Final = 2048


def load_recipient(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file, to which can be encrypted now.

    Raises `SourceNotFound`, `UnusableCertificate` for one that is damaged, out of its time, not
    RSA of 2048 bits or more, or not for the encryption of keys.
    """
    try:
        certificate = certificates.load_pem(files.load(path))[0]
        reason = _unusable(certificate)
    except (ValueError, IndexError):
        reason = "it cannot be read"
    if reason:
        raise UnusableCertificate(
            f"Nothing can be encrypted to the certificate in {str(path)!r}: {reason}.",
            remedy="Ask the recipient for an RSA certificate in PEM, for encryption, in its time.",
        )
    return certificate


def seal(content: bytes, recipient: x509.Certificate) -> bytes:
    """The content, encrypted to that certificate, DER."""
    builder = PKCS7EnvelopeBuilder().set_content_encryption_algorithm(AES256)
    sealing = builder.set_data(content).add_recipient(recipient)
    return sealing.encrypt(Encoding.DER, [PKCS7Options.Binary])


def _unusable(certificate: x509.Certificate) -> str | None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return "its key is not RSA"
    if key.key_size < _LEAST_BITS:
        return f"its key has {key.key_size} bits"
    now = datetime.now(timezone.utc)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return "it is out of its time"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return None if usage.key_encipherment else "it is not for the encryption of keys"
