"""What a file is, by its content and never by its name."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from countermark.containers.content import CHUNK_BYTES, Content
from countermark.containers.glb import MAGIC
from countermark.containers.id3 import tag_end
from countermark.containers.office import office_type
from countermark.containers.usdz import is_usdz

_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_LONG_RIFF: Final = (b"RF64", b"BW64")
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    **dict.fromkeys((b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    b"mif1": "image/heif",
    b"msf1": "image/heif",
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
    b"OggS": "audio/ogg",
    b"FLV\x01": "video/x-flv",
    MAGIC: "model/gltf-binary",
    b"#usda ": "model/vnd.usda",
    b"PXR-USDC": "model/vnd.usdc",
}
_ZIP: Final = b"PK\x03\x04"
_EBML: Final = b"\x1a\x45\xdf\xa3"
_EBML_HEADER_BYTES: Final = 64
_MPEG_LAYERS: Final = (2, 4)
"""Layers III and II in the first frame's header; with layer I it might be a text in UTF-16."""

_PROLOG_BYTES: Final = 1 << 20
"""Of an XML file, before its root element."""


def media_type(asset: Content) -> str | None:
    """The media type that the content shows, of those that countermark knows; else None.

    Among types of one structure, it is that of the file's main brand.

    >>> media_type(b"RIFF____WEBPVP8 ")
    'image/webp'
    """
    head = asset[:16]
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head.startswith(_ZIP):
        return "model/vnd.usdz+zip" if is_usdz(asset) else office_type(asset)
    if head.startswith(_EBML):
        return "video/webm" if b"webm" in asset[:_EBML_HEADER_BYTES] else "video/x-matroska"
    if head[:4] == b"RIFF" or (head[:4] in _LONG_RIFF and head[8:12] == b"WAVE"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:3] == b"ID3":
        end = tag_end(asset)
        return "audio/flac" if end and asset[end : end + 4] == b"fLaC" else "audio/mpeg"
    if head[:1] == b"\xff" and head[1:2] >= b"\xe0" and head[1] & 6 in _MPEG_LAYERS:
        return "audio/mpeg"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and _root(asset) == "svg":
        return "image/svg+xml"
    return None


def _root(asset: Content) -> str | None:
    """The root element of an XML file, looked for at its beginning."""
    roots: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: roots.append(name)
    try:
        for at in range(0, _PROLOG_BYTES, CHUNK_BYTES):
            parser.Parse(asset[at : at + CHUNK_BYTES], False)
            if roots:
                break
    except (expat.ExpatError, ValueError, LookupError):  # the latter: unknown encodings
        pass
    return roots[0] if roots else None
