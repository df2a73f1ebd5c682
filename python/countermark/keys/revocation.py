"""Certificates of the development authority taken back, with a reason, on a list for all.

Source: RFC 5280, sections 5 and 5.3.1.
"""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from cryptography import x509

from countermark.errors import InvalidArgument, UnusableKey
from countermark.keys import kept_authority, revocation_list, storage
from countermark.keys.home import Home
from countermark.keys.stock import KeyEntry, find_key


class RevocationReason(Enum):
    """Why a certificate is taken back, by the names of RFC 5280."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation-of-operation"
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The reason as X.509 has it."""
        return x509.ReasonFlags[self.name.lower()]


def revoke(
    home: Home, key_id: str, *, reason: RevocationReason, passphrase: str | None = None
) -> KeyEntry:
    """Put a certificate on the list of its development authority; it never signs again.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     (first,) = keys.list_keys(home)
    ...     _ = keys.rotate(home)
    ...     entry = revoke(home, first.id, reason=RevocationReason.KEY_COMPROMISE)
    >>> entry.state.value, entry.reason
    ('revoked', 'keyCompromise')

    Verifiers learn of it when they are given the list (`Home.revocation_list_paths`).

    Raises `UnknownKey`, `InvalidArgument` when it is revoked already, `UnusableKey` when its
    authority's key is not here, `WrongPassphrase`, `DestinationNotWritable`.
    """
    entry = find_key(home, key_id)
    if entry.revoked_at is not None:
        raise InvalidArgument(
            f"The key {key_id} was revoked on {entry.revoked_at.date()} already.",
            remedy="There is nothing left to do.",
        )
    folder = _authority_folder(home, entry)
    revoked = x509.RevokedCertificateBuilder(
        serial_number=entry.chain[0].serial_number, revocation_date=datetime.now(timezone.utc)
    )
    if reason is not RevocationReason.UNSPECIFIED:  # which is better left out, says 5.3.1
        revoked = revoked.add_extension(x509.CRLReason(reason.flag), critical=False)
    _write(home, folder, passphrase, revoked.build())
    return find_key(home, key_id)


def renew_revocation_lists(home: Home, *, passphrase: str | None = None) -> tuple[Path, ...]:
    """Sign the lists of the home's authorities anew, before their 30 days are over.

    A list is made for an authority that had none. Raises `UnusableKey` when no authority's key
    is here, `WrongPassphrase`, `DestinationNotWritable`.
    """
    kept = [folder for folder in home.authority_folders if kept_authority.can_issue(folder)]
    if not kept:
        raise UnusableKey(
            "The home keeps no key of a development authority, so nothing can sign the list.",
            remedy="countermark keys rotate makes an authority.",
        )
    return tuple(_write(home, folder, passphrase) for folder in kept)


def _authority_folder(home: Home, entry: KeyEntry) -> Path:
    folder = home.authority_folder(entry.chain)
    if folder is None or not kept_authority.can_issue(folder):
        raise UnusableKey(
            f"The key of the authority that issued the certificate {entry.id} is not here.",
            remedy="Ask that authority to revoke it; for a development certificate whose "
            "authority was forgotten, take its root out of the trust lists.",
        )
    return folder


def _write(
    home: Home, folder: Path, passphrase: str | None, *added: x509.RevokedCertificate
) -> Path:
    authority = home.authority_in(folder, passphrase)
    path = folder / revocation_list.NAME
    before = revocation_list.load(path) if path.exists() else None
    entries = [] if before is None else list(before)
    number = 1 if before is None else revocation_list.number(before) + 1
    crl = authority.revocation_list([*entries, *added], number=number)
    storage.replace(path, revocation_list.pem(crl))
    return path
