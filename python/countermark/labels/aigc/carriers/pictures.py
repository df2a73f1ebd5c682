"""The label in pictures: a property of their XMP; what else holds one is read, and blanked.

Source: TC260-PG-20259A (pictures), as public works quote it; GB 45438-2025, 6.1 and annex E.
"""

from __future__ import annotations

import functools
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from countermark.containers import Content, DamagedFile, Edits, StreamContent
from countermark.labels import xmp
from countermark.labels.aigc.carriers import exif
from countermark.labels.aigc.carriers.strays import Stray
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.parsing import MAX_LENGTH, looks_like_label
from countermark.labels.aigc.reading import Carried
from countermark.labels.xmp import heif, jpeg, png, webp
from countermark.labels.xmp.packet import Property
from countermark.labels.xmp.scanning import BrokenPacket, Occurrence, scan

NAMESPACE: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"
PREFIX: Final = "TC260"
_NAME: Final = "AIGC"
_EXIF: Final = b"Exif\0\0"
_BARE: Final = re.compile(rb"[\0\s]*AIGC[\0\s:=]*\{|[\0\s]*\{\s*\"AIGC\"")
_MAX_EXIF: Final = 1 << 20
_COMMENT: Final = 0xFE
_APPLICATIONS: Final = range(0xE0, 0xF0)

Strays = Callable[[Content], Iterator[Stray]]


def is_label(namespace: str, name: str) -> bool:
    """Whether a property of XMP is meant as a label, or as a member of one."""
    return name.upper() == _NAME or namespace == NAMESPACE


def _find(places: xmp.Places, strays: Strays, file: BinaryIO) -> Iterator[Carried]:
    asset = StreamContent(file)
    broken: BrokenPacket | None = None
    for packet in places.find(asset):
        try:
            found = scan(packet.content, may_have_type=packet.spans == ((0, len(asset)),)).found
        except BrokenPacket as error:
            broken = error
            continue
        yield from (_carried(one, packet) for one in found if is_label(one.namespace, one.name))
    yield from (Carried(one.text, one.place, one.is_proper) for one in strays(asset))
    if broken is not None:
        raise broken


def _carried(one: Occurrence, packet: xmp.Packet) -> Carried:
    is_proper = one.is_proper and (one.namespace, one.name) == (NAMESPACE, _NAME)
    name = one.qualified.decode("utf-8", "replace")
    return Carried(one.value, f"{packet.place}, {name}", is_proper and bool(packet.spans))


def _put(
    places: xmp.Places,
    strays: Strays,
    file: BinaryIO,
    out: BinaryIO,
    label: AigcLabel,
    beside: Sequence[Property] = (),
) -> None:
    asset = StreamContent(file)
    edits = Edits(asset)
    for stray in strays(asset):
        for change in stray.changes:
            edits.replace(*change)
    stated = (Property(NAMESPACE, PREFIX, _NAME, label.to_json()), *beside)
    xmp.put(asset, edits, places, stated, without=is_label)
    edits.write(out)


def _none(asset: Content) -> Iterator[Stray]:
    """Nothing beside the XMP is known to hold labels."""
    return iter(())


def _jpeg(asset: Content) -> Iterator[Stray]:
    """Exif, and segments that begin with the label."""
    for marker, at, end in jpeg.segments(asset):
        if marker not in _APPLICATIONS and marker != _COMMENT:
            continue
        head = asset[at + 4 : min(end, at + 64)]
        if head.startswith(_EXIF):
            yield from _of_exif(asset, at + 4 + len(_EXIF), end, "JPEG APP1, Exif")
        elif _BARE.match(head):
            text = asset[at + 4 : end].decode("utf-8", "replace").strip("\0")
            name = "COM" if marker == _COMMENT else f"APP{marker - _APPLICATIONS.start}"
            yield Stray(text, f"JPEG {name}", False, ((at, end, b""),))


