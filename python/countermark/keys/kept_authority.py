"""A development authority in a folder: its private key, which may be gone, and its certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from countermark.certificates import dump_pem, load_pem
from countermark.errors import UnusableKey
from countermark.keys import private_key, storage
from countermark.keys.development import DevelopmentAuthority
from countermark.keys.witness import Witness

KEY: Final = "authority-key.pem"
CERTIFICATE: Final = "authority.pem"


def contents(authority: DevelopmentAuthority, passphrase: str | None) -> dict[str, bytes]:
    """The files that are kept of an authority, by their names."""
    return {
        KEY: private_key.encode(authority.private_key, passphrase),
        CERTIFICATE: dump_pem(authority.certificate),
    }


def can_issue(folder: Path) -> bool:
    """Whether the private key is kept."""
    return (folder / KEY).is_file()


def read(folder: Path, passphrase: str | None, witness: Witness) -> DevelopmentAuthority:
    """The authority whose key is kept; raises as `Home.signer`."""
    key = private_key.decode(storage.read_private(folder / KEY), passphrase)
    issuer = certificate(folder)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or issuer.public_key() != key.public_key():
        raise _damaged(folder)
    return DevelopmentAuthority(key, issuer, witness)


def certificate(folder: Path) -> x509.Certificate:
    """The certificate, also of one that cannot issue; raises `UnusableKey`."""
    try:
        (found,) = load_pem((folder / CERTIFICATE).read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(folder) from error
    return found


def _damaged(folder: Path) -> UnusableKey:
    return UnusableKey(
        f"The development authority in {str(folder)!r} is damaged.",
        remedy="Restore the folder from a copy.",
    )
