"""Time stamps by the servers of the home folder: when signing, and later where none was to be had.

>>> import tempfile
>>> from countermark import keys
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     time_stamper(home) is None  # nothing is fetched from servers that nobody named
True
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark import credentials, keys
from countermark.credentials import Kind, Signer, TimeStamper, Trust, Unstamped
from countermark.credentials.library import STORE_MEDIA_TYPE
from countermark.errors import CountermarkError, TimestampFailed, TimestampTooLarge
from countermark.keys import Home, QueuedFile
from countermark.registry import Registry
from countermark.verifying.trusted import trust_store

_PAUSE_SECONDS: Final = 60


class HomeTimeStamper:
    """The timestamp servers of a home folder; when none answers, none is asked for a minute.

    So a folder of pictures is not held up by each of them. `authority`: the servers.
    """

    def __init__(self, authority: keys.TimestampAuthority) -> None:
        self.authority = authority
        self._failure: TimestampFailed | None = None
        self._asks_again_at = 0.0

    def stamp(self, message: bytes) -> bytes:
        """As `keys.TimestampAuthority.stamp`."""
        if self._failure is not None and time.monotonic() < self._asks_again_at:
            raise self._failure
        try:
            return self.authority.stamp(message)
        except TimestampFailed as failure:
            self._failure = failure
            self._asks_again_at = time.monotonic() + _PAUSE_SECONDS
            raise


@dataclass(frozen=True, slots=True)
class Flushed:
    """What became of a file in the queue; `error` says why it still waits, else None."""

    file: QueuedFile
    error: CountermarkError | None


def time_stamper(home: Home) -> HomeTimeStamper | None:
    """The timestamp servers of a home folder, under the anchors that it trusts for time stamps.

    None when it names no server. Raises `InvalidArgument`, `UnusableTrust`.
    """
    urls = keys.timestamp_servers(home)
    if not urls:
        return None
    anchors = trust_store(home).trust().pem(Kind.TIMESTAMP)
    return HomeTimeStamper(keys.TimestampAuthority(urls, anchors=anchors))


def settle(home: Home, path: Path, missing: Unstamped | None) -> None:
    """Queue a file that was just signed without a time stamp; one that has it waits no more.

    Raises `DestinationNotWritable`.
    """
    if missing is None:
        keys.unqueue_file(home, path)
    else:
        keys.queue_file(home, path, manifest=missing.manifest, signature=missing.signature)


def flush(
    home: Home,
    *,
    time_stamper: TimeStamper,
    signer: Callable[[], Signer],
    registry: Registry | None = None,
) -> Iterator[Flushed]:
    """Add the missing time stamps, file by file; each that has one leaves the queue.

    `signer`: of update manifests, called when there is one to sign. `registry`: by default that
    of the home folder; it gets the manifest with the time stamp beside the first one of a marked
    picture, so that copies without metadata lead to the proven time. A file that is gone, changed
    or signed anew waits on, with the reason. Once no server answers, none is asked again.

    Raises `UnreadableQueue`, `DestinationNotWritable`, `RegistryError`.
    """
    silence: TimestampFailed | None = None
    with ExitStack() as stack:
        if registry is None:
            registry = stack.enter_context(Registry.open(home.registry_path))
        for file in keys.list_queue(home):
            error: CountermarkError | None = silence
            if silence is None:
                try:
                    _stamp(file, time_stamper, signer, registry)
                except CountermarkError as found:
                    error = found
                    too_large = isinstance(found, TimestampTooLarge)
                    if isinstance(found, TimestampFailed) and not too_large:
                        silence = found
            if error is None:
                keys.unqueue_file(home, file.path)
            yield Flushed(file, error)


def _stamp(
    file: QueuedFile,
    time_stamper: TimeStamper,
    signer: Callable[[], Signer],
    registry: Registry,
) -> None:
    media_type = _media_type(file.path)
    wanted = Unstamped(file.manifest, file.signature)
    store = credentials.add_time_stamp(
        file.path, media_type, wanted, time_stamper=time_stamper, signer=signer
    )
    payload = registry.manifests.payload_of(file.manifest)
    if payload is None:  # it was signed without a watermark
        return
    if store is None:  # an earlier attempt got no further than the file
        found = credentials.read(file.path, media_type, trust=Trust.nobody())
        store = None if found is None else found.bytes
    if store is not None:
        registry.manifests.add(payload, store)


def _media_type(path: Path) -> str:
    """That of a signed file, or of a manifest that lies beside one."""
    if path.suffix.lower() == credentials.SIDECAR:
        return STORE_MEDIA_TYPE
    return credentials.media_type_of(path)
