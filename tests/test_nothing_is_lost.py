"""Marking that fails, is killed or runs out of space leaves everything as it was."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import errors, keys, mark, verify
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry
from countermark.report import Verdict

RECORD = Record(source=DigitalSource.CAPTURED, title="A photograph")
AsFile = Callable[..., bytes]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"countermark-home"}


def entries(home: keys.Home) -> int:
    with Registry.open(home.registry_path) as registry:
        return len(registry.find_similar([bytes(32)], max_distance=256))


class BrokenSigner:
    """Its chain is good, its token is gone."""

    algorithm = "es256"

    def __init__(self, home: keys.Home) -> None:
        self.certificate_chain = home.signer().certificate_chain

    def sign(self, data: bytes) -> bytes:
        raise RuntimeError("token removed")


class ForgetfulRegistry(Registry):
    """Whatever is added is lost at the very end."""

    @contextmanager
    def adding(self, entry: Entry) -> Iterator[None]:
        yield
        raise errors.UnreadableRegistry("The disk broke.", remedy="Buy another one.")


def expect_nothing_happened(
    photo: Path, home: keys.Home, error: type[Exception], act: Callable[[Path], object]
) -> None:
    """With no file at the destination, with another one there, and in place."""
    content = photo.read_bytes()
    absent, present = photo.with_name("absent.jpg"), photo.with_name("present.jpg")
    present.write_bytes(b"former")
    for destination in (absent, present, photo):
        with pytest.raises(error) as caught:
            act(destination)
        assert str(caught.value).count("\n") == 0
    assert photo.read_bytes() == content
    assert present.read_bytes() == b"former"
    assert names(photo.parent) == {"photo.jpg", "present.jpg"}
    assert entries(home) == 0


def test_failing_signer_changes_nothing(photo: Path, home: keys.Home) -> None:
    def act(destination: Path) -> None:
        mark(photo, destination, record=RECORD, signer=BrokenSigner(home))

    expect_nothing_happened(photo, home, errors.SigningFailed, act)


def test_failing_registry_brings_the_former_file_back(photo: Path, home: keys.Home) -> None:
    def act(destination: Path) -> None:
        with ForgetfulRegistry.open(home.registry_path) as registry:
            mark(photo, destination, record=RECORD, signer=home.signer(), registry=registry)

    expect_nothing_happened(photo, home, errors.UnreadableRegistry, act)


def test_failing_registry_cuts_the_stream_off_again(photo: Path, home: keys.Home) -> None:
    out = io.BytesIO(b"header")
    out.seek(6)
    registry = ForgetfulRegistry.open(home.registry_path)
    with pytest.raises(errors.UnreadableRegistry):
        mark(photo, out, record=RECORD, signer=home.signer(), registry=registry)
    assert out.getvalue() == b"header"


def test_taken_payload_changes_nothing(
    photo: Path, home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "new_payload", lambda self: 7)
    mark(photo, io.BytesIO(), record=RECORD, signer=home.signer())
    with pytest.raises(errors.PayloadTaken):
        mark(photo, photo.with_name("out.jpg"), record=RECORD, signer=home.signer())
    assert names(photo.parent) == {"photo.jpg"}
    assert entries(home) == 1


def test_folder_that_refuses_changes_nothing(photo: Path, home: keys.Home) -> None:
    if os.name == "posix" and os.geteuid() == 0:
        folder = Path("/proc")  # refuses the superuser too
    else:
        folder = photo.with_name("read only")
        folder.mkdir(mode=0o500)
    with pytest.raises(errors.DestinationNotWritable):
        mark(photo, folder / "out.jpg", record=RECORD, signer=home.signer())
    assert entries(home) == 0


def test_missing_folder_and_odd_destinations(photo: Path, home: keys.Home) -> None:
    odd = [photo.parent / "nowhere" / "out.jpg", photo.parent, "out\0.jpg", "x" * 5000]
    if os.name == "posix":
        odd.append("/dev/null")
    for destination in odd:
        with pytest.raises(errors.DestinationNotWritable):
            mark(photo, destination, record=RECORD, signer=home.signer())
    assert entries(home) == 0


def test_closed_and_reading_streams_are_refused(photo: Path, home: keys.Home) -> None:
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(errors.SourceNotFound):
        mark(closed, io.BytesIO(), record=RECORD, signer=home.signer())
    with pytest.raises(errors.DestinationNotWritable):
        mark(photo, closed, record=RECORD, signer=home.signer())
    with photo.open("rb") as reading, pytest.raises(errors.DestinationNotWritable):
        mark(photo, reading, record=RECORD, signer=home.signer())
    with pytest.raises(errors.InvalidArgument):
        mark(7, io.BytesIO(), record=RECORD, signer=home.signer())
    with pytest.raises(errors.InvalidArgument):
        mark(io.StringIO("text"), io.BytesIO(), record=RECORD, signer=home.signer())
    assert entries(home) == 0


def test_suffix_of_another_format_is_refused(photo: Path, home: keys.Home) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"Name it \.jpg"):
        mark(photo, photo.with_name("out.png"), record=RECORD, signer=home.signer())


def test_missing_source_and_missing_home(photo: Path, home: keys.Home, monkeypatch) -> None:
    signer = home.signer()
    with pytest.raises(errors.SourceNotFound):
        mark(photo.with_name("no.jpg"), photo, record=RECORD, signer=signer)
    monkeypatch.setenv("COUNTERMARK_HOME", str(photo.with_name("no home")))
    with pytest.raises(errors.HomeMissing):
        mark(photo, photo, record=RECORD, signer=signer)


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (Image.new("RGB", (127, 500)), errors.ImageTooSmall),
        (Image.new("CMYK", (300, 300)), errors.UnsupportedImage),
    ],
    ids=["too small", "CMYK"],
)
def test_pictures_that_cannot_be_marked(
    picture: Image.Image, error: type[Exception], as_file: AsFile, home: keys.Home
) -> None:
    out = io.BytesIO()
    with pytest.raises(error):
        mark(io.BytesIO(as_file(picture)), out, record=RECORD, signer=home.signer())
    assert out.getvalue() == b""
    assert entries(home) == 0


def test_mark_that_cannot_be_read_is_not_signed(
    photo: Path, home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countermark.watermark.detect", lambda *a, **k: None)

    def act(destination: Path) -> None:
        mark(photo, destination, record=RECORD, signer=home.signer())

    expect_nothing_happened(photo, home, errors.MarkNotReadable, act)


# ---- killed and out of space, in processes of their own ----

SCRIPT = """
    import os, resource, signal, sys
    from pathlib import Path
    from countermark import files, keys, mark
    from countermark.record import DigitalSource, Record
    from countermark.registry import Registry

    def die_in(owner, name):
        getattr(owner, name)  # it still exists under this name
        setattr(owner, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))

    source, destination, point = sys.argv[1:]
    if point == "writing":
        die_in(os, "fsync")
    elif point == "replacing":
        die_in(Path, "replace")
    elif point == "replaced":
        die_in(files, "sync_folder")
    elif point == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
    mark(source, destination, record=Record(source=DigitalSource.CAPTURED),
         signer=keys.open_home().signer())
