"""Chromaprint: the same bits as fpcalc, in pieces and as a whole."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from countermark import clips, containers, errors
from countermark.fingerprint import Chromaprint, chromaprint
from countermark.fingerprint.sound import HOP, RATE, SPAN, Hasher

REPOSITORY = Path(__file__).parents[1]
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", REPOSITORY / "../shared/corpus"))


def whole_numbers(count: int, seed: int) -> np.ndarray:
    """Triangles whose heights change four times a second, by integers alone."""
    place = np.arange(count, dtype=np.int64)
    state = (place // 2756 * 1_103_515_245 + seed * 12_345) % 2**31
    sound = np.zeros(count, np.int64)
    for shift in (0, 7, 13):
        period = 12 + (state >> shift) % 90
        sound += np.abs(place % period * 8000 // period - 4000)
    return (sound - sound.mean().astype(int)).astype(np.int16)


def fpcalc(path: Path) -> Chromaprint:
    program = shutil.which("fpcalc")
    assert program, "The tests need fpcalc: apt-get install libchromaprint-tools."
    # Version 1.5.1 says of the end of a WAV file that it cannot be decoded, after what it gives.
    command = [program, "-raw", "-length", "0", path]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    values = told.partition("FINGERPRINT=")[2].split(",")
    return Chromaprint(np.array([int(value) for value in values], ">u4").tobytes())


def read(path: Path) -> clips.Clip:
    with path.open("rb") as file:
        kind = containers.media_type(file.read(1 << 16))
        assert kind is not None
        return clips.read(file, kind)


def test_golden_fingerprints_are_given() -> None:
    lines = (REPOSITORY / "tests/vectors/chromaprint.txt").read_text(encoding="utf-8").splitlines()
    vectors = [line.split() for line in lines if not line.startswith("#")]
    assert len(vectors) == 3
    for seed, count, *expected in vectors:
        found = chromaprint(whole_numbers(int(count), int(seed)))
        assert found.values.tolist() == [int(value) for value in expected]


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize(("form", "options"), [
    ("wav", ()),
    ("flac", ("-ar", "44100", "-ac", "2")),
    ("mp3", ("-ar", "22050", "-b:a", "64k")),
    ("ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", "24k")),
])  # fmt: skip
def test_files_have_the_bits_of_fpcalc(
    tmp_path: Path, seed: int, form: str, options: tuple[str, ...]
) -> None:
    plain, path = tmp_path / "plain.raw", tmp_path / f"sound.{form}"
    plain.write_bytes(whole_numbers(8 * RATE, seed).tobytes())
    raw = ("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", plain)
    subprocess.run(["ffmpeg", "-v", "error", *raw, *options, path], check=True)
    sound = read(path).sound
    assert sound is not None
    assert len(sound) > 40
    assert sound == fpcalc(path)


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_music_and_speech_have_the_bits_of_fpcalc() -> None:
    for path in sorted(CORPUS.glob("audio/*.flac")):
        assert read(path).sound == fpcalc(path)


@pytest.mark.parametrize("size", [1, 1364, 100_000])
def test_pieces_have_the_fingerprint_of_the_whole(size: int) -> None:
    sound = whole_numbers((20 if size > 1 else 3) * RATE, 4)
    hasher = Hasher()
    for start in range(0, len(sound), size):
        hasher.add(sound[start : start + size])
    assert hasher.finish() == chromaprint(sound)


@pytest.mark.parametrize(("count", "numbers"), [(0, 0), (SPAN - 1, 0), (SPAN, 1), (SPAN + HOP, 2)])
def test_a_number_looks_at_its_span(count: int, numbers: int) -> None:
    assert len(chromaprint(whole_numbers(count + 1, 5)[:count])) == numbers


@pytest.mark.parametrize(
    "samples", [np.zeros(9, np.float32), np.zeros((9, 2), np.int16), np.zeros(9, np.uint16)]
)
def test_other_samples_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(errors.InvalidArgument, match="int16"):
        chromaprint(samples)
    with pytest.raises(errors.InvalidArgument, match="four bytes"):
        Chromaprint(bytes(7))
