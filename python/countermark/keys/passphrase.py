"""Another passphrase for all private keys of a home, or none: for all of them or for none.

Source: RFC 8018 (PBES2), as in `private_key`.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from countermark.keys import private_key, storage
from countermark.keys.algorithms import PrivateKey
from countermark.keys.home import Home


def change_passphrase(home: Home, *, old: str | None, new: str | None) -> tuple[Path, ...]:
    """Encrypt all private keys of the home anew; their files.

    `old`: the present passphrase; keys in the clear, which it does not open, are taken too.
    `new`: None leaves the keys in the clear. The same one again brings keys that were encrypted
    by a weaker derivation up to date. Certificates, authorities and requests stay as they are.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     changed = change_passphrase(home, old=None, new="correct horse")
    ...     sorted(path.name for path in changed), home.signer("correct horse").algorithm
    (['authority-key.pem', 'claim-signing-key.pem'], 'es256')

    A power cut or a crash leaves all keys under the old passphrase or all under the new one; what
    is left to do then is done when the home is opened next.

    Raises `WrongPassphrase` when a key does not open, `UnusableKey` when one is damaged or open to
    others, `InvalidArgument` for an empty `new`, `DestinationNotWritable`: nothing was changed.
    """
    private_key.check_passphrase(new)
    contents = {}
    for path in home.private_key_paths:
        pem = storage.read_private(path)
        key = private_key.open_pem(pem, old if private_key.is_encrypted(pem) else None)
        name = path.relative_to(home.folder).as_posix()
        contents[name] = private_key.encode(cast("PrivateKey", key), new)
    storage.replace_all(home.folder, contents)
    return tuple(home.folder / name for name in contents)
