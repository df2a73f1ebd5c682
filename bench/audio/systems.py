"""countermark and audiowmark behind one front.

audiowmark is a program under the GPL that nobody packages for Debian 12: it is used if it is in
PATH, and left out if not. To have it, on Debian:

    apt-get install autoconf autoconf-archive automake g++ libfftw3-dev libgcrypt20-dev \
        libmpg123-dev libsndfile1-dev libtool libzita-resampler-dev make
    git clone --branch 0.6.5 https://github.com/swesterfeld/audiowmark
    cd audiowmark && ./autogen.sh && make
    export PATH=$PATH:$PWD/src
"""

import hashlib
import resource
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.audio import clips, robustness
from bench.audio.clips import Clip, Samples
from countermark import audio

PROGRAM = "audiowmark"


@dataclass(frozen=True, slots=True)
class System:
    """A way to mark sounds, and to read the marks.

    Attributes:
        version: Names the code that reads.
        bits: Length of its messages.
        embed: Marks a clip with its own message.
        read: Whether the message of a clip is read in samples at a rate.
        seconds: Of the processor so far, from which those of one call are told.
    """

    name: str
    version: str
    bits: int
    embed: Callable[[Clip], Samples]
    read: Callable[[Clip, Samples, int], bool]
    seconds: Callable[[], float]


def systems() -> list[System]:
    """Those that are here."""
    found = [System("countermark", robustness.code(), 64, _embed, _read, time.thread_time)]
    if shutil.which(PROGRAM):
        version = _run("--version").strip().removeprefix(f"{PROGRAM} ")
        found.append(System(PROGRAM, version, 128, _program_embed, _program_read, _program_seconds))
    return found


def _embed(clip: Clip) -> Samples:
    return audio.embed(clip.samples, clip.rate, robustness.payload_of(clip))


def _read(clip: Clip, samples: Samples, rate: int) -> bool:
    detector = audio.Detector(rate)
    detector.push(samples)
    return robustness.payload_of(clip) in {found.payload for found in detector.detect()}


def _message(clip: Clip) -> str:
    return hashlib.sha256(clip.name.encode()).hexdigest()[:32]


def _program_embed(clip: Clip) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.wav", Path(folder) / "after.wav"
        _write(before, clip.samples, clip.rate)
        _run("add", str(before), str(after), _message(clip))
        return clips.from_wav(after.read_bytes())[0]


def _program_read(clip: Clip, samples: Samples, rate: int) -> bool:
    """It is not told whether the speed was changed: it looks at that where it read nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.wav"
        _write(file, samples, rate)
        ways = ["get"], ["get", "--detect-speed"]
        return any(_message(clip) in _run(*way, str(file)) for way in ways)


def _program_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(*arguments: str) -> str:
    # 1 says that there is no message.
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{PROGRAM} {arguments}: {done.stderr}")
    return done.stdout


def _write(file: Path, samples: Samples, rate: int) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(samples.itemsize)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
