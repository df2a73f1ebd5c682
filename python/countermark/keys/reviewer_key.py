"""The keys of those who review features of known content, each under a passphrase of its own.

Two people share a home folder and not their passphrases: so neither can sign for the other.

Source: C2SP signed-note.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermark.errors import InvalidArgument, KeyExists, KeyMissing, UnusableKey
from countermark.keys import private_key, storage
from countermark.keys.home import Home

_FILE: Final = "reviewer-key.pem"


def create_reviewer_key(home: Home, name: str, passphrase: str) -> Ed25519PrivateKey:
    """A new key for that reviewer, kept in the home folder.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     made = create_reviewer_key(home, "ada", "correct horse")
    ...     reviewer_key(home, "ada", "correct horse").public_key() == made.public_key()
    True

    Raises `KeyExists`, `InvalidArgument` for an empty passphrase or a name that is no file's,
    `DestinationNotWritable`.
    """
    folder = _folder(home, name)
    if folder.exists():
        raise KeyExists(f"There is a key of {name!r:.80} already.", remedy="Choose another name.")
    key = Ed25519PrivateKey.generate()
    storage.add_folder(folder, {_FILE: private_key.encode(key, passphrase)})
    return key


def reviewer_key(home: Home, name: str, passphrase: str) -> Ed25519PrivateKey:
    """The key of that reviewer.

    Raises `KeyMissing`, `WrongPassphrase`, `UnusableKey` when it is damaged or open to others.
    """
    path = _folder(home, name) / _FILE
    if not path.is_file():
        raise KeyMissing(
            f"There is no key of {name!r:.80} here.",
            remedy="Make one with countermark features reviewer create.",
        )
    key = private_key.decode(storage.read_private(path), passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(
            f"The file {str(path)!r} is not the key of a reviewer.",
            remedy="Restore it from a copy.",
        )
    return key


def _folder(home: Home, name: str) -> Path:
    if not name or name.startswith(".") or Path(name).name != name or "\0" in name:
        raise InvalidArgument(f"{name!r:.80} is no name for a key.", remedy="Choose another one.")
    return home.folder / "reviewers" / name
