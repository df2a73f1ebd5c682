"""A claim signer whose private key is in a PKCS#11 token: an HSM, a smart card, SoftHSM.

Source: PKCS #11 v3.1, sections 6.3 (elliptic curves), 6.1.11 (RSA-PSS).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from countermark.certificates import ALGORITHMS, PublicKey
from countermark.errors import (
    InvalidArgument,
    UnusableKey,
)
from countermark.keys import pkcs11_session, signatures

if TYPE_CHECKING:
    from pkcs11.types import SignMixin


class Pkcs11Key:
    """A private key in a token, which never leaves it; with or without a certificate yet.

    `library`: path of the token's PKCS#11 library. `token_label`, `key_label`, `key_id`: as the
    token states them; at least one of the last two. `pin`: the user's PIN, or what asks for it; it
    is used to log in and not kept. A process logs in to a token once, so that later keys in the
    same token need no PIN. `algorithm`: es256, es384, es512, ps256 or ed25519, where the token can.

    Threads may share it. A process made by fork needs a new one.

    >>> Pkcs11Key(
    ...     "/nowhere/libhsm.so",
    ...     token_label="cameras",
    ...     key_label="camera 3",
    ...     pin=lambda: "1234",
    ...     algorithm="es256",
    ... )
    Traceback (most recent call last):
    ...
    countermark.errors.TokenMissing: The PKCS#11 library '/nowhere/libhsm.so' cannot be used. \
Check its path, and what its own settings ask for.

    Raises `TokenMissing`, `WrongPin` or `KeyMissing`; `UnusableKey` when the key may not sign;
    `InvalidArgument` for another algorithm or no name of a key; `MissingExtra` without
    python-pkcs11.
    """

    __slots__ = ("_key", "_token", "algorithm")

    def __init__(
        self,
        library: str | PathLike[str],
        *,
        token_label: str,
        pin: str | Callable[[], str],
        algorithm: str,
        key_label: str | None = None,
        key_id: bytes | None = None,
    ) -> None:
        if key_label is None and key_id is None:
            raise InvalidArgument("No key is named.", remedy="Give key_label or key_id.")
        _mechanism(algorithm)
        self.algorithm = algorithm
        self._token = (os.fspath(library), token_label)
        self._key = _private_key(self._token, pin, key_label, key_id)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`; ECDSA as r and s of equal length.

        Raises `TokenSessionLost` when the session has ended, `SigningFailed` when the token
        refuses.
        """
        options, digest = _mechanism(self.algorithm)
        if digest is not None:
            state = hashes.Hash(digest)
            state.update(data)
            data = state.finalize()
        with pkcs11_session.using(self._token):
            signature: bytes = self._key.sign(data, **options)
        return signature

    @property
    def public_key(self) -> PublicKey:
        """Its public half, which the token holds under the same label and ID.

        Raises `KeyMissing` when the token holds none, `TokenSessionLost`, `SigningFailed`.
        """
        pkcs11 = pkcs11_session.module()
        private: Any = self._key
        with pkcs11_session.using(self._token):
            found = private.session.get_key(
                object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=private.label, id=private.id
            )
            key = _decoded(found, self.algorithm)
        if not ALGORITHMS[self.algorithm].fits(key):
            raise UnusableKey(
                f"The key in the token is not one for {self.algorithm}.",
                remedy="Name the key's own algorithm.",
            )
        return cast("PublicKey", key)

    def __repr__(self) -> str:
        return f"Pkcs11Key(token_label={self._token[1]!r}, algorithm={self.algorithm!r})"


class Pkcs11Signer:
    """A claim signer over a `Pkcs11Key`.

    `certificate_chain`: PEM, the leaf first. The others: those of `Pkcs11Key`, which also says what
    is raised; and `UnusableCertificate` when the leaf's key is not one for this algorithm.

        signer = Pkcs11Signer(
            "/usr/lib/softhsm/libsofthsm2.so",
            token_label="cameras",
            key_label="camera 3",
            pin=getpass.getpass,
            algorithm="es256",
            certificate_chain=Path("chain.pem").read_bytes(),
        )
    """

    __slots__ = ("_key", "_leaf_key", "certificate_chain")

    def __init__(
        self,
        library: str | PathLike[str],
        *,
        token_label: str,
        pin: str | Callable[[], str],
        algorithm: str,
        certificate_chain: bytes,
        key_label: str | None = None,
        key_id: bytes | None = None,
    ) -> None:
        self._key = Pkcs11Key(
            library,
            token_label=token_label,
            pin=pin,
            algorithm=algorithm,
            key_label=key_label,
            key_id=key_id,
        )
        self._leaf_key: Any = signatures.leaf_key(certificate_chain, algorithm)
        self.certificate_chain = certificate_chain

    @property
    def algorithm(self) -> str:
        """Name of the signature algorithm."""
        return self._key.algorithm

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`; ECDSA as r and s of equal length.

        Raises `TokenSessionLost` when the session has ended, `SigningFailed` when the token
        refuses or the key is not that of the leaf.
        """
        return signatures.checked(self._leaf_key, self.algorithm, self._key.sign(data), data)

    def __repr__(self) -> str:
        return f"Pkcs11Signer({self._key!r})"


def _mechanism(algorithm: str) -> tuple[dict[str, Any], hashes.HashAlgorithm | None]:
    """How the token signs, and the digest that it is given instead of the data, if any."""
    pkcs11 = pkcs11_session.module()
    if algorithm in ("es256", "es384", "es512"):
        return {"mechanism": pkcs11.Mechanism.ECDSA}, ALGORITHMS[algorithm].digest
    if algorithm == "ed25519":
        return {"mechanism": pkcs11.Mechanism.EDDSA}, None
    if algorithm == "ps256":
        salt = (pkcs11.Mechanism.SHA256, pkcs11.MGF.SHA256, 32)
        mechanism = pkcs11.Mechanism.SHA256_RSA_PKCS_PSS
        return {"mechanism": mechanism, "mechanism_param": salt}, None
    raise InvalidArgument(
        f"Tokens do not sign by {algorithm!r:.40} here.",
        remedy="Use es256, es384, es512, ps256 or ed25519.",
    )


def _private_key(
    token: pkcs11_session.Token,
    pin: str | Callable[[], str],
    key_label: str | None,
    key_id: bytes | None,
) -> SignMixin:
    pkcs11 = pkcs11_session.module()
    with pkcs11_session.session(token, pin) as session:
        return _signing(
            session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=key_label, id=key_id)
        )


def _signing(key: object) -> SignMixin:
    sign_mixin: type[SignMixin] = pkcs11_session.module().types.SignMixin
    if not isinstance(key, sign_mixin):
        raise UnusableKey(
            "The key in the token is not one for signing.",
            remedy="Make one whose attribute CKA_SIGN is true.",
        )
    return key


def _decoded(key: Any, algorithm: str) -> object:
    """A token's public key as one of the `cryptography` package; None when it reads none there."""
    pkcs11 = pkcs11_session.module()
    try:
        if algorithm == "ed25519":  # the point alone, or as an octet string
            point = key[pkcs11.Attribute.EC_POINT][-32:]
            return ed25519.Ed25519PublicKey.from_public_bytes(point)
        if algorithm == "ps256":
            return serialization.load_der_public_key(pkcs11.util.rsa.encode_rsa_public_key(key))
        return serialization.load_der_public_key(pkcs11.util.ec.encode_ec_public_key(key))
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
