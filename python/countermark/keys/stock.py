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
    unless it is revoked. `place`: of a key in a token or keyring; None for files of the home.
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
    place: str | None = None

    @property
    def subject(self) -> str:
        """The name in its certificate, as in RFC 4514."""
        return self.chain[0].subject.rfc4514_string()

    @property
    def expires(self) -> datetime:
        """When the first certificate of its chain ends."""
        return min(certificate.not_valid_after_utc for certificate in self.chain)


def list_keys(home: Home) -> tuple[KeyEntry, ...]:
    """The keys of the home, the oldest first and the one that signs last; none is opened.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home", algorithm="ed25519")
    ...     (entry,) = list_keys(home)
    >>> entry.state.value, entry.algorithm, entry.subject
    ('signing', 'ed25519', 'CN=countermark claim signer,O=countermark development')

    Raises `UnusableCertificate` for damaged certificates or revocation lists.
    """
    settings, signing = home.settings, home.signing_folder if home.signs_itself else None
    folders = [folder for folder in home.key_folders if (folder / CHAIN).is_file()]
    entries = [_entry(home, f, home.chain(f), is_chosen=f == signing) for f in folders]
    if settings and not home.uses_pool and home.elsewhere_chain_path.is_file():
        chain = home.elsewhere_chain
        entries.append(_entry(home, home.folder, chain, is_chosen=True, place=str(settings)))
    return tuple(sorted(entries, key=lambda e: (e.is_chosen, e.chain[0].not_valid_before_utc)))


def find_key(home: Home, key_id: str) -> KeyEntry:
    """The key with that ID; raises `UnknownKey` when there is none."""
    for entry in list_keys(home):
        if entry.id == key_id:
            return entry
    raise UnknownKey(
        f"The home holds no key with the ID {key_id!r:.40}.",
        remedy="countermark keys list shows those it holds.",
    )


def _entry(
    home: Home,
    folder: Path,
    chain: tuple[x509.Certificate, ...],
    *,
    is_chosen: bool,
    place: str | None = None,
) -> KeyEntry:
    now, revoked = datetime.now(timezone.utc), home.revoked(chain[0])
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
        place=place,
    )