"""


@pytest.fixture
def run_script(warm: Path, photo: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run_script(destination: Path, point: str) -> subprocess.CompletedProcess[str]:
        command = [warm / "python", "-c", textwrap.dedent(SCRIPT), photo, destination, point]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run_script


@pytest.mark.parametrize("point", ["writing", "replacing", "replaced"])
@pytest.mark.parametrize("former", [True, False])
def test_killed_process_leaves_a_whole_file(
    photo: Path, home: keys.Home, run_script: Callable[..., Any], point: str, former: bool
) -> None:
    content = photo.read_bytes()
    destination = photo if former else photo.with_name("out.jpg")
    assert run_script(destination, point).returncode == -signal.SIGKILL
    if point == "replaced":
        assert verify(destination).verdict is Verdict.INTACT
    elif former:
        assert destination.read_bytes() == content
    else:
        assert not destination.exists()
    assert entries(home) == 0
    mark(photo, destination, record=RECORD, signer=home.signer())
    assert entries(home) == 1


def test_full_disk_changes_nothing(
    photo: Path, home: keys.Home, run_script: Callable[..., Any]
) -> None:
    content = photo.read_bytes()
    for destination in (photo, photo.with_name("out.jpg")):
        result = run_script(destination, "full")
        assert "DestinationNotWritable" in result.stderr, result.stderr
    assert photo.read_bytes() == content
    assert names(photo.parent) == {"photo.jpg"}
    assert entries(home) == 0
