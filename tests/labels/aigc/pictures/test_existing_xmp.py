"""XMP of others in the file: everything in it stays, before the label and after."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from countermark import credentials, keys
from countermark.containers import StreamContent, items
from countermark.containers.items import Extent, Location
from countermark.errors import LabelNotWritten
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel
from countermark.labels.xmp import PLACES, Property
from countermark.labels.xmp.packet import merged
from countermark.record import DigitalSource, Record
from countermark.report import Verdict
from countermark.verifying import verify

from .conftest import NAMES, _exif, _frames, _heif, _picture, _sample

NOT_EDITED = (".svg", "big.tiff")  # which ExifTool 12 does not write
EDITED = [name for name in NAMES if not name.endswith(NOT_EDITED)]
NOTES = merged(None, [Property("urn:x", "x", "Note", "y" * 900)])


def exiftool(*arguments: object) -> list[dict[str, Any]]:
    command = ["exiftool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return list(json.loads(done.stdout)) if "-json" in arguments else []


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, label: AigcLabel) -> dict[str, Any]:
    """What ExifTool says of files that it put a title into, then we a label, then it a headline."""
    folder = tmp_path_factory.mktemp("edited")
    for name in EDITED:
        (folder / name).write_bytes(_sample(name))
    exiftool("-overwrite_original", "-XMP-dc:Title=Täglich & <neu>", folder)
    for path in folder.iterdir():
        aigc.write(path, path, label)
    exiftool("-overwrite_original", "-XMP-photoshop:Headline=Later", folder)
    said = exiftool("-json", "-G1", "-a", "-xmp:all", folder)
    found: dict[str, Any] = {Path(one["SourceFile"]).name: one for one in said}
    shutil.copytree(folder, folder / "kept")
    return {**found, "folder": folder}


@pytest.mark.parametrize("name", EDITED)
def test_foreign_editor_and_label_live_side_by_side(
    name: str, edited: dict[str, Any], label: AigcLabel, shown: Callable[[bytes], Sequence[Any]]
) -> None:
    said = edited[name]
    assert said["XMP-dc:Title"] == "Täglich & <neu>"
    assert said["XMP-photoshop:Headline"] == "Later"
    assert json.loads(str(said["XMP-TC260:Aigc"]).replace("'", '"')) == label.members()
    content = (edited["folder"] / name).read_bytes()
    assert aigc.read(io.BytesIO(content)).label == label
    if not name.endswith(".jxl"):
        assert shown(content) == shown(_sample(name))


WITH_XMP: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": lambda xmp: _picture("JPEG", xmp=xmp),
    "image/webp": lambda xmp: _picture("WEBP", xmp=xmp),
    "image/avif": lambda xmp: _picture("AVIF", xmp=xmp),
    "image/heic": lambda xmp: _heif(b"heic", xmp=xmp),
    "image/tiff": lambda xmp: _picture("TIFF", tiffinfo={700: xmp}),
}


@pytest.mark.parametrize("media_type", WITH_XMP)
@pytest.mark.parametrize("bare", [False, True])
def test_packet_only_gains_the_label(
    media_type: str, bare: bool, written: Callable[..., bytes], label: AigcLabel
) -> None:
    xmp = NOTES[NOTES.index(b"<x:xmpmeta") : NOTES.index(b"</x:xmpmeta>") + 12] if bare else NOTES
    after = written(WITH_XMP[media_type](xmp), label)
    (packet,) = PLACES[media_type].find(StreamContent(io.BytesIO(after)))
    at = xmp.index(b"</rdf:RDF>")
    assert packet.content.startswith(xmp[:at])
    tail = xmp[at:].partition(b"<?xpacket end=")[0].rstrip()
    assert tail in packet.content
    assert written(after, label) == after


def heif_with(method: int, base: int) -> bytes:
    """A HEIC file whose XMP lies in the box idat, or whose offsets count from a base."""
    content = _heif(b"heic", xmp=NOTES)
    (found,) = items.metas(StreamContent(io.BytesIO(content)))
    xmp = next(one.number for one in found.items if one.kind == b"mime")
    idat = items.box(b"idat", NOTES) if method else b""
    former = found.children[b"iloc"]
    growth = 0
    for _ in range(2):  # the second time, the length is known
        parts = [struct.pack(">BxxxBBH", 1, 0x44, 0x40, len(found.locations))]
        for one in found.locations.values():
            own = method and one.item == xmp
            (extent,) = one.extents
            offset = 0 if own else extent.offset + growth - base
            length = len(NOTES) if own else extent.length
            start = 0 if own else base
            how = method if own else 0
            parts.append(struct.pack(">HHHIHII", one.item, how, 0, start, 1, offset, length))
        iloc = items.box(b"iloc", b"".join(parts))
        growth = len(iloc) - (former[2] - former[0]) + len(idat)
    meta = content[found.start : former[0]] + iloc + content[former[2] : found.end] + idat
    return content[: found.at] + items.box(b"meta", meta) + content[found.end :]


@pytest.mark.parametrize(("method", "base"), [(0, 0), (0, 100), (1, 0), (1, 100)])
def test_heif_with_other_ways_to_say_where(
    method: int,
    base: int,
    written: Callable[..., bytes],
    label: AigcLabel,
    shown: Callable[[bytes], Sequence[Any]],
) -> None:
    before = heif_with(method, base)
    assert shown(before) == shown(_sample("picture.heic"))
    after = written(before, label)
    assert aigc.read(io.BytesIO(after)).label == label
    assert shown(after) == shown(before)
    assert b"y" * 900 in after
    assert written(after, label) == after


@pytest.mark.parametrize("exif", [False, True])
def test_sequence_with_metadata_in_its_track(
    exif: bool,
    written: Callable[..., bytes],
    label: AigcLabel,
    shown: Callable[[bytes], Sequence[Any]],
) -> None:
    """Libavif writes it once, and leads to it twice: from the file, and from the track."""
    other = Property("http://www.tc260.org.cn/ns/AIGC/1.0/", "TC260", "AIGC", "{}")
    options = {"exif": _exif()} if exif else {}
    before = _frames("AVIF", xmp=merged(NOTES, [other]), **options)
    assert len(aigc.read(io.BytesIO(before)).found) == 1
    long = AigcLabel.produced(label.producer, "n" * 5000)
    for one in (label, long):  # which fits, and does not
        after = written(before, one)
        assert aigc.read(io.BytesIO(after)).label == one
        assert shown(after) == shown(before)
        assert written(after, one) == after
        with Image.open(io.BytesIO(after)) as picture:
            assert b"y" * 900 in picture.info["xmp"]
            assert one.to_json().encode() in picture.info["xmp"]  # of the track


def test_sequence_without_items_of_its_own_is_refused(
    written: Callable[..., bytes], label: AigcLabel
) -> None:
    before = _frames("AVIF", xmp=NOTES).replace(b"meta", b"free", 1)
    assert aigc.read(io.BytesIO(before)).verdict is aigc.Verdict.INCONCLUSIVE
    with pytest.raises(LabelNotWritten, match="no box meta of its own"):
        written(before, label)


LOCATIONS = st.dictionaries(
    st.integers(1, 1 << 20),
    st.tuples(
        st.integers(0, 2),
        st.lists(
            st.tuples(st.integers(0, 9), st.integers(0, 1 << 31), st.integers(0, 1 << 31)),
            max_size=3,
        ),
    ),
    max_size=5,
)


@given(LOCATIONS, st.sampled_from([1 << 20, 1 << 40]))
def test_locations_of_items_come_back(
    drawn: dict[int, tuple[int, list[tuple[int, int, int]]]], length: int
) -> None:
    locations = {
        item: Location(item, method, 0, tuple(Extent(*extent) for extent in extents))
        for item, (method, extents) in drawn.items()
    }
    sizes = items.sizes_for(list(locations.values()), length=length)
    box = items.packed(list(locations.values()), sizes)
    assert items.locations_in(box[8:]) == locations
    assert items.sizes_of(box[8:]) == sizes


@pytest.mark.parametrize("name", ["picture.jpg", "picture.heic", "picture.tiff"])
def test_label_first_then_the_signature(name: str, label: AigcLabel, tmp_path: Path) -> None:
    home = keys.create_home()
    path, signed = tmp_path / name, tmp_path / f"signed-{name}"
    path.write_bytes(_sample(name))
    aigc.write(path, path, label)
    credentials.sign_file(
        path,
        signed,
        credentials.media_type_of(path),
        record=Record(source=DigitalSource.AI_GENERATED),
        signer=home.signer(),
    )
    assert aigc.read(signed).label == label
    assert verify(signed).verdict is Verdict.INTACT
