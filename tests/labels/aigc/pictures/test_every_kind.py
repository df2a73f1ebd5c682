"""The label goes into every kind of picture, once, and the picture stays as it was."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from countermark.containers import StreamContent, boxes, chunks, jpeg_segments, png_chunks
from countermark.errors import CountermarkError, LabelNotWritten
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Verdict
from countermark.record import DigitalSource, Record, System

from .conftest import NAMES

RECORD = Record(
    source=DigitalSource.AI_GENERATED, system=System(name='Example & "Model" 图', version="3.1")
)
SHOWN = [name for name in NAMES if not name.endswith((".jxl", ".svg"))]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(content: bytes) -> aigc.Reading:
    return aigc.read(io.BytesIO(content))


def test_label_is_read_back(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    assert read(sample(name)).verdict is Verdict.NOT_FOUND
    reading = read(written(sample(name), label))
    assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, label)
    assert reading.found[0].carried.text == label.to_json()


def test_writing_again_changes_nothing(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    once = written(sample(name), label)
    assert written(once, label) == once


def test_another_label_takes_the_place(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    once = written(sample(name), label)
    for produce_id in ("picture-8", "n" * 5000, "1"):
        other = AigcLabel.produced(label.producer, produce_id)
        once = written(once, other)
        reading = read(once)
        assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, other)
        assert b"picture-7" not in once


@pytest.mark.parametrize("name", SHOWN)
def test_every_frame_is_decoded_as_before(
    name: str,
    sample: Callable[[str], bytes],
    written: Callable[..., bytes],
    label: AigcLabel,
    shown: Callable[[bytes], list[Any]],
) -> None:
    before = sample(name)
    long = AigcLabel.produced(label.producer, "n" * 5000)
    expected = shown(before)
    assert shown(written(before, label, RECORD)) == expected
    assert shown(written(written(before, label), long)) == expected


# Pillow reads no XMP of GIF files, and libavif reads that of sequences in their tracks only.
@pytest.mark.parametrize(
    "name", [n for n in SHOWN if not n.endswith(".gif") and n != "sequence.avif"]
)
def test_pillow_finds_the_xmp(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    content = written(sample(name), label)
    with Image.open(io.BytesIO(content)) as picture:
        packet = picture.info["xmp"]
    assert label.to_json().encode() in packet


def _parts(name: str, content: bytes) -> Iterator[bytes]:
    """What a file is made of, without lengths and the like that depend on all of it."""
    asset = StreamContent(io.BytesIO(content))
    if name.endswith(".jpg"):
        last = 2
        for _, at, last in jpeg_segments(asset):
            yield content[at:last]
        yield content[last:]
    elif name.endswith(".png"):
        yield from (content[at:end] for _, (at, end) in png_chunks(asset))
    elif name.endswith(".webp"):
        yield from (content[at:end] for kind, (at, end) in chunks(asset) if kind != b"VP8X")
    elif name.endswith(".jxl"):
        yield from (content[at:end] for _, (at, _, end) in boxes(asset))


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n.endswith((".jpg", ".png", ".webp", ".jxl"))]
)
def test_every_other_part_stays_byte_for_byte(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    before, after = (
        list(_parts(name, sample(name))),
        list(_parts(name, written(sample(name), label))),
    )
    if name == "multi-picture.jpg":  # its index leads to where the pictures are now
        index = next(at for at, part in enumerate(before) if part[4:8] == b"MPF\0")
        del before[index], after[index + 1]
    (new,) = [part for part in after if part not in before]
    assert b"TC260" in new
    after.remove(new)
    assert after == before


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith(".tiff")])
def test_tiff_only_grows(
    name: str, sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    before, after = sample(name), written(sample(name), label)
    pointer = slice(8, 16) if name == "big.tiff" else slice(4, 8)
    changed = bytearray(after[: len(before)])
    changed[pointer] = before[pointer]
    assert changed == before


def test_gif_only_gains_an_extension(
    sample: Callable[[str], bytes], written: Callable[..., bytes], label: AigcLabel
) -> None:
    for name in ("picture.gif", "animated.gif", "old.gif"):
        before, after = sample(name), written(sample(name), label)
        growth = len(after) - len(before)
        start = after.index(b"\x21\xff\x0bXMP DataXMP")
        assert after[6:start] + after[start + growth :] == before[6:]
        assert after[:6] == b"GIF89a"


# What other programs find.


@pytest.fixture(scope="module")
def found_by_exiftool(
    tmp_path_factory: pytest.TempPathFactory,
    sample: Callable[[str], bytes],
    written: Callable[..., bytes],
    label: AigcLabel,
) -> dict[str, dict[str, Any]]:
    """What ExifTool says of each file, by name, and by name with .before of the one before."""
    folder = tmp_path_factory.mktemp("exiftool")
    for name in NAMES:
        (folder / name).write_bytes(written(sample(name), label, RECORD))
        (folder / f"before-{name}").write_bytes(sample(name))
    command = [
        "exiftool",
        "-json",
        "-G1",
        "-a",
        "-validate",
        "-warning",
        "-error",
        "-xmp:all",
        "-n",
    ]
    done = subprocess.run([*command, folder], capture_output=True, check=False)
    said = json.loads(done.stdout)
    return {Path(one["SourceFile"]).name: one for one in said}


def test_exiftool_finds_the_value(
    name: str, found_by_exiftool: dict[str, dict[str, Any]], label: AigcLabel
) -> None:
    said = found_by_exiftool[name]
    tag = "SvgMetadataAigc" if name.endswith(".svg") else "Aigc"
    value = said[f"XMP-TC260:{tag}"]
    assert value == label.to_json() or json.dumps(value, separators=(",", ":")) == label.to_json()


def test_exiftool_finds_the_statements_of_iptc(
    name: str, found_by_exiftool: dict[str, dict[str, Any]]
) -> None:
    prefix = "XMP-iptcExt:" + ("SvgMetadata" if name.endswith(".svg") else "")
    said = found_by_exiftool[name]
    assert said[f"{prefix}DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert said[f"{prefix}AISystemUsed"] == 'Example & "Model" 图'
    assert str(said[f"{prefix}AISystemVersionUsed"]) == "3.1"


def test_exiftool_has_no_new_complaint(
    name: str, found_by_exiftool: dict[str, dict[str, Any]]
) -> None:
    def complaints(said: dict[str, Any]) -> set[str]:
        texts = {str(value) for key, value in said.items() if "Warning" in key or "Error" in key}
        # The guide's type of the value, which XMP allows too, and ExifTool does not expect.
        return texts - {"Non-standard format (undef) for IFD0 0x02bc ApplicationNotes"}

    if not name.endswith(".svg"):  # of which ExifTool finds every property improper
        before = found_by_exiftool[f"before-{name}"]
        assert complaints(found_by_exiftool[name]) <= complaints(before)


@pytest.mark.parametrize("name", ["picture.jpg", "picture.png", "picture.tiff", "picture.heic"])
def test_value_stands_in_the_file_byte_for_byte(
    name: str,
    sample: Callable[[str], bytes],
    written: Callable[..., bytes],
    label: AigcLabel,
    put_down: Callable[[str, bytes], Path],
) -> None:
    path = put_down(name, written(sample(name), label))
    done = subprocess.run(["exiftool", "-xmp", "-b", path], capture_output=True, check=True)
    assert done.stdout.count(f"<TC260:AIGC>{label.to_json()}</TC260:AIGC>".encode()) == 1


# Fault injection, and files made by chance.


def test_silent_loss_is_an_error(
    name: str,
    sample: Callable[[str], bytes],
    label: AigcLabel,
    put_down: Callable[[str, bytes], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = put_down(name, sample(name))
    out = source.with_name(f"out-{name}")
    # The file is written as if the edits had been lost.
    monkeypatch.setattr(
        "countermark.containers.Edits.write", lambda self, out: out.write(sample(name))
    )
    with pytest.raises(LabelNotWritten, match="read back"):
        aigc.write(source, out, label)
    assert not out.exists()
    assert source.read_bytes() == sample(name)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_judged_or_refused(
    name: str,
    data: st.DataObject,
    sample: Callable[[str], bytes],
    written: Callable[..., bytes],
    label: AigcLabel,
) -> None:
    content = written(sample(name), label)
    cut = data.draw(st.integers(0, len(content)))
    damaged = bytearray(content[:cut] if data.draw(st.booleans()) else content)
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            at = data.draw(st.integers(0, len(damaged) - 1))
            damaged[at] = data.draw(st.integers(0, 255))
    try:
        reading = read(bytes(damaged))
        again = written(bytes(damaged), label)
    except CountermarkError:
        return
    assert reading.verdict in Verdict
    assert read(again).label == label


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_cut_file_is_never_said_to_hold_nothing(
    name: str, keep: float, sample: Callable[[str], bytes]
) -> None:
    content = sample(name)
    cut = content[: int(len(content) * keep)]
    try:
        verdict = read(cut).verdict
    except CountermarkError:
        return
    if verdict is Verdict.NOT_FOUND:  # only where all that may hold a label is before the cut
        assert name.endswith((".jpg", ".tiff", ".avif", ".heic", ".heif"))
