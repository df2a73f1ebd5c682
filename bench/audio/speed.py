"""What marking and reading a sound cost.

    python -m bench.audio.speed > bench/results/audio_speed.md

One thread; the processor's time of that thread, the least of several rounds that are interleaved.
Sounds are noise in memory, as long as the table says; times real time is their length by that time.
Nothing is read from or written to files.
"""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.machine import provenance
from countermark import audio

Samples: TypeAlias = npt.NDArray[Any]
Call: TypeAlias = Callable[[], object]

PAYLOAD = 0x0123456789ABCDEF
ROUNDS = 7
#: Samples a second, channels, type.
SOUNDS = (
    (44100, 2, "int16"),
    (48000, 2, "float32"),
    (48000, 6, "int32"),
    (16000, 1, "int16"),
    (8000, 1, "int16"),
)
SECONDS = (12, 60)
BLOCK_SECONDS = 0.02


def noise(rate: int, channels: int, kind: str, seconds: int) -> Samples:
    """A tenth of full scale."""
    samples = np.random.default_rng(1).normal(0, 0.1, (seconds * rate, channels))
    if kind == "float32":
        return samples.astype(np.float32)
    return (samples * np.iinfo(kind).max).clip(*_limits(kind)).astype(kind)


def _limits(kind: str) -> tuple[int, int]:
    return np.iinfo(kind).min, np.iinfo(kind).max


def in_blocks(samples: Samples, rate: int) -> None:
    """Marks the sound as a device does: 20 ms at a time, with low latency."""
    embedder = audio.Embedder(PAYLOAD, rate, low_latency=True)
    step = int(rate * BLOCK_SECONDS)
    for begin in range(0, len(samples), step):
        embedder.push(samples[begin : begin + step])
    embedder.finish()


def least_times(calls: dict[str, Call]) -> dict[str, float]:
    """Seconds of this thread that each call takes at best."""
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            before = time.thread_time()
            call()
            least[name] = min(least[name], time.thread_time() - before)
    return least


def calls_for(samples: Samples, rate: int) -> dict[str, Call]:
    marked = audio.embed(samples, rate, PAYLOAD)
    slower = round(0.97 * rate)
    return {
        "embed": lambda: audio.embed(samples, rate, PAYLOAD),
        "embed, low latency, 20 ms blocks": lambda: in_blocks(samples, rate),
        "detect": lambda: audio.detect(marked, rate),
        "detect, unmarked, at the speed it has": lambda: audio.detect(
            samples, rate, effort="aligned"
        ),
        "detect, heard 3 % slower": lambda: audio.detect(marked, slower),
        "detect, unmarked, everything tried": lambda: audio.detect(samples, rate),
    }


def main() -> None:
    print("# Speed of the audio watermark\n")
    print(provenance(), "\n")
    print("| sound | call | ms | times real time |")
    print("|---|---|---|---|")
    for rate, channels, kind in SOUNDS:
        for seconds in SECONDS:
            samples = noise(rate, channels, kind, seconds)
            for name, least in least_times(calls_for(samples, rate)).items():
                sound = f"{seconds} s, {rate} Hz x {channels}, {kind}"
                print(
                    f"| {sound} | {name} | {1000 * least:.1f} | {seconds / least:.0f} |", flush=True
                )


if __name__ == "__main__":
    main()
