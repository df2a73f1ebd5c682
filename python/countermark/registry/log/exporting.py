"""The log written out as static files: tiles, leaves and a checkpoint, for any web server.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

from pathlib import Path

from countermark import files
from countermark.errors import DestinationNotWritable
from countermark.registry.database import Database
from countermark.registry.log import journal
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.tiles import CHECKPOINT_PATH, TilePlace, tiles_of


def export(database: Database, signed: str, folder: Path) -> None:
    """Write the log, up to a checkpoint of it, below a folder; full tiles there are kept.

    The checkpoint is put in place last: whoever reads it finds all that it speaks of.

    Raises `DestinationNotWritable`, `UnreadableRegistry`.
    """
    size = Checkpoint.in_note(signed).size
    for level, number, width in tiles_of(size):
        places = [TilePlace(level, number, width)]
        if level == 0:
            places.insert(0, TilePlace(None, number, width))
        for place in places:
            path = folder / place.path
            if not path.exists():
                _write(path, journal.published(database, place))
    _write(folder / CHECKPOINT_PATH, signed.encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DestinationNotWritable(
            f"The folder {str(path.parent)!r} cannot be made ({error.strerror}).",
            remedy="Check the path, the rights and the space on the disk.",
        ) from error
    with files.replacing(path, content) as put:
        put()
