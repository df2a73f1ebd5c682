"""Which files can be marked, told by what is in them, and who reads them.

>>> modality_of(bytes.fromhex("ffd8ffe000104a464946")).value
'image'
>>> modality_of(b"text")
Traceback (most recent call last):
...
countermark.errors.UnreadableImage: The file is neither picture, movie nor sound, or it is \
damaged. Use one of JPEG, PNG, WebP, AVIF, TIFF; MP4, MOV; WAV, FLAC, MP3, M4A.
"""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from countermark import files, image
from countermark.containers import StreamContent
from countermark.credentials import containers
from countermark.credentials.assets import opened
from countermark.errors import ImageError, UnreadableImage, UnsupportedImage
from countermark.marking.originals import Original
from countermark.record import Modality

Asset: TypeAlias = Path | bytes

MOVIES: Final = {"video/mp4": (".mp4", ".m4v"), "video/quicktime": (".mov", ".qt")}
"""Media types of movies that are marked, and the endings of their names, the usual one first."""

SOUNDS: Final = {
    "audio/wav": (".wav", ".wave"),
    "audio/flac": (".flac",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".m4b", ".mp4"),
}
"""As `MOVIES`, of sounds."""

ENDINGS: Final = frozenset(
    ending
    for kinds in (image.SUFFIXES, MOVIES, SOUNDS)
    for endings in kinds.values()
    for ending in endings
)
"""Of the names of all files that are marked."""

_MODALITIES: Final = dict.fromkeys(MOVIES, Modality.VIDEO) | dict.fromkeys(SOUNDS, Modality.AUDIO)


def asset_of(source: files.Source) -> Asset:
    """A path, or what a stream holds; raises as `files.load`."""
    return Path(source) if isinstance(source, (str, PathLike)) else files.load(source)


def modality_of(asset: Asset) -> Modality:
    """Of what is to be marked.

    Raises `UnsupportedImage` for kinds that carry no watermark, `UnreadableImage` for what is of
    none, `SourceNotFound`.
    """
    if isinstance(asset, bytes):
        shown, head = containers.media_type(asset), asset[: image.HEAD_BYTES]
    elif os.path.isfile(asset):  # which no name is too long for
        with opened(asset) as stream:  # before a movie of gigabytes is loaded
            content = StreamContent(stream)
            shown, head = containers.media_type(content), content[: image.HEAD_BYTES]
    else:
        return Modality.IMAGE
    found = _MODALITIES.get(shown or "", Modality.IMAGE)
    if found is not Modality.IMAGE and isinstance(asset, bytes):
        raise UnsupportedImage(
            f"A file of type {shown} is not marked from a stream.", remedy="Pass its path."
        )
    if found is Modality.IMAGE and not image.is_decodable(head):
        raise _unmarkable(shown, head)
    return found


def _unmarkable(shown: str | None, head: bytes) -> ImageError:
    if shown is not None:
        return UnsupportedImage(
            f"Files of type {shown} carry no watermark yet.",
            remedy="Sign it without one, by countermark sign or credentials.sign_file.",
        )
    return UnreadableImage(
        "The file is neither picture, movie nor sound, or it is damaged."
        if head
        else "The file is empty.",
        remedy="Use one of JPEG, PNG, WebP, AVIF, TIFF; MP4, MOV; WAV, FLAC, MP3, M4A.",
    )


def ending_of(content: bytes) -> str | None:
    """The usual ending of a sound's or movie's name; None for pictures and everything else.

    >>> ending_of(b"RIFF\\x04\\0\\0\\0WAVE"), ending_of(b"text")
    ('.wav', None)
    """
    if image.is_decodable(content[: image.HEAD_BYTES]):
        return None
    endings = {**MOVIES, **SOUNDS}.get(containers.media_type(content) or "")
    return None if endings is None else endings[0]


def is_known(content: bytes) -> bool:
    """Whether this is a picture, sound or movie, also of a kind that carries no watermark.

    >>> is_known(b"text")
    False
    """
    return image.is_decodable(content[: image.HEAD_BYTES]) or (
        containers.media_type(content) is not None
    )


def read(asset: Asset, modality: Modality) -> Original:
    """Look into a file of that modality, and at its past."""
    # Each only where it is needed: who marks pictures waits for neither movies nor sounds.
    if isinstance(asset, Path) and modality is Modality.VIDEO:
        from countermark.marking.movies import read_movie

        return read_movie(asset)
    if isinstance(asset, Path) and modality is Modality.AUDIO:
        from countermark.marking.sounds import read_sound

        return read_sound(asset)
    from countermark.marking.pictures import read_picture

    return read_picture(asset)
