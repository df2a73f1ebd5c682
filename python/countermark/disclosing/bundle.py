"""The ZIP inside a report: files one after another, and a signed list of their hashes.

The same content makes the same ZIP: names, times and rights in it are fixed.

Source: C2SP signed-note.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from typing import Final

from countermark.registry.log import NoteKey, note

MANIFEST: Final = "MANIFEST"
FIRST_LINE: Final = "countermark report to an authority, version 1"
"""Of what is signed: it tells the signature apart from one over a checkpoint."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP can state
_MODE: Final = 0o644 << 16


class Bundle:
    """A ZIP in memory that is being filled: it is never on the disk unencrypted."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        self._zip = zipfile.ZipFile(self._content, "w")
        self._lines: list[str] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file, piece by piece."""
        digest = hashlib.sha256()
        with self._zip.open(_info(name), "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        self._lines.append(f"{digest.hexdigest()}  {name}\n")

    def finish(self, key: NoteKey) -> bytes:
        """The ZIP, with the list of all hashes, signed."""
        text = "".join((f"{FIRST_LINE}\n", *self._lines))
        with self._zip.open(_info(MANIFEST), "w") as file:
            file.write(note.sign(text, key).encode())
        self._zip.close()
        return self._content.getvalue()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = _MODE
    return info
