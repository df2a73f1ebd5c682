"""Put a cue into a sound file of any kind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from countermark.errors import InvalidArgument, SourceNotFound
from countermark.files import drafting, target, writing
from countermark.labels.audible.aiff import label_aiff
from countermark.labels.audible.cue import Cue, Rhythm, Spoken
from countermark.labels.audible.placing import WHERE, LabelledSound, Where
from countermark.labels.audible.wave import label_wave
from countermark.sound.aiff import is_aiff
from countermark.sound.wave import is_wave


def label_audio(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    *,
    cue: Cue | None = None,
    where: Where = "start",
) -> LabelledSound:
    """Write a copy of a sound file in which it is heard that the content is generated.

    >>> import tempfile, wave
    >>> with tempfile.TemporaryDirectory() as folder, wave.open(f"{folder}/a.wav", "wb") as file:
    ...     file.setparams((1, 2, 16_000, 0, "NONE", ""))
    ...     file.writeframes(bytes(32_000))
    ...     file.close()
    ...     label_audio(f"{folder}/a.wav", f"{folder}/b.wav")
    LabelledSound(start_seconds=0.0, end_seconds=2.04, level_db=-23.0, content='untouched')

    `cue`: a `Rhythm` unless told, or words that are `Spoken`. `where`: before the first sample,
    after the last, or in the "middle", at the quietest place there. The cue is as loud as the
    content. Rate, channels, depth, codec, tags and cover art stay. WAV, AIFF: content and other
    chunks stay byte for byte. FLAC, ALAC: the samples stay. MP3, AAC, Opus: the packets of the
    content stay, and those of the cue come beside them, unless codec or place do not allow it; the
    result says so. The destination is written whole or not at all, and may be the source. A
    manifest or an implicit label is written after this, never before.

    Raises `SourceNotFound`, `UnreadableSound`, `UnsupportedSound`, `DestinationNotWritable`,
    `InvalidArgument`, and `MissingExtra` when it needs the extra `labels`.
    Source: GB 45438-2025, 5.3.
    """
    cue = Rhythm() if cue is None else cue
    if where not in WHERE or not isinstance(cue, (Rhythm, Spoken)):
        raise InvalidArgument(
            f"There is no label {cue!r} at {where!r}.",
            remedy=f"Use Rhythm or Spoken, at one of {', '.join(WHERE)}.",
        )
    path = target(destination)
    with drafting(path, like=Path(source) if Path(source).is_file() else None) as (draft, put):
        with _source(source) as file:
            labelled = _label(source, file, draft, cue=cue, where=where)
        put()
    return labelled


@contextlib.contextmanager
def _source(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"The file {str(path)!r} cannot be read ({reason}).",
            remedy="Check the path and the rights.",
        ) from error
    with file:
        yield file


def _label(
    source: str | PathLike[str], file: BinaryIO, draft: BinaryIO, *, cue: Cue, where: Where
) -> LabelledSound:
    head = file.read(12)
    with writing(f"The copy of {str(source)!r}"):
        if is_wave(head):
            return label_wave(file, draft, cue=cue, where=where)
        if is_aiff(head):
            return label_aiff(file, draft, cue=cue, where=where)
        from countermark.labels.audible.coded import label_coded

        return label_coded(source, draft, cue=cue, where=where)
