"""The sounds that the audio benches measure with."""

import io
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.corpus import CORPUS

Samples = npt.NDArray[np.int16]

#: Where pieces of 12 seconds begin.
STARTS = {
    "ambient_humpback": (0.0, 13.0),
    "music_brahms": (0.0, 6.0, 13.0),
    "music_fishin_vocals": (0.0, 6.0, 13.0),
    "music_nutcracker": (0.0, 6.0, 13.0),
    "speech_libri198": (0.0, 1.9),
    "speech_libri3436": (0.0, 4.7),
}
LONG = 25.0


@dataclass(frozen=True, slots=True)
class Clip:
    """16-bit samples, of shape (frames, channels)."""

    name: str
    samples: Samples
    rate: int


def read(file: Path, begin: float = 0.0, seconds: float | None = None) -> tuple[Samples, int]:
    """Decodes a part of a file, at its own rate and channels."""
    length = [] if seconds is None else ["-t", str(seconds)]
    arguments = ["-ss", str(begin), *length, "-i", str(file), "-c:a", "pcm_s16le", "-f", "wav", "-"]
    done = subprocess.run(["ffmpeg", "-v", "error", *arguments], capture_output=True, check=True)
    return from_wav(done.stdout)


def from_wav(data: bytes) -> tuple[Samples, int]:
    """The 16-bit samples of a WAV file, also of one whose header does not know its length."""
    with wave.open(io.BytesIO(data)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        pcm = file.readframes(len(data))
    whole = len(pcm) // (2 * channels) * 2 * channels
    return np.frombuffer(pcm[:whole], "<i2").reshape(-1, channels), rate


def short() -> Iterator[Clip]:
    """Pieces of 12 seconds: speech, music, whales; one of each sound comes first."""
    for number in range(max(map(len, STARTS.values()))):
        for name, starts in STARTS.items():
            for start in starts[number : number + 1]:
                samples, rate = read(CORPUS / f"audio/{name}.flac", start, 12)
                yield Clip(f"{name} from {start:g} s", samples, rate)


def long() -> Iterator[Clip]:
    """Pieces of 25 seconds; both readers one after the other, as none of them reads so long."""
    for name in STARTS:
        if not name.startswith("speech"):
            samples, rate = read(CORPUS / f"audio/{name}.flac", 0, LONG)
            yield Clip(f"{name}, 25 s", samples, rate)
    parts = [read(CORPUS / f"audio/{name}.flac") for name in STARTS if name.startswith("speech")]
    rate = parts[0][1]
    joined = np.concatenate([samples for samples, _ in parts])[: round(LONG * rate)]
    yield Clip("both speakers, 25 s", joined, rate)
