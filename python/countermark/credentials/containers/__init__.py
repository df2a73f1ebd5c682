"""Where the manifest store lies inside a file of any container that credentials are signed in.

The C2PA library embeds stores but neither hands out the bytes that it found nor replaces them.
Nothing here judges a file: what is damaged or foreign ends the walk, and the library, which
validates exactly the bytes found here, has the last word.

Source: C2PA 2.2, appendix A "Embedding manifests into assets".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from countermark import containers
from countermark.containers import Content
from countermark.containers.text_types import TEXT_TYPES
from countermark.credentials import bounds
from countermark.credentials.containers import texts
from countermark.credentials.containers.boxes import bmff, can_hash_in_pieces, jxl, riff
from countermark.credentials.containers.documents import pdf, svg
from countermark.credentials.containers.id3 import id3
from countermark.credentials.containers.location import Location
from countermark.credentials.containers.outlines import completed, outline
from countermark.credentials.containers.pictures import gif, jpeg, png, tiff
from countermark.credentials.containers.texts import UnusableText
from countermark.jumbf import damaged

__all__ = [
    "MEDIA_TYPES",
    "TEXT_TYPES",
    "Location",
    "UnusableText",
    "can_hash_in_pieces",
    "completed",
    "locate",
    "media_type",
    "outline",
]

Walker = Callable[[Content], Iterator[Location]]

MEDIA_TYPES: Final[dict[str, Walker]] = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/webp": riff,
    "image/avif": bmff,
    "image/tiff": tiff,
    "image/gif": gif,
    "image/heic": bmff,
    "image/heif": bmff,
    "image/jxl": jxl,
    "image/x-adobe-dng": tiff,
    "image/svg+xml": svg,
    "video/mp4": bmff,
    "video/quicktime": bmff,
    "video/x-msvideo": riff,
    "audio/wav": riff,
    "audio/mpeg": id3,
    "audio/flac": id3,
    "audio/mp4": bmff,
    "application/pdf": pdf,
}
"""The media types whose stores are found and replaced, and who finds them."""


def media_type(asset: Content) -> str | None:
    """The media type that the content shows, of those that credentials are signed in; else None.

    A text shows that it is one by the manifest in it alone, and then not of which kind.

    >>> media_type(b"RIFF____WEBPVP8 ")
    'image/webp'
    """
    shown = containers.media_type(asset)
    if shown is None and texts.holds_trace(asset):
        return "text/plain"
    return shown if shown in MEDIA_TYPES else None


def locate(asset: Content) -> Location | None:
    """Find the manifest store of a file; None when it has none.

    >>> locate(b"GIF89a") is None
    True

    The content decides which container it is, not a name. Raises `UnreadableManifest` when the
    file holds several stores: readers would disagree on which one counts; and when the store or
    the number of parts of the file is beyond what anybody should be given to read.
    """
    shown = containers.media_type(asset)
    walker = _text if shown is None else MEDIA_TYPES.get(shown)
    found = [] if walker is None else list(walker(asset))
    if len(found) > 1:
        raise damaged("The file holds more than one C2PA manifest store")
    if found and found[0].length_bytes > bounds.MAX_BYTES:
        raise bounds.too_large()
    return found[0] if found else None


def _text(asset: Content) -> Iterator[Location]:
    found = texts.find(asset)
    if found is not None:
        yield found
