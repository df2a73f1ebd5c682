"""The key that signs checkpoints of the home's log; it signs no claims and has no certificate.

Source: C2SP signed-note.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermark.errors import UnusableKey
from countermark.keys import private_key, storage
from countermark.keys.home import Home


def log_key(home: Home, passphrase: str | None = None) -> Ed25519PrivateKey:
    """The key of the home's log, made when there is none yet.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     log_key(home).public_key() == log_key(home).public_key()
    True

    Raises `WrongPassphrase`, `UnusableKey` when it is damaged or open to others,
    `DestinationNotWritable`.
    """
    path = home.log_key_path
    if not path.is_file():
        home.check_passphrase(passphrase)
        storage.replace(path, private_key.encode(Ed25519PrivateKey.generate(), passphrase))
    key = private_key.decode(storage.read_private(path), passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(
            f"The file {str(path)!r} is not the key of a log.", remedy="Restore it from a copy."
        )
    return key
