"""MP3: a text of the user in the ID3v2 tag, described as AIGC. By mutagen.

Other frames keep every byte, as does an ID3v1 tag; an ID3v2.2 tag becomes one of ID3v2.3.

Source: TC260-PG-202510A; ID3v2.3 and ID3v2.4, "User defined text information frame"; XMP
Specification, part 3, 1.1.2 (ID3v2: the private frame XMP).
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.containers import CHUNK_BYTES
from countermark.labels.aigc.carriers import packets
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

if TYPE_CHECKING:
    from mutagen.id3 import ID3

_NAME: Final = "AIGC"
_XMP: Final = "XMP"
_V1_BYTES: Final = 128


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the ID3v2 tag, and in an APEv2 tag."""
    yield from labels_in(file, is_proper=True)
    with needing("mutagen"):
        from mutagen.apev2 import APENoHeaderError, APEv2
    file.seek(0)
    try:
        tag = APEv2(file)
    except APENoHeaderError:
        return
    if _NAME in tag:
        yield Carried(str(tag[_NAME]), "APEv2 AIGC", is_proper=False)


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label in its ID3v2 tag."""
    with needing("mutagen"):
        from mutagen.apev2 import APENoHeaderError, APEv2
    shutil.copyfileobj(file, out, CHUNK_BYTES)
    out.seek(0)
    try:
        ape = APEv2(out)
    except APENoHeaderError:
        pass
    else:
        if _NAME in ape:
            del ape[_NAME]
            out.seek(0)
            ape.save(out)
    write(out, label.to_json())


def labels_in(file: BinaryIO, *, is_proper: bool = False) -> Iterator[Carried]:
    """The labels in the ID3v2 tag at the beginning of a file, if there is one.

    `is_proper`: whether such a tag is the place for them in files of this kind; its XMP never is.
    """
    tag = _read(file)
    if tag is not None:
        for frame in tag.getall("TXXX"):
            if frame.desc.upper() == _NAME:
                yield from (Carried(text, "ID3 TXXX", is_proper) for text in frame.text)
        for frame in tag.getall("PRIV"):
            if frame.owner == _XMP:
                yield from packets.labels_in(frame.data, "ID3 PRIV XMP")


def write(file: BinaryIO, text: str | None) -> None:
    """In the file, put this label in the place of any in the tag; or only take those away."""
    with needing("mutagen"):
        from mutagen.id3 import ID3, PRIV, TXXX, Encoding
    tag = _read(file)
    if tag is None:
        tag = ID3()
    for frame in tag.getall("TXXX"):
        if frame.desc.upper() == _NAME:
            del tag[frame.HashKey]
    for frame in tag.getall("PRIV"):
        if frame.owner == _XMP:
            del tag[frame.HashKey]
            tag.add(PRIV(owner=_XMP, data=packets.without_labels(frame.data)))
    if text is not None:
        tag.add(TXXX(encoding=Encoding.LATIN1, desc=_NAME, text=[text]))
    version_1 = _version_1(file)
    file.seek(0)
    tag.save(file, v2_version=4 if tag.version[1] == 4 else 3, v23_sep=None)
    if version_1:  # into which mutagen writes what it knows of the other tag
        file.seek(-len(version_1), os.SEEK_END)
        file.write(version_1)


def labels_in_tag(tag: bytes) -> Iterator[Carried]:
    """The labels in an ID3v2 tag that stands alone, as WAV has it in a chunk."""
    return labels_in(io.BytesIO(tag))


def without_labels(tag: bytes) -> bytes:
    """That tag without them."""
    file = io.BytesIO(tag)
    write(file, None)
    return file.getvalue()


def _read(file: BinaryIO) -> ID3 | None:
    with needing("mutagen"):
        from mutagen.id3 import ID3, PRIV, TXXX, ID3NoHeaderError
    file.seek(0)
    head = file.read(6)
    if head[:3] != b"ID3":
        return None
    is_old = head[3:4] < b"\3"
    is_scrambled = head[3:4] == b"\4" and bool(head[5] & 0x80)
    # What mutagen does not know it keeps as it is, unless the version changes, or the tag as a
    # whole says that zeros were put in.
    known = None if is_old or is_scrambled else {"TXXX": TXXX, "PRIV": PRIV}
    file.seek(0)
    try:
        tag = ID3(file, known_frames=known, translate=False, load_v1=False)
    except ID3NoHeaderError:
        return None
    if is_old:
        tag.update_to_v23()
    return tag


def _version_1(file: BinaryIO) -> bytes:
    if file.seek(0, os.SEEK_END) < _V1_BYTES:
        return b""
    file.seek(-_V1_BYTES, os.SEEK_END)
    tag = file.read(_V1_BYTES)
    return tag if tag[:3] == b"TAG" else b""
