"""FLAC, and Vorbis, Opus and others in OGG: a Vorbis comment named AIGC. By mutagen.

Source: TC260-PG-202510A; Ogg Vorbis I, "Comment field and header specification"; RFC 9639, 8.6.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from countermark.containers import CHUNK_BYTES
from countermark.labels.aigc.carriers import id3, ogg
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_NAME: Final = "AIGC"


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the comments, of every stream in OGG, and in an ID3v2 tag before them."""
    yield from id3.labels_in(file)
    sound = _opened(file)
    for text in (sound.tags or {}).get(_NAME, []):
        yield Carried(text, "Vorbis comment AIGC")
    file.seek(0)
    if file.read(4) == b"OggS":
        for number, text in ogg.other_comments(file, _NAME, sound.info.serial):
            yield Carried(text, f"Vorbis comment AIGC of stream {number}", is_proper=False)


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label in its comments; those of later streams stay as they are."""
    shutil.copyfileobj(file, out, CHUNK_BYTES)
    sound = _opened(out)
    if sound.tags is None:
        sound.add_tags()
    sound.tags[_NAME] = [label.to_json()]
    out.seek(0)
    sound.save(out)
    if any(True for _ in id3.labels_in(out)):
        id3.write(out, None)


def _opened(file: BinaryIO) -> Any:
    with needing("mutagen"):
        import mutagen
        from mutagen.flac import FLAC
        from mutagen.oggflac import OggFLAC
        from mutagen.oggopus import OggOpus
        from mutagen.oggspeex import OggSpeex
        from mutagen.oggtheora import OggTheora
        from mutagen.oggvorbis import OggVorbis
    file.seek(0)
    is_ogg = file.read(4) == b"OggS"
    file.seek(0)
    kinds = [OggFLAC, OggOpus, OggSpeex, OggTheora, OggVorbis]
    sound = mutagen.File(file, options=kinds) if is_ogg else FLAC(file)
    if sound is None:
        raise ValueError("the file holds no stream with comments that is known")
    return sound
