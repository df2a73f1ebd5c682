"""What is read of files: the right result of broken ones, or a clear error."""

import io
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from countermark import errors
from countermark.clips import Clip, decoding, frame_size, listen, read

Pan = Callable[..., list[npt.NDArray[np.uint8]]]
Tune = Callable[..., npt.NDArray[np.int16]]
File = Callable[..., bytes]


def floats(samples: npt.NDArray[np.float32]) -> bytes:
    content = samples.astype("<f4").tobytes()
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(content), b"WAVEfmt ", 16, 3, 1, 11025,
                       44100, 4, 32, b"data", len(content))  # fmt: skip
    return head + content


def test_samples_that_are_no_numbers_are_silence(tune: Tune, wav: File) -> None:
    samples = tune(20).astype(np.float32) / 32768
    broken, mended = samples.copy(), samples.copy()
    broken[60_000:61_000:7], mended[60_000:61_000:7] = np.nan, 0
    broken[100_000], mended[100_000] = np.inf, 1
    first, second = (read(io.BytesIO(floats(each)), "audio/wav") for each in (broken, mended))
    assert first.sound is not None
    assert first == second


def test_no_samples_have_no_fingerprint(wav: File) -> None:
    assert read(io.BytesIO(wav(np.zeros(0, np.int16))), "audio/wav") == Clip(seconds=0.0)


def test_rate_and_channels_may_be_any(tune: Tune) -> None:
    for rate, channels in ((8000, 1), (96_000, 2), (22_050, 6)):
        sound = np.repeat(tune(8, rate=rate)[:, None], channels, axis=1)
        head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + sound.nbytes, b"WAVEfmt ", 16, 1,
                           channels, rate, rate * channels * 2, channels * 2, 16, b"data",
                           sound.nbytes)  # fmt: skip
        found = read(io.BytesIO(head + sound.tobytes()), "audio/wav")
        assert found.sound is not None
        assert found.seconds == pytest.approx(8, abs=0.01)


def test_a_movie_without_sound_has_none(pan: Pan, movie: File) -> None:
    content = movie(pan("coffee", 3))
    found = read(io.BytesIO(content), "video/mp4")
    assert found.sound is None
    assert found.video is not None
    assert [frame.seconds for frame in found.video.frames] == [0.0, 1.0, 2.0]
    assert frame_size(io.BytesIO(content), "video/mp4") == (320, 240)


def test_the_sound_of_a_movie_may_be_left_out(tmp_path: Path, tune: Tune, wav: File) -> None:
    sound, path = tmp_path / "s.wav", tmp_path / "s.mp4"
    sound.write_bytes(wav(tune(8)))
    pictures = ("-f", "lavfi", "-i", "testsrc2=duration=8:size=320x240:rate=12")
    subprocess.run(["ffmpeg", "-v", "error", *pictures, "-i", sound, path], check=True)
    with path.open("rb") as file:
        whole, seen = (read(file, "video/mp4", query=True, sound=each) for each in (True, False))
        heard = listen(file, "video/mp4", fingerprints=True)
    assert whole.sounds
    assert (seen.sounds, seen.video) == ((), whole.video)
    assert heard.fingerprints == whole.sounds


def test_sound_comes_in_blocks_that_are_what_was_decoded(tune: Tune, wav: File) -> None:
    samples = tune(3)
    blocks = list(decoding.heard(io.BytesIO(wav(samples)), "audio/wav"))
    assert {block.sample_rate for block in blocks} == {11025}
    assert all(2756 <= block.samples < 11025 for block in blocks[:-1])
    together = np.concatenate([decoding.samples_of(block) for block in blocks])
    assert np.array_equal(together[:, 0] * 32768, samples)


def test_blocks_are_of_one_rate(tmp_path: Path, encoded: File, tune: Tune) -> None:
    """Two MPEG streams, one behind the other."""
    parts = [encoded(tune(3, rate=rate), rate, "mp3", "libmp3lame", 64_000, rate)
             for rate in (44_100, 22_050)]  # fmt: skip
    blocks = list(decoding.heard(io.BytesIO(b"".join(parts)), "audio/mpeg"))
    assert {block.sample_rate for block in blocks} == {44_100, 22_050}
    for rate in (44_100, 22_050):
        length = sum(block.samples for block in blocks if block.sample_rate == rate)
        assert length == pytest.approx(3 * rate, abs=4000)


