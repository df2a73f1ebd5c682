"""Tags and cover art of sound that a codec made: how each container keeps them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from countermark.containers.movie_index import carry_metadata
from countermark.errors import MissingExtra, UnreadableSound, UnsupportedSound
from countermark.pyav import Sink, library

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

_PIECE: Final = 1 << 20


class Tags(Protocol):
    """Makes a muxer for a new file, and gives that the tags of its source."""

    def muxing(self, out: BinaryIO) -> contextlib.AbstractContextManager[OutputContainer]:
        """A muxer whose file is complete when the `with` statement ends."""

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        """Carry the tags over. `moved`: the sample before which so many samples came in."""


def tags_of(source: str | PathLike[str], container: InputContainer, codec: str) -> Tags:
    """Those of a file; raises `UnsupportedSound` for containers and codecs that are not labelled.

    What else the file holds, moving pictures above all, must not be lost.
    """
    kinds: dict[tuple[str, str], Callable[[str, str], Tags]] = {
        ("flac", "flac"): _Flac,
        ("mp3", "mp3"): _Mp3,
        ("mp3", "mp3float"): _Mp3,
        ("ogg", "opus"): _Opus,
        ("ogg", "libopus"): _Opus,
        ("mov,mp4,m4a,3gp,3g2,mj2", "aac"): _Mp4,
        ("mov,mp4,m4a,3gp,3g2,mj2", "alac"): _Mp4,
    }
    others = [
        stream
        for stream in container.streams
        if stream.type in {"audio", "video", "subtitle"} and not _is_cover(stream)
    ]
    kind = kinds.get((container.format.name, codec))
    if kind is None or len(others) != 1:
        raise UnsupportedSound(
            f"The file {os.fspath(source)!r} holds {len(others)} streams, the sound as {codec} in "
            f"{container.format.name}.",
            remedy="Labelled is a single sound in WAV, AIFF, FLAC, MP3, M4A (AAC, ALAC) or "
            "Ogg Opus; movies are labelled as such.",
        )
    if codec in {"flac", "alac"}:
        _check_depth(os.fspath(source), codec)
    return kind(os.fspath(source), _format(container))


def _check_depth(source: str, codec: str) -> None:
    """FFmpeg encodes two depths; another one would not stay what it is."""
    with _mutagen(source) as mutagen:
        file = mutagen.flac.FLAC(source) if codec == "flac" else mutagen.mp4.MP4(source)
    if file.info.bits_per_sample not in {16, 24}:
        raise UnsupportedSound(
            f"The file {source!r} has samples of {file.info.bits_per_sample} bits in {codec}.",
            remedy="Convert it to WAV, or to 16 or 24 bits.",
        )


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & library().stream.Disposition.attached_pic)


def _format(container: InputContainer) -> str:
    """Of the muxer; MP4 that is sound only has a brand of its own."""
    name = container.format.name
    if not name.startswith("mov"):
        return name
    brand = container.metadata.get("major_brand", "").strip()
    return {"qt": "mov", "M4A": "ipod", "M4B": "ipod"}.get(brand, "mp4")


@contextlib.contextmanager
def _muxer(out: BinaryIO, name: str, options: dict[str, str]) -> Iterator[OutputContainer]:
    sink = Sink(out)
    with library().open(sink, "w", format=name, container_options=options) as muxer:
        yield muxer
    sink.check()


@dataclass(frozen=True, slots=True)
class _Mp4:
    source: str
    format: str

    def muxing(self, out: BinaryIO) -> contextlib.AbstractContextManager[OutputContainer]:
        return _muxer(out, self.format, {})

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        with open(self.source, "rb") as file:
            carry_metadata(file, out)


@dataclass(frozen=True, slots=True)
class _Flac:
    source: str
    format: str

    @contextlib.contextmanager
    def muxing(self, out: BinaryIO) -> Iterator[OutputContainer]:
        """ID3, where C2PA has its manifests, stands before the stream and stays byte for byte."""
        _put_id3(self.source, out)
        with _muxer(out, self.format, {}) as muxer:
            yield muxer

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        """All blocks but those of the stream itself: its parameters, and where to seek."""
        with _mutagen(self.source) as mutagen:
            flac = mutagen.flac
            out.seek(0)
            new, old = flac.FLAC(out), flac.FLAC(self.source)
            kept = [block for block in old.metadata_blocks if block.code not in {0, 1, 3}]
            for block in kept:
                if isinstance(block, flac.CueSheet):
                    _move(block, *moved)
            new.metadata_blocks[1:] = kept
            out.seek(0)
            new.save(out)


def _move(sheet: Any, position: int, count: int) -> None:
    for track in sheet.tracks:
        track.start_offset += count if track.start_offset >= position else 0


@dataclass(frozen=True, slots=True)
class _Opus:
    source: str
    format: str

    def muxing(self, out: BinaryIO) -> contextlib.AbstractContextManager[OutputContainer]:
        return _muxer(out, self.format, {})

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        with _mutagen(self.source) as mutagen:
            opus = mutagen.oggopus.OggOpus
            out.seek(0)
            new, old = opus(out), opus(self.source)
            new.tags[:] = old.tags[:]
            new.tags.vendor = old.tags.vendor
            out.seek(0)
            new.save(out)


@dataclass(frozen=True, slots=True)
class _Mp3:
    source: str
    format: str

    @contextlib.contextmanager
    def muxing(self, out: BinaryIO) -> Iterator[OutputContainer]:
        """ID3 stands before and after the packets, and stays byte for byte."""
        _put_id3(self.source, out)
        options = {"id3v2_version": "0", "write_id3v1": "0"}
        with _muxer(out, self.format, options) as muxer:
            yield muxer

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        out.seek(0, 2)
        with open(self.source, "rb") as file:
            file.seek(-_tail_bytes(file), 2)
            out.write(file.read())


def _put_id3(source: str, out: BinaryIO) -> None:
    with open(source, "rb") as file:
        out.write(file.read(id3_bytes(file)))


def id3_bytes(file: BinaryIO) -> int:
    """The length of all ID3v2 tags at the start (ID3v2.4, 3.1 and 6.2); the file stands there."""
    position = 0
    while True:
        file.seek(position)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:]):
            file.seek(0)
            return position
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte
        position += 10 + size + (10 if head[5] & 0x10 else 0)


def _tail_bytes(file: BinaryIO) -> int:
    """The length of APEv2 and ID3v1 at the end."""
    length = file.seek(0, 2)
    tail = 0
    file.seek(max(0, length - 128))
    if file.read(3) == b"TAG":
        tail = 128
    file.seek(max(0, length - tail - 32))
    foot = file.read(32)
    if foot[:8] == b"APETAGEX":
        has_head = foot[23] & 0x80
        tail += int.from_bytes(foot[12:16], "little") + (32 if has_head else 0)
    return min(tail, length)


@contextlib.contextmanager
def _mutagen(source: str) -> Iterator[Any]:
    """The library; what it says of a file in the body of the `with` statement, as ours."""
    try:
        import mutagen.flac
        import mutagen.mp4
        import mutagen.oggopus
    except ImportError as error:
        raise MissingExtra(
            "Tags in FLAC, M4A and Ogg are read by the package mutagen.",
            remedy="Install it: pip install 'countermark[labels]'.",
        ) from error
    try:
        yield mutagen
    except mutagen.MutagenError as error:
        raise UnreadableSound(
            f"The tags of {source!r} cannot be read ({error}).",
            remedy="Write it anew with the program that it comes from.",
        ) from error
