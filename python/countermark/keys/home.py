"""The home folder: claim-signing keys, their certificates, the trust file and the registry.

What is where:

    claim-signing-key.pem, certificate-chain.pem    the first key, made with the home
    keys/ID/                                        each later key, likewise
    signing-key                                     ID of the key that signs; absent for the first
    requests/ID/                                    keys that wait for a certificate
    pool/                                           one-time keys
    signer.toml                                     which signer signs, when no key of the home does
    signer-chain.pem                                its certificates, if its key is elsewhere
    authorities/ID/                                 development authorities and their CRLs
    timestamp-servers, unstamped/*.json             who proves times; files that wait for that
    log-key.pem, log-checkpoint                     the log's own key, and what it last signed
    reviewers/NAME/                                 keys of those who review features
    feature-signers, features.toml                  whose features count, and what follows
    trust.pem, registry.sqlite3
    personal-keys.sqlite3, retention.toml           keys of personal records; how long they stay
    complaints.toml                                 by when complaints are answered

Nothing in it is ever overwritten but the trust file, the CRLs, the timestamp servers, whose
features count and the name of the signing key; and the private keys when the passphrase changes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from countermark import files
from countermark.certificates import dump_pem, load_pem
from countermark.errors import (
    HomeMissing,
    UnknownKey,
    UnusableCertificate,
    UnusableKey,
)
from countermark.keys import kept_authority, private_key, revocation_list, storage
from countermark.keys.algorithms import PrivateKey
from countermark.keys.development import DevelopmentAuthority
from countermark.keys.local_signer import LocalSigner
from countermark.keys.one_time_store import SEALING_KEY
from countermark.keys.settings import (
    SETTINGS,
    SHARED_KEY,
    PoolSettings,
    Settings,
    read_settings,
)
from countermark.keys.witness import Witness, unwitnessed

KEY: Final = "claim-signing-key.pem"
CHAIN: Final = "certificate-chain.pem"
TRUST: Final = "trust.pem"
_REGISTRY: Final = "registry.sqlite3"
_SIGNING: Final = "signing-key"
_ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder that holds keys; `create_home` makes one, `open_home` finds it.

    `witness`: is told of each signature by its authorities and for its requests.
    """

    folder: Path
    witness: Witness = field(default=unwitnessed, repr=False, compare=False)

    @property
    def registry_path(self) -> Path:
        """Where the registry is, or will be."""
        return self.folder / _REGISTRY

    @property
    def log_key_path(self) -> Path:
        """The key that signs checkpoints of the log, if there is one."""
        return self.folder / "log-key.pem"

    @property
    def log_checkpoint_path(self) -> Path:
        """The latest checkpoint of the log that was signed here, if there was one."""
        return self.folder / "log-checkpoint"

    @property
    def feature_signers_path(self) -> Path:
        """Whose features of known content count, if anybody's do."""
        return self.folder / "feature-signers"

    @property
    def feature_policy_path(self) -> Path:
        """What happens to known content, if not the usual."""
        return self.folder / "features.toml"

    @property
    def trust_path(self) -> Path:
        """The trust anchors, PEM."""
        return self.folder / TRUST

    @property
    def key_folders(self) -> tuple[Path, ...]:
        """Where each key is, the first one first."""
        return (self.folder, *_folders(self.folder / "keys"))

    @property
    def authority_folders(self) -> tuple[Path, ...]:
        """Where the development authorities are that this home knows."""
        return _folders(self.folder / "authorities")

    @property
    def request_folders(self) -> tuple[Path, ...]:
        """Where the keys are that wait for a certificate."""
        return _folders(self.folder / "requests")

    @property
    def private_key_paths(self) -> tuple[Path, ...]:
        """The files of all private keys that are here: of signers, authorities, requests, pool."""
        folders = (*self.key_folders, *self.request_folders)
        paths = [folder / KEY for folder in folders]
        paths += [folder / kept_authority.KEY for folder in self.authority_folders]
        paths += [self.pool_folder / SEALING_KEY, self.log_key_path]
        return tuple(path for path in paths if path.is_file())

    @property
    def settings_path(self) -> Path:
        """Where it says that another signer signs; absent when a key of the home does."""
        return self.folder / SETTINGS

    @property
    def settings(self) -> Settings | None:
        """Which signer signs when no key of the home does; raises `UnusableSettings`."""
        return read_settings(self.folder)

    @property
    def signs_itself(self) -> bool:
        """Whether a key of the home signs, if only when the pool is empty; as `settings`."""
        settings = self.settings
        return settings is None or (
            isinstance(settings, PoolSettings) and settings.when_empty == SHARED_KEY
        )

    @property
    def uses_pool(self) -> bool:
        """Whether one-time keys sign; as `settings`."""
        return isinstance(self.settings, PoolSettings)

    @property
    def elsewhere_chain_path(self) -> Path:
        """The certificates of the key in a token or keyring that signer.toml names, PEM."""
        return self.folder / "signer-chain.pem"

    @property
    def pool_folder(self) -> Path:
        """Where the one-time keys are, or will be."""
        return self.folder / "pool"

    @property
    def revocation_list_paths(self) -> tuple[Path, ...]:
        """The CRLs of the development authorities, PEM; none until something is revoked."""
        paths = (folder / revocation_list.NAME for folder in self.authority_folders)
        return tuple(path for path in paths if path.is_file())

    @property
    def signing_folder(self) -> Path:
        """Where the key is that signs.

        Raises `UnknownKey` when the home names one that it does not hold.
        """
        try:
            name = (self.folder / _SIGNING).read_text("ascii").strip()
        except FileNotFoundError:
            return self.folder
        except (OSError, ValueError):
            name = ""
        folder = self.folder / "keys" / name
        if not _ID.fullmatch(name) or not folder.is_dir():
            raise UnknownKey(
                f"The file {str(self.folder / _SIGNING)!r} names no key of this home.",
                remedy="Write the ID of one into it; countermark keys list shows them.",
            )
        return folder

    @property
    def chain_path(self) -> Path:
        """The certificates of the key that signs, PEM; raises as `signing_folder`, `settings`.

        With a pool, those of the home's own key.
        """
        elsewhere = self.settings is not None and not self.uses_pool
        return self.elsewhere_chain_path if elsewhere else self.signing_folder / CHAIN

    def signer(self, passphrase: str | None = None) -> LocalSigner:
        """The claim signer of this home.

        Raises `WrongPassphrase` when the key does not open with it, `UnusableKey` when it is
        damaged, open to others or revoked, `UnusableCertificate` when the certificates are
        damaged or another key's, `HomeMissing` when something is gone.
        """
        folder = self.signing_folder
        key = self.private_key(folder, passphrase)
        chain = self.chain(folder)
        if chain[0].public_key() != key.public_key():
            raise UnusableCertificate(
                "The certificate belongs to another key.",
                remedy=f"Restore {KEY} and {CHAIN} in {str(folder)!r} from a copy.",
            )
        if self.revoked(chain[0]) is not None:
            raise UnusableKey(
                "The certificate of the signing key is revoked.",
                remedy="Make a new key with countermark keys rotate.",
            )
        return LocalSigner(key, dump_pem(*chain))

    def private_key(self, folder: Path, passphrase: str | None) -> PrivateKey:
        """The private key in one of the folders; raises as `signer`."""
        path = folder / KEY
        if not path.is_file():
            raise missing(folder)
        return private_key.decode(storage.read_private(path), passphrase)

    def chain(self, folder: Path) -> tuple[x509.Certificate, ...]:
        """The certificates in one of the folders; raises as `signer`."""
        try:
            return _chain(folder / CHAIN)
        except OSError as error:
            raise missing(folder) from error

    @property
    def elsewhere_chain(self) -> tuple[x509.Certificate, ...]:
        """The certificates in `elsewhere_chain_path`; raises `UnusableCertificate`."""
        try:
            return _chain(self.elsewhere_chain_path)
        except OSError as error:
            raise UnusableCertificate(
                f"There is no certificate for the {self.settings}.",
                remedy="Ask for one with countermark keys csr, and take it in with keys import.",
            ) from error

    def revoked(self, certificate: x509.Certificate) -> x509.RevokedCertificate | None:
        """The entry of a certificate in the CRLs of the home; None when it is in none."""
        for path in self.revocation_list_paths:
            crl = revocation_list.load(path)
            if crl.issuer == certificate.issuer:
                entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
                if entry is not None:
                    return entry
        return None

    def authority(self, passphrase: str | None = None) -> DevelopmentAuthority | None:
        """The development authority that issues for this home; None when its key is not kept.

        Homes of countermark 0.1 and those whose authority key was deleted have none. Raises as
        `signer`.
        """
        kept = [folder for folder in self.authority_folders if kept_authority.can_issue(folder)]
        found = [self.authority_in(folder, passphrase) for folder in kept]
        return max(found, key=lambda a: a.certificate.not_valid_before_utc, default=None)

    def authority_in(self, folder: Path, passphrase: str | None) -> DevelopmentAuthority:
        """The authority in one of the folders; raises as `signer`."""
        return kept_authority.read(folder, passphrase, self.witness)

    def authority_folder(self, chain: tuple[x509.Certificate, ...]) -> Path | None:
        """Where the development authority is that issued a leaf; None for those of others."""
        for folder in self.authority_folders:
            if kept_authority.certificate(folder) in chain[1:2]:
                return folder
        return None

    def check_signs_itself(self) -> None:
        """Whether a new key of the home would sign; raises `UnusableKey` when another does."""
        if not self.signs_itself:
            raise UnusableKey(
                f"Not a key of the home signs, but the {self.settings}.",
                remedy=f"Remove {str(self.settings_path)!r} to sign with keys of the home.",
            )

    def check_passphrase(self, passphrase: str | None) -> None:
        """Whether it is the one of this home, so that all its keys open with one; as `signer`."""
        if self.authority(passphrase) is None:
            self.private_key(self.signing_folder, passphrase)

    def add_key(
        self, key: PrivateKey, chain: tuple[x509.Certificate, ...], passphrase: str | None
    ) -> Path:
        """Keep a key with its certificates and let it sign from now on; its folder.

        The one before stays where it is. Raises `DestinationNotWritable`.
        """
        folder = self.folder / "keys" / identifier(chain[0])
        if not folder.exists():
            contents = {KEY: private_key.encode(key, passphrase), CHAIN: dump_pem(*chain)}
            storage.add_folder(folder, contents)
        storage.replace(self.folder / _SIGNING, folder.name.encode() + b"\n")
        return folder

    def add_authority(
        self,
        authority: DevelopmentAuthority,
        root: x509.Certificate,
        passphrase: str | None,
    ) -> None:
        """Keep a development authority and trust its root; raises `DestinationNotWritable`."""
        storage.replace(self.trust_path, files.load(self.trust_path) + dump_pem(root))
        name = f"authorities/{identifier(authority.certificate)}"
        storage.add_folder(self.folder / name, kept_authority.contents(authority, passphrase))


