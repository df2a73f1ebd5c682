"""A backup in the place of a registry file; what was there is kept beside it.

>>> import tempfile
>>> from countermark.registry.log import NoteKey
>>> with tempfile.TemporaryDirectory() as folder:
...     place, copy = Path(folder, "registry.sqlite3"), Path(folder, "copy.sqlite3")
...     with Registry.open(place) as registry:
...         _ = registry.log.checkpoint(NoteKey.generate("log"))
...         registry.back_up(copy)
...     restore(copy, place).former.name
'registry.sqlite3.former'
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark import files
from countermark.errors import DestinationNotWritable, RegistryError, SourceNotFound
from countermark.registry.store import Registry

_BESIDE: Final = ("-wal", "-shm")
_INDEX: Final = ".search"  # made again from what is restored


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now: `entries`, `leaves` of the log. `former`: what was there, if anything."""

    entries: int
    leaves: int
    former: Path | None


def restore(copy: Path, place: Path) -> Restored:
    """Put a copy of a registry in a place, after all of it was read and its log computed anew.

    What is there goes to a file with `.former` behind its name, damaged or not. When anything
    fails, it is where it was.

    Raises `SourceNotFound`, `UnreadableRegistry` and `InvalidProof` for a copy that is not whole,
    `RegistryError` while a program uses the registry, `DestinationNotWritable`.
    """
    if not copy.is_file():
        raise SourceNotFound(f"There is no file {str(copy)!r}.", remedy="Name the backup.")
    with Registry.open(copy) as registry:
        leaves = registry.log.check().size
        entries = sum(1 for _ in registry.all_entries())
        with _set_aside(place) as former:
            registry.back_up(place)
    return Restored(entries, leaves, former)


@contextmanager
def _set_aside(place: Path) -> Iterator[Path | None]:
    """Moves away what is there, and back when the body fails; where it is meanwhile."""
    if not place.exists():
        yield None
        return
    former = place.with_name(f"{place.name}.former")
    if former.exists():
        raise DestinationNotWritable(
            f"The file {str(former)!r} exists already.", remedy="Move it away, or remove it."
        )
    _check_unused(place)
    Path(f"{place}{_INDEX}").unlink(missing_ok=True)
    with files.writing(repr(str(place))):
        _move(place, former)
    try:
        yield former
    except BaseException:
        _move(former, place)
        raise


def _move(source: Path, target: Path) -> None:
    """A database with what SQLite keeps beside it, which a damaged one may still have."""
    for end in ("", *_BESIDE):
        if (part := Path(f"{source}{end}")).exists():
            part.rename(f"{target}{end}")
    files.sync_folder(target.parent)


def _check_unused(place: Path) -> None:
    """Leaves the WAL mode, which SQLite allows only while nobody else has the file open."""
    try:
        with closing(sqlite3.connect(place, timeout=1)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        mode = "locked" if "locked" in str(error) else None
    except sqlite3.DatabaseError:  # damaged: that is why it is restored
        return
    if mode not in ("delete", None):
        raise RegistryError(
            f"A program is using the registry {str(place)!r}.",
            remedy="End the service and other programs of countermark first.",
        )
