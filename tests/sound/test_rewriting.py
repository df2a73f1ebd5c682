"""Sound files written anew: other samples where a filter says so, and all else as it was."""

import struct
import subprocess
from pathlib import Path

import mutagen
import numpy as np
import pytest

from countermark.errors import SourceNotFound, UnreadableSound
from countermark.sound import Samples, find_samples, rewrite

RATE = 48_000
CODERS = {
    "wav": ("pcm_s16le",),
    "rf64.wav": ("pcm_f32le", "-rf64", "always"),
    "aiff": ("pcm_s24be",),
    "flac": ("flac", "-sample_fmt", "s32"),
    "m4a": ("alac",),
    "aac.m4a": ("aac", "-b:a", "96k"),
    "mp3": ("libmp3lame", "-b:a", "96k"),
    "opus": ("libopus", "-b:a", "64k"),
}
EXACT = ["wav", "rf64.wav", "aiff", "flac", "m4a"]


class Delayed:
    """Gives samples only once many more have come, as a filter with a look-ahead does."""

    def __init__(self, gain: float = 1) -> None:
        self.gain = np.float32(gain)
        self.kept = np.empty((0, 2), np.float32)

    def push(self, samples: Samples) -> Samples:
        self.kept = np.concatenate((self.kept, samples))
        ready = max(0, len(self.kept) - 10_007)
        given, self.kept = self.kept[:ready], self.kept[ready:]
        return self.gain * given

    def finish(self) -> Samples:
        return self.gain * self.kept


def ffmpeg(*arguments: object) -> bytes:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def decoded(path: Path) -> np.ndarray:
    content = ffmpeg("-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-")
    return np.frombuffer(content, "<f4").reshape(-1, 2)


def coded(folder: Path, kind: str) -> Path:
    path = folder / f"source.{kind}"
    sound = f"anoisesrc=r={RATE}:d=2:a=0.3:seed=4,lowpass=900"
    tags = ("-metadata", "title=Word")
    ffmpeg("-f", "lavfi", "-i", sound, "-ac", 2, *tags, "-c:a", *CODERS[kind], path)
    return path


def rewritten(source: Path, gain: float = 1) -> Path:
    out = source.with_name("out" + "".join(source.suffixes))
    with out.open("w+b") as file:
        rewrite(source, file, lambda rate, channels: Delayed(gain))
    return out


@pytest.mark.parametrize("kind", EXACT)
def test_samples_that_stay_are_the_same(tmp_path: Path, kind: str) -> None:
    source = coded(tmp_path, kind)
    out = rewritten(source)
    np.testing.assert_array_equal(decoded(out), decoded(source))
    if kind in {"wav", "rf64.wav", "aiff"}:
        assert out.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("kind", CODERS)
def test_samples_change_and_tags_stay(tmp_path: Path, kind: str) -> None:
    source = coded(tmp_path, kind)
    out = rewritten(source, gain=0.5)
    before, after = decoded(source), decoded(out)
    assert abs(len(after) - len(before)) <= (0 if kind in EXACT else 2400)
    level = np.sqrt(np.mean(after[4800:-4800] ** 2) / np.mean(before[4800:-4800] ** 2))
    assert level == pytest.approx(0.5, rel=0.02 if kind in EXACT else 0.1)
    if kind != "rf64.wav":  # which mutagen does not read
        assert str(mutagen.File(out).tags) == str(mutagen.File(source).tags)


def test_filter_learns_rate_and_channels(tmp_path: Path) -> None:
    seen = []
    source = coded(tmp_path, "flac")

    def make(rate: int, channels: int) -> Delayed:
        seen.append((rate, channels))
        return Delayed()

    with (tmp_path / "out.flac").open("w+b") as out:
        rewrite(source, out, make)
    assert seen == [(RATE, 2)]


def test_plain_samples_are_found(tmp_path: Path) -> None:
    for kind in ("wav", "rf64.wav", "aiff"):
        source = coded(tmp_path, kind)
        with source.open("rb") as file:
            plain = find_samples(file)
            assert plain is not None
            assert (plain.rate, plain.length) == (RATE, 2 * RATE)
            samples = np.concatenate([*plain.samples(file)])
        np.testing.assert_array_equal(samples, decoded(source))
    with coded(tmp_path, "flac").open("rb") as file:
        assert find_samples(file) is None


def test_bad_files_are_refused(tmp_path: Path) -> None:
    for name, content in {
        "empty.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"
        + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
        + b"data\0\0\0\0",
        "text.mp3": b"no sound at all",
        "nothing.wav": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with (tmp_path / "out").open("w+b") as out, pytest.raises(UnreadableSound):
            rewrite(tmp_path / name, out, lambda rate, channels: Delayed())
    with (tmp_path / "out").open("w+b") as out, pytest.raises(SourceNotFound):
        rewrite(tmp_path / "absent.wav", out, lambda rate, channels: Delayed())
