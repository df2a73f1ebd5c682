"""The home folder: claim-signing keys, their certificates, the trust file and the registry.

What is where:

    claim-signing-key.pem, certificate-chain.pem    the first key, made with the home
    keys/ID/                                        each later key, likewise
    signing-key                                     ID of the key that signs; absent for the first
    requests/ID/                                    keys that wait for a certificate
    authorities/ID/                                 development authorities and their CRLs
    trust.pem, registry.sqlite3

Nothing in it is ever overwritten but the trust file, the CRLs and the name of the signing key.
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
from cryptography.hazmat.primitives.asymmetric import ec

from countermark import files
from countermark.certificates import load_pem
from countermark.errors import (
    DestinationNotWritable,
    HomeExists,
    HomeMissing,
    InvalidArgument,
    UnknownKey,
    UnusableCertificate,
    UnusableKey,
)
from countermark.keys import development, private_key, revocation_list, storage
from countermark.keys.algorithms import PrivateKey, generate
from countermark.keys.local_signer import LocalSigner
from countermark.keys.witness import Witness, unwitnessed

KEY: Final = "claim-signing-key.pem"
CHAIN: Final = "certificate-chain.pem"
AUTHORITY_KEY: Final = "authority-key.pem"
AUTHORITY: Final = "authority.pem"
_TRUST: Final = "trust.pem"
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
    def trust_path(self) -> Path:
        """The trust anchors, PEM."""
        return self.folder / _TRUST

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
        """The certificates of the key that signs, PEM; raises as `signing_folder`."""
        return self.signing_folder / CHAIN

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
        return LocalSigner(key, development.pem(*chain))

    def private_key(self, folder: Path, passphrase: str | None) -> PrivateKey:
        """The private key in one of the folders; raises as `signer`."""
        path = folder / KEY
        if not path.is_file():
            raise missing(folder)
        return private_key.decode(storage.read_private(path), passphrase)

    def chain(self, folder: Path) -> tuple[x509.Certificate, ...]:
        """The certificates in one of the folders; raises as `signer`."""
        try:
            return load_pem((folder / CHAIN).read_bytes())
        except OSError as error:
            raise missing(folder) from error
        except ValueError as error:
            raise UnusableCertificate(
                f"The certificates in {str(folder / CHAIN)!r} are damaged.",
                remedy="Restore the file from a copy.",
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

    def authority(self, passphrase: str | None = None) -> development.Authority | None:
        """The development authority that issues for this home; None when its key is not kept.

        Homes of countermark 0.1 and those whose authority key was deleted have none. Raises as
        `signer`.
        """
        kept = [folder for folder in self.authority_folders if (folder / AUTHORITY_KEY).is_file()]
        found = [self.authority_in(folder, passphrase) for folder in kept]
        return max(found, key=lambda a: a.certificate.not_valid_before_utc, default=None)

    def authority_in(self, folder: Path, passphrase: str | None) -> development.Authority:
        """The authority in one of the folders; raises as `signer`."""
        key = private_key.decode(storage.read_private(folder / AUTHORITY_KEY), passphrase)
        certificate = _authority_certificate(folder)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            certificate.public_key() != key.public_key()
        ):
            raise _damaged_authority(folder)
        return development.Authority(key, certificate, self.witness)

    def authority_folder(self, chain: tuple[x509.Certificate, ...]) -> Path | None:
        """Where the development authority is that issued a leaf; None for those of others."""
        for folder in self.authority_folders:
            if _authority_certificate(folder) in chain[1:2]:
                return folder
        return None

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
            contents = {KEY: private_key.encode(key, passphrase), CHAIN: development.pem(*chain)}
            storage.add_folder(folder, contents)
        storage.replace(self.folder / _SIGNING, folder.name.encode() + b"\n")
        return folder

    def add_authority(
        self, authority: development.Authority, root: x509.Certificate, passphrase: str | None
    ) -> None:
        """Keep a development authority and trust its root; raises `DestinationNotWritable`."""
        storage.replace(self.trust_path, files.load(self.trust_path) + development.pem(root))
        name = f"authorities/{identifier(authority.certificate)}"
        storage.add_folder(self.folder / name, _authority_files(authority, passphrase))


def home_folder() -> Path:
    """COUNTERMARK_HOME, by default the platform's folder for the user's data."""
    stated = os.environ.get("COUNTERMARK_HOME")
    if stated:
        return Path(stated).expanduser()
    return platformdirs.user_data_path("countermark", appauthor=False)


def create_home(
    folder: Path | str | None = None,
    *,
    organisation: str = "countermark development",
    name: str = "countermark claim signer",
    algorithm: str = "es256",
    passphrase: str | None = None,
) -> Home:
    """Make a home folder with a new key and certificates for development.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = create_home(Path(parent) / "home", organisation="Example Studio")
    ...     sorted(path.name for path in home.folder.iterdir())
    ['authorities', 'certificate-chain.pem', 'claim-signing-key.pem', 'trust.pem']

    The folder has mode 0700, its files 0600; with a passphrase the keys are encrypted. The
    folder appears whole or not at all. `algorithm`: of the signing key, es256, es384, es512,
    ps256 or ed25519.

    Raises `HomeExists` when the folder exists and is not empty: nothing is ever overwritten;
    `DestinationNotWritable` when it cannot be made; `InvalidArgument` for an empty passphrase,
    another algorithm, or names that a certificate cannot hold.
    """
    folder = home_folder() if folder is None else Path(folder)
    check_name("organisation", organisation)
    check_name("name", name)
    private_key.check_passphrase(passphrase)
    key = generate(algorithm)
    authority, root = development.create_authority(organisation)
    subject = development.distinguished_name(organisation, name)
    place = f"authorities/{identifier(authority.certificate)}"
    contents = {
        KEY: private_key.encode(key, passphrase),
        CHAIN: development.pem(*authority.issue(key.public_key(), subject=subject)),
        _TRUST: development.pem(root),
    }
    for file, content in _authority_files(authority, passphrase).items():
        contents[f"{place}/{file}"] = content
    _write_home(folder, contents)
    return Home(folder)


def open_home(folder: Path | str | None = None) -> Home:
    """The home folder that is there.

    Raises `HomeMissing` when it does not hold keys.

    >>> open_home("/nowhere")
    Traceback (most recent call last):
    ...
    countermark.errors.HomeMissing: '/nowhere' holds no keys. Run countermark init first, or \
