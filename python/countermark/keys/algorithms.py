"""The signature algorithms for which keys are made and kept here.

Source: C2PA 2.2, section 13.2.1; RFC 9053, section 2; RFC 8230.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from countermark.errors import InvalidArgument, UnusableKey

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_NEW_RSA_BITS: Final = 3072  # 128 bits of security, as P-256 has
_MIN_RSA_BITS: Final = 2048
_CURVES: Final[dict[str, str]] = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_MAKERS: Final[dict[str, Callable[[], PrivateKey]]] = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ps256": lambda: rsa.generate_private_key(65537, _NEW_RSA_BITS),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
ALGORITHMS: Final = tuple(_MAKERS)
"""Their names in C2PA."""


def generate(algorithm: str) -> PrivateKey:
    """A new private key for that algorithm.

    >>> generate("es384").curve.name
    'secp384r1'

    Raises `InvalidArgument` for other algorithms.
    """
    try:
        maker = _MAKERS[algorithm]
    except (KeyError, TypeError) as error:
        raise InvalidArgument(
            f"There are no keys for the algorithm {algorithm!r:.40}.",
            remedy=f"Use one of: {', '.join(ALGORITHMS)}.",
        ) from error
    return maker()


def algorithm_of(key: object) -> str:
    """The algorithm by which a private or public key signs claims.

    >>> algorithm_of(generate("ed25519").public_key())
    'ed25519'

    Raises `UnusableKey` when C2PA has none for it.
    """
    if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        known = _CURVES.get(key.curve.name)
        if known is not None:
            return known
    if isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey)) and key.key_size >= _MIN_RSA_BITS:
        return "ps256"
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return "ed25519"
    raise UnusableKey(
        "The key is of a kind or length that C2PA does not allow.",
        remedy="Use a key on P-256, P-384 or P-521, an RSA key of 2,048 bits or more, or Ed25519.",
    )
