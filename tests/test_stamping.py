"""The time stamps of a home folder: its servers, its queue, and what flushing comes to."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import keys, mark, stamping, verify
from countermark.credentials import Kind, active_label, read
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    ManifestChanged,
    SourceNotFound,
    TimestampFailed,
    TimeStampMissing,
    UnreadableQueue,
)
from countermark.marking import is_marked
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.registry.manifests import Manifests
from countermark.verifying.trusted import trust_store

RECORD = Record(source=DigitalSource.CAPTURED)


@pytest.fixture
def servers(home: keys.Home, time_server: Any, tmp_path: Path) -> keys.TimestampAuthority:
    """The home names the time server, and trusts its root for time stamps."""
    root = tmp_path / "time-root.pem"
    root.write_bytes(time_server.root)
    trust_store(home).add(root, Kind.TIMESTAMP)
    keys.set_timestamp_servers(home, [time_server.url])
    found = stamping.time_stamper(home)
    assert found is not None
    return found.authority


@pytest.fixture
def mark_offline(
    home: keys.Home, servers: keys.TimestampAuthority, time_server: Any, photo: Path
) -> Callable[..., Path]:
    """Marks a photograph while no server answers, and queues it."""

    def mark_offline(name: str = "marked.jpg") -> Path:
        path = photo.with_name(name)
        time_server.answers = False
        with pytest.warns(TimeStampMissing):
            done = mark(photo, path, record=RECORD, signer=home.signer(), time_stamper=servers)
        time_server.answers = True
        assert done.unstamped is not None
        stamping.settle(home, path, done.unstamped)
        return path

    return mark_offline


def flushed(home: keys.Home, servers: keys.TimestampAuthority) -> list[stamping.Flushed]:
    return list(stamping.flush(home, time_stamper=servers, signer=home.signer))


def test_no_server_is_asked_before_one_is_named(home: keys.Home, time_server: Any) -> None:
    assert keys.timestamp_servers(home) == ()
    assert stamping.time_stamper(home) is None
    assert time_server.asked == 0


def test_servers_are_kept_in_order_and_replaced(home: keys.Home) -> None:
    keys.set_timestamp_servers(home, ["http://a.example/", "https://b.example/tsa"])
    assert keys.timestamp_servers(home) == ("http://a.example/", "https://b.example/tsa")
    with pytest.raises(InvalidArgument, match="not the address"):
        keys.set_timestamp_servers(home, ["ftp://c.example/"])
    assert len(keys.timestamp_servers(home)) == 2
    keys.set_timestamp_servers(home, [])
    assert keys.timestamp_servers(home) == ()


def test_servers_stand_under_official_and_private_anchors(
    home: keys.Home, servers: keys.TimestampAuthority, time_server: Any
) -> None:
    assert time_server.root.strip() in servers.anchors
    assert servers.anchors.count(b"BEGIN CERTIFICATE") > 20


def test_picture_is_marked_with_the_time_and_the_report_says_so(
    home: keys.Home, servers: keys.TimestampAuthority, photo: Path
) -> None:
    done = mark(photo, photo, record=RECORD, signer=home.signer(), time_stamper=servers)
    assert done.unstamped is None
    report = verify(photo)
    (evidence,) = (item for item in report.evidence if item.kind == "manifest")
    shown = json.loads(report.to_json())["evidence"][0]
    assert (report.verdict.value, report.trust.value) == ("intact", "trusted")
    assert shown["time_stamped_by"] == "Clock, Example Ltd"
    assert shown["signed_at"] == evidence.signed_at.isoformat()  # type: ignore[union-attr]
    words = " ".join(str(report).split())
    assert f"signed by {evidence.signed_at:%Y-%m-%d}" in words  # type: ignore[union-attr]
    assert "Clock, Example Ltd proves that it was signed" in words


def test_queued_picture_is_stamped_and_stays_the_marked_one(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    time_server: Any,
    mark_offline: Callable[..., Path],
) -> None:
    path = mark_offline()
    (waiting,) = keys.list_queue(home)
    assert waiting.path == path
    time_server.asked = 0
    (done,) = flushed(home, servers)
    assert (done.file, done.error) == (waiting, None)
    assert time_server.asked == 2  # of the manifest, and of the update that holds the first
    assert keys.list_queue(home) == ()
    report = verify(path)
    assert (report.verdict.value, report.trust.value) == ("intact", "trusted")
    assert report.record is not None
    assert "by a time stamp that was added later" in " ".join(str(report).split())
    with Registry.open(home.registry_path) as registry:
        assert is_marked(path, registry)


def test_while_no_server_answers_files_wait_and_one_is_asked_once(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    time_server: Any,
    mark_offline: Callable[..., Path],
) -> None:
    paths = [mark_offline(f"{number}.jpg") for number in range(3)]
    contents = [path.read_bytes() for path in paths]
    time_server.answers, time_server.asked = False, 0
    found = flushed(home, servers)
    assert [type(done.error) for done in found] == [TimestampFailed] * 3
    assert time_server.asked == 1
    assert [path.read_bytes() for path in paths] == contents
    assert len(keys.list_queue(home)) == 3
    time_server.answers = True
    assert [done.error for done in flushed(home, servers)] == [None] * 3


def test_no_server_is_asked_for_a_minute_after_none_answered(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    time_server: Any,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = stamping.time_stamper(home)
    assert patient is not None
    time_server.answers = False
    for name in ("first.jpg", "second.jpg"):
        path = photo.with_name(name)
        with pytest.warns(TimeStampMissing, match="HTTP 503"):
            mark(photo, path, record=RECORD, signer=home.signer(), time_stamper=patient)
    assert time_server.asked == 1
    time_server.answers = True
    with pytest.raises(TimestampFailed):
        patient.stamp(b"message")
    later = time.monotonic() + 61
    monkeypatch.setattr(stamping.time, "monotonic", lambda: later)
    assert patient.stamp(b"message")


def test_lost_files_wait_with_a_reason_and_do_not_stop_others(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    mark_offline: Callable[..., Path],
    photo: Path,
) -> None:
    gone, other, good = (mark_offline(name) for name in ("gone.jpg", "other.jpg", "good.jpg"))
    gone.unlink()
    other.write_bytes(photo.read_bytes())
    found = {done.file.path.name: done.error for done in flushed(home, servers)}
    assert isinstance(found["gone.jpg"], SourceNotFound)
    assert isinstance(found["other.jpg"], ManifestChanged)
    assert found["good.jpg"] is None
    assert {file.path for file in keys.list_queue(home)} == {gone, other}
    assert verify(good).trust.value == "trusted"
    keys.unqueue_file(home, gone)
    keys.unqueue_file(home, gone)
    assert [file.path for file in keys.list_queue(home)] == [other]


def test_file_that_is_marked_anew_takes_the_place_of_its_entry(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    mark_offline: Callable[..., Path],
    photo: Path,
) -> None:
    path = mark_offline()
    (first,) = keys.list_queue(home)
    mark_offline()
    (second,) = keys.list_queue(home)
    assert first.manifest != second.manifest
    done = mark(photo, path, record=RECORD, signer=home.signer(), time_stamper=servers)
    stamping.settle(home, path, done.unstamped)
    assert keys.list_queue(home) == ()


def test_queue_is_for_its_owner_only(home: keys.Home, mark_offline: Callable[..., Path]) -> None:
    mark_offline()
    (entry,) = (home.folder / "unstamped").iterdir()
    assert entry.parent.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"path": "a", "manifest": 1}'])
def test_damaged_entry_is_said(home: keys.Home, content: bytes) -> None:
    folder = home.folder / "unstamped"
    folder.mkdir()
    (folder / "0123456789abcdef.json").write_bytes(content)
    with pytest.raises(UnreadableQueue, match="damaged"):
        keys.list_queue(home)


def test_queue_that_cannot_be_written_is_said(home: keys.Home, photo: Path) -> None:
    (home.folder / "unstamped").write_bytes(b"no folder")
    with pytest.raises(DestinationNotWritable):
        keys.queue_file(home, photo, manifest="urn:c2pa:1", signature=b"1")


@contextmanager
def failing(step: int) -> Iterator[list[str]]:
    """The disk breaks at the call of that number that writes or replaces something."""
    calls: list[str] = []

    def fused(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def fuse(*arguments: Any, **keywords: Any) -> Any:
            calls.append(name)
            if len(calls) == step:
                raise OSError(errno.EIO, "the disk broke")
            return call(*arguments, **keywords)

        return fuse

    class Breaking(io.BufferedRandom):
        def write(self, data: Any) -> int:
            calls.append("write")
            if len(calls) == step:
                raise OSError(errno.EIO, "the disk broke")
            return super().write(data)

    def opened(descriptor: int, mode: str) -> Any:
        assert mode == "w+b"
        return Breaking(io.FileIO(descriptor, "r+b"))

    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "replace", "link"):
            patch.setattr(os, name, fused(name))
        patch.setattr(os, "fdopen", opened)
        yield calls


@pytest.mark.parametrize("form", ["PNG", "WEBP"], ids=["update manifest", "in the header"])
def test_whatever_fails_the_file_is_whole_and_waits_or_is_stamped(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    time_server: Any,
    photograph: Callable[..., Image.Image],
    tmp_path: Path,
    form: str,
) -> None:
    path = tmp_path / "pictures" / f"picture.{form.lower()}"
    path.parent.mkdir()
    photograph(long_edge=256).save(path, form)
    time_server.answers = False
    with pytest.warns(TimeStampMissing):
        done = mark(path, path, record=RECORD, signer=home.signer(), time_stamper=servers)
    time_server.answers = True
    stamping.settle(home, path, done.unstamped)
    content = path.read_bytes()
    failures = 0
    for step in range(1, 200):
        with failing(step) as calls:
            (result,) = flushed(home, servers)
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
        if path.read_bytes() == content:
            assert isinstance(result.error, DestinationNotWritable), calls[step - 1]
            assert len(keys.list_queue(home)) == 1
            failures += 1
            continue
        assert verify(path).trust.value == "trusted"
        assert read(path, f"image/{form.lower()}", trust=trust_store(home).trust()).signed_at  # type: ignore[union-attr]
        if len(calls) < step:
            break
        path.write_bytes(content)
        stamping.settle(home, path, done.unstamped)
    assert failures >= 4
    assert keys.list_queue(home) == ()


def test_example_in_the_documentation(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    photo: Path,
    mark_offline: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (Path(__file__).parents[1] / "docs/keys.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (example,) = (block for block in examples if "stamping" in block)
    waiting = mark_offline("earlier.jpg")
    monkeypatch.chdir(photo.parent)
    exec(compile(example, "keys.md", "exec"), {})
    assert capsys.readouterr().out == f"{waiting} stamped\n"
    assert verify(photo.with_name("stamped.jpg")).trust.value == "trusted"


# ---- what the registry gets ----


def copy_without_metadata(path: Path) -> io.BytesIO:
    stream = io.BytesIO()
    Image.open(path).convert("RGB").save(stream, "JPEG", quality=90)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])  # an update manifest; the signature's header
def test_copy_without_metadata_leads_to_the_time_that_was_proven_later(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    time_server: Any,
    photo: Path,
    form: str,
) -> None:
    path = photo.with_suffix(f".{form.lower()}")
    Image.open(photo).save(path, form)
    time_server.answers = False
    with pytest.warns(TimeStampMissing):
        done = mark(path, path, record=RECORD, signer=home.signer(), time_stamper=servers)
    time_server.answers = True
    stamping.settle(home, path, done.unstamped)
    bare = copy_without_metadata(path)
    assert "Clock, Example Ltd" not in str(verify(bare))
    original = path.read_bytes()
    with Registry.open(home.registry_path) as registry:
        (first,) = registry.manifests.all_of(done.payload)
        size = registry.log.size
        assert [one.error for one in flushed(home, servers)] == [None]
        assert registry.manifests.all_of(done.payload)[0] == first
        _, later = registry.manifests.all_of(done.payload)
        label = active_label(later)
        assert registry.manifests.find(label) == later
        told = [json.loads(content) for content in registry.log.leaves(size)]
        assert told[-1]["kind"] == "manifest-added"
        assert told[-1]["manifest_sha256"] == hashlib.sha256(later).hexdigest()
        assert is_marked(path, registry)
        path.write_bytes(original)
        assert is_marked(path, registry)  # a copy from before is the marked picture, too
    bare.seek(0)
    report = verify(bare)
    assert (report.verdict.value, report.trust.value) == ("recovered", "trusted")
    (found,) = (item for item in json.loads(report.to_json())["evidence"] if item.get("sha256"))
    assert found["time_stamped_by"] == "Clock, Example Ltd"
    assert found["sha256"] == hashlib.sha256(later).hexdigest()


def test_attempt_that_was_cut_off_before_the_registry_is_finished_by_the_next(
    home: keys.Home,
    servers: keys.TimestampAuthority,
    mark_offline: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = mark_offline()
    with monkeypatch.context() as full:
        full.setattr(Manifests, "add", full_disk)
        (done,) = flushed(home, servers)
    assert isinstance(done.error, DestinationNotWritable)
    assert len(keys.list_queue(home)) == 1
    assert [one.error for one in flushed(home, servers)] == [None]
    with Registry.open(home.registry_path) as registry, path.open("rb") as file:
        manifest = read(file, "image/jpeg", trust=trust_store(home).trust())
        assert manifest is not None
        assert registry.manifests.find(manifest.label) == manifest.bytes


def full_disk(*_: object) -> None:
    raise DestinationNotWritable("The disk is full.", remedy="Make room.")
