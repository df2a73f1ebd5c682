"""Signing with profiles: movies and sounds get their labels, and nothing that came in is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from countermark import credentials, keys
from countermark.complying import comply, profile
from countermark.credentials import Trust
from countermark.errors import ProfileNotMet
from countermark.labels import aigc
from countermark.labels.audible import rhythms_in
from countermark.record import (
    DigitalSource,
    Producer,
    ProviderCode,
    Record,
    Sense,
    ServiceClass,
    System,
)
from countermark.registry import Registry
from countermark.signing import sign

RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=ProviderCode.of("91350100M000100Y43")),
    system=System(name="Example Model", version="3"),
    service_class=ServiceClass.IMMERSIVE_SCENE,
)


@pytest.fixture
def movie(tmp_path: Path, photograph: Callable[..., Image.Image]) -> Path:
    path = tmp_path / "clip.mp4"
    picture = np.asarray(photograph(long_edge=320).resize((320, 240)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(36):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, 3 * number, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    tone = np.random.default_rng(1).normal(0, 2000, (1, 32_000)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_movie_meets_the_chinese_profile(movie: Path, home: keys.Home, registry: Registry) -> None:
    out = movie.with_name("out.mp4")
    done = sign(
        movie,
        out,
        record=RECORD,
        signer=home.signer(),
        registry=registry,
        profiles=[profile("cn")],
    )
    assert done.record.label is not None
    assert done.record.label.sense is Sense.SEEN
    found = comply(out, [profile("cn")], registry=registry)
    assert found.complies, str(found)
    label = aigc.read(out).label
    assert label is not None
    assert label.produce_id == done.record.content_id
    read = credentials.read(out, "video/mp4", trust=Trust.nobody())
    assert read is not None
    assert (read.hard_binding, read.record) == ("match", done.record)


def test_sound_is_heard_to_be_generated(sound: Path, home: keys.Home, registry: Registry) -> None:
    out = sound.with_name("out.wav")
    record = RECORD
    sign(
        sound,
        out,
        record=record,
        signer=home.signer(),
        registry=registry,
        profiles=[profile("cn")],
    )
    assert len(rhythms_in(out)) == 1
    found = comply(out, [profile("cn")], registry=registry)
    assert found.complies, str(found)
    explicit = next(one for one in found.outcomes if one.rule.id == "cn-explicit-label")
    assert "heard" in explicit.evidence


def test_signed_again_keeps_the_label_and_the_manifest(
    sound: Path, home: keys.Home, registry: Registry
) -> None:
    first, second = sound.with_name("first.wav"), sound.with_name("second.wav")
    done = sign(
        sound,
        first,
        record=RECORD,
        signer=home.signer(),
        registry=registry,
        profiles=[profile("cn")],
    )
    sign(
        first,
        second,
        record=Record(source=DigitalSource.AI_GENERATED),
        signer=home.signer(),
        registry=registry,
    )
    assert aigc.read(second).label == aigc.read(first).label
    read = credentials.read(second, "audio/wav", trust=Trust.nobody())
    assert read is not None
    assert [one.label for one in read.ingredients] == [done.manifest]


def test_document_without_a_label_is_refused(
    tmp_path: Path, home: keys.Home, registry: Registry
) -> None:
    drawing, out = tmp_path / "drawing.svg", tmp_path / "out.svg"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    with pytest.raises(ProfileNotMet, match="cn-explicit-label"):
        sign(
            drawing,
            out,
            record=RECORD,
            signer=home.signer(),
            registry=registry,
            profiles=[profile("cn")],
        )
    assert not out.exists()
