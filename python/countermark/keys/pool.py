"""One-time certificates in stock, so that no two pictures of a device can be linked by their key.

Source: RFC 6973, section 5.2.1 (correlation).
"""

from __future__ import annotations

import secrets
import warnings
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from countermark.errors import InvalidArgument, KeyAlreadyUsed, PoolEmpty, PoolLow
from countermark.keys.issuing import Issuer, common_name, enrol
from countermark.keys.local_signer import LocalSigner
from countermark.keys.one_time_store import OneTimeStore


class Signer(Protocol):
    """What `countermark.credentials.Signer` is; neighbours do not know each other."""

    @property
    def algorithm(self) -> str:
        """Name of the signature algorithm."""

    @property
    def certificate_chain(self) -> bytes:
        """PEM, the leaf first."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""


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
    `low_water_mark`: with fewer, `is_low` says so and `take` warns (`PoolLow`). `fallback`: signs
    when the pool is empty, with one key for all pictures; without it, an empty pool refuses.
    `passphrase`: the one under which the pool was made; without it, the keys lie in the clear.

    >>> import tempfile
    >>> from countermark.keys import create_authority
    >>> authority, root = create_authority("Example")
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     pool = Pool(
    ...         Path(parent, "pool"), authority, name="Camera", capacity=4, low_water_mark=2
    ...     )
    ...     pool.refill()
    ...     signer = pool.take()
    ...     len(pool), pool.is_low, len(signer.sign(b"data"))
    4
    (3, False, 64)

    What it cannot hide: the issuer knows whose keys it certified; names, times and content of the
    pictures may link them all the same. A file is overwritten before it is deleted; flash memory
    and some file systems keep former content, against which the passphrase helps.

    Raises `InvalidArgument` for numbers or a name that cannot be, `WrongPassphrase`, `UnusableKey`
    for a folder that others may enter, `DestinationNotWritable` when it cannot be made.
    """

    folder: Path
    issuer: Issuer = field(repr=False)
    name: str = field(kw_only=True)
    capacity: int = field(default=50, kw_only=True)
    low_water_mark: int = field(default=10, kw_only=True)
    fallback: Signer | None = field(default=None, kw_only=True, repr=False)
    passphrase: InitVar[str | None] = field(default=None, kw_only=True)
    _store: OneTimeStore = field(init=False, repr=False, compare=False)

    def __post_init__(self, passphrase: str | None) -> None:
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
        object.__setattr__(self, "_store", OneTimeStore(self.folder, passphrase))

    def __len__(self) -> int:
        return len(self._store.ready())

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
        self._store.sweep()
        missing = max(self.capacity - len(self), 0)
        for _ in range(missing):
            key = ec.generate_private_key(ec.SECP256R1())
            self._store.put(key, enrol(self.issuer, key, self.name))
        return missing

    def take(self) -> Signer:
        """A `OneTimeSigner` that no other call gets, in any process; or else the fallback.

        Raises `PoolEmpty` when nothing is left and there is no fallback,
        `DestinationNotWritable` when the folder does not let files be renamed or deleted.
        """
        ready = self._store.ready()
        secrets.SystemRandom().shuffle(ready)  # their order would tell which belong together
        while ready:
            signer = self._store.take(ready.pop())
            if signer is not None:
                self._warn(len(ready))
                return OneTimeSigner(signer)
        if self.fallback is None:
            raise PoolEmpty(
                f"The pool {str(self.folder)!r} holds no certificate that is unused and valid.",
                remedy="Refill it, or give it a fallback.",
            )
        self._warn(0)
        return self.fallback

    def _warn(self, left: int) -> None:
        if left < self.low_water_mark:
            warnings.warn(
                f"The pool of one-time certificates is below its low-water mark of "
                f"{self.low_water_mark}. Refill it before it is empty.",
                PoolLow,
                stacklevel=3,
            )