name another folder with COUNTERMARK_HOME.
    """
    home = Home(home_folder() if folder is None else Path(folder))
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


def check_name(what: str, text: str) -> None:
    """Whether a certificate can hold a name; raises `InvalidArgument` when not."""
    limit = development.MAX_NAME_BYTES
    if not text.strip() or not text.isprintable() or len(text.encode()) > limit:
        raise InvalidArgument(
            f"The {what} {text!r:.80} does not fit into a certificate.",
            remedy=f"Use printable characters, at most {limit} bytes in UTF-8.",
        )


def _folders(parent: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path for path in parent.iterdir() if _ID.fullmatch(path.name)))
    except OSError:
        return ()


def _authority_files(authority: development.Authority, passphrase: str | None) -> dict[str, bytes]:
    return {
        AUTHORITY_KEY: private_key.encode(authority.private_key, passphrase),
        AUTHORITY: development.pem(authority.certificate),
    }


def _authority_certificate(folder: Path) -> x509.Certificate:
    try:
        (certificate,) = load_pem((folder / AUTHORITY).read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged_authority(folder) from error
    return certificate


def _damaged_authority(folder: Path) -> UnusableKey:
    return UnusableKey(
        f"The development authority in {str(folder)!r} is damaged.",
        remedy="Restore the folder from a copy.",
    )


def _write_home(folder: Path, contents: dict[str, bytes]) -> None:
    try:
        storage.write_folder(folder, contents)
    except (OSError, ValueError) as error:
        if _occupied(folder):
            raise HomeExists(
                f"{str(folder)!r} exists already and is not empty.",
                remedy="Use it, or name another folder with COUNTERMARK_HOME.",
            ) from error
        raise DestinationNotWritable(
            f"The home folder {str(folder)!r} cannot be made ({error}).",
            remedy="Check rights and free space, or name another folder with COUNTERMARK_HOME.",
        ) from error


def _occupied(folder: Path) -> bool:
    try:
        return folder.is_file() or any(folder.iterdir())
    except (OSError, ValueError):
        return False
