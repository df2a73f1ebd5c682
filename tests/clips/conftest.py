"""Sounds and moving pictures that are made here, and copies of them in other encodings."""

import io
import wave
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Samples = npt.NDArray[np.int16]
Photograph = Callable[..., Image.Image]
RATE = 11025


def _tune(seconds: float, *, seed: int = 1, rate: int = RATE) -> Samples:
    """Chords of sawtooths that change four times a second, and some noise."""
    random = np.random.default_rng(seed)
    step = rate // 4
    time = np.arange(step) / rate
    parts = []
    for _ in range(round(seconds * 4)):
        tones = 110 * 2 ** (random.integers(0, 36, 3) / 12)
        chord = (np.outer(tones, time) % 1 - 0.5).sum(axis=0)
        parts.append(6000 * random.uniform(0.5, 1) * chord + random.normal(0, 30, step))
    return np.concatenate(parts).astype(np.int16)


def _wav(samples: Samples, rate: int = RATE) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return out.getvalue()


def _encoded(
    samples: Samples, rate: int, form: str, codec: str, bit_rate: int, out_rate: int | None = None
) -> bytes:
    """The sound in another encoding, by FFmpeg."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=out_rate or 48_000)
        stream.bit_rate = bit_rate
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            format=stream.codec_context.format.name, layout="mono", rate=out_rate or 48_000
        )
        pieces = [*resampler.resample(frame), *resampler.resample(None)]
        fifo = av.AudioFifo()
        for piece in pieces:
            fifo.write(piece)
        size = stream.codec_context.frame_size or 1024
        for part in [*fifo.read_many(size), fifo.read(0, partial=True)]:
            if part is not None and part.samples:
                container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


def _movie(
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    rate: int = 24,
    crf: int = 23,
    form: str = "mp4",
    codec: str = "libx264",
) -> bytes:
    """Frames of shape (h, w, 3) as a movie without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=rate, options={"crf": str(crf)})
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.fixture(scope="session")
def tune() -> Callable[..., Samples]:
    return _tune


@pytest.fixture(scope="session")
def wav() -> Callable[..., bytes]:
    return _wav


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    return _encoded


@pytest.fixture(scope="session")
def movie() -> Callable[..., bytes]:
    return _movie


@pytest.fixture(scope="session")
def pan(photograph: Photograph) -> Callable[..., list[npt.NDArray[np.uint8]]]:
    """A camera that moves over a photograph; frames of 320 x 240 pixels."""

    def pan(
        name: str, seconds: float, *, rate: int = 24, start: float = 0
    ) -> list[npt.NDArray[np.uint8]]:
        pixels = np.asarray(photograph(name))
        height, width = pixels.shape[0] - 240, pixels.shape[1] - 320
        found = []
        for number in range(round(seconds * rate)):
            at = start + number / rate
            x = int(width * (0.5 + 0.5 * np.sin(at / 2)))
            y = int(height * (0.5 + 0.5 * np.cos(at / 3)))
            found.append(pixels[y : y + 240, x : x + 320])
        return found

    return pan
