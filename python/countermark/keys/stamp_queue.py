"""The timestamp servers of a home folder, and the files that were signed while none answered.

Each waiting file has an entry of its own, named after its path: several processes can add some.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from countermark import files
from countermark.errors import DestinationNotWritable, UnreadableQueue
from countermark.keys import storage
from countermark.keys.home import Home
from countermark.keys.timestamps import check_urls

_SERVERS: Final = "timestamp-servers"
_QUEUE: Final = "unstamped"


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """A signed file that waits for a time stamp.

    `manifest`: the label of the manifest. `signature`: of its claim. `since`: when it was queued.
    """

    path: Path
    manifest: str
    signature: bytes = field(repr=False)
    since: datetime


def timestamp_servers(home: Home) -> tuple[str, ...]:
    """The addresses of the servers that the home asks for time stamps, in order; none at first.

    Raises `InvalidArgument` when its file holds other things.
    """
    path = home.folder / _SERVERS
    if not path.exists():
        return ()
    urls = tuple(files.load(path).decode("utf-8", "replace").split())
    check_urls(urls)
    return urls


def set_timestamp_servers(home: Home, urls: Sequence[str]) -> None:
    """Name the servers that the home asks for time stamps, in order, in place of those before.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     home = keys.create_home(Path(folder) / "home")
    ...     set_timestamp_servers(home, ["http://time.example/"])
    ...     timestamp_servers(home)
    ('http://time.example/',)

    Raises `InvalidArgument` for other addresses than http and https, `DestinationNotWritable`.
    """
    check_urls(urls)
    storage.replace(home.folder / _SERVERS, "".join(f"{url}\n" for url in urls).encode())


def queue_file(home: Home, path: Path, *, manifest: str, signature: bytes) -> None:
    """Remember that a file waits for a time stamp; an earlier entry for its path is replaced.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     home = keys.create_home(Path(folder) / "home")
    ...     queue_file(home, Path("a.jpg"), manifest="urn:c2pa:7d", signature=bytes(64))
    ...     [file.path.name for file in list_queue(home)]
    ['a.jpg']

    Raises `DestinationNotWritable`.
    """
    place = _place(home, path)
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DestinationNotWritable(
            f"The folder {str(place.parent)!r} cannot be made ({error.strerror}).",
            remedy="Check the rights of the home folder.",
        ) from error
    entry = {
        "path": str(path.resolve()),
        "manifest": manifest,
        "signature": base64.b64encode(signature).decode(),
        "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    storage.replace(place, json.dumps(entry, indent=2).encode() + b"\n")


def list_queue(home: Home) -> tuple[QueuedFile, ...]:
    """The files that wait for a time stamp, the oldest first.

    Raises `UnreadableQueue` for a damaged entry.
    """
    folder = home.folder / _QUEUE
    entries = [_entry(path) for path in folder.glob("*.json") if not path.name.startswith(".")]
    return tuple(sorted(entries, key=lambda entry: (entry.since, entry.path)))


def unqueue_file(home: Home, path: Path) -> None:
    """Forget that a file waits, if it does; raises `DestinationNotWritable`."""
    place = _place(home, path)
    with files.writing(repr(str(place))):
        place.unlink(missing_ok=True)


def _place(home: Home, path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    return home.folder / _QUEUE / f"{name[:16]}.json"


def _entry(path: Path) -> QueuedFile:
    try:
        found = json.loads(files.load(path))
        return QueuedFile(
            path=Path(found["path"]),
            manifest=str(found["manifest"]),
            signature=base64.b64decode(found["signature"], validate=True),
            since=datetime.fromisoformat(found["since"]).astimezone(timezone.utc),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableQueue(
            f"The queue entry {str(path)!r} is damaged.", remedy="Remove that file."
        ) from error