@pytest.mark.parametrize("side", [2, 4, 64])
def test_small_or_flat_pictures_have_no_fingerprint(movie: File, side: int) -> None:
    content = movie([np.full((side, side, 3), 90, np.uint8)] * 48)
    assert read(io.BytesIO(content), "video/mp4").video is None


def test_one_pixel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "one.avi"
    pixel = ("-f", "lavfi", "-i", "color=red:size=2x2:duration=1,format=rgb24,crop=1:1")
    subprocess.run(["ffmpeg", "-v", "error", *pixel, "-c:v", "rawvideo", path], check=True)
    with path.open("rb") as file:
        assert read(file, "video/x-msvideo").video is None


def test_a_file_that_was_cut_off_gives_what_is_left(pan: Pan, movie: File) -> None:
    content = movie(pan("coffee", 6), form="matroska")
    whole = read(io.BytesIO(content), "video/x-matroska").video
    part = read(io.BytesIO(content[: len(content) * 2 // 3]), "video/x-matroska").video
    assert whole is not None
    assert part is not None
    assert 2 <= len(part) < len(whole)
    assert whole.bits.startswith(part.bits)


def test_encrypted_tracks_are_refused(tmp_path: Path, pan: Pan, movie: File) -> None:
    plain, path = tmp_path / "plain.mp4", tmp_path / "encrypted.mp4"
    plain.write_bytes(movie(pan("coffee", 2)))
    scheme = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e6"
              "32ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, "-c", "copy", *scheme, path], check=True)
    with path.open("rb") as file, pytest.raises(errors.UnsupportedVideo, match="encrypted"):
        read(file, "video/mp4")


@pytest.mark.parametrize("media_type", ["audio/wav", "video/mp4", "audio/mpeg", "audio/ogg"])
def test_what_cannot_be_decoded_is_refused(media_type: str) -> None:
    with pytest.raises(errors.UnreadableVideo):
        read(io.BytesIO(b"\x01\x02\x03" * 3000), media_type)


def test_lists_of_other_files_are_not_followed(tmp_path: Path, tune: Tune, wav: File) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(wav(tune(8)))
    playlist = f"#EXTM3U\n#EXTINF:8,\nfile:{other}\n#EXT-X-ENDLIST\n".encode()
    listed = f"ffconcat version 1.0\nfile '{other}'\n".encode()
    for content in (playlist, listed):
        for media_type in ("video/mp4", "audio/mpeg"):
            with pytest.raises(errors.UnreadableVideo):
                read(io.BytesIO(content), media_type)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(errors.InvalidArgument, match="image/png"):
        read(io.BytesIO(b""), "image/png")


def test_a_picture_on_the_cover_is_no_movie(tmp_path: Path, tune: Tune, wav: File) -> None:
    sound, cover, path = tmp_path / "s.wav", tmp_path / "c.png", tmp_path / "s.mp3"
    sound.write_bytes(wav(tune(8)))
    run = [str(shutil.which("ffmpeg")), "-v", "error"]
    subprocess.run([*run, "-f", "lavfi", "-i", "testsrc", "-frames:v", "1", cover], check=True)
    pictured = ("-map", "0", "-map", "1", "-disposition:v", "attached_pic", "-c:v", "png")
    subprocess.run([*run, "-i", sound, "-i", cover, *pictured, path], check=True)
    with path.open("rb") as file:
        found = read(file, "audio/mpeg")
    assert found.sound is not None
    assert found.video is None


@pytest.mark.slow
def test_a_day_of_sound_takes_no_memory(tmp_path: Path) -> None:
    """24 hours of WAV, sparse but for its head, and a limit on the memory of a process."""
    path = tmp_path / "day.wav"
    size = 24 * 3600 * 11025 * 2
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 1, 11025, 22050,
                       2, 16, b"data", size)  # fmt: skip
    with path.open("wb") as file:
        file.write(head)
        file.truncate(44 + size)
    program = (
        "import resource, sys\n"
        "from countermark.clips import read\n"
        "read(open(sys.argv[1], 'rb'), 'audio/wav') if len(sys.argv) > 2 else read\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", program, path, *arguments], capture_output=True, check=True
        )
        return int(done.stdout)

    assert peak("read") - peak() < 80_000
