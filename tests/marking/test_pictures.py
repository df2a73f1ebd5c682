"""Marking: what the file keeps, and that nothing is lost when something fails."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import image, keys, mark, verify
from countermark.credentials import Trust, read
from countermark.marking import is_marked
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict

RECORD = Record(source=DigitalSource.CAPTURED, title="A photograph")
Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif", "TIFF": ".tif"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"countermark-home"}


def entries(home: keys.Home) -> int:
    with Registry.open(home.registry_path) as registry:
        return len(registry.find_similar([bytes(32)], max_distance=256))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_comes_out_as_it_came_in(
    form: str, photograph: Photograph, as_file: AsFile, tmp_path: Path, home: keys.Home
) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Ada Example"
    icc = b"\0\0\2\x0c" + bytes(520)
    source = tmp_path / f"in{FORMATS[form]}"
    source.write_bytes(
        as_file(photograph(long_edge=640), form, exif=exif.tobytes(), icc_profile=icc)
    )
    destination = tmp_path / f"out{FORMATS[form]}"
    marked = mark(source, destination, record=RECORD, signer=home.signer())
    before, after = image.read(source), image.read(destination)
    assert marked.destination == destination
    assert (after.format, after.pixels.shape) == (before.format, before.pixels.shape)
    assert (after.icc_profile, after.orientation) == (before.icc_profile, before.orientation)
    with Image.open(destination) as opened:
        assert opened.getexif()[0x013B] == "Ada Example"
    assert verify(destination).verdict is Verdict.INTACT


@pytest.mark.parametrize(
    "orientation", [1, 4, 6, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 5, 7, 8))]
)
def test_orientation_is_kept_and_copies_of_either_kind_are_recovered(
    orientation: int, photograph: Photograph, as_file: AsFile, tmp_path: Path, home: keys.Home
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    source, destination = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes(as_file(photograph("astronaut", 640).crop((0, 0, 640, 480)), exif=exif))
    mark(source, destination, record=RECORD, signer=home.signer())
    after = image.read(destination)
    assert after.orientation == orientation
    assert verify(destination).verdict is Verdict.INTACT
    as_stored = Image.fromarray(after.pixels)
    as_shown = Image.fromarray(np.ascontiguousarray(image.upright(after.pixels, orientation)))
    for copy in (as_stored, as_shown):
        report = verify(io.BytesIO(as_file(copy, quality=75)))
        assert report.verdict is Verdict.RECOVERED, report


@pytest.mark.parametrize("kind", ["gray", "gray 16", "alpha"])
def test_kinds_of_pixels_are_kept(
    kind: str, photograph: Photograph, as_file: AsFile, tmp_path: Path, home: keys.Home
) -> None:
    pixels = np.asarray(photograph(long_edge=640).convert("L"))
    if kind == "gray 16":
        picture = Image.fromarray(pixels.astype(np.uint16) * 257)
    elif kind == "alpha":
        picture = photograph(long_edge=640)
        picture.putalpha(Image.fromarray(pixels))
    else:
        picture = Image.fromarray(pixels)
    source, destination = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(as_file(picture, "PNG"))
    mark(source, destination, record=RECORD, signer=home.signer())
    before, after = image.read(source).pixels, image.read(destination).pixels
    assert (after.dtype, after.shape) == (before.dtype, before.shape)
    if kind == "alpha":
        assert np.array_equal(after[..., 3], before[..., 3])
    assert verify(destination).verdict is Verdict.INTACT


def test_marking_in_place(photo: Path, home: keys.Home) -> None:
    before = photo.read_bytes()
    mark(photo, photo, record=RECORD, signer=home.signer())
    assert photo.read_bytes() != before
    assert verify(photo).verdict is Verdict.INTACT
    assert names(photo.parent) == {"photo.jpg"}


def test_streams_in_and_out(photo: Path, home: keys.Home) -> None:
    out = io.BytesIO(b"header")
    out.seek(6)
    marked = mark(io.BytesIO(photo.read_bytes()), out, record=RECORD, signer=home.signer())
    assert marked.destination is None
    assert out.getvalue()[:6] == b"header"
    assert verify(io.BytesIO(out.getvalue()[6:])).verdict is Verdict.INTACT


def test_edited_picture_names_its_source(photo: Path, home: keys.Home, tmp_path: Path) -> None:
    for source, first in (
        (DigitalSource.CAPTURED, "c2pa.created"),
        (DigitalSource.AI_EDITED, "c2pa.opened"),
    ):
        record = Record(source=source)
        mark(photo, tmp_path / "out.jpg", record=record, signer=home.signer())
        with (tmp_path / "out.jpg").open("rb") as file:
            found = read(file, "image/jpeg", trust=Trust.nobody())
        assert found is not None
        assert found.actions[0] == first
        assert verify(tmp_path / "out.jpg").record.source is source


def test_marking_again_opens_the_earlier_manifest(photo: Path, home: keys.Home) -> None:
    mark(photo, photo, record=RECORD, signer=home.signer())
    mark(photo, photo, record=RECORD, signer=home.signer())
    with photo.open("rb") as file:
        found = read(file, "image/jpeg", trust=Trust.nobody())
    assert found is not None
    assert found.actions[0] == "c2pa.opened"
    assert verify(photo).verdict is Verdict.INTACT
    assert entries(home) == 2


def test_created_is_the_time_of_marking_unless_stated(photo: Path, home: keys.Home) -> None:
    mark(photo, photo, record=RECORD, signer=home.signer())
    assert verify(photo).record.created is not None


def test_new_file_is_no_more_public_than_its_source(photo: Path, home: keys.Home) -> None:
    photo.chmod(0o600)
    destination = photo.with_name("out.jpg")
    mark(photo, destination, record=RECORD, signer=home.signer())
    assert stat.S_IMODE(destination.stat().st_mode) == 0o600
    destination.chmod(0o640)
    mark(photo, destination, record=RECORD, signer=home.signer())
    assert stat.S_IMODE(destination.stat().st_mode) == 0o640


def test_link_at_the_destination_stays_a_link(photo: Path, home: keys.Home) -> None:
    real, link = photo.with_name("real.jpg"), photo.with_name("link.jpg")
    real.write_bytes(b"old")
    link.symlink_to(real)
    mark(photo, link, record=RECORD, signer=home.signer())
    assert link.is_symlink()
    assert verify(real).verdict is Verdict.INTACT


def test_is_marked_tells_what_is_done(photo: Path, home: keys.Home, tmp_path: Path) -> None:
    destination = tmp_path / "out.jpg"
    with Registry.open(home.registry_path) as registry:
        assert not is_marked(destination, registry)
        assert not is_marked(photo, registry)
        mark(photo, destination, record=RECORD, signer=home.signer(), registry=registry)
        assert is_marked(destination, registry)
        with Registry.open(tmp_path / "another registry") as another:
            assert not is_marked(destination, another)
        destination.write_bytes(destination.read_bytes() + b"x")
        assert not is_marked(destination, registry)
