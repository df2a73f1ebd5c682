"""Files and streams to read from and write to, with our own errors for those that refuse."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from countermark import files
from countermark.errors import CountermarkError, SigningFailed, SourceNotFound


class Watched:
    """A file whose first error is kept: the C2PA library loses it.

    `failure`: that error, else None.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    # Written out: it is called some hundred times for a file, and often for one of many parts.

    def read(self, size: int = -1) -> bytes:
        """As of any binary stream."""
        try:
            return self._file.read(size)
        except OSError as error:
            self._keep(error)
            raise

    def readinto(self, buffer: memoryview) -> int:
        """As of any binary stream."""
        try:
            return self._file.readinto(buffer)  # type: ignore[attr-defined, no-any-return]
        except OSError as error:
            self._keep(error)
            raise

    def write(self, data: bytes) -> int:
        """As of any binary stream."""
        try:
            return self._file.write(data)
        except OSError as error:
            self._keep(error)
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any binary stream."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self._keep(error)
            raise

    def tell(self) -> int:
        """As of any binary stream."""
        try:
            return self._file.tell()
        except OSError as error:
            self._keep(error)
            raise

    def flush(self) -> None:
        """As of any binary stream."""
        try:
            self._file.flush()
        except OSError as error:
            self._keep(error)
            raise

    def _keep(self, error: OSError) -> None:
        self.failure = self.failure or error


Stream: TypeAlias = BinaryIO | Watched


@contextlib.contextmanager
def opened(asset: BinaryIO | Path | str) -> Iterator[Stream]:
    """A file to be read where it lies, or the rest of a stream, which is loaded.

    >>> with opened(io.BytesIO(b"content")) as stream:
    ...     stream.read()
    b'content'

    Raises `SourceNotFound` when it cannot be read, also when that shows in the body of the
    `with` statement and the library made another error of it.
    """
    if not isinstance(asset, (str, Path)):
        yield io.BytesIO(_loaded(asset))
        return
    with contextlib.ExitStack() as stack:
        try:
            file = Watched(stack.enter_context(Path(asset).open("rb")))
        except (OSError, ValueError) as error:
            raise _unreadable(error) from error
        try:
            yield file
        except (CountermarkError, OSError) as error:
            if file.failure is None:
                raise
            raise _unreadable(file.failure) from error
        if file.failure is not None:
            raise _unreadable(file.failure)


@contextlib.contextmanager
def written(draft: Watched, place: Path) -> Iterator[None]:
    """Say what the system said of the draft, in place of what the library made of it.

    `place`: what the draft is to become. Raises `DestinationNotWritable`.
    """
    with files.writing(repr(str(place))):
        try:
            yield
        except (SigningFailed, OSError) as error:
            if draft.failure is None:
                raise
            raise draft.failure from error
        if draft.failure is not None:
            raise draft.failure


def _loaded(stream: BinaryIO) -> bytes:
    try:
        return stream.read()
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> SourceNotFound:
    return SourceNotFound(
        f"The source cannot be read ({error}).", remedy="Check the path and its rights."
    )
