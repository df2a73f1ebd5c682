"""X.509 certificates that may be hostile, read by the `cryptography` package.

The package parses lazily and raises errors of many kinds; here a certificate is either wholly
readable or refused.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_Value = TypeVar("_Value", bound=x509.ExtensionType)

_MAX_KEPT_BYTES: Final = 1 << 13
"""Of a certificate, which takes a thousand or two."""

PARSE_ERRORS: Final = (
    ValueError,
    TypeError,
    OverflowError,
    KeyError,  # of cryptography before 50, for a reason of revocation that there is not
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UserWarning,  # of the package about odd certificates, raised where warnings are errors
)
"""What the package raises for hostile content, some of it only when a part is looked at."""


def load_der(items: Iterable[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates in DER. Raises `ValueError` when one cannot be read in every part."""
    try:
        return tuple(map(_load, items))
    except PARSE_ERRORS as error:
        raise ValueError(f"unreadable certificate: {error}") from error


def _load(item: bytes) -> x509.Certificate:
    return (_kept if len(item) <= _MAX_KEPT_BYTES else _whole)(item)


def _whole(item: bytes) -> x509.Certificate:
    return _checked(x509.load_der_x509_certificate(item))


_kept = functools.lru_cache(maxsize=256)(_whole)  # signers and authorities come again and again


@functools.lru_cache(maxsize=16)
def load_pem(data: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates in PEM. Raises `ValueError` when there is none, or an unreadable one."""
    try:
        data.decode("ascii")
        return tuple(_checked(item) for item in x509.load_pem_x509_certificates(data))
    except (*PARSE_ERRORS, AttributeError) as error:
        raise ValueError(f"unreadable certificate: {error}") from error


def dump_pem(*certificates: x509.Certificate) -> bytes:
    """The certificates in PEM, one after the other, as signers want their chain."""
    return b"".join(item.public_bytes(Encoding.PEM) for item in certificates)


@functools.lru_cache(maxsize=256)  # the same few pairs are asked for again and again
def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` names and signed the certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *PARSE_ERRORS):
        return False
    return True


def extension(certificate: x509.Certificate, kind: type[_Value]) -> _Value | None:
    """The value of an extension; None when it is absent."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def name(leaf: x509.Certificate) -> str:
    """Common name and organisation, as far as the certificate states them."""
    stated = [
        str(attribute.value)
        for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in leaf.subject.get_attributes_for_oid(kind)
    ]
    return ", ".join(dict.fromkeys(stated)) or leaf.subject.rfc4514_string()


def is_critical(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    """Whether an extension is there and marked critical."""
    try:
        return certificate.extensions.get_extension_for_class(kind).critical
    except x509.ExtensionNotFound:
        return False


def _checked(certificate: x509.Certificate) -> x509.Certificate:
    """Have everything parsed that is used later."""
    _ = certificate.subject, certificate.issuer, certificate.serial_number
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    _ = certificate.extensions, certificate.public_key()
    return certificate
