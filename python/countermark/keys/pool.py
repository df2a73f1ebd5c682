"""One-time certificates in stock, so that no two pictures of a device can be linked by their key.

Each certificate is a file together with its private key. Who renames the file has taken it: the
file system lets one process do that. The file is gone before the signer is handed out, so that a
crash may waste a certificate but never use it twice; from then on the key is only in memory, for
one signature.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from countermark import files
from countermark.certificates import announce_end
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    IssuingFailed,
    KeyAlreadyUsed,
    PoolEmpty,
    UnusableKey,
)
from countermark.keys.issuing import Issuer, common_name, pem, request
from countermark.keys.local_signer import LocalSigner

_READY, _TAKEN, _DRAFT = ".pem", ".taken", ".draft"
_LEFTOVER_SECONDS: Final = 3600
_MARGIN_SECONDS: Final = 300
"""Certificates that end sooner are not used: their signature is to be checked in time."""


class _Signer(Protocol):
    """What `countermark.credentials.Signer` is; neighbours do not know each other."""

    @property
    def algorithm(self) -> str: ...

    @property
    def certificate_chain(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes: ...


class OneTimeSigner:
    """A claim signer that signs once and then forgets its key; `Pool.take` hands them out."""

    __slots__ = ("_signers", "certificate_chain")

    algorithm: Final = "es256"
    is_one_time: Final = True

    def __init__(self, signer: LocalSigner) -> None:
        self._signers = [signer]
        self.certificate_chain = signer.certificate_chain

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`. Raises `KeyAlreadyUsed` from the second call on."""
        try:
            signer = self._signers.pop()
        except IndexError:
            raise KeyAlreadyUsed(
                "This one-time key has signed before.", remedy="Take another one from the pool."
            ) from None
        return signer.sign(data)


