"""A new signing key in place of the one before, which stays valid for what it signed.

Source: NIST SP 800-57 part 1, section 5.3 (cryptoperiods).
"""

from __future__ import annotations

from cryptography.x509.oid import NameOID

from countermark.errors import UnusableKey
from countermark.keys import development
from countermark.keys.algorithms import algorithm_of, generate
from countermark.keys.home import Home, identifier
from countermark.keys.stock import KeyEntry, find_key


def rotate(home: Home, *, algorithm: str | None = None, passphrase: str | None = None) -> KeyEntry:
    """Make a new key, certified by the home's development authority, and let it sign.

    The certificate of the former key stays valid and listed, its root on the trust list. A home
    that has no authority, or one that has ended, gets a new one, whose root is added to its
    trust list. `algorithm`: by default that of the former key. The subject stays the same.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     new = rotate(home, algorithm="es384")
    ...     [(entry.algorithm, entry.state.value) for entry in keys.list_keys(home)]
    [('es256', 'retired'), ('es384', 'signing')]

    Raises `UnusableKey` when the signing certificate comes from a real authority;
    `WrongPassphrase`, `InvalidArgument`, `DestinationNotWritable`.
    """
    former = home.chain(home.signing_folder)[0]
    _check_development(home)
    key = generate(algorithm or algorithm_of(former.public_key()))
    home.check_passphrase(passphrase)
    authority = home.authority(passphrase)
    if authority is None or authority.has_ended():
        names = former.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        organisation = str(names[0].value) if names else "countermark development"
        authority, root = development.create_authority(organisation, witness=home.witness)
        home.add_authority(authority, root, passphrase)
    chain = authority.issue(key.public_key(), subject=former.subject)
    home.add_key(key, chain, passphrase)
    return find_key(home, identifier(chain[0]))


def _check_development(home: Home) -> None:
    """The first key is always one for development; later ones may have been imported."""
    folder = home.signing_folder
    if folder != home.folder and home.authority_folder(home.chain(folder)) is None:
        raise UnusableKey(
            "The signing certificate was not issued by the development authority of this home.",
            remedy="Ask its authority for the next one: countermark keys csr, then keys import.",
        )
