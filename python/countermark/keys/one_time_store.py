"""A folder of one-time keys with their certificates, each of which comes out once.

Each is a file. Who renames the file has taken it: the file system lets one process do that. The
file is overwritten and gone before the key is handed out, so that a crash may waste a key but
never use it twice.

The files are sealed to a key pair of the folder, whose private half is a PKCS#8 file as any other,
under the passphrase when there is one: a passphrase costs 0.2 s, and is asked for once a process
instead of once a picture.

Source: RFC 9180 (HPKE), base mode with X25519, HKDF-SHA256 and ChaCha20-Poly1305.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from countermark import files
from countermark.certificates import dump_pem
from countermark.errors import CountermarkError, DestinationNotWritable, UnusableKey
from countermark.keys import private_key, storage
from countermark.keys.algorithms import PrivateKey
from countermark.keys.local_signer import LocalSigner

SEALING_KEY: Final = "sealing-key.pem"
_READY, _TAKEN, _DRAFT = ".key", ".taken", ".draft"
_LEFTOVER_SECONDS: Final = 3600
_MARGIN_SECONDS: Final = 300
"""Certificates that end sooner are not used: their signature is to be checked in time."""
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class OneTimeStore:
    """The folder, made with mode 0700 when it is missing; one that others may enter is refused.

    Raises `WrongPassphrase`, `UnusableKey` for a folder that others may enter or that holds other
    things, `DestinationNotWritable` when it cannot be made.
    """

    __slots__ = ("_folder", "_sealing")

    def __init__(self, folder: Path, passphrase: str | None) -> None:
        self._folder = folder
        with _using(folder):
            if not folder.is_dir() or not any(folder.iterdir()):
                _make(folder, passphrase)
        _check_private(folder)
        self._sealing = _sealing_key(folder, passphrase)

    def ready(self) -> list[Path]:
        """The keys whose certificates are still good for a while."""
        with _using(self._folder):
            found = [path for path in self._folder.iterdir() if path.suffix == _READY]
        return [path for path in found if _end(path) > time.time() + _MARGIN_SECONDS]

    def put(self, key: PrivateKey, chain: Sequence[x509.Certificate]) -> None:
        """Keep a key; it is on the disk when this returns."""
        end = min(int(item.not_valid_after_utc.timestamp()) for item in chain)
        path = self._folder / f"{end}-{secrets.token_hex(16)}{_READY}"
        content = private_key.encode(key, None) + dump_pem(*chain)
        sealed = _SUITE.encrypt(content, self._sealing.public_key(), info=path.stem.encode())
        draft = path.with_suffix(_DRAFT)
        with _using(self._folder):
            try:
                storage.write_file(draft, sealed)
                draft.rename(path)
                files.sync_folder(self._folder)
            finally:
                draft.unlink(missing_ok=True)

    def take(self, path: Path) -> LocalSigner | None:
        """What `ready` named, for this call alone; None when another had it, or it is damaged."""
        sealed = self._claim(path)
        if sealed is None:
            return None
        try:
            content = _SUITE.decrypt(sealed, self._sealing, info=path.stem.encode())
            private, mark, chain = content.partition(b"-----BEGIN CERTIFICATE-----")
            return LocalSigner(private_key.decode(private, None), mark + chain)
        except (InvalidTag, CountermarkError):
            return None

    def sweep(self) -> None:
        """Destroy what is no longer of use: expired entries, and what a crash left behind."""
        now = time.time()
        with _using(self._folder):
            for path in self._folder.iterdir():
                if path.suffix == _READY and _end(path) <= now + _MARGIN_SECONDS:
                    self._claim(path)
                elif path.suffix in (_TAKEN, _DRAFT):
                    with contextlib.suppress(FileNotFoundError):  # its owner was still at work
                        if path.stat().st_mtime < now - _LEFTOVER_SECONDS:
                            storage.destroy(path)

    def _claim(self, path: Path) -> bytes | None:
        """The content of an entry, which is nobody else's from now on; None if it was before."""
        taken = path.with_suffix(_TAKEN)
        with _using(self._folder):
            try:
                path.rename(taken)  # in one process only
                content = storage.destroy(taken)
            except FileNotFoundError:  # another one took it, or swept it away
                return None
            files.sync_folder(self._folder)  # before it signs: a power cut might bring it back
        return content


def _make(folder: Path, passphrase: str | None) -> None:
    key = x25519.X25519PrivateKey.generate()
    try:
        storage.write_folder(folder, {SEALING_KEY: private_key.encode(key, passphrase)})
    except OSError:
        if not (folder / SEALING_KEY).is_file():  # no other process has just made it
            raise


def _check_private(folder: Path) -> None:
    with _using(folder):
        mode = stat.S_IMODE(folder.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise UnusableKey(
            f"Others may enter the folder {str(folder)!r} (mode {mode:04o}).",
            remedy="Delete what is in it, set its mode to 0700 and refill it.",
        )


def _sealing_key(folder: Path, passphrase: str | None) -> x25519.X25519PrivateKey:
    path = folder / SEALING_KEY
    if not path.is_file():
        raise UnusableKey(
            f"The folder {str(folder)!r} holds other things than one-time keys.",
            remedy="Name a folder that is missing or empty.",
        )
    key = private_key.open_pem(storage.read_private(path), passphrase)
    if not isinstance(key, x25519.X25519PrivateKey):
        raise UnusableKey(
            f"The key in {str(path)!r} is of another kind.", remedy="Delete the folder; refill it."
        )
    return key


def _end(path: Path) -> int:
    """When an entry's chain ends, in seconds since 1970, as its name says; 0 for other names."""
    end = path.name.partition("-")[0]
    return int(end) if end.isdecimal() else 0


@contextlib.contextmanager
def _using(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DestinationNotWritable(
            f"The pool {str(folder)!r} cannot be used ({reason}).",
            remedy="Check the folder, its rights and the space on the disk.",
        ) from error
