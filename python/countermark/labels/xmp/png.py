"""XMP in PNG and APNG files: an iTXt chunk, not compressed.

Source: XMP Specification, part 3, 1.1.5; Portable Network Graphics (W3C), 11.3.3.4.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from countermark.containers import Content, DamagedFile, Edits, Span, counted, png_chunks
from countermark.labels.xmp.places import Packet, Places
from countermark.labels.xmp.scanning import MAX_BYTES

_KEYWORD: Final = b"XML:com.adobe.xmp"
_HEADER_END: Final = 33  # of the signature and the chunk IHDR
_MAX_CHUNKS: Final = 1 << 20
"""Some 8 GB of the chunks that libpng writes."""


def chunks(asset: Content) -> list[tuple[bytes, Span]]:
    """The chunks but those with pixels; raises `DamagedFile` if the last one is missing."""
    found: list[tuple[bytes, Span]] = []
    last = b""
    others = counted()
    for kind, span in png_chunks(asset, places=counted(_MAX_CHUNKS)):
        last = kind
        if kind not in (b"IDAT", b"fdAT"):
            found.append((kind, span))
            next(others)
        if kind == b"IEND":
            break
    if last != b"IEND":
        raise DamagedFile("the PNG file ends before its last chunk")
    return found


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def international_text(data: bytes) -> tuple[bytes, bytes]:
    """Keyword and text of an iTXt chunk; raises `DamagedFile`."""
    keyword, _, rest = data.partition(b"\0")
    flags, (_, separator, text) = rest[:2], rest[2:].partition(b"\0")
    _, ended, text = text.partition(b"\0")
    if len(flags) < 2 or not separator or not ended:
        raise DamagedFile("a chunk iTXt of the PNG file is damaged")
    return keyword, inflated(text) if flags[0] else text


def inflated(data: bytes) -> bytes:
    """Compressed text; raises `DamagedFile` for what is damaged or beyond all bounds."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise DamagedFile("compressed text in the PNG file is damaged") from error
    if not inflater.eof:
        raise DamagedFile("compressed text in the PNG file is damaged or too long")
    return text


def _find(asset: Content) -> list[Packet]:
    packets = []
    for kind, (at, end) in chunks(asset):
        keyword = asset[at + 8 : at + 8 + len(_KEYWORD) + 1]
        if kind == b"iTXt" and keyword == _KEYWORD + b"\0":
            if end - at > MAX_BYTES:
                raise DamagedFile("the XMP of the PNG file is too long")
            _, content = international_text(asset[at + 8 : end - 4])
            packets.append(Packet(content, ((at, end),), "PNG iTXt, XMP"))
    return packets


def _put(asset: Content, edits: Edits, packet: Packet | None, new: bytes) -> None:
    start, end = (_HEADER_END, _HEADER_END) if packet is None else packet.spans[0]
    edits.replace(start, end, chunk(b"iTXt", _KEYWORD + bytes(5) + new))


PLACES: Final = Places(_find, _put)
