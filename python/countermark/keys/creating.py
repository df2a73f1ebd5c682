"""A new home folder, with keys and certificates for development."""

from __future__ import annotations

from pathlib import Path

from countermark.certificates import dump_pem
from countermark.errors import DestinationNotWritable, HomeExists
from countermark.keys import development, kept_authority, private_key, storage
from countermark.keys.algorithms import generate
from countermark.keys.home import CHAIN, KEY, TRUST, Home, home_folder, identifier


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
    development.check_name("organisation", organisation)
    development.check_name("name", name)
    private_key.check_passphrase(passphrase)
    key = generate(algorithm)
    authority, root = development.create_authority(organisation)
    subject = development.distinguished_name(organisation, name)
    place = f"authorities/{identifier(authority.certificate)}"
    contents = {
        KEY: private_key.encode(key, passphrase),
        CHAIN: dump_pem(*authority.certify(key.public_key(), subject)),
        TRUST: dump_pem(root),
    }
    for file, content in kept_authority.contents(authority, passphrase).items():
        contents[f"{place}/{file}"] = content
    _write_home(folder, contents)
    return Home(folder)


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
