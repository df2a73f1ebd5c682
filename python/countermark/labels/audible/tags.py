"""Tags and cover art of sound that a codec made: how each container keeps them."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from countermark.errors import MissingExtra, UnsupportedSound
from countermark.labels.moving.boxes import carry_metadata
from countermark.labels.pyav import library

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
    mutagen = _mutagen()
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
    with library().open(out, "w", format=name, container_options=options) as muxer:
        yield muxer


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

    def muxing(self, out: BinaryIO) -> contextlib.AbstractContextManager[OutputContainer]:
        return _muxer(out, self.format, {})

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        """All blocks but those of the stream itself: its parameters, and where to seek."""
        flac = _mutagen().flac
        out.seek(0)
        new = flac.FLAC(out)
        kept = [
            block for block in flac.FLAC(self.source).metadata_blocks if block.code not in {0, 1, 3}
        ]
        for block in kept:
            if isinstance(block, flac.CueSheet):
                position, count = moved
                for track in block.tracks:
                    track.start_offset += count if track.start_offset >= position else 0
        new.metadata_blocks[1:] = kept
        out.seek(0)
        new.save(out)


@dataclass(frozen=True, slots=True)
class _Opus:
    source: str
    format: str

    def muxing(self, out: BinaryIO) -> contextlib.AbstractContextManager[OutputContainer]:
        return _muxer(out, self.format, {})

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        opus = _mutagen().oggopus
        out.seek(0)
        new, old = opus.OggOpus(out), opus.OggOpus(self.source)
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
        with open(self.source, "rb") as file:
            out.write(file.read(_id3_bytes(file)))
        after: Any = _After(out)
        options = {"id3v2_version": "0", "write_id3v1": "0"}
        with _muxer(after, self.format, options) as muxer:
            yield muxer

    def finish(self, out: BinaryIO, *, moved: tuple[int, int]) -> None:
        out.seek(0, 2)
        with open(self.source, "rb") as file:
            file.seek(-_tail_bytes(file), 2)
            out.write(file.read())


class _After(io.RawIOBase):
    """A file as seen from where it stands: what lies before cannot be reached."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._start = file, file.tell()

    def write(self, content: Any) -> int:
        return self._file.write(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset + (0 if whence else self._start), whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


def _id3_bytes(file: BinaryIO) -> int:
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


def _mutagen() -> Any:
    try:
        import mutagen.flac
        import mutagen.mp4
        import mutagen.oggopus
    except ImportError as error:
        raise MissingExtra(
            "Tags in FLAC, M4A and Ogg are read by the package mutagen.",
            remedy="Install it: pip install 'countermark[labels]'.",
        ) from error
    return mutagen
