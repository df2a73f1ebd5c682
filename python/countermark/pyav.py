"""PyAV, which is FFmpeg: had when it is needed, and what it says in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from countermark.errors import CountermarkError, MissingExtra, SourceNotFound


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
