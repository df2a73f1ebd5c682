"""What is done to marked sounds, and which share of messages is to be read afterwards.

Codecs and filters are those of the ffmpeg that is installed, always from 16-bit samples at the
sound's own rate and channels and back to them. Noise is measured against the sound without its
mean, which nobody hears.
"""

import functools
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.audio import clips
from bench.audio.clips import Samples
from bench.corpus import CORPUS

#: Gives None where the sound is not of the kind that the attack is for.
Apply = Callable[[Samples, int], tuple[Samples, int] | None]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        name: As the tables have it.
        apply: What is done to the samples and their rate.
        target: The share of messages that is to be read, or None where nothing was asked.
        long: Whether it is for pieces of 25 seconds instead of 12.
    """

    name: str
    apply: Apply
    target: float | None = 1.0
    long: bool = False


def ffmpeg(samples: Samples, rate: int, *arguments: str, suffix: str = "wav") -> Samples:
    """What ffmpeg writes to a file, decoded at the same rate and channels."""
    channels = str(samples.shape[1])
    raw = ["-f", "s16le", "-ar", str(rate), "-ac", channels, "-i", "-"]
    run = functools.partial(subprocess.run, check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"sound.{suffix}"
        call = ["ffmpeg", "-v", "error", "-threads", "1"]
        run([*call, *raw, *arguments, str(file)], input=np.ascontiguousarray(samples).tobytes())
        back = ["-ar", str(rate), "-ac", channels, "-c:a", "pcm_s16le", "-f", "wav", "-"]
        return clips.from_wav(run([*call, "-i", str(file), *back]).stdout)[0]


def codec(name: str, kilobits: int, suffix: str) -> Apply:
    return lambda samples, rate: (
        ffmpeg(samples, rate, "-c:a", name, "-b:a", f"{kilobits}k", suffix=suffix),
        rate,
    )


def filtered(chain: str) -> Apply:
    """`{rate}` in the chain is that of the sound."""
    return lambda samples, rate: (
        ffmpeg(samples, rate, "-af", chain.format(rate=rate)),
        rate,
    )


def speed(factor: float) -> Apply:
    """Played faster, pitch and tempo alike."""
    return lambda samples, rate: (
        ffmpeg(samples, rate, "-af", f"asetrate={round(rate * factor)},aresample={rate}"),
        rate,
    )


def crop(seconds: float, share: float = 0.37) -> Apply:
    """A piece; `share` of what is cut off comes before it."""

    def apply(samples: Samples, rate: int) -> tuple[Samples, int]:
        length = round(seconds * rate)
        begin = round(share * (len(samples) - length))
        return samples[begin : begin + length], rate

    return apply


def chain(*attacks: Apply) -> Apply:
    def apply(samples: Samples, rate: int) -> tuple[Samples, int] | None:
        for attack in attacks:
            done = attack(samples, rate)
            if done is None:
                return None
            samples, rate = done
        return samples, rate

    return apply


def level(samples: Samples) -> float:
    """Root mean square, without the mean."""
    return float(np.std(samples.astype(np.float64) - samples.mean(0)))


def rounded(samples: npt.NDArray[np.float64]) -> Samples:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def noise(decibels: float, *, pink: bool = False) -> Apply:
    """White, or pink from 20 Hz on, so far below the sound."""

    def apply(samples: Samples, rate: int) -> tuple[Samples, int]:
        sound = np.random.default_rng(5).standard_normal(samples.shape)
        if pink:
            bins = np.fft.rfft(sound, axis=0)
            number = np.maximum(np.arange(len(bins)), 20 * len(samples) / rate)
            sound = np.fft.irfft(bins / np.sqrt(number)[:, None], len(samples), axis=0)
        sound *= level(samples) / sound.std() * 10 ** (-decibels / 20)
        return rounded(samples + sound), rate

    return apply


def background(decibels: float) -> Apply:
    """Music, so far below the sound."""

    def apply(samples: Samples, rate: int) -> tuple[Samples, int]:
        file = CORPUS / "audio/music_fishin_vocals.flac"
        music, own = clips.read(file, 3.3, 20)
        music = ffmpeg_resampled(music.mean(1, keepdims=True).astype(np.int16), own, rate)
        music = np.resize(music, (len(samples), 1))
        gain = level(samples) / level(music) * 10 ** (-decibels / 20)
        return rounded(samples + gain * music), rate

    return apply


def ffmpeg_resampled(samples: Samples, rate: int, to: int) -> Samples:
    call = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "-"]
    call += ["-ar", str(to), "-f", "wav", "-"]
    data = subprocess.run(call, input=samples.tobytes(), capture_output=True, check=True).stdout
    return clips.from_wav(data)[0]


def side(samples: Samples, rate: int) -> tuple[Samples, int] | None:
    """Left minus right: karaoke."""
    if samples.shape[1] != 2:
        return None
    left, right = samples.T.astype(np.float64)
    return rounded(left - right)[:, None], rate


def left_only(samples: Samples, rate: int) -> tuple[Samples, int] | None:
    return (samples[:, :1], rate) if samples.shape[1] == 2 else None


def inverted(samples: Samples, rate: int) -> tuple[Samples, int]:
    return rounded(-samples.astype(np.float64)), rate


def semitones(number: float) -> float:
    return float(2 ** (number / 12))


MP3, AAC, OPUS, VORBIS = (
    ("libmp3lame", "mp3"),
    ("aac", "m4a"),
    ("libopus", "ogg"),
    ("libvorbis", "ogg"),
)


def _codec(kind: tuple[str, str], kilobits: int) -> Apply:
    return codec(kind[0], kilobits, kind[1])


def lowest_vorbis(samples: Samples, rate: int) -> tuple[Samples, int]:
    return ffmpeg(samples, rate, "-c:a", "libvorbis", "-q:a", "-1", suffix="ogg"), rate


EQUALISER = "entry(0,-6);entry(250,4);entry(1000,-5);entry(3000,6);entry(8000,-8)"

ATTACKS = (
    Attack("none", chain()),
    Attack("MP3 128 kbit/s", _codec(MP3, 128)),
    Attack("MP3 64 kbit/s", _codec(MP3, 64)),
    Attack("MP3 32 kbit/s", _codec(MP3, 32)),
    Attack("AAC 64 kbit/s", _codec(AAC, 64)),
    Attack("AAC 32 kbit/s", _codec(AAC, 32)),
    Attack("Opus 32 kbit/s", _codec(OPUS, 32)),
    Attack("Opus 24 kbit/s", _codec(OPUS, 24), 0.95),
    Attack("Opus 16 kbit/s", _codec(OPUS, 16), 0.95),
    Attack("Vorbis 48 kbit/s", _codec(VORBIS, 48)),
    # About 32 kbit/s; in stereo the codec cannot do with less than 45.
    Attack("Vorbis, lowest quality", lowest_vorbis),
    Attack("resampled to 8 kHz and back", filtered("aresample=8000,aresample={rate}")),
    Attack("speed 0.95", speed(0.95)),
    Attack("speed 1.05", speed(1.05)),
    Attack("speed 0.97, MP3 64 kbit/s", chain(speed(0.97), _codec(MP3, 64))),
    Attack("echo, 60 ms", filtered("aecho=0.8:0.88:60:0.4")),
    Attack("echo, 110 and 230 ms", filtered("aecho=0.8:0.7:110|230:0.4|0.25")),
    Attack("equaliser, -8 to 6 dB", filtered(f"firequalizer=gain_entry='{EQUALISER}'")),
    Attack("high-pass, 500 Hz", filtered("highpass=f=500")),
    Attack("low-pass, 3 kHz twice", filtered("lowpass=f=3000,lowpass=f=3000")),
    Attack(
        "compressor, 6:1",
        filtered("acompressor=threshold=0.05:ratio=6:attack=5:release=60:makeup=2"),
    ),
    Attack("background music, -15 dB", background(15)),
    Attack("crop to 5 s", crop(5)),
    Attack("crop to 3 s", crop(3), 0.95),
    Attack("crop to 5 s, MP3 64 kbit/s", chain(crop(5), _codec(MP3, 64)), None),
    Attack("crop to 5 s, Opus 24 kbit/s", chain(crop(5), _codec(OPUS, 24)), None),
    Attack("white noise, 20 dB", noise(20), 0.95),
    Attack("pink noise, 20 dB", noise(20, pink=True), 0.95),
    Attack("inverted", inverted, None),
    Attack("left minus right", side),
    Attack("left minus right of MP3 128 kbit/s", chain(_codec(MP3, 128), side), None),
    Attack("left only", left_only, None),
    Attack("white noise, 10 dB", noise(10), 0.9, long=True),
    Attack("pink noise, 10 dB", noise(10, pink=True), 0.9, long=True),
    Attack("tempo 0.95 (atempo)", filtered("atempo=0.95"), 0.8, long=True),
    Attack("tempo 1.05 (atempo)", filtered("atempo=1.05"), 0.8, long=True),
    Attack("tempo 0.95 (Rubber Band)", filtered("rubberband=tempo=0.95"), 0.8, long=True),
    Attack("tempo 1.05 (Rubber Band)", filtered("rubberband=tempo=1.05"), 0.8, long=True),
    Attack(
        "a semitone up (Rubber Band)",
        filtered(f"rubberband=pitch={semitones(1):.6f}"),
        0.8,
        long=True,
    ),
    Attack(
        "a semitone down (Rubber Band)",
        filtered(f"rubberband=pitch={semitones(-1):.6f}"),
        0.8,
        long=True,
    ),
    Attack(
        "tempo 1.05 (atempo), MP3 64 kbit/s",
        chain(filtered("atempo=1.05"), _codec(MP3, 64)),
        None,
        long=True,
    ),
)
