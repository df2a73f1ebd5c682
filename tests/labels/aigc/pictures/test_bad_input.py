"""Files that are full, broken, long, locked, or made of many parts: a right result or an error."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark.errors import (
    DestinationNotWritable,
    InvalidLabel,
    LabelNotWritten,
    SourceNotFound,
    UnsupportedContainer,
)
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Verdict
from countermark.labels.xmp import Property
from countermark.labels.xmp.packet import fitted, merged
from countermark.labels.xmp.png import chunk

from .conftest import _picture, _sample
from .test_other_places import read, segment


def noted(length: int) -> bytes:
    """A packet with a note of that length."""
    return merged(None, [Property("urn:x", "x", "Note", "y" * length)])


def test_sixty_segments_of_applications(
    written: Callable[..., bytes], label: AigcLabel, shown: Callable[[bytes], list[Any]]
) -> None:
    content = _sample("with-exif.jpg")
    many = b"".join(segment(0xE0 + at % 16, b"Example\0" + bytes([at]) * 9) for at in range(60))
    before = content[:2] + many + content[2:]
    after = written(before, label)
    assert read(after).label == label
    assert many[25:] in after  # behind the first, which could be JFIF
    assert shown(after) == shown(before)


def test_full_segment_is_said_to_be_full(written: Callable[..., bytes], label: AigcLabel) -> None:
    before = _picture("JPEG", xmp=noted(65_000))
    assert read(before).verdict is Verdict.NOT_FOUND
    with pytest.raises(LabelNotWritten, match="fills its segment of 64 KiB"):
        written(before, label)


def test_padding_makes_room(written: Callable[..., bytes], label: AigcLabel) -> None:
    packet = fitted(noted(60_000), 65_500)
    assert packet is not None
    after = written(_picture("JPEG", xmp=packet), label)
    assert read(after).label == label
    assert b"y" * 60_000 in after


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize(
    "broken",
    [b"<x:xmpmeta>", b"", b"\xff\xfe<\0x\0/\0>\0", b"<!DOCTYPE a []><a/>"],
    ids=["cut", "empty", "UTF-16", "document type"],
)
def test_broken_xmp_is_kept_and_said(
    kind: str, broken: bytes, written: Callable[..., bytes], label: AigcLabel
) -> None:
    # A second packet would leave readers to guess, and the first may be all there is of a name.
    if kind == "PNG":
        content = _sample("picture.png")
        made = chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + broken)
        before = content[:33] + made + content[33:]
    elif kind == "JPEG":
        content = _sample("picture.jpg")
        body = b"http://ns.adobe.com/xap/1.0/\0" + broken
        before = content[:2] + segment(0xE1, body) + content[2:]
    else:
        content = _sample("alpha.webp")
        before = content + b"XMP " + struct.pack("<I", len(broken)) + broken
        before += bytes(len(broken) % 2)
        before = before[:4] + struct.pack("<I", len(before) - 8) + before[8:]
    with pytest.raises(LabelNotWritten, match="XMP"):
        written(before, label)
    if broken[:1] != b"\xff":  # which is XML, in UTF-16
        assert read(before).verdict is Verdict.INCONCLUSIVE


def test_multi_picture_index_leads_to_the_pictures(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    before = _sample("multi-picture.jpg")
    for after in (written(before, label), written(written(before, label), label)):
        with Image.open(io.BytesIO(after)) as picture, Image.open(io.BytesIO(before)) as former:
            now, then = (p.mpinfo[0xB002] for p in (picture, former))  # type: ignore[attr-defined]
            offsets = picture._MpoImageFile__mpoffsets  # type: ignore[attr-defined]
        growth = len(after) - len(before)
        assert [one["Size"] for one in now] == [
            then[0]["Size"] + growth,
            *(one["Size"] for one in then[1:]),
        ]
        assert all(after[at : at + 2] == b"\xff\xd8" for at in offsets)
        assert offsets[1:] == [now[0]["Size"], now[0]["Size"] + now[1]["Size"]]


def test_index_of_pictures_before_the_xmp(written: Callable[..., bytes], label: AigcLabel) -> None:
    """Where the new packet comes behind the index, its offsets grow."""
    content = _sample("multi-picture.jpg")
    packet = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + noted(9))
    at = content.index(b"\xff\xdb")
    before = bytearray(content[:at] + packet + content[at:])
    index = before.index(b"MPF\0") + 4
    order = "<" if before[index : index + 2] == b"II" else ">"
    entries = before.index(b"\x02\xb0" if order == "<" else b"\xb0\x02", index)
    (count, start) = struct.unpack_from(f"{order}II", before, entries + 4)
    for number in range(count // 16):
        entry = index + start + 16 * number
        size, offset = struct.unpack_from(f"{order}II", before, entry + 4)
        grown = (size, offset + len(packet)) if number else (size + len(packet), 0)
        struct.pack_into(f"{order}II", before, entry + 4, *grown)
    after = written(bytes(before), label)
    with Image.open(io.BytesIO(after)) as picture:
        frames = picture.n_frames  # type: ignore[attr-defined]
        offsets = picture._MpoImageFile__mpoffsets  # type: ignore[attr-defined]
    assert frames == 3
    assert all(after[at : at + 2] == b"\xff\xd8" for at in offsets)


@pytest.mark.parametrize(
    "name", ["picture.jpg", "picture.png", "lossy.webp", "picture.gif", "picture.tiff"]
)
def test_data_behind_the_picture_stays(
    name: str, written: Callable[..., bytes], label: AigcLabel
) -> None:
    """As the movie of a motion photo, which is found from the end of the file."""
    movie = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 9
    after = written(_sample(name) + movie, label)
    assert movie in after if name == "picture.tiff" else after.endswith(movie)
    assert read(after).label == label


def test_odd_padding_of_riff(written: Callable[..., bytes], label: AigcLabel) -> None:
    content = _sample("alpha.webp")
    for kind, data in ((b"odd ", b"123"), (b"ODD ", b"1")):
        padded = content + kind + struct.pack("<I", len(data)) + data
        for end in (b"", b"\0"):
            before = padded + end
            for size in {len(before) - 8, len(padded) - 8}:
                whole = before[:4] + struct.pack("<I", size) + before[8:]
                after = written(whole, label)
                assert read(after).label == label
                assert int.from_bytes(after[4:8], "little") == len(after) - 8
                assert len(after) % 2 == 0
                assert kind + struct.pack("<I", len(data)) + data + b"\0XMP " in after


def test_heif_whose_media_data_have_no_length(
    written: Callable[..., bytes], label: AigcLabel, shown: Callable[[bytes], list[Any]]
) -> None:
    content = _sample("picture.heic")
    at = content.index(b"mdat") - 4
    before = content[:at] + bytes(4) + content[at + 4 :]
    after = written(before, label)
    assert read(after).label == label
    assert shown(after) == shown(content)


def test_manifest_in_the_file_stays(written: Callable[..., bytes], label: AigcLabel) -> None:
    store = segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x28jumb" + b"\0\0\0\x20jumdc2pa" + bytes(20))
    content = _sample("picture.jpg")
    after = written(content[:20] + store + content[20:], label)
    assert store in after


def test_read_only_file_is_read_and_replaced(label: AigcLabel, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(_sample("picture.jpg"))
    path.chmod(0o444)
    aigc.write(path, path, label)
    assert aigc.read(path).label == label
    assert path.stat().st_mode & 0o777 == 0o444


def test_destination_may_be_the_source_and_another(label: AigcLabel, tmp_path: Path) -> None:
    path, out = tmp_path / "picture.png", tmp_path / "out.png"
    path.write_bytes(_sample("picture.png"))
    aigc.write(path, out, label)
    assert path.read_bytes() == _sample("picture.png")
    aigc.write(path, path, label)
    assert path.read_bytes() == out.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.png", "picture.png"]


def test_missing_files_and_folders_are_said(label: AigcLabel, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        aigc.read(tmp_path / "none.jpg")
    path = tmp_path / "picture.jpg"
    path.write_bytes(_sample("picture.jpg"))
    with pytest.raises(DestinationNotWritable):
        aigc.write(path, tmp_path / "none" / "out.jpg", label)


def test_code_that_nobody_can_have_is_not_written(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    with pytest.raises(InvalidLabel, match="provider code"):
        written(_sample("picture.jpg"), replace(label, propagator="Doubao"))
    # What a producer wrote before is kept by who spreads it, and found wanting on reading.
    content = written(_sample("picture.jpg"), replace(label, producer="Doubao"))
    assert read(content).verdict is Verdict.NONCOMPLIANT


@pytest.mark.parametrize("content", [b"", b"BM" + bytes(60), b"just a text", b"\0" * 99])
def test_other_files_have_no_place(content: bytes, label: AigcLabel) -> None:
    for use in (
        lambda: aigc.read(io.BytesIO(content)),
        lambda: aigc.write(io.BytesIO(content), io.BytesIO(), label),
    ):
        with pytest.raises(UnsupportedContainer):
            use()


def test_full_disk_is_said(label: AigcLabel, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(_sample("picture.jpg"))
    program = (
        "import sys\n"
        "from countermark.labels import aigc\n"
        "from countermark.errors import DestinationNotWritable\n"
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "label = aigc.AigcLabel.produced('001191110102MACQD9K64010000', '1')\n"
        "try:\n    aigc.write(sys.argv[1], sys.argv[1] + '.out', label)\n"
        "except DestinationNotWritable as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=False
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["picture.jpg"]


def _long_png(length: int) -> tuple[bytes, int, bytes]:
    """Head, bytes of nothing, and tail of a file whose one chunk of pixels is so long."""
    content = _sample("picture.png")
    at = content.index(b"IDAT") - 4
    return content[:at] + struct.pack(">I4s", length, b"IDAT"), length, bytes(4) + content[-12:]


def _long_tiff(length: int) -> tuple[bytes, int, bytes]:
    return _sample("picture.tiff"), length, b""


def _long_jpeg(length: int) -> tuple[bytes, int, bytes]:
    return _sample("picture.jpg")[:-2], length, b"\xff\xd9"


def _long_webp(length: int) -> tuple[bytes, int, bytes]:
    content = _sample("alpha.webp")
    head = content + b"long" + struct.pack("<I", length)
    return head[:4] + struct.pack("<I", len(head) + length - 8) + head[8:], length, b""


def _long_heic(length: int) -> tuple[bytes, int, bytes]:
    return _sample("picture.heic") + struct.pack(">I4s", length + 8, b"free"), length, b""


@pytest.mark.slow
@pytest.mark.parametrize("make", [_long_png, _long_tiff, _long_jpeg, _long_webp, _long_heic])
def test_long_files_are_not_held_in_memory(
    make: Callable[[int], tuple[bytes, int, bytes]], label: AigcLabel, tmp_path: Path
) -> None:
    head, length, tail = make(1 << 30)
    path, out = tmp_path / "long", tmp_path / "out"
    with path.open("wb") as file:
        file.write(head)
        file.seek(length, 1)  # a hole
        file.write(tail)
        file.truncate(len(head) + length + len(tail))
    program = (
        "import resource, sys\n"
        "from countermark.labels import aigc\n"
        "label = aigc.AigcLabel.produced('001191110102MACQD9K64010000', '1')\n"
        "aigc.write(sys.argv[1], sys.argv[2], label)\n"
        "assert aigc.read(sys.argv[2]).label == label\n"
        # Not ru_maxrss, which begins with that of the process that started this one.
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path, out], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 150_000  # KiB, most of them the interpreter and its libraries
    assert out.stat().st_size >= length
