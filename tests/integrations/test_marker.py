"""What every adapter marks with: checked before it is used, and what it costs is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY, generate_latest

from countermark import DigitalSource, Record, Registry, keys, verify
from countermark.credentials import Trust
from countermark.errors import HomeMissing, MarkNotReadable
from countermark.frames import ClipDetector
from countermark.integrations import Marker, metrics

LAYERS = {"codec", "watermark", "fingerprint", "sign", "registry"}
RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")


@pytest.fixture
def picture(photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]) -> bytes:
    return as_file(photograph("coffee", 320), "PNG")


def observed(host: str, layer: str) -> float:
    labels = {"host": host, "layer": layer}
    return REGISTRY.get_sample_value("countermark_layer_seconds_count", labels) or 0


def test_metrics_have_the_layers(home: keys.Home, registry: Registry, picture: bytes) -> None:
    marker = Marker(record=RECORD, signer=home.signer(), registry=registry, observe=metrics.observe)
    marker.file(picture, host="a server")
    marker.file(picture, host="a server")
    assert {layer: observed("a server", layer) for layer in LAYERS} == dict.fromkeys(LAYERS, 2)
    text = generate_latest(REGISTRY).decode()
    for layer in LAYERS:
        line = f'countermark_layer_seconds_sum{{host="a server",layer="{layer}"}} '
        assert float(text.partition(line)[2].split("\n")[0]) > 0


def test_pixels_and_speech_are_observed(home: keys.Home, registry: Registry, tune: Any) -> None:
    told: list[tuple[str, set[str]]] = []
    marker = Marker(
        record=RECORD,
        signer=home.signer(),
        registry=registry,
        observe=lambda host, spent: told.append((host, set(spent))),
    )
    # Weak noise, which holds any payload; of the strongest one six in a hundred are lost.
    noise = np.random.default_rng(1).random((2, 256, 256, 3), np.float32) / 4 + 0.4
    marker.pixels(noise, layout="BHWC", range="unit", host="pixels")
    sound = marker.live(44_100, host="speech")
    sound.push(np.fromfile(tune, "<f4")[::2])
    assert told == [("pixels", LAYERS - {"codec"})]
    sound.finish()
    assert told[1:] == [("speech", LAYERS - {"codec", "fingerprint"})]


def test_what_fails_is_not_observed(home: keys.Home, registry: Registry) -> None:
    told: list[Any] = []
    marker = Marker(
        record=RECORD,
        signer=home.signer(),
        registry=registry,
        observe=lambda *spent: told.append(spent),
    )
    with pytest.raises(Exception, match="pixels"):
        marker.pixels(np.zeros((64, 64), np.uint8), layout="HW", range="u8")
    assert not told


def test_stating_another_record(
    marker: Marker, registry: Registry, picture: bytes, trust: Trust
) -> None:
    other = marker.stating(Record(source=DigitalSource.AI_GENERATED, title="A Cup"))
    for each, expected in ((other, "A Cup"), (marker, None)):
        report = verify(io.BytesIO(each.file(picture)), trust=trust, registry=registry)
        assert report.record is not None
        assert report.record.title == expected


def test_of_the_home_folder(home: keys.Home, picture: bytes, trust: Trust) -> None:
    marker = Marker.of_home(RECORD)
    with marker.registry as registry:
        report = verify(io.BytesIO(marker.file(picture)), trust=trust, registry=registry)
    assert report.record is not None
    assert report.record.creator == "Ada Example"


def test_without_a_home_folder() -> None:
    with pytest.raises(HomeMissing):
        Marker.of_home(RECORD)


def test_videos(marker: Marker, registry: Registry) -> None:
    scene = np.random.default_rng(1).random((30, 40, 3), np.float32)
    video = np.repeat(scene.repeat(8, 0).repeat(8, 1)[None, None], 8, 1)
    marked = marker.frames(video, layout="BFHWC", range="unit", fps=8)
    detector = ClipDetector()
    for index, frame in enumerate(marked[0]):
        detector.add(np.rint(255 * frame).astype(np.uint8), seconds=index / 8)
    found = detector.detect()
    assert found is not None
    assert registry.find_payload(found.payload) is not None


def test_check_marks_a_picture_and_reads_it(marker: Marker, registry: Registry) -> None:
    marker.check()
    (entry,) = registry.all_entries()
    assert (entry.width, entry.height) == (256, 256)


def test_check_fails_as_any_step_does(
    marker: Marker, break_pixels: Callable[[], None], fault: tuple[type[Exception], ...]
) -> None:
    break_pixels()
    with pytest.raises(fault):
        marker.check()


def test_check_fails_when_the_mark_leads_nowhere(
    marker: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "find_payload", lambda self, payload: None)
    with pytest.raises(MarkNotReadable, match="does not lead to its entry"):
        marker.check()


def test_secrets_are_not_shown(marker: Marker) -> None:
    assert "signer" not in repr(marker)
    assert "registry" not in repr(marker)
