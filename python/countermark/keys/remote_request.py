"""Certificate signing requests for keys that are elsewhere: in a token, a KMS, a phone's chip.

Source: RFC 2986 (PKCS #10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from countermark.certificates import ALGORITHMS, PublicKey, signature_to_der
from countermark.errors import InvalidArgument, UnusableKey
from countermark.keys import signatures
from countermark.keys.signing_request import ConformingProduct, builder

Sign: TypeAlias = Callable[[bytes], bytes]


def remote_request(
    sign: Sign,
    *,
    public_key: PublicKey,
    algorithm: str,
    subject: x509.Name,
    product: ConformingProduct | None = None,
) -> x509.CertificateSigningRequest:
    """A request for a certificate, signed by the key that it is for.

    `sign`, `algorithm`: as `CallbackSigner` takes them. `public_key`: the one that belongs to it.
    `product`: as `request_certificate` takes it.

    >>> from cryptography.hazmat.primitives import hashes
    >>> key = ec.generate_private_key(ec.SECP256R1())
    >>> request = remote_request(
    ...     lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())),
    ...     public_key=key.public_key(),
    ...     algorithm="es256",
    ...     subject=x509.Name.from_rfc4514_string("CN=Camera,O=Example"),
    ... )
    >>> request.is_signature_valid
    True

    Raises `SigningFailed` when what `sign` returns is not that key's signature, `UnusableKey` when
    the key is not one for the algorithm, `InvalidArgument` for one that C2PA does not know; what
    `sign` raises comes out as it is.
    """
    known = ALGORITHMS.get(algorithm)
    if known is None:
        raise InvalidArgument(
            f"{algorithm!r:.40} is no signature algorithm of C2PA.",
            remedy=f"Use one of: {', '.join(ALGORITHMS)}.",
        )
    if not known.fits(public_key):
        raise UnusableKey(
            f"The public key is not one for {algorithm}.", remedy="Name the key's own algorithm."
        )

    def checked(data: bytes) -> bytes:
        return signatures.checked(public_key, algorithm, sign(data), data)

    asked = builder(subject, product)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return asked.sign(_EllipticCurveKey(public_key, checked), known.digest)
    if isinstance(public_key, rsa.RSAPublicKey) and known.digest:
        masked = padding.PSS(padding.MGF1(known.digest), padding.PSS.DIGEST_LENGTH)
        return asked.sign(_RsaKey(public_key, checked), known.digest, rsa_padding=masked)
    return asked.sign(_Ed25519Key(public_key, checked), None)


class _Elsewhere:
    """What the package asks of a private key and a key elsewhere cannot give."""

    def __init__(self, public_key: Any, sign: Sign) -> None:
        self._public_key = public_key
        self._sign = sign

    def public_key(self) -> Any:
        return self._public_key

    @property
    def key_size(self) -> int:
        size: int = self._public_key.key_size
        return size

    def _not_here(self, *_: object) -> NoReturn:
        raise NotImplementedError

    private_numbers = private_bytes = private_bytes_raw = decrypt = exchange = _not_here
    __copy__ = __deepcopy__ = _not_here


class _EllipticCurveKey(_Elsewhere, ec.EllipticCurvePrivateKey):
    @property
    def curve(self) -> ec.EllipticCurve:
        curve: ec.EllipticCurve = self._public_key.curve
        return curve

    def sign(self, data: Any, signature_algorithm: object) -> bytes:
        return signature_to_der(self._sign(bytes(data)))


class _RsaKey(_Elsewhere, rsa.RSAPrivateKey):
    def sign(self, data: Any, padding: object, algorithm: object) -> bytes:
        return self._sign(bytes(data))


class _Ed25519Key(_Elsewhere, ed25519.Ed25519PrivateKey):
    def sign(self, data: Any) -> bytes:
        return self._sign(bytes(data))
