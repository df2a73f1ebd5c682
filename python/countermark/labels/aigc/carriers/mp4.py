"""MP4, MOV and M4A: an item of the movie's metadata, named by the key AIGC.

What is written is what FFmpeg writes with `-movflags use_metadata_tags`. Other keys, the tags of
iTunes and the media data keep every byte; offsets are corrected where these move.

Source: TC260-PG-20257A; ISO/IEC 14496-12; QuickTime File Format, "User data" and "Metadata".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from countermark.containers import Content, Splice, StreamContent, splice
from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers import packets
from countermark.labels.aigc.carriers.movie_metadata import NAMES, Box, Metadata, boxed, children
from countermark.labels.aigc.carriers.movie_offsets import correct
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_MAX_METADATA: Final = 1 << 26
"""Bytes of metadata that are taken into memory; covers are among them."""

_TRACK: Final = b"trak"
_XMP_KIND: Final = b"XMP_"
_XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_PADDING: Final = (b"free", b"skip")


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in metadata and user data of the movie."""
    asset = StreamContent(file)
    for box in children(asset, 0, len(asset)):
        if box.kind == b"moov":
            yield from _in_holder(asset, box, "moov")
            for track in children(asset, box.body, box.end):
                if track.kind == _TRACK:
                    yield from _in_holder(asset, track, "moov.trak")
        elif _is_xmp(asset, box):
            packet = _loaded(asset, box.body + len(_XMP_UUID), box.end)
            yield from packets.labels_in(packet, "uuid")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label in the metadata of the movie's user data."""
    asset = StreamContent(file)
    top = list(children(asset, 0, len(asset)))
    places = [place for place, box in enumerate(top) if box.kind == b"moov"]
    if len(places) != 1:
        raise LabelNotWritten(
            f"The file has {len(places) or 'no'} movie headers (moov).",
            remedy="Label whole files, or the initial segment of a stream.",
        )
    (place,) = places
    changes = _changes(asset, top[place], label.to_json())
    growth = sum(len(content) - (end - start) for start, end, content in changes)
    changes = [*_resized(asset, top[place], growth), *changes]
    changes += _padding(top[place + 1 : place + 2], growth)
    changes = sorted([*changes, *_packets(asset, top)])
    splice(asset, out, changes)
    correct(asset, out, changes)


def _in_holder(asset: Content, holder: Box, place: str) -> Iterator[Carried]:
    """The labels in metadata and user data of the movie, or of a track."""
    for box in children(asset, holder.body, holder.end):
        if box.kind == b"meta":
            yield from _in_metadata(asset, box, f"{place}.meta")
        elif box.kind == b"udta":
            for inner in children(asset, box.body, box.end):
                if inner.kind == b"meta":
                    yield from _in_metadata(asset, inner, f"{place}.udta.meta")
                elif inner.kind == _XMP_KIND:
                    packet = _loaded(asset, inner.body, inner.end)
                    yield from packets.labels_in(packet, f"{place}.udta.XMP_")
                elif inner.kind in NAMES:
                    text = _user_text(_loaded(asset, inner.body, inner.end))
                    yield Carried(text, f"{place}.udta.AIGC", is_proper=False)


def _in_metadata(asset: Content, meta: Box, place: str) -> Iterator[Carried]:
    metadata = Metadata.of(_loaded(asset, meta.body, meta.end))
    is_proper = metadata.is_by_key and place == "moov.udta.meta"
    name = f"{place} ({metadata.handler.decode('ascii', 'replace')})"
    for text in metadata.labels():
        yield Carried(text, name, is_proper)


def _is_xmp(asset: Content, box: Box) -> bool:
    return box.kind == b"uuid" and asset[box.body : box.body + len(_XMP_UUID)] == _XMP_UUID


def _packets(asset: Content, top: list[Box]) -> list[Splice]:
    """What becomes of XMP beside the movie header, in the same room."""
    changes = []
    for box in top:
        if _is_xmp(asset, box):
            start = box.body + len(_XMP_UUID)
            packet = _loaded(asset, start, box.end)
            changes.append(Splice(start, box.end, packets.without_labels(packet)))
    return changes


def _user_text(content: bytes) -> str:
    """A text of user data: behind its length and language, or as it is."""
    if len(content) > 4 and int.from_bytes(content[:2], "big") == len(content) - 4:
        content = content[4:]
    return content.strip(b"\0").decode("utf-8", "replace")


