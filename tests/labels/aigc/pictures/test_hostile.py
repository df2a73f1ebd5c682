"""Pictures made to cost much: judged or refused, within bounds of time and memory."""

from __future__ import annotations

import contextlib
import io
import resource
import struct
import time
from collections.abc import Callable

import pytest

from countermark.errors import CountermarkError
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel
from countermark.labels.xmp.png import chunk

from .conftest import _sample
from .test_other_places import segment

MAX_SECONDS = 8.0
MAX_GROWTH_KIB = 400_000
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MANY = 1_000_000


def xmp_in_png(content: bytes) -> bytes:
    picture = _sample("picture.png")
    whole = chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + content)
    return picture[:33] + whole + picture[33:]


def xmp(inside: str) -> bytes:
    frame = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
    return xmp_in_png(f"{frame}{inside}</rdf:RDF></x:xmpmeta>".encode())


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def heif(locations: bytes, items: bytes = bytes(6)) -> bytes:
    meta = box(b"iinf", items) + box(b"iloc", locations)
    return box(b"ftyp", b"heic\0\0\0\0mif1") + box(b"meta", bytes(4) + meta)


def tiff_of_overlapping_directories() -> bytes:
    """Directories two bytes apart, which all lead to a long list of entries."""
    pages = 30_000
    head = struct.pack("<2sHI", b"II", 42, 8)
    body = bytearray(struct.pack("<H", 4000) * pages + bytes(60_000))
    return head + bytes(body)


def exif_of_overlapping_texts() -> bytes:
    """Entries that all have the same long text."""
    entries = 60_000
    start = 8 + 2 + 12 * entries + 4
    table = struct.pack("<HHII", 0x010D, 2, 60_000, start) * entries
    text = b'AIGC         "ServiceProvider ' * 2_000
    return struct.pack("<2sHIH", b"II", 42, 8, entries) + table + bytes(4) + text


HOSTILE: dict[str, Callable[[], bytes]] = {
    "png chunks": lambda: b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"junk" + bytes(4)) * MANY,
    "png pixels in pieces": lambda: (
        b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"IDAT" + bytes(4)) * 3 * MANY
    ),
    "gif blocks": lambda: b"GIF89a\1\0\1\0\0\0\0\x21\xfe" + b"\1x" * 5 * MANY + b"\0;",
    "gif extensions": lambda: b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe\0" * 2 * MANY + b";",
    "jpeg segments": lambda: b"\xff\xd8" + segment(0xE1, b"") * 2 * MANY,
    "jpeg packets": lambda: (
        b"\xff\xd8"
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<a>") * 60_000
        + _sample("picture.jpg")[2:]
    ),
    "xmp elements": lambda: xmp("<rdf:Description>" + "<a/>" * 3 * MANY + "</rdf:Description>"),
    "xmp depth": lambda: xmp("<a>" * MANY + "</a>" * MANY),
    "xmp attributes": lambda: xmp(
        "<rdf:Description " + " ".join(f'a{n}="{n}"' for n in range(MANY // 2)) + "/>"
    ),
    "xmp long attribute": lambda: xmp(
        "<rdf:Description xmlns:a='b' a:a='"
        + "x" * 8 * MANY
        + "' "
        + " ".join(f'a:b{n}=""' for n in range(500))
        + "/>"
    ),
    "xmp white space": lambda: xmp(" " * 8 * MANY),
    "xmp of labels": lambda: xmp(
        "<rdf:Description xmlns:a='urn:a'>" + "<a:AIGC/>" * 100_000 + "</rdf:Description>"
    ),
    "heif extents of nothing": lambda: heif(bytes(6) + b"\xff\xff" + b"\0\1\0\0\xff\xff" * 65_535),
    "heif in tracks": lambda: (
        heif(bytes(8))
        + box(
            b"moov",
            box(b"meta", heif(bytes(6) + b"\xff\xff" + b"\0\1\0\0\xff\xff")[28:]) * 10_000,
        )
    ),
    "heif tracks in tracks": lambda: (
        box(b"ftyp", b"heic\0\0\0\0mif1")
        + b"".join(struct.pack(">I4s", 8 * (9_000 - at), b"trak") for at in range(9_000))
    ),
    "heif items": lambda: heif(
        bytes(6) + b"\0\0",
        bytes(4) + b"\xff\xff" + box(b"infe", b"\2\0\0\0\0\1\0\0mime\0") * 65_000,
    ),
    "tiff directories": tiff_of_overlapping_directories,
    "exif texts": exif_of_overlapping_texts,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_cost_little(name: str, label: AigcLabel) -> None:
    content = HOSTILE[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with contextlib.suppress(CountermarkError):
        aigc.read(io.BytesIO(content))
    with contextlib.suppress(CountermarkError):
        aigc.write(io.BytesIO(content), io.BytesIO(), label)
    assert time.process_time() - start < MAX_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_GROWTH_KIB