def home_folder() -> Path:
    """COUNTERMARK_HOME, by default the platform's folder for the user's data."""
    stated = os.environ.get("COUNTERMARK_HOME")
    if stated:
        return Path(stated).expanduser()
    return platformdirs.user_data_path("countermark", appauthor=False)


def open_home(folder: Path | str | None = None) -> Home:
    """The home folder that is there.

    Raises `HomeMissing` when it does not hold keys, `DestinationNotWritable` when a change of the
    passphrase that was cut off cannot be finished.

    >>> open_home("/nowhere")
    Traceback (most recent call last):
    ...
    countermark.errors.HomeMissing: '/nowhere' holds no keys. Run countermark init first, or \
name another folder with COUNTERMARK_HOME.
    """
    home = Home(home_folder() if folder is None else Path(folder))
    storage.finish_replacing(home.folder)
    try:
        signing = home.signing_folder
        paths = (signing / KEY, signing / CHAIN, home.trust_path)
        complete = all(path.is_file() for path in paths)
    except (OSError, ValueError):
        complete = False
    if not complete:
        raise missing(home.folder)
    return home


def identifier(certificate: x509.Certificate) -> str:
    """The ID of a certificate in a home: the first 16 hexadecimal digits of its SHA-256."""
    return certificate.fingerprint(hashes.SHA256()).hex()[:16]


def missing(folder: Path) -> HomeMissing:
    """The error for a folder without the keys that it should hold."""
    return HomeMissing(
        f"{str(folder)!r} holds no keys.",
        remedy="Run countermark init first, or name another folder with COUNTERMARK_HOME.",
    )


def _chain(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return load_pem(path.read_bytes())
    except ValueError as error:
        raise UnusableCertificate(
            f"The certificates in {str(path)!r} are damaged.",
            remedy="Restore the file from a copy.",
        ) from error


def _folders(parent: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path for path in parent.iterdir() if _ID.fullmatch(path.name)))
    except OSError:
        return ()
