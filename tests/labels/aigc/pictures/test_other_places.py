"""Labels of others, in every place where they are known to put them: read, and replaced by one."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from countermark.errors import LabelNotWritten
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Verdict
from countermark.labels.xmp import Property
from countermark.labels.xmp.packet import merged

from .conftest import _picture, _sample

OTHER = AigcLabel.produced("001191440300708461136T1XGW3", "other-1")
WRAPPED = OTHER.to_json(wrapped=True)
TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
EARLIER = (
    '{"AIGC":{"Label":"1","ServiceProvider":"x","ServiceUser":"y","Time":"z","ContentId":"1"}}'
)
PROPERTY = Property(TC260, "TC260", "AIGC", OTHER.to_json())
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def comment(text: str, *, code: bytes = b"ASCII\0\0\0") -> Image.Exif:
    """Exif with a comment of the user."""
    encoded = text.encode("utf-16-le") if code == b"UNICODE\0" else text.encode()
    exif = Image.Exif()
    exif[0x010F] = "Example Camera"
    exif.get_ifd(0x8769)[0x9286] = code + encoded
    exif.get_ifd(0x8769)[0x920A] = 35.0
    return exif


def described(text: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = text
    exif[0x010F] = "Example Camera"
    return exif


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(marker: int, body: bytes) -> bytes:
    content = _sample("picture.jpg")
    return content[:2] + segment(marker, body) + content[2:]


def png_text(keyword: str, value: str, *, how: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    if how == "iTXt":
        info.add_itxt(keyword, value, zip=True)
    else:
        info.add_text(keyword, value, zip=how == "zTXt")
    return _picture("PNG", pnginfo=info)


def attribute_form() -> bytes:
    value = OTHER.to_json().replace('"', "&quot;")
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description '
        f'rdf:about="" xmlns:TC260="{TC260}" TC260:AIGC="{value}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def heif_comment() -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(_sample("picture.png"))).save(
        file, "HEIF", exif=comment(WRAPPED).tobytes()
    )
    return file.getvalue()


def tiff_comment() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x010F] = "Example Camera"
    tags[0x8769] = {0x9286: b"ASCII\0\0\0" + WRAPPED.encode(), 0x920A: 35.0}
    return _picture("TIFF", tiffinfo=tags)


# By name: the file, whether a guide names the place, and what the place is called.
PLACES: dict[str, tuple[Callable[[], bytes], bool, str]] = {
    "attribute (PicWish)": (
        lambda: _picture("JPEG", xmp=attribute_form()),
        True,
        "JPEG APP1, XMP, TC260:AIGC",
    ),
    "JPEG comment": (
        lambda: _picture("JPEG", exif=comment(WRAPPED)),
        True,
        "JPEG APP1, Exif, UserComment",
    ),
    "JPEG comment in UTF-16": (
        lambda: _picture("JPEG", exif=comment(WRAPPED, code=b"UNICODE\0")),
        True,
        "JPEG APP1, Exif, UserComment",
    ),
    "JPEG comment without code": (
        lambda: _picture("JPEG", exif=comment(WRAPPED[8:], code=WRAPPED[:8].encode())),
        True,
        "JPEG APP1, Exif, UserComment",
    ),
    "JPEG comment in Base64": (
        lambda: _picture("JPEG", exif=comment(base64.b64encode(WRAPPED.encode()).decode())),
        True,
        "JPEG APP1, Exif, UserComment",
    ),
    "JPEG description, earlier schema (Tencent Cloud)": (
        lambda: _picture("JPEG", exif=described(EARLIER)),
        False,
        "JPEG APP1, Exif, ImageDescription",
    ),
    "JPEG segment": (
        lambda: with_segment(0xE4, b"AIGC" + OTHER.to_json().encode()),
        False,
        "JPEG APP4",
    ),
    "JPEG COM": (lambda: with_segment(0xFE, WRAPPED.encode()), False, "JPEG COM"),
    "PNG tEXt": (
        lambda: png_text("AIGC", OTHER.to_json(), how="tEXt"),
        True,
        "PNG tEXt 'AIGC'",
    ),
    "PNG zTXt": (lambda: png_text("AIGC", WRAPPED, how="zTXt"), False, "PNG zTXt 'AIGC'"),
    "PNG iTXt": (lambda: png_text("TC260:AIGC", WRAPPED, how="iTXt"), False, "PNG iTXt"),
    "PNG Comment": (lambda: png_text("Comment", WRAPPED, how="tEXt"), False, "PNG tEXt"),
    "PNG Exif": (
        lambda: _picture("PNG", exif=comment(WRAPPED)),
        True,
        "PNG eXIf, UserComment",
    ),
    "WebP Exif": (
        lambda: _picture("WEBP", exif=comment(WRAPPED)),
        True,
        "WebP chunk EXIF, UserComment",
    ),
    "TIFF description": (
        lambda: _picture("TIFF", tiffinfo=described(WRAPPED)),
        False,
        "TIFF, ImageDescription",
    ),
    "TIFF comment": (tiff_comment, True, "TIFF, UserComment"),
    "HEIF Exif": (heif_comment, True, "Exif, UserComment"),
    "AVIF Exif": (lambda: _picture("AVIF", exif=comment(WRAPPED)), True, "Exif, UserComment"),
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(content: bytes) -> aigc.Reading:
    return aigc.read(io.BytesIO(content))


def test_label_is_found(place: str, shown: Callable[[bytes], list[Any]]) -> None:
    make, is_proper, where = PLACES[place]
    reading = read(make())
    (found,) = reading.found
    assert where in found.carried.place
    assert found.carried.is_proper is is_proper
    if "earlier" in place:
        assert found.members["ServiceProvider"] == "x"
    else:
        assert found.label == OTHER
    is_right = is_proper and "Base64" not in place
    assert reading.verdict is (Verdict.COMPLIANT if is_right else Verdict.NONCOMPLIANT)


def test_label_is_replaced(
    place: str,
    written: Callable[..., bytes],
    label: AigcLabel,
    shown: Callable[[bytes], list[Any]],
) -> None:
    before = PLACES[place][0]()
    after = written(before, label)
    reading = read(after)
    assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, label)
    assert b"other-1" not in after
    assert "other-1".encode("utf-16-le") not in after
    assert shown(after) == shown(before)
    assert written(after, label) == after


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_rest_of_exif_stays(kind: str, written: Callable[..., bytes], label: AigcLabel) -> None:
    before = tiff_comment() if kind == "TIFF" else _picture(kind, exif=comment(WRAPPED))
    after = written(before, label)
    with Image.open(io.BytesIO(after)) as picture:
        exif = picture.getexif()
        assert exif[0x010F] == "Example Camera"
        assert exif.get_ifd(0x8769)[0x920A] == 35.0
        assert bytes(exif.get_ifd(0x8769)[0x9286])[8:].strip() == b""


def test_checksum_of_exif_in_png_is_right(written: Callable[..., bytes], label: AigcLabel) -> None:
    after = written(_picture("PNG", exif=comment(WRAPPED)), label)
    at = after.index(b"eXIf")
    length = int.from_bytes(after[at - 4 : at], "big")
    assert after[at + 4 + length :][:4] == struct.pack(
        ">I", zlib.crc32(after[at : at + 4 + length])
    )


def test_two_labels_are_found_and_one_is_left(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    before = _picture("JPEG", exif=comment(WRAPPED), xmp=merged(None, [PROPERTY]))
    reading = read(before)
    assert (len(reading.found), reading.label) == (2, None)
    assert reading.findings[-1].clause == "GB 45438-2025, 6.1 c)"
    assert read(written(before, label)).label == label


def test_label_in_both_of_two_packets_is_left_in_one(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    packet = b"http://ns.adobe.com/xap/1.0/\0" + merged(None, [PROPERTY])
    content = _picture("JPEG", xmp=merged(None, [PROPERTY]))
    before = content[:2] + segment(0xE1, packet) + content[2:]
    assert len(read(before).found) == 2
    after = written(before, label)
    assert len(read(after).found) == 1
    assert after.count(b"http://ns.adobe.com/xap/1.0/") == 2  # what else it may say is not ours


def test_label_in_the_members_of_a_structure_is_found(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    parts = [Property(TC260, "TC260", name, value) for name, value in OTHER.members().items()]
    before = _picture("PNG")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", merged(None, parts).decode())
    before = _picture("PNG", pnginfo=info)
    assert read(before).verdict is Verdict.NONCOMPLIANT
    assert read(written(before, label)).verdict is Verdict.COMPLIANT


def test_compressed_xmp_is_read_and_written_plain(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", merged(None, [PROPERTY]).decode(), zip=True)
    before = _picture("PNG", pnginfo=info)
    assert read(before).label == OTHER
    assert label.to_json().encode() in written(before, label)


def test_ordinary_mention_is_no_label(written: Callable[..., bytes], label: AigcLabel) -> None:
    before = _picture("JPEG", exif=described("A talk about AIGC"), comment=b"AIGC was discussed")
    assert read(before).verdict is Verdict.NOT_FOUND
    after = written(before, label)
    assert b"A talk about AIGC" in after
    assert b"AIGC was discussed" in after


def extended(packet: bytes) -> bytes:
    """A file with extended XMP."""
    guid = b"0" * 31 + b"A"
    main = merged(
        None,
        [Property("http://ns.adobe.com/xmp/note/", "xmpNote", "HasExtendedXMP", guid.decode())],
    )
    content = _picture("JPEG", xmp=main)
    half = len(packet) // 2
    parts = b"".join(
        segment(
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + guid
            + struct.pack(">II", len(packet), at)
            + packet[at : at + size],
        )
        for at, size in ((half, len(packet)), (0, half))
    )
    at = content.index(b"\xff\xdb")
    return content[:at] + parts + content[at:]


def test_extended_xmp_stays(written: Callable[..., bytes], label: AigcLabel) -> None:
    packet = merged(None, [Property("urn:x", "x", "Long", "y" * 70_000)])
    before = extended(packet)
    after = written(before, label)
    assert read(after).label == label
    start = before.index(b"http://ns.adobe.com/xmp/extension/")
    assert before[start - 4 :] in after


def test_label_in_extended_xmp_is_found_and_refused(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    before = extended(merged(None, [PROPERTY]))
    assert read(before).found[0].label == OTHER
    with pytest.raises(LabelNotWritten, match="extended XMP"):
        written(before, label)


def test_found_texts_are_what_stands_there() -> None:
    reading = read(_picture("JPEG", exif=comment(WRAPPED)))
    assert json.loads(reading.found[0].carried.text)["AIGC"] == OTHER.members()
