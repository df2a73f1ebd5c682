"""Which files can be marked, told by what is in them, and who reads them.

>>> modality_of(b"no picture, but perhaps one that is damaged").value
'image'
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from countermark import files, image
from countermark.containers import StreamContent
from countermark.credentials import containers
from countermark.credentials.assets import opened
from countermark.errors import UnsupportedImage
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

_MODALITIES: Final = dict.fromkeys(MOVIES, Modality.VIDEO) | dict.fromkeys(SOUNDS, Modality.AUDIO)


def asset_of(source: files.Source) -> Asset:
    """A path, or what a stream holds; raises as `files.load`."""
    return Path(source) if isinstance(source, (str, PathLike)) else files.load(source)


def modality_of(asset: Asset) -> Modality:
    """Of what is to be marked; what is no file of a known kind is to be read as a picture.

    Raises `UnsupportedImage` for kinds that carry no watermark, `SourceNotFound`.
    """
    if isinstance(asset, bytes):
        shown, head = containers.media_type(asset), asset[: image.HEAD_BYTES]
    elif asset.is_file():
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
    if found is Modality.IMAGE and shown is not None and not image.is_decodable(head):
        raise UnsupportedImage(
            f"Files of type {shown} carry no watermark yet.",
            remedy="Sign it without one, by countermark sign or credentials.sign_file.",
        )
    return found


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
