"""What holds for the label in every kind of sound, film and document."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from countermark.errors import LabelNotWritten, MissingExtra
from countermark.labels import aigc
from countermark.labels.aigc.carriers import CARRIERS

OF_LIBRARIES = {
    "lxml": ("text.docx",),
    "mutagen": ("sound.mp3", "sound.flac", "opus.ogg"),
    "pikepdf": ("plain.pdf",),
    "yaml": ("text.md",),
}


def test_label_is_written_once_and_read_back(
    labelled: Callable[[str], Any], name: str, label: aigc.AigcLabel
) -> None:
    before, after = labelled(name)
    assert aigc.read(before).verdict is aigc.Verdict.NOT_FOUND
    reading = aigc.read(after)
    assert (reading.verdict, reading.label) == (aigc.Verdict.COMPLIANT, label)
    if not name.endswith(".md"):  # which holds a mapping
        assert reading.found[0].carried.text == label.to_json()


def test_written_again_it_takes_the_place_of_the_former(
    labelled: Callable[[str], Any],
    name: str,
    label: aigc.AigcLabel,
    other: aigc.AigcLabel,
    tmp_path: Path,
) -> None:
    _, after = labelled(name)
    again = tmp_path / name
    aigc.write(after, again, label)
    if not name.endswith(".pdf"):  # which has an identifier for each version
        assert again.read_bytes() == after.read_bytes()
    aigc.write(again, again, other)
    assert [found.label for found in aigc.read(again).found] == [other]
    assert label.produce_id.encode() + b'"' not in again.read_bytes()


def test_streams_are_written_as_files_are(
    labelled: Callable[[str], Any], name: str, label: aigc.AigcLabel
) -> None:
    before, after = labelled(name)
    if name.endswith((".md", ".html", ".pdf")):
        return
    out = io.BytesIO()
    aigc.write(io.BytesIO(before.read_bytes()), out, label)
    assert out.getvalue() == after.read_bytes()


def test_packets_and_their_times_are_the_same(
    labelled: Callable[[str], Any], media_name: str, readers: Any
) -> None:
    before, after = labelled(media_name)
    assert readers.packets(after) == readers.packets(before) != []


def test_readers_of_others_seek_to_the_same_frames(
    labelled: Callable[[str], Any], media_name: str, readers: Any
) -> None:
    before, after = labelled(media_name)
    if media_name.startswith("live"):  # it has no index
        return
    whole = readers.frames(after)
    later = readers.frames(after, 1.0)
    assert whole == readers.frames(before)
    assert later == readers.frames(before, 1.0)
    assert 0 < len(later) < len(whole) or media_name.endswith(".ogg")  # of a single page


def test_pyav_finds_it_and_what_was_there(
    labelled: Callable[[str], Any], media_name: str, readers: Any, label: aigc.AigcLabel
) -> None:
    before, after = labelled(media_name)
    former, found = readers.tags(before), readers.tags(after)
    if not media_name.endswith(".wav"):  # of which it skips what it does not know
        assert found.pop("AIGC") == label.to_json()
    if media_name == "index.flv":  # an offset
        growth = after.stat().st_size - before.stat().st_size
        last = int(former["lastkeyframelocation"]) + growth
        assert int(found.pop("lastkeyframelocation")) == last
        del former["lastkeyframelocation"]
    assert found == former


@pytest.mark.parametrize(
    "probed",
    [
        *("first.mp4", "first.mov", "sound.m4a", "film.mkv", "film.webm", "film.flv", "film.avi"),
        *("sound.mp3", "sound.flac", "vorbis.ogg", "opus.ogg"),
    ],
)
def test_ffprobe_finds_it(
    labelled: Callable[[str], Any], probed: str, readers: Any, label: aigc.AigcLabel
) -> None:
    assert readers.probed(labelled(probed).after)["AIGC"] == label.to_json()


def test_mediainfo_finds_it(
    by_mediainfo: dict[str, dict[str, Any]], tagged_name: str, label: aigc.AigcLabel
) -> None:
    assert by_mediainfo[tagged_name]["AIGC"] == label.to_json()


def test_exiftool_finds_it(
    by_exiftool: dict[str, dict[str, Any]], exif_name: str, label: aigc.AigcLabel
) -> None:
    found = by_exiftool[exif_name]
    if exif_name.endswith(".mp3"):
        assert found["UserDefinedText"] == f"(AIGC) {label.to_json()}"
    else:
        key = next(key for key in ("AIGC", "Aigc") if key in found)
        assert found[key] == label.to_json()


def test_silent_loss_is_an_error(
    folder: Path,
    name: str,
    label: aigc.AigcLabel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def copied(file: BinaryIO, out: BinaryIO, label: aigc.AigcLabel) -> None:
        shutil.copyfileobj(file, out)

    for media_type, carrier in list(CARRIERS.items()):
        monkeypatch.setitem(CARRIERS, media_type, carrier._replace(put=copied))
    with pytest.raises(LabelNotWritten):
        aigc.write(folder / name, tmp_path / name, label)
    assert list(tmp_path.iterdir()) == []


def test_read_only_file_is_read_and_copied(
    folder: Path, name: str, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    source = tmp_path / f"former-{name}"
    shutil.copyfile(folder / name, source)
    source.chmod(0o444)
    aigc.write(source, tmp_path / name, label)
    assert aigc.read(tmp_path / name).label == label
    assert source.read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("package", OF_LIBRARIES)
def test_absent_extra_says_what_to_install(
    package: str,
    folder: Path,
    label: aigc.AigcLabel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    for name in OF_LIBRARIES[package]:
        with pytest.raises(MissingExtra, match=r"countermark\[labels\]"):
            aigc.read(folder / name)
        with pytest.raises(MissingExtra, match=r"countermark\[labels\]"):
            aigc.write(folder / name, tmp_path / name, label)
    assert list(tmp_path.iterdir()) == []