def _changes(asset: Content, movie: Box, text: str) -> list[Splice]:
    """What becomes of the metadata and the user data: there, the label is put."""
    changes = []
    rest: str | None = text
    last = movie.body
    for box in children(asset, movie.body, movie.end):
        last = box.end
        if box.kind == b"cmov":
            raise LabelNotWritten(
                "The movie header is compressed.", remedy="Save the movie with another tool first."
            )
        if box.kind == b"meta":
            former = _loaded(asset, box.at, box.end)
            content = _unlabelled(former, box.body - box.at)
            if content != former:
                changes.append(Splice(box.at, box.end, content))
        elif box.kind == b"udta":
            changes.append(Splice(box.at, box.end, _user_data(asset, box, rest)))
            rest = None
        elif box.kind == _TRACK:
            changes += _of_track(asset, box)
    if rest is not None:
        metadata = Metadata.empty().with_label(rest).to_box()
        changes.append(Splice(last, last, boxed(b"udta", metadata)))
    return changes


def _of_track(asset: Content, track: Box) -> list[Splice]:
    """What becomes of labels in a track: padding, so that it stays as long as it was."""
    changes = []
    for box in children(asset, track.body, track.end):
        if box.kind == b"meta":
            former = _loaded(asset, box.at, box.end)
            content = _unlabelled(former, box.body - box.at)
            if content != former:
                changes.append(Splice(box.at, box.end, content + _free(len(former) - len(content))))
        elif box.kind == b"udta" and any(_in_holder(asset, track, "")):
            content = _user_data(asset, box, None, keeps_length=True)[8:]
            changes.append(Splice(box.body, box.end, content))
    return changes


def _free(room: int) -> bytes:
    return boxed(b"free", bytes(room - 8)) if room else b""


def _user_data(asset: Content, udta: Box, text: str | None, *, keeps_length: bool = False) -> bytes:
    """The user data without labels, or with this one; `keeps_length`: padding in their room."""
    content = _loaded(asset, udta.body, udta.end)
    parts: list[bytes] = []
    end = 0
    for kind, at, body, end in children(content, 0, len(content)):
        part = content[at:end]
        if kind in NAMES:
            continue
        if kind == _XMP_KIND:
            part = content[at:body] + packets.without_labels(content[body:end])
        if kind == b"meta":
            metadata = Metadata.of(content[body:end])
            if text is not None and metadata.is_by_key:
                part = metadata.without_labels().with_label(text).to_box()
                text = None
            else:
                part = _unlabelled(part, body - at)
        parts.append(part)
    if text is not None:
        parts.append(Metadata.empty().with_label(text).to_box())
    if keeps_length:
        parts.append(_free(end - sum(map(len, parts))))
    # The user data of QuickTime may end with four bytes of nothing.
    return boxed(b"udta", b"".join(parts) + content[end:])


def _unlabelled(meta: bytes, head: int) -> bytes:
    """The metadata box without labels; the same bytes if there are none in it."""
    metadata = Metadata.of(meta[head:])
    return metadata.without_labels().to_box() if any(metadata.labels()) else meta


def _resized(asset: Content, movie: Box, growth: int) -> list[Splice]:
    """The length of the movie header, in the field that it stands in."""
    size = movie.end - movie.at + growth
    if movie.body - movie.at == 16:
        return [Splice(movie.at + 8, movie.at + 16, struct.pack(">Q", size))]
    if asset[movie.at : movie.at + 4] == bytes(4):  # up to the end of the file
        return []
    if size >= 1 << 32:
        raise LabelNotWritten("The movie header is full (4 GB).", remedy="Split the movie.")
    return [Splice(movie.at, movie.at + 4, struct.pack(">I", size))]


def _padding(behind: list[Box], growth: int) -> list[Splice]:
    """The padding behind the movie header, so much shorter or longer that nothing else moves."""
    for kind, at, body, end in behind:
        room = end - at - growth
        if kind in _PADDING and (room == 0 or 8 <= room < 1 << 32) and body - at == 8:
            content = boxed(kind, bytes(room - 8)) if room else b""
            return [Splice(at, end, content)]
    return []


def _loaded(asset: Content, start: int, end: int) -> bytes:
    if end - start > _MAX_METADATA:
        raise ValueError("the metadata of the movie are larger than 64 MB")
    return asset[start:end]
