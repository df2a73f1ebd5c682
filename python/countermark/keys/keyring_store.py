"""Private keys in the keyring of the operating system.

Keychain on macOS, Credential Locker on Windows, Secret Service or KWallet on other systems, or
what else the package keyring is told to use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from countermark.errors import (
    KeyExists,
    KeyMissing,
    KeyringUnavailable,
    MissingExtra,
    UnusableCertificate,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import private_key as pkcs8
from countermark.keys import signatures
from countermark.keys.algorithms import PrivateKey, algorithm_of
from countermark.keys.local_signer import LocalSigner


@dataclass(frozen=True, slots=True)
class KeyringStore:
    """Private keys, each under a name, as entries of one service in the keyring.

    The keyring guards them while they rest; a signer made from one holds the key in this process.

        store = KeyringStore()
        store.add("studio", private_key)
        signer = store.signer("studio", certificate_chain)

    Keys of ES256, ES384, ES512, PS256 and Ed25519. The Credential Locker of Windows takes no
    entries as long as an RSA key.

    Each method raises `KeyringUnavailable` when there is no keyring, or it is locked or refuses;
    `MissingExtra` without the package keyring.

    Source: RFC 5958 (PKCS #8), in PEM.
    """

    service: str = "countermark"

    def add(self, name: str, private_key: PrivateKey) -> None:
        """Keep a key. Raises `KeyExists` when there is one of this name: none is overwritten."""
        text = pkcs8.encode(private_key, None).decode()
        with _translated() as keyring:
            if keyring.get_password(self.service, name) is not None:
                raise KeyExists(
                    f"The keyring holds a key {name!r} already.",
                    remedy="Choose another name, or remove that key first.",
                )
            keyring.set_password(self.service, name, text)
            kept = keyring.get_password(self.service, name)
        if kept != text:  # there is a backend that forgets everything
            raise KeyringUnavailable(
                "The keyring did not keep the key.", remedy="Choose another backend of keyring."
            )

    def signer(self, name: str, certificate_chain: bytes) -> LocalSigner:
        """A claim signer over a kept key.

        Raises `KeyMissing` when there is none of this name, `UnusableKey` when the entry is no
        private key, `UnusableCertificate` when the chain is damaged or another key's.
        """
        key = self.private_key(name)
        if signatures.leaf_key(certificate_chain, algorithm_of(key)) != key.public_key():
            raise UnusableCertificate(
                f"The certificate chain does not belong to the key {name!r}.",
                remedy="Give the chain that was issued for it.",
            )
        return LocalSigner(key, certificate_chain)

    def private_key(self, name: str) -> PrivateKey:
        """A kept key itself; raises as `signer`."""
        try:
            return pkcs8.decode(self._entry(name).encode(), None)
        except (UnusableKey, WrongPassphrase):  # a cause might show the entry
            pass
        raise UnusableKey(
            f"The entry {name!r} in the keyring is not a private key that signs claims.",
            remedy="Remove it, and add the key anew.",
        )

    def remove(self, name: str) -> None:
        """Forget a key for good. Raises `KeyMissing` when there is none of this name."""
        self._entry(name)
        with _translated() as keyring:
            keyring.delete_password(self.service, name)

    def _entry(self, name: str) -> str:
        with _translated() as keyring:
            text: str | None = keyring.get_password(self.service, name)
        if text is None:
            raise KeyMissing(
                f"The keyring holds no key {name!r}.", remedy="Check the name, or add the key."
            )
        return text


@contextlib.contextmanager
def _translated() -> Iterator[Any]:
    """The module keyring; what its backends raise, of whatever kind, in our words."""
    try:
        import keyring
    except ImportError as error:
        raise MissingExtra(
            "The operating system's keyring needs the package keyring.",
            remedy="Install it: pip install 'countermark[keyring]'.",
        ) from error
    try:
        yield keyring
    except KeyExists:
        raise
    except keyring.errors.NoKeyringError as error:
        raise KeyringUnavailable(
            "This system has no keyring that countermark can use.",
            remedy="Start one, such as gnome-keyring, or keep the key in an encrypted file.",
        ) from error
    except Exception as error:  # each backend raises what its system does
        raise KeyringUnavailable(
            f"The keyring refuses ({type(error).__name__}).",
            remedy="Unlock it, and allow this program to use it.",
        ) from error
