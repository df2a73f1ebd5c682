"""A claim signer around a function: for a KMS, the Secure Enclave, StrongBox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from countermark.keys import signatures


class CallbackSigner:
    """Signs by calling a function; the private key stays with whoever keeps it.

    `sign`: gets the bytes to be signed and returns the signature over them. It hashes them itself,
    or asks a service that does. ECDSA signatures may be DER or r and s of equal length; RSA is PSS
    with a salt as long as the digest.
    `algorithm`: es256, es384, es512, ps256, ps384, ps512 or ed25519.
    `certificate_chain`: PEM, the leaf first.

    >>> from cryptography.hazmat.primitives import hashes
    >>> from cryptography.hazmat.primitives.asymmetric import ec
    >>> from countermark import certificates, keys
    >>> private_key = ec.generate_private_key(ec.SECP256R1())
    >>> authority, root = keys.create_authority("Example")
    >>> chain = authority.certify(private_key.public_key(), root.subject)
    >>> signer = CallbackSigner(
    ...     lambda data: private_key.sign(data, ec.ECDSA(hashes.SHA256())),
    ...     algorithm="es256",
    ...     certificate_chain=certificates.dump_pem(*chain),
    ... )
    >>> len(signer.sign(b"data"))
    64

    Raises `UnusableCertificate` when the leaf's key is not one for this algorithm.

    Source: RFC 9053, section 2; C2PA 2.2, section "Digital signatures".
    """

    __slots__ = ("_callback", "_leaf_key", "algorithm", "certificate_chain")

    def __init__(
        self, sign: Callable[[bytes], bytes], *, algorithm: str, certificate_chain: bytes
    ) -> None:
        self._callback = sign
        self._leaf_key: Any = signatures.leaf_key(certificate_chain, algorithm)
        self.algorithm = algorithm
        self.certificate_chain = certificate_chain

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`; ECDSA as r and s of equal length.

        What the function raises comes out as it is. Raises `SigningFailed` when what it returns
        is not the signature of the leaf's key.
        """
        return signatures.checked(self._leaf_key, self.algorithm, self._callback(data), data)

    def __repr__(self) -> str:
        return f"CallbackSigner(algorithm={self.algorithm!r})"
