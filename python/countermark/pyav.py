"""PyAV, which is FFmpeg: had when it is needed, and what it says in our words."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from countermark.errors import CountermarkError, MissingExtra, SourceNotFound, UnsupportedVideo


def library() -> Any:
    """PyAV; raises `MissingExtra` without it."""
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            "Sound that is not plain WAV, and movies, need the package av.",
            remedy="Install it: pip install 'countermark[labels]'.",
        ) from error
    av.logging.set_level(None)  # what matters is raised
    return av


def local(name: str) -> str:
    """A path so that FFmpeg never takes it for an address or a device."""
    return "file:" + name


@contextlib.contextmanager
def reading(name: str, unreadable: type[CountermarkError]) -> Iterator[None]:
    """What FFmpeg says of a file in the body of the `with` statement, as an error of ours."""
    av = library()
    try:
        yield
    except CountermarkError:
        raise
    except (av.FFmpegError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        absent = isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError))
        if absent and getattr(error, "filename", None) == local(name):  # not of some inner step
            raise SourceNotFound(
                f"The file {name!r} cannot be read ({reason}).",
                remedy="Check the path and the rights.",
            ) from error
        raise unreadable(
            f"The file {name!r} cannot be decoded, or not encoded again ({reason}).",
            remedy="Write it anew with the program that it comes from.",
        ) from error


def check_clear(packet: Any) -> None:
    """Raises `UnsupportedVideo` for one that is encrypted, and means nothing as it lies there."""
    if packet.has_sidedata("encryption_info"):
        raise UnsupportedVideo("The file is encrypted.", remedy="Decrypt it first.")


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
