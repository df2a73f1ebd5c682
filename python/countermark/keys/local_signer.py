"""A claim signer whose private key is in this process."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from countermark.certificates import ALGORITHMS, signature_from_der
from countermark.keys.algorithms import PrivateKey, algorithm_of


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """Signs with the algorithm of its key: ES256, ES384, ES512, PS256 or Ed25519.

    >>> from cryptography.hazmat.primitives.asymmetric import ec
    >>> signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()), b"-----BEGIN ...")
    >>> signer.algorithm, len(signer.sign(b"data"))
    ('es256', 64)

    `certificate_chain`: PEM, the leaf first. Raises `UnusableKey` for keys of other kinds.
    Source: RFC 9053, sections 2.1 and 2.2; RFC 8230, section 2.
    """

    private_key: PrivateKey = field(repr=False)
    certificate_chain: bytes = field(repr=False)
    algorithm: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", algorithm_of(self.private_key))

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`; of ECDSA r and s, big-endian and of the curve's length."""
        key, digest = self.private_key, ALGORITHMS[self.algorithm].digest
        if isinstance(key, ec.EllipticCurvePrivateKey) and digest:
            return signature_from_der(key.public_key(), key.sign(data, ec.ECDSA(digest)))
        if isinstance(key, rsa.RSAPrivateKey) and digest:
            masked = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            return key.sign(data, masked, digest)
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        return key.sign(data)
