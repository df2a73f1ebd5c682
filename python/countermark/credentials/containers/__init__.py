"""Where the manifest store lies inside a file of any container that credentials are signed in.

The C2PA library embeds stores but neither hands out the bytes that it found nor replaces them.
Nothing here judges a file: what is damaged or foreign ends the walk, and the library, which
validates exactly the bytes found here, has the last word.

Source: C2PA 2.2, appendix A "Embedding manifests into assets".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from countermark.credentials import bounds
from countermark.credentials.containers.boxes import (
    bmff,
    boxes,
    can_hash_in_pieces,
    is_bmff,
    jxl,
    riff,
)
from countermark.credentials.containers.documents import is_svg, pdf, svg
from countermark.credentials.containers.id3 import id3, tag_end
from countermark.credentials.containers.location import (
    Content,
    Location,
    Span,
    StreamContent,
    TooManyParts,
    pieces,
)
from countermark.credentials.containers.outlines import completed, outline
from countermark.credentials.containers.pictures import gif, jpeg, png, tiff
from countermark.jumbf import damaged

__all__ = [
    "MEDIA_TYPES",
    "Content",
    "Location",
    "Span",
    "StreamContent",
    "TooManyParts",
    "boxes",
    "can_hash_in_pieces",
    "completed",
    "is_bmff",
    "locate",
    "media_type",
    "outline",
    "pieces",
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

_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_BEGINNINGS: Final = {
    b"\xff\xd8": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",
    b"MM\0+": "image/tiff",
    b"\0\0\0\x0cJXL \r\n\x87\n": "image/jxl",
    b"%PDF-": "application/pdf",
    b"fLaC": "audio/flac",
}
_MPEG_LAYERS: Final = (2, 4)
"""Layers III and II in the first frame's header; with layer I it might be a text in UTF-16."""


def media_type(asset: Content) -> str | None:
    """The media type that the content shows, of those that can be searched; else None.

    Among types of one structure, it is that of the file's main brand.

    >>> media_type(b"RIFF____WEBPVP8 ")
    'image/webp'
    """
    head = asset[:16]
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:3] == b"ID3":
        end = tag_end(asset)
        return "audio/flac" if end and asset[end : end + 4] == b"fLaC" else "audio/mpeg"
    if head[:1] == b"\xff" and head[1:2] >= b"\xe0" and head[1] & 6 in _MPEG_LAYERS:
        return "audio/mpeg"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and is_svg(asset):
        return "image/svg+xml"
    return None


def locate(asset: Content) -> Location | None:
    """Find the manifest store of a file; None when it has none.

    >>> locate(b"GIF89a") is None
    True

    The content decides which container it is, not a name. Raises `UnreadableManifest` when the
    file holds several stores: readers would disagree on which one counts; and when the store or
    the number of parts of the file is beyond what anybody should be given to read.
    """
    shown = media_type(asset)
    found = [] if shown is None else list(MEDIA_TYPES[shown](asset))
    if len(found) > 1:
        raise damaged("The file holds more than one C2PA manifest store")
    if found and found[0].length_bytes > bounds.MAX_BYTES:
        raise bounds.too_large()
    return found[0] if found else None