def _png(asset: Content) -> Iterator[Stray]:
    """Texts by the name of AIGC, which a guide names, and Exif."""
    for kind, (at, end) in png.chunks(asset):
        if kind == b"eXIf":
            yield from _with_checksum(asset, at, end)
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and end - at <= 4 * MAX_LENGTH:
            keyword, text = _png_text(kind, asset[at + 8 : end - 4])
            value = text.decode("utf-8", "replace")
            if b"AIGC" in keyword.upper() or (keyword in _COMMENTS and looks_like_label(value)):
                is_proper = kind == b"tEXt" and keyword == b"AIGC"
                name = f"PNG {kind.decode()} {keyword.decode('latin-1')!r:.40}"
                yield Stray(value, name, is_proper, ((at, end, b""),))


_COMMENTS: Final = (b"Comment", b"Description")


def _png_text(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    if kind == b"iTXt":
        return png.international_text(data)
    keyword, _, text = data.partition(b"\0")
    return keyword, png.inflated(text[1:]) if kind == b"zTXt" else text


def _with_checksum(asset: Content, at: int, end: int) -> Iterator[Stray]:
    """The labels in the Exif of a PNG file; the first one changes the checksum for all."""
    found = list(_of_exif(asset, at + 8, end - 4, "PNG eXIf"))
    data = bytearray(asset[at + 4 : end - 4])
    for stray in found:
        for start, stop, new in stray.changes:
            data[start - at - 4 : stop - at - 4] = new
    checksum = end - 4, end, struct.pack(">I", zlib.crc32(data))
    for number, stray in enumerate(found):
        yield stray if number else stray._replace(changes=(*stray.changes, checksum))


def _webp(asset: Content) -> Iterator[Stray]:
    for kind, (at, end) in webp.parts(asset)[0]:
        if kind == b"EXIF":
            start = at + 8 + (len(_EXIF) if asset[at + 8 : at + 14] == _EXIF else 0)
            yield from _of_exif(asset, start, end, "WebP chunk EXIF")


def _heif(asset: Content) -> Iterator[Stray]:
    for found in heif.described(asset):
        for item in found.items:
            if item.kind == b"Exif":
                spans = found.spans(item.number)
                if len(spans) != 1:
                    raise DamagedFile("the Exif of the file lies in pieces")
                ((start, end),) = spans
                base = start + 4 + int.from_bytes(asset[start : start + 4], "big")
                yield from _of_exif(asset, base, end, f"HEIF item {item.number}, Exif")


def _tiff(asset: Content) -> Iterator[Stray]:
    try:
        yield from exif.strays(asset, 0, len(asset), "TIFF")
    except (struct.error, OverflowError) as error:
        raise DamagedFile("a directory of the TIFF file is damaged") from error


def _of_exif(asset: Content, base: int, end: int, what: str) -> Iterator[Stray]:
    try:
        yield from exif.strays(asset, base, end, what)
    except (struct.error, OverflowError, ValueError) as error:
        # Directories that lead nowhere are common; a label that nobody is led to shows its text.
        text = asset[base : min(end, base + _MAX_EXIF)].replace(b"\0", b"").decode("latin-1")
        if end - base > _MAX_EXIF or looks_like_label(text):
            raise DamagedFile(f"the Exif in the file is damaged ({what})") from error


_STRAYS: Final[dict[str, Strays]] = {
    "image/avif": _heif,
    "image/heic": _heif,
    "image/heif": _heif,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/tiff": _tiff,
    "image/webp": _webp,
}

Finder = Callable[[BinaryIO], Iterator[Carried]]


def _functions(name: str, places: xmp.Places) -> tuple[Finder, Callable[..., None]]:
    strays = _STRAYS.get(name, _none)
    return functools.partial(_find, places, strays), functools.partial(_put, places, strays)


PICTURES: Final = {name: _functions(name, places) for name, places in xmp.PLACES.items()}
"""By media type, what finds labels in a file, and what puts one in, with properties beside it."""
