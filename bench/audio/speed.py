"""What marking and reading a sound cost.

    python -m bench.audio.speed

One thread; the processor's time of that thread, the least of several rounds that are interleaved.
The sounds of the first table are noise in memory, as long as it says; times real time is their
length by that time. Detection takes longer in sounds without a mark, where every way to read one is
tried, and how long depends on the sound: the second table has pieces of the corpus, if it is there.
Nothing is read from or written to files.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.audio import clips
from bench.corpus import CORPUS
from bench.machine import provenance
from countermark import audio

Samples: TypeAlias = npt.NDArray[Any]
Call: TypeAlias = Callable[[], object]

PAYLOAD = 0x0123456789ABCDEF
ROUNDS = 5
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
#: What a copy is played faster by, so that its speed has to be searched.
FASTER = 1.03
PIECES = 6  # one of each sound


def noise(rate: int, channels: int, kind: str, seconds: int) -> Samples:
    """A tenth of full scale; falls by 6 dB an octave from 100 Hz on, as speech and music do."""
    sound = np.random.default_rng(1).standard_normal((seconds * rate, channels))
    hertz = np.fft.rfftfreq(len(sound), 1 / rate)
    bins = np.fft.rfft(sound, axis=0) / np.maximum(hertz, 100)[:, None]
    sound = np.fft.irfft(bins, len(sound), axis=0)
    sound *= 0.1 / sound.std()
    if kind == "float32":
        return sound.astype(np.float32)
    return (sound * np.iinfo(kind).max).clip(*_limits(kind)).astype(kind)


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
    return {
        "embed": lambda: audio.embed(samples, rate, PAYLOAD),
        "embed, low latency, 20 ms blocks": lambda: in_blocks(samples, rate),
    } | detections_for(samples, marked, rate)


def detections_for(samples: Samples, marked: Samples, rate: int) -> dict[str, Call]:
    faster = round(rate * FASTER)
    for played in (rate, faster):
        found = audio.detect(marked, played)
        assert found is not None
        assert found.payload == PAYLOAD
    return {
        "detect, marked": lambda: audio.detect(marked, rate),
        "detect, marked, 3 % faster": lambda: audio.detect(marked, faster),
        "detect aligned, no mark": lambda: audio.detect(samples, rate, effort="aligned"),
        "detect full, no mark": lambda: audio.detect(samples, rate),
    }


def noise_table() -> None:
    print("| sound | call | ms | times real time |")
    print("|---|---|---:|---:|")
    for rate, channels, kind in SOUNDS:
        for seconds in SECONDS:
            samples = noise(rate, channels, kind, seconds)
            for name, least in least_times(calls_for(samples, rate)).items():
                sound = f"{seconds} s, {rate} Hz x {channels}, {kind}"
                print(
                    f"| {sound} | {name} | {1000 * least:.1f} | {seconds / least:.0f} |", flush=True
                )


def corpus_table() -> None:
    head: tuple[str, ...] = ()
    for clip in itertools.islice(clips.short(), PIECES):
        marked = audio.embed(clip.samples, clip.rate, PAYLOAD)
        least = least_times(detections_for(clip.samples, marked, clip.rate))
        if not head:
            head = tuple(least)
            print(f"| 12 s of | {' | '.join(f'{name}, ms' for name in head)} |")
            print("|---|" + "---:|" * len(head))
        times = " | ".join(f"{1000 * least[name]:.1f}" for name in head)
        print(f"| {clip.name} | {times} |", flush=True)


def main() -> None:
    print("# Speed of the audio watermark\n")
    print(provenance(), end="\n\n")
    noise_table()
    if CORPUS.is_dir():
        print("\n## Detection in the corpus\n")
        corpus_table()


if __name__ == "__main__":
    main()
