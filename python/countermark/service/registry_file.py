"""The registry of the home folder, also when its file does not exist yet."""

from __future__ import annotations

import threading
from pathlib import Path

from countermark.registry import Registry


class RegistryFile:
    """Gives the registry at a path; one that was opened before it existed is opened again.

    >>> RegistryFile(Path("no such file")).registry().find_payload(7) is None
    True
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: Registry | None = None
        self._opening = threading.Lock()

    def registry(self) -> Registry:
        """The registry; raises as `Registry.open`."""
        if self._opened is None:
            with self._opening:
                if self._opened is None:
                    existed = self._path.exists()
                    found = Registry.open(self._path)
                    if not existed:
                        return found
                    self._opened = found
        return self._opened

    def close(self) -> None:
        """Lets go of the file."""
        if self._opened is not None:
            self._opened.close()
