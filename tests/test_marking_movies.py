"""Movies with watermark, manifest and entry: what is stated, and that all is there or nothing."""

from pathlib import Path
from typing import Any

import pytest

from countermark import credentials, keys, verify
from countermark.credentials import WATERMARK_ALGORITHM, Trust
from countermark.errors import InvalidArgument, MarkLost, RegistryError
from countermark.marking import is_marked
from countermark.marking_movies import is_movie, mark_movie
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict
from countermark.video import mark_video

RECORD = Record(source=DigitalSource.AI_GENERATED, title="A film")


def clip(path: Path) -> Path:
    """Two seconds of grain that moves."""
    import av
    import numpy as np

    random = np.random.default_rng(4)
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


def test_a_movie_is_marked_signed_and_remembered(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    assert is_movie(source)
    with Registry.open(home.registry_path) as registry:
        done = mark_movie(source, out, record=RECORD, signer=home.signer(), registry=registry)
        entry = registry.find_payload(done.payload)
        assert entry is not None
        assert entry.record.title == "A film"
        assert (entry.width, entry.height) == (320, 240)
        assert is_marked(out, registry)
    found = credentials.read(out, "video/mp4", trust=Trust.nobody())
    (binding,) = found.soft_bindings
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
            mark_movie(source, out, record=RECORD, signer=home.signer(), registry=registry)
    assert set(tmp_path.iterdir()) == before


def test_a_mark_that_no_manifest_names_is_not_overlaid(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    mark_video(source, source, 7)
    with Registry.open(home.registry_path) as registry:
        with pytest.raises(MarkLost, match="0000000000000007"):
            mark_movie(source, out, record=RECORD, signer=home.signer(), registry=registry)
        with pytest.raises(InvalidArgument, match=r"\.mp4"):
            mark_movie(
                source, tmp_path / "out.mkv", record=RECORD, signer=home.signer(), registry=registry
            )
    assert not out.exists()