@dataclass(frozen=True, slots=True)
class Pool:
    """A folder of one-time keys on P-256 with their certificates.

    `folder`: made with mode 0700 when it is missing; one that others may enter is refused.
    `issuer`: certifies the keys. `name`: the common name in each request; one that all devices of a
    fleet share, or it tells them apart. `capacity`: how many certificates a full pool holds.
    `low_water_mark`: with fewer, `is_low` says so. `fallback`: signs when the pool is empty, with
    one key for all pictures; without it, an empty pool refuses.

    >>> import tempfile
    >>> from countermark.keys import DevelopmentIssuer
    >>> issuer = DevelopmentIssuer.create(organisation="Example")
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     pool = Pool(
    ...         Path(parent, "pool"), issuer, name="Camera", capacity=4, low_water_mark=2
    ...     )
    ...     pool.refill()
    ...     signer = pool.take()
    ...     len(pool), pool.is_low, len(signer.sign(b"data"))
    4
    (3, False, 64)

    What it cannot hide: the issuer knows whose keys it certified; names, times and content of the
    pictures may link them all the same. A file is overwritten before it is deleted; flash memory
    and some file systems keep former content, against which only an encrypted disk helps.

    Raises `InvalidArgument` for numbers or a name that cannot be, `UnusableKey` for a folder that
    others may enter, `DestinationNotWritable` when it cannot be made.

    Source: RFC 6973, section 5.2.1 (correlation).
    """

    folder: Path
    issuer: Issuer = field(repr=False)
    name: str = field(kw_only=True)
    capacity: int = field(default=50, kw_only=True)
    low_water_mark: int = field(default=10, kw_only=True)
    fallback: _Signer | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.capacity < 1 or not 0 <= self.low_water_mark <= self.capacity:
            raise InvalidArgument(
                f"A low-water mark of {self.low_water_mark} does not fit a capacity of "
                f"{self.capacity}.",
                remedy="Give a capacity of at least 1, and a mark from 0 up to it.",
            )
        try:
            common_name(self.name)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                f"{self.name!r:.80} cannot be a common name.", remedy="Use 1 to 64 characters."
            ) from error
        _make_private(self.folder)

    def __len__(self) -> int:
        return len(self._ready())

    @property
    def is_low(self) -> bool:
        """Whether it is time to refill."""
        return len(self) < self.low_water_mark

    def refill(self) -> int:
        """Have certificates issued until the pool is full; how many that took.

        The end of those in the pool is not announced, for they are replaced in time by refilling;
        that of their issuers is, here and when they sign.

        What was issued before a failure stays. Several processes that refill at once may exceed
        the capacity. Keys that ran out, or that a crash left behind, are destroyed.

        Raises `IssuingFailed` when the issuer refuses or its chain does not fit the request,
        `DestinationNotWritable` when the folder, its rights or the disk refuse.
        """
        self._sweep()
        missing = max(self.capacity - len(self), 0)
        for _ in range(missing):
            key = ec.generate_private_key(ec.SECP256R1())
            chain = self.issuer.issue(request(key, self.name))
            _check(chain, key)
            self._put(key, chain)
        return missing

    def take(self) -> _Signer:
        """A `OneTimeSigner` that no other call gets, in any process; or else the fallback.

        Raises `PoolEmpty` when nothing is left and there is no fallback,
        `DestinationNotWritable` when the folder does not let files be renamed or deleted.
        """
        ready = self._ready()
        secrets.SystemRandom().shuffle(ready)  # their order would tell which belong together
        for path in ready:
            content = self._claim(path)
            signer = None if content is None else _signer(content)
            if signer is not None:
                return OneTimeSigner(signer)
        if self.fallback is None:
            raise PoolEmpty(
                f"The pool {str(self.folder)!r} holds no certificate that is unused and valid.",
                remedy="Refill it, or give it a fallback.",
            )
        return self.fallback

    def _ready(self) -> list[Path]:
        with _using(self.folder):
            found = [path for path in self.folder.iterdir() if path.suffix == _READY]
        return [path for path in found if _end(path) > time.time() + _MARGIN_SECONDS]

    def _put(self, key: ec.EllipticCurvePrivateKey, chain: Sequence[x509.Certificate]) -> None:
        content = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ) + pem(*chain)
        end = min(int(item.not_valid_after_utc.timestamp()) for item in chain)
        path = self.folder / f"{end}-{secrets.token_hex(16)}{_READY}"
        draft = path.with_suffix(_DRAFT)
        with _using(self.folder):
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                with open(os.open(draft, flags, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(path)
                files.sync_folder(self.folder)
            finally:
                draft.unlink(missing_ok=True)

    def _claim(self, path: Path) -> bytes | None:
        """The content of an entry, which is nobody else's from now on; None if it was before."""
        taken = path.with_suffix(_TAKEN)
        with _using(self.folder):
            try:
                path.rename(taken)  # in one process only
                content = _destroy(taken)
            except FileNotFoundError:  # another one took it, or swept it away
                return None
            files.sync_folder(self.folder)  # before it signs: a power cut might bring it back
        return content

    def _sweep(self) -> None:
        """Destroy what is no longer of use: expired entries, and what a crash left behind."""
        now = time.time()
        with _using(self.folder):
            for path in self.folder.iterdir():
                if path.suffix == _READY and _end(path) <= now + _MARGIN_SECONDS:
                    self._claim(path)
                elif path.suffix in (_TAKEN, _DRAFT):
                    with contextlib.suppress(FileNotFoundError):  # its owner was still at work
                        if path.stat().st_mtime < now - _LEFTOVER_SECONDS:
                            _destroy(path)


def _make_private(folder: Path) -> None:
    with _using(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise UnusableKey(
            f"Others may enter the folder {str(folder)!r} (mode {mode:04o}).",
            remedy="Delete what is in it, set its mode to 0700 and refill it.",
        )


def _end(path: Path) -> int:
    """When an entry's chain ends, in seconds since 1970, as its name says; 0 for other names."""
    end = path.name.partition("-")[0]
    return int(end) if end.isdecimal() else 0


def _destroy(path: Path) -> bytes:
    """Delete a file after overwriting it; what it held."""
    with path.open("r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(bytes(len(content)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    return content


def _signer(content: bytes) -> LocalSigner | None:
    """The signer that an entry holds; None when it is damaged."""
    private, mark, rest = content.partition(b"-----BEGIN CERTIFICATE-----")
    try:
        key = serialization.load_pem_private_key(private, None)
    except (TypeError, ValueError):
        return None
    return LocalSigner(key, mark + rest) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _check(chain: Sequence[x509.Certificate], key: ec.EllipticCurvePrivateKey) -> None:
    if not chain or chain[0].public_key() != key.public_key():
        raise _unfit("is not for the key in the request")
    for certificate, issuer in itertools.pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError) as error:
            raise _unfit("is not in order, the leaf first and then each issuer") from error
    now = datetime.now(timezone.utc)
    if any(not c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in chain):
        raise _unfit("is not valid now")
    announce_end(chain[1:] or chain, owner="issuer")


def _unfit(problem: str) -> IssuingFailed:
    return IssuingFailed(
        f"The certificate chain from the issuer {problem}.",
        remedy="Check the issuer, and the clocks on both sides.",
    )


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
