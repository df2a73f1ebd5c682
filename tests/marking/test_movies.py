"""Movies with watermark, manifest and entry: what is stated, and that all is there or nothing."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from countermark import credentials, keys, mark, verify
from countermark.credentials import (
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    SoftBinding,
    Trust,
)
from countermark.errors import InvalidArgument, MarkLost, RegistryError
from countermark.marking import is_marked
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict
from countermark.video import mark_video

RECORD = Record(source=DigitalSource.AI_GENERATED, title="A film")


def clip(path: Path, seed: int = 4) -> Path:
    """Two seconds of grain that moves."""
    random = np.random.default_rng(seed)
    scene = random.integers(60, 190, (60, 110), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "16", "preset": "ultrafast"}
        for at in range(20):
            pixels = np.ascontiguousarray(scene[:, 2 * at : 2 * at + 320])
            frame = av.VideoFrame.from_ndarray(pixels, format="gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


def coded_again(source: Path, path: Path) -> Path:
    """By another encoder's settings, without its manifest."""
    with av.open(str(source)) as container, av.open(str(path), "w") as copy:
        stream = copy.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for frame in container.decode(video=0):
            frame.pict_type = 0
            copy.mux(stream.encode(frame))
        copy.mux(stream.encode())
    return path


def test_a_movie_is_marked_signed_and_remembered(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        done = mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
        entry = registry.find_payload(done.payload)
        assert entry is not None
        assert entry.record.title == "A film"
        assert (entry.width, entry.height) == (320, 240)
        assert is_marked(out, registry)
    found = credentials.read(out, "video/mp4", trust=Trust.nobody())
    binding, fingerprint = found.soft_bindings
    assert fingerprint.algorithm == VIDEO_FINGERPRINT_ALGORITHM
    assert binding.algorithm == WATERMARK_ALGORITHM
    assert binding.value == done.payload.to_bytes(8, "big")
    assert binding.timespan == (0, 2000)
    assert verify(out).verdict is Verdict.INTACT
    assert {path.name for path in tmp_path.iterdir()} >= {"in.mp4", "out.mp4"}


def test_nothing_is_left_when_the_registry_fails(
    tmp_path: Path, home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    before = set(tmp_path.iterdir())
    with Registry.open(home.registry_path) as registry:

        def fail(entry: object) -> Any:
            raise RegistryError("It is full.", remedy="Make room.")

        monkeypatch.setattr(registry, "adding", fail)
        with pytest.raises(RegistryError):
            mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    assert set(tmp_path.iterdir()) == before


def test_a_mark_that_no_manifest_names_is_not_overlaid(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    mark_video(source, source, 7)
    with Registry.open(home.registry_path) as registry:
        with pytest.raises(MarkLost, match="0000000000000007"):
            mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
        with pytest.raises(InvalidArgument, match=r"\.mp4"):
            mark(
                source, tmp_path / "out.mkv", record=RECORD, signer=home.signer(), registry=registry
            )
    assert not out.exists()


def test_copies_are_recovered_and_changed_files_told(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    copy = coded_again(out, tmp_path / "copy.mp4")
    report = verify(copy)
    assert report.verdict is Verdict.RECOVERED, report
    assert report.record is not None
    assert report.record.title == "A film"
    other = clip(tmp_path / "other.mp4", seed=5)
    mark_video(other, other, 7)
    assert verify(other).verdict is Verdict.UNMARKED
    assert "does not know it" in verify(other).summary
    assert verify(source).evidence[1].explanation.startswith("No watermark was read")


def test_a_manifest_of_another_movie_is_transplanted(tmp_path: Path, home: keys.Home) -> None:
    source, signed = clip(tmp_path / "in.mp4"), tmp_path / "signed.mp4"
    mark_video(source, source, 7)
    for payload, verdict in ((7, Verdict.ALTERED), (8, Verdict.TRANSPLANTED)):
        credentials.sign_file(
            source,
            signed,
            "video/mp4",
            record=RECORD,
            signer=home.signer(),
            soft_bindings=[SoftBinding.of_payload(payload, seconds=2)],
        )
        changed = tmp_path / "changed.mp4"
        changed.write_bytes(signed.read_bytes().replace(b"VideoHandler", b"Videohandler"))
        report = verify(changed)
        assert report.verdict is verdict, report
