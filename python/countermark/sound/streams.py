"""Sound as PyAV gives it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from countermark.errors import SourceNotFound, UnreadableSound
from countermark.pyav import library, local, reading

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer


@contextlib.contextmanager
def opened(path: str | PathLike[str]) -> Iterator[tuple[InputContainer, AudioStream]]:
    """A file and its first sound; raises `SourceNotFound`, `UnreadableSound`, `MissingExtra`."""
    av = library()
    name = os.fspath(path)
    with reading(name, UnreadableSound):
        container = av.open(local(name))
    with container:
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise UnreadableSound(
                f"The file {name!r} holds no sound.", remedy="Name one that does."
            )
        yield container, container.streams.audio[0]


def decoded_mono(path: str | PathLike[str], rate: int) -> Iterator[npt.NDArray[np.float32]]:
    """The sound of a file, its channels mixed, at this rate in Hz; in short blocks."""
    av = library()
    name = os.fspath(path)
    if not Path(path).is_file():
        raise SourceNotFound(f"There is no file {name!r}.", remedy="Check the path.")
    with opened(path) as (container, stream), reading(name, UnreadableSound):
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
