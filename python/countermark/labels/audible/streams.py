"""Sound as PyAV gives it, which is FFmpeg's; what goes wrong is said in our words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from countermark.errors import CountermarkError, MissingExtra, SourceNotFound, UnreadableSound

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer


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


@contextlib.contextmanager
def opened(path: str | PathLike[str]) -> Iterator[tuple[InputContainer, AudioStream]]:
    """A file and its first sound; raises `SourceNotFound`, `UnreadableSound`, `MissingExtra`."""
    av = library()
    name = os.fspath(path)
    with reading(name):
        container = av.open(_local(name))
    with container:
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise UnreadableSound(
                f"The file {name!r} holds no sound.", remedy="Name one that does."
            )
        yield container, container.streams.audio[0]


def _local(name: str) -> str:
    """So that FFmpeg never takes it for an address or a device."""
    return "file:" + name


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """What FFmpeg says in the body of the `with` statement, as an error of ours."""
    av = library()
    try:
        yield
    except CountermarkError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise SourceNotFound(
            f"The file {name!r} cannot be read ({error.strerror}).",
            remedy="Check the path and the rights.",
        ) from error
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableSound(
            f"The file {name!r} cannot be read as sound ({reason}).",
            remedy="Write it anew with the program that it comes from.",
        ) from error


def decoded_mono(path: str | PathLike[str], rate: int) -> Iterator[npt.NDArray[np.float32]]:
    """The sound of a file, its channels mixed, at this rate in Hz; in short blocks."""
    av = library()
    name = os.fspath(path)
    if not Path(path).is_file():
        raise SourceNotFound(f"There is no file {name!r}.", remedy="Check the path.")
    with opened(path) as (container, stream), reading(name):
        resampler = av.AudioResampler(format="fltp", rate=rate)
        heard = False
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                heard = True
                yield part.to_ndarray().mean(axis=0)
        if heard:
            for part in resampler.resample(None):
                yield part.to_ndarray().mean(axis=0)
        else:
            raise UnreadableSound(f"The file {name!r} holds no samples.", remedy="Name another.")
