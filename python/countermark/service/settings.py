"""What a service is told when it starts."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from countermark.errors import InvalidArgument
from countermark.record import Filing

MEBIBYTE: Final = 2**20
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a service listens, who may do what, and how much of the machine it may take.

    >>> Settings().is_local
    True

    `host`, `port`: where to listen; port 0 lets the system choose one.
    `token_file`: who may write, mark or read what is private; see `Tokens`. None: nobody.
    `reader`: a folder with the in-browser reader of credentials; see `countermark.service.reader`.
    `private`: reading by the resolution API needs a token too.
    `complaints`: anybody may file one; otherwise that needs a token.
    `filing_number`, `filing_url`: under which the service is filed with an authority, both or
    none; shown with every answer and on the page.
    `public_url`: how the world calls the service, such as "https://credentials.example".
    `trusted_proxies`: addresses whose X-Forwarded-For is believed.
    `workers`: processes that decode what is sent; half of them, but one at least, take sounds and
    movies too. `queue`: requests that wait for one of them.
    `requests_per_second`: of one client; what needs a worker counts ten times. 0: any number.
    `max_file_bytes`, `max_pixels`: of a picture. `max_manifest_bytes`: of a manifest store.
    `max_clip_bytes`: of a sound or movie.
    `max_bytes_in_flight`: of all request bodies that are in memory together.
    `max_bytes_on_disk`: of all sounds and movies that are in the system's folder for temporary
    files together.
    `job_seconds`: of the processor, for one picture; by the clock, three times that.
    `clip_seconds`: the same for one sound or movie.
    `job_memory_bytes`: for one of them, beyond what a worker takes anyway.
    `shutdown_seconds`: for what is in flight when the service is told to end.

    Raises `InvalidArgument` for a number out of range or another kind of address.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    token_file: Path | None = None
    reader: Path | None = None
    private: bool = False
    complaints: bool = False
    filing_number: str | None = None
    filing_url: str | None = None
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    queue: int = 64
    requests_per_second: float = 50
    max_file_bytes: int = 32 * MEBIBYTE
    max_pixels: int = 50_000_000
    max_manifest_bytes: int = 8 * MEBIBYTE
    max_clip_bytes: int = 128 * MEBIBYTE
    max_bytes_in_flight: int = 512 * MEBIBYTE
    max_bytes_on_disk: int = 2048 * MEBIBYTE
    job_seconds: float = 20
    clip_seconds: float = 300
    job_memory_bytes: int = 2048 * MEBIBYTE
    shutdown_seconds: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise InvalidArgument(f"{self.port} is not a port.", remedy="Use 0 to 65535.")
        positive = ("workers", "max_file_bytes", "max_pixels", "max_manifest_bytes",
                    "max_clip_bytes", "max_bytes_in_flight", "max_bytes_on_disk",
                    "job_seconds", "clip_seconds", "job_memory_bytes")  # fmt: skip
        for name in positive:
            if getattr(self, name) <= 0:
                raise InvalidArgument(
                    f"{name} is not positive.", remedy="Leave it out or raise it."
                )
        if self.queue < 0 or self.requests_per_second < 0 or self.shutdown_seconds < 0:
            raise InvalidArgument("A limit is negative.", remedy="Use 0 or more.")
        if self.public_url is not None:
            _check_public_url(self.public_url)
        if (self.filing_number is None) != (self.filing_url is None):
            raise InvalidArgument(
                "A filing has a number and a link.", remedy="Give both, or neither."
            )
        _ = self.filing  # or it says what is wrong with it

    @property
    def filing(self) -> Filing | None:
        """Under which number the service is filed, and where that is announced."""
        if self.filing_number is None or self.filing_url is None:
            return None
        return Filing(number=self.filing_number, url=self.filing_url)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in _LOOPBACK

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Names in the Host header that are answered; none when all are.

        A page elsewhere that lets its name point to this machine would otherwise read here what
        is meant for this machine alone (DNS rebinding).
        """
        names = set(_LOOPBACK) if self.is_local else set()
        if self.public_url is not None:
            names |= {urlsplit(self.public_url).hostname or "", *_LOOPBACK}
        return frozenset(names)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: paths as text."""
        return {
            name: os.fspath(value) if isinstance(value, Path) else value
            for name, value in asdict(self).items()
        }


def _check_public_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidArgument(
            f"{url!r:.80} is not the address of a service.",
            remedy="Give one such as https://credentials.example.",
        )
