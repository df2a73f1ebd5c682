"""What signs a claim: anything that turns bytes into a signature, wherever its key lives."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Signer(Protocol):
    """A claim signer; the private key stays behind it.

    >>> class Remote:
    ...     algorithm = "es256"
    ...     certificate_chain = b"-----BEGIN CERTIFICATE-----..."
    ...     def sign(self, data: bytes) -> bytes:
    ...         return bytes(64)
    >>> isinstance(Remote(), Signer)
    True

    `algorithm`: es256, es384, es512, ps256, ps384, ps512 or ed25519.
    `certificate_chain`: PEM, the leaf first, then its issuers; the root may be left out.
    `is_one_time`: may be absent; True where the key signs once, so that the end of its own
    certificate is not announced as that of others is, 30 days ahead.
    `sign`: the signature over `data`, which it hashes itself; ECDSA as r and s of equal length.

    Source: C2PA 2.2, section "Digital signatures"; RFC 9053, section 2.
    """

    @property
    def algorithm(self) -> str:
        """Name of the signature algorithm."""

    @property
    def certificate_chain(self) -> bytes:
        """PEM, the leaf first."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""
