"""Sounds: what is marked, the marks, and copies as they come back."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from implementations import library
from making.cases import PUBLISHED, VECTORS, Cases
from making.pictures import LAST, PAYLOAD, SECRET

Samples = npt.NDArray[Any]
RATE = 16000


def write(name: str, samples: Samples, rate: int) -> None:
    """As WAV whose head takes 44 bytes, of 16 or 24 bits, or of 32 in floating point."""
    channels = samples.shape[1]
    size = samples.dtype.itemsize
    kind = 3 if samples.dtype == np.float32 else 1
    body = samples.tobytes()
    form = struct.pack(
        "<HHIIHH", kind, channels, rate, rate * channels * size, channels * size, 8 * size
    )
    head = b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<I", 16) + form
    (VECTORS / name).write_bytes(head + b"data" + struct.pack("<I", len(body)) + body)


def tune(seconds: float, rate: int, seed: int) -> npt.NDArray[np.float64]:
    """Plucked notes over a breath of noise, made up. -1 to 1."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    breath = np.convolve(generator.normal(size=time.size), np.ones(6) / 6, "same")
    sound = 0.05 * breath * (1 + 0.5 * np.sin(2 * np.pi * 0.7 * time))
    for number, start in enumerate(np.arange(0, seconds, 0.3)):
        since = np.maximum(time - start, 0)
        pitch = 220 * 2 ** (generator.integers(0, 15) / 12)
        for harmonic in range(1, 7):
            wave = np.sin(2 * np.pi * pitch * harmonic * since) * np.exp(-since * (3 + harmonic))
            sound += (0.18 + 0.04 * (number % 3)) / harmonic * wave
    return np.clip(sound, -0.95, 0.95)


def packed(sound: npt.NDArray[np.float64]) -> Samples:
    """24 bits, the lowest byte first."""
    words = np.round(sound * (2**23 - 1)).astype("<i4")
    return words.view(np.uint8).reshape(*words.shape, 4)[..., :3].copy().view("V3")[..., 0]


def embedding(cases: Cases) -> None:
    """The golden marks."""
    mono = np.round(tune(4.8, RATE, 1)[:, None] * 32767).astype("<i2")
    write("tune.wav", mono, RATE)
    stereo = np.stack([tune(3.7, 8000, 2), tune(3.7, 8000, 3)], axis=-1)
    write("wide.wav", packed(stereo), 8000)
    write("float.wav", tune(3.5, 8000, 4)[:, None].astype("<f4"), 8000)

    def golden(title: str, source: str, target: str, **changes: str) -> None:
        fields = {"sound": source, "payload": f"{PAYLOAD:016x}", "key": PUBLISHED}
        fields |= {"strength": "1", "latency": "block", **changes}
        paths = {"sound": str(VECTORS / source), "out": str(VECTORS / target)}
        assert library.embed_sound({**fields, **paths}) == "ok"
        request = " ".join(f"{name}={value}" for name, value in fields.items())
        cases.add(title, f"embed-sound {request} out=out.wav", f"ok out={target}")

    cases.group("embed-sound")
    golden("one channel of 16 bits", "tune.wav", "tune-marked.wav")
    golden("two channels of 24 bits, the last payload", "wide.wav", "wide-marked.wav",
           payload=f"{LAST:016x}")  # fmt: skip
    golden("floating point, with low latency", "float.wav", "float-low.wav", latency="low")
    golden("a key of one's own, twice the strength", "float.wav", "float-keyed.wav",
           key=SECRET, strength="2")  # fmt: skip
    request = f"embed-sound sound=tune.wav payload={PAYLOAD:016x} out=out.wav"
    for title, key, strength in (
        ("a key of 15 bytes", PUBLISHED[:30], "1"),
        ("strength 0", PUBLISHED, "0"),
        ("more than the greatest strength", PUBLISHED, "4.001"),
    ):
        cases.add(title, f"{request} key={key} strength={strength} latency=block", "refused")


def detecting(cases: Cases) -> None:
    """Marks that are to be read, and sounds in which there is none."""
    marked, _, _ = library.sound(str(VECTORS / "tune-marked.wav"))
    whole = marked[:, 0].astype(float)
    part = whole[int(1.2 * RATE) : int(4.7 * RATE)]
    places = np.arange(int(whole.size / 1.03)) * 1.03
    fast = np.interp(places, np.arange(whole.size), whole)
    coarse = 0.5 * (whole[0::2] + whole[1::2])
    for name, sound, rate in (
        ("tune-part.wav", -0.4 * part, RATE),
        ("tune-fast.wav", fast, RATE),
        ("tune-8000.wav", np.round(coarse / 256) * 256, 8000),
    ):
        write(name, np.round(sound)[:, None].astype("<i2"), rate)

    def expect(title: str, name: str, payload: int | None, key: str = PUBLISHED) -> None:
        answer = "none" if payload is None else f"ok payload={payload:016x}"
        effort = "full" if name in ("tune-fast.wav", "tune.wav") else "aligned"
        told = library.detect_sound({"sound": str(VECTORS / name), "key": key, "effort": effort})
        assert told == answer, (title, told)
        cases.add(title, f"detect-sound sound={name} key={key} effort={effort}", answer)

    cases.group("detect-sound")
    expect("as it was marked", "tune-marked.wav", PAYLOAD)
    expect("two channels of 24 bits, the last payload", "wide-marked.wav", LAST)
    expect("floating point, with low latency", "float-low.wav", PAYLOAD)
    expect("a part of it, softer and inverted", "tune-part.wav", PAYLOAD)
    expect("half the rate, in 8 bits", "tune-8000.wav", PAYLOAD)
    expect("three per cent faster", "tune-fast.wav", PAYLOAD)
    expect("not marked", "tune.wav", None)
    expect("not marked, two channels", "wide.wav", None)
    expect("marked with another key", "float-keyed.wav", None)

    cases.group("detect-sound-keyed")
    expect("a key of one's own", "float-keyed.wav", PAYLOAD, SECRET)
    expect("another key than that of the mark", "tune-marked.wav", None, SECRET)
    request = f"detect-sound sound=float-keyed.wav key={SECRET[:30]} effort=aligned"
    cases.add("a key of 15 bytes", request, "refused")
