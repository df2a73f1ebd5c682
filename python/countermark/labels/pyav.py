"""PyAV as the labels use it: also to write with."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from countermark.pyav import library, local, reading

__all__ = ["Sink", "library", "local", "reading"]


class Sink(io.RawIOBase):
    """A file for a muxer to write to, from where it stands on: what lies before stays.

    PyAV loses what the system refuses, or prints it, when a muxer is closed. So the first refusal
    is kept, what follows goes nowhere, and `check` raises it.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin where the file stands."""
        self._file, self._start = file, file.tell()
        self._refusal: OSError | None = None

    def check(self) -> None:
        """Raise what the system refused, if it did."""
        if self._refusal is not None:
            raise self._refusal

    def write(self, content: Any) -> int:
        """All of the content."""
        with self._keeping():
            self._file.write(content)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Count from the start that was given."""
        with self._keeping():
            return self._file.seek(offset + (0 if whence else self._start), whence) - self._start
        return 0

    def tell(self) -> int:
        """Count from the start that was given."""
        return self._file.tell() - self._start

    def seekable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._refusal = self._refusal or error
