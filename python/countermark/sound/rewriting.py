"""Write a sound file anew with other samples, and all else as it was.

WAV and AIFF: every byte but those of the samples stays. What a codec made is decoded and encoded
again by the same codec at the same rate of bits; FLAC and ALAC lose nothing by that. Tags and cover
art come over as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from countermark.errors import SourceNotFound, UnreadableSound
from countermark.sound import chunks
from countermark.sound.pulse_code import PulseCode, find_samples
from countermark.sound.samples import Samples

if TYPE_CHECKING:
    from av.container import InputContainer


class Filter(Protocol):
    """Takes samples and gives as many others; shape (length, channels), full scale 1."""

    def push(self, samples: Samples) -> Samples:
        """Take these; give those that are ready, perhaps none."""

    def finish(self) -> Samples:
        """Give the rest."""


MakeFilter = Callable[[int, int], Filter]
"""For a rate in Hz and a number of channels."""


def rewrite(source: str | PathLike[str], out: BinaryIO, make: MakeFilter) -> None:
    """Write a sound file to `out`, its samples as the filter gives them.

    Memory does not grow with the length. Raises `SourceNotFound`, `UnreadableSound`,
    `UnsupportedSound`, and `MissingExtra` when it needs the extra `labels`.
    """
    name = os.fspath(source)
    try:
        file = open(name, "rb")  # noqa: SIM115 (closed below)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"The file {name!r} cannot be read ({reason}).", remedy="Check the path and the rights."
        ) from error
    with file:
        plain = find_samples(file)
        if plain is not None:
            _rewrite_plain(file, plain, out, make)
        else:
            _rewrite_coded(source, out, make)


def filtered(blocks: Iterable[Samples], through: Filter) -> Iterator[Samples]:
    """The blocks as a filter gives them; none is empty."""
    for block in blocks:
        ready = through.push(block)
        if len(ready):
            yield ready
    rest = through.finish()
    if len(rest):
        yield rest


def _rewrite_plain(file: BinaryIO, plain: PulseCode, out: BinaryIO, make: MakeFilter) -> None:
    length = file.seek(0, 2)
    end = plain.start + plain.size
    through = make(plain.rate, plain.encoding.channels)
    _copy(file, out, 0, plain.start)
    for block in filtered(plain.samples(file), through):
        out.write(plain.encoding.encode(block))
    _copy(file, out, end, length - end)


def _copy(file: BinaryIO, out: BinaryIO, start: int, size: int) -> None:
    for piece in chunks.pieces(file, start, size):
        out.write(piece)


def _rewrite_coded(source: str | PathLike[str], out: BinaryIO, make: MakeFilter) -> None:
    from countermark.pyav import reading
    from countermark.sound.coding import add_output, coding_of, frame_of
    from countermark.sound.streams import opened
    from countermark.sound.tags import tags_of

    name = os.fspath(source)
    with opened(source) as (container, stream), reading(name, UnreadableSound):
        tags = tags_of(source, container, stream.codec_context.name)
        coding = coding_of(container, stream)
        through = make(coding.rate, coding.channels)
        with tags.muxing(out) as muxer:
            output: Any = add_output(muxer, coding, stream)
            for block in filtered(_blocks(container, stream, coding.channels), through):
                muxer.mux(output.encode(frame_of(block, coding)))
            muxer.mux(output.encode(None))
    tags.finish(out, moved=(0, 0))


def _blocks(container: InputContainer, stream: Any, channels: int) -> Iterator[Samples]:
    from countermark.sound.coding import decoded, numbers

    for frame in decoded(container, stream):
        yield numbers(frame, channels)
