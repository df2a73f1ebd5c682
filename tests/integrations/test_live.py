"""Sound on its way out: whatever the network cuts, the same bytes come of it."""

from __future__ import annotations

import io
import struct
import wave
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countermark import Registry, audio
from countermark.errors import AnswerRefused
from countermark.integrations import Marker
from countermark.integrations.live import PCM16, Body, PlainBody, WaveBody
from countermark.sound.samples import Encoding

RATE = 16_000


class Held:
    """Halves samples, and gives out all but the last three of them at once."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] | None = None

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        both = samples if self._rest is None else np.concatenate([self._rest, samples])
        self._rest = both[-3:]
        return both[:-3] / 2

    def finish(self) -> NDArray[np.float32]:
        assert self._rest is not None
        return self._rest / 2


def wave_body() -> WaveBody:
    return WaveBody(lambda encoding, rate: PlainBody(encoding, Held()))


def passed(body: Body, stream: bytes, cuts: list[int]) -> bytes:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    parts = [stream[a:b] for a, b in pairwise(places)]
    return b"".join(body.push(part) for part in parts) + body.finish()


def wave_of(samples: bytes, *, channels: int = 1, before: bytes = b"", size: int = 0) -> bytes:
    stated = struct.pack("<IHHIIHH", 16, 1, channels, RATE, 2 * channels * RATE, 2 * channels, 16)
    head = b"RIFF\xff\xff\xff\xffWAVE" + before + b"fmt " + stated
    return head + b"data" + struct.pack("<I", size) + samples


SAMPLES = np.random.default_rng(1).integers(-9000, 9000, 96, np.int16).tobytes()
CHUNK = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"  # padded to whole words
CUTS = st.lists(st.integers(0, 300), max_size=12)


@given(cuts=CUTS, rest=st.integers(0, 1))
def test_any_cut_of_samples_gives_the_same_bytes(cuts: list[int], rest: int) -> None:
    """A part of a sample at the end is left out."""
    made = passed(PlainBody(PCM16, Held()), SAMPLES + bytes(rest), cuts)
    assert made == passed(PlainBody(PCM16, Held()), SAMPLES, [])
    assert len(made) == len(SAMPLES)


@given(cuts=CUTS, channels=st.integers(1, 3), before=st.sampled_from([b"", CHUNK, 2 * CHUNK]))
def test_any_cut_of_a_wave_gives_the_same_bytes(
    cuts: list[int], channels: int, before: bytes
) -> None:
    stream = wave_of(SAMPLES, channels=channels, before=before)
    made = passed(wave_body(), stream, cuts)
    head = stream[: -len(SAMPLES)]
    assert made.startswith(head)
    body = PlainBody(Encoding("signed", 2, channels), Held())
    assert made[len(head) :] == passed(body, SAMPLES, [])


@given(content=st.binary(max_size=99), cuts=CUTS)
@settings(max_examples=300)
def test_hostile_heads_are_refused(content: bytes, cuts: list[int]) -> None:
    for stream in (content, b"RIFF" + content, b"RIFF\0\0\0\0WAVE" + content.replace(b"fmt", b"")):
        with pytest.raises(AnswerRefused):
            passed(wave_body(), stream, cuts)


def test_a_head_without_end_is_refused() -> None:
    body = wave_body()
    assert body.push(b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff" + bytes(60_000)) == b""
    with pytest.raises(AnswerRefused):
        body.push(bytes(6_000))


def test_samples_before_their_encoding_are_refused() -> None:
    with pytest.raises(AnswerRefused):
        wave_body().push(b"RIFF\0\0\0\0WAVEdata\0\0\0\0\1\0")


@pytest.mark.parametrize("piece", [1000, 4801, 1 << 20])
def test_the_mark_is_read_whatever_was_cut(
    piece: int, tune: Any, marker: Marker, registry: Registry
) -> None:
    left = np.fromfile(tune, "<f4")[::2]
    speech = np.rint(20_000 * left[: 9 * RATE] / np.abs(left).max()).astype("<i2").tobytes()
    body = WaveBody(lambda encoding, rate: PlainBody(encoding, marker.live(rate)))
    stream = wave_of(speech, size=0xFFFFFFFF)
    made = passed(body, stream, list(range(0, len(stream), piece)))
    assert len(made) == len(stream)
    found = audio.detect(np.frombuffer(made[44:], "<i2"), RATE)
    assert found is not None
    assert registry.find_payload(found.payload) is not None
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(made[44:])
    assert out.getvalue()[44:] == made[44:]
