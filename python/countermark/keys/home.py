"""The home folder: one claim-signing key, its certificates, the trust file and the registry."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from countermark import files
from countermark.errors import (
    DestinationNotWritable,
    HomeExists,
    HomeMissing,
    InvalidArgument,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import development
from countermark.keys.local_signer import LocalSigner

_KEY: Final = "claim-signing-key.pem"
_CHAIN: Final = "certificate-chain.pem"
_TRUST: Final = "trust.pem"
_REGISTRY: Final = "registry.sqlite3"


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder that holds keys; `create_home` makes one, `open_home` finds it."""

    folder: Path

    @property
    def registry_path(self) -> Path:
        """Where the registry is, or will be."""
        return self.folder / _REGISTRY

    @property
    def trust_path(self) -> Path:
        """The trust anchors, PEM."""
        return self.folder / _TRUST

    def signer(self, passphrase: str | None = None) -> LocalSigner:
        """The claim signer of this home.

        Raises `WrongPassphrase` when the key does not open with it, `UnusableKey` when key or
        certificates are damaged, `HomeMissing` when they are gone.
        """
        key = _private_key(_content(self.folder / _KEY), passphrase)
        return LocalSigner(key, _content(self.folder / _CHAIN))


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
    passphrase: str | None = None,
) -> Home:
    """Make a home folder with a new key and certificates for development.

    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = create_home(Path(parent) / "home", organisation="Example Studio")
    ...     sorted(path.name for path in home.folder.iterdir())
    ['certificate-chain.pem', 'claim-signing-key.pem', 'trust.pem']

    The folder has mode 0700, the key file 0600; with a passphrase the key is encrypted. The
    folder appears whole or not at all.

    Raises `HomeExists` when the folder exists and is not empty: nothing is ever overwritten;
    `DestinationNotWritable` when it cannot be made; `InvalidArgument` for an empty passphrase
    or names that a certificate cannot hold.
    """
    folder = home_folder() if folder is None else Path(folder)
    _check_name("organisation", organisation)
    _check_name("name", name)
    if passphrase == "":
        raise InvalidArgument(
            "The passphrase is empty.", remedy="Give one, or none to leave the key unencrypted."
        )
    identity = development.issue(organisation=organisation, name=name)
    contents = {
        _KEY: _key_pem(identity.private_key, passphrase),
        _CHAIN: development.pem(*identity.chain),
        _TRUST: development.pem(identity.root),
    }
    _write_folder(folder, contents)
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
        complete = all((home.folder / name).is_file() for name in (_KEY, _CHAIN, _TRUST))
    except (OSError, ValueError):
        complete = False
    if not complete:
        raise _missing(home.folder)
    return home


def _missing(folder: Path) -> HomeMissing:
    return HomeMissing(
        f"{str(folder)!r} holds no keys.",
        remedy="Run countermark init first, or name another folder with COUNTERMARK_HOME.",
    )


def _check_name(what: str, text: str) -> None:
    limit = development.MAX_NAME_BYTES
    if not text.strip() or not text.isprintable() or len(text.encode()) > limit:
        raise InvalidArgument(
            f"The {what} {text!r:.80} does not fit into a certificate.",
            remedy=f"Use printable characters, at most {limit} bytes in UTF-8.",
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path.parent) from error


def _key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def _private_key(pem: bytes, passphrase: str | None) -> ec.EllipticCurvePrivateKey:
    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem
    if encrypted != (passphrase is not None):
        raise WrongPassphrase(
            "The private key is encrypted." if encrypted else "The private key is not encrypted.",
            remedy="Give its passphrase." if encrypted else "Leave the passphrase out.",
        )
    try:
        password = None if passphrase is None else passphrase.encode()
        key = serialization.load_pem_private_key(pem, password)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise WrongPassphrase(
                "The private key does not open with this passphrase.", remedy="Try another one."
            ) from error
        raise _unusable_key() from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable_key()
    return key


def _unusable_key() -> UnusableKey:
    return UnusableKey(
        "The private key file is damaged or not a key on P-256.",
        remedy="Restore it from a copy, or make a new home with countermark init.",
    )


def _write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Write into a hidden neighbour first, then give it the folder's name."""
    draft: Path | None = None
    try:
        if folder.exists():
            folder.rmdir()  # only ever removes an empty folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))  # mode 0700
        for name, content in contents.items():
            _write_file(draft / name, content)
        draft.rename(folder)  # fails when another process has put something there
        files.sync_folder(folder.parent)
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
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _occupied(folder: Path) -> bool:
    try:
        return folder.is_file() or any(folder.iterdir())
    except (OSError, ValueError):
        return False


def _write_file(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
