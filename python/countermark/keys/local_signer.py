"""A claim signer whose private key is in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_INTEGER_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """Signs with ECDSA on P-256 and SHA-256.

    >>> from cryptography.hazmat.primitives.asymmetric import ec
    >>> signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()), b"-----BEGIN ...")
    >>> len(signer.sign(b"data"))
    64

    `certificate_chain`: PEM, the leaf first.
    Source: RFC 9053, section 2.1 (ES256).
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate_chain: bytes = field(repr=False)
    algorithm: str = field(default="es256", init=False)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: r and s, 32 bytes each, big-endian."""
        r, s = decode_dss_signature(self.private_key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_INTEGER_BYTES, "big") + s.to_bytes(_INTEGER_BYTES, "big")
