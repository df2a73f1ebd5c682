"""What keys a home holds, and how far each may still be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from cryptography import x509

from countermark.certificates import ending_soon
from countermark.errors import UnknownKey
from countermark.keys import revocation_list
from countermark.keys.algorithms import algorithm_of
from countermark.keys.home import CHAIN, Home, identifier


class KeyState(Enum):
    """What a key of the home is good for.

    `SIGNING`: it signs. `RETIRED`: another one signs now; what it signed stays trusted.
    `REVOKED`: on the revocation list of its authority. `EXPIRED`: its certificate has ended.
    """

    SIGNING = "signing"
    RETIRED = "retired"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key of the home, by its certificate; `chain`: the leaf first.

    `is_chosen`: the home names it as the one that signs, even if revoked or expired.
    `ends_soon`: a certificate of its chain ends within 30 days. `revoked_at`, `reason`: None
    unless it is revoked.
    """

    id: str
    folder: Path
    algorithm: str
    chain: tuple[x509.Certificate, ...]
    state: KeyState
    is_chosen: bool
    ends_soon: bool
    revoked_at: datetime | None = None
    reason: str | None = None

    @property
    def subject(self) -> str:
        """The name in its certificate, as in RFC 4514."""
        return self.chain[0].subject.rfc4514_string()

    @property
    def expires(self) -> datetime:
        """When the first certificate of its chain ends."""
        return min(certificate.not_valid_after_utc for certificate in self.chain)


def list_keys(home: Home) -> tuple[KeyEntry, ...]:
    """The keys of the home, the oldest first; no private key is opened.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home", algorithm="ed25519")
    ...     (entry,) = list_keys(home)
    >>> entry.state.value, entry.algorithm, entry.subject
    ('signing', 'ed25519', 'CN=countermark claim signer,O=countermark development')

    Raises `UnusableCertificate` for damaged certificates or revocation lists.
    """
    signing, now = home.signing_folder, datetime.now(timezone.utc)
    folders = [folder for folder in home.key_folders if (folder / CHAIN).is_file()]
    entries = (_entry(home, folder, folder == signing, now) for folder in folders)
    return tuple(sorted(entries, key=lambda e: (e.chain[0].not_valid_before_utc, e.is_chosen)))


def find_key(home: Home, key_id: str) -> KeyEntry:
    """The key with that ID; raises `UnknownKey` when there is none."""
    for entry in list_keys(home):
        if entry.id == key_id:
            return entry
    raise UnknownKey(
        f"The home holds no key with the ID {key_id!r:.40}.",
        remedy="countermark keys list shows those it holds.",
    )


def _entry(home: Home, folder: Path, is_chosen: bool, now: datetime) -> KeyEntry:
    chain = home.chain(folder)
    revoked = home.revoked(chain[0])
    if revoked is not None:
        state = KeyState.REVOKED
    elif any(now > certificate.not_valid_after_utc for certificate in chain):
        state = KeyState.EXPIRED
    else:
        state = KeyState.SIGNING if is_chosen else KeyState.RETIRED
    return KeyEntry(
        id=identifier(chain[0]),
        folder=folder,
        algorithm=algorithm_of(chain[0].public_key()),
        chain=chain,
        state=state,
        is_chosen=is_chosen,
        ends_soon=ending_soon(chain, at=now) is not None,
        revoked_at=None if revoked is None else revoked.revocation_date_utc,
        reason=None if revoked is None else revocation_list.reason(revoked).value,
    )
