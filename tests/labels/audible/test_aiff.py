"""AIFF: a cue comes in, and nothing else changes."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from countermark.errors import UnreadableSound, UnsupportedSound
from countermark.labels.audible import aiff, find_rhythm, label_audio

ENCODERS = [
    *("pcm_s16le", "pcm_s24be", "pcm_f32be"),
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("pcm_s8", "pcm_s16be", "pcm_s32be", "pcm_f64be")
    ),
]


def make(ffmpeg: Callable[..., bytes], path: Path, encoder: str = "pcm_s16be") -> None:
    sound = "anoisesrc=r=22050:d=0.5:a=0.2:seed=4"
    ffmpeg("-f", "lavfi", "-i", sound, "-ac", 2, "-metadata", "title=Word", "-c:a", encoder, path)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_content_stays_and_the_rhythm_is_heard(
    tmp_path: Path, ffmpeg: Callable[..., bytes], decoded: Callable[..., np.ndarray], encoder: str
) -> None:
    source, out = tmp_path / "a.aiff", tmp_path / "b.aiff"
    make(ffmpeg, source, encoder)
    labelled = label_audio(source, out, where="end")
    samples, content = decoded(out, 2), decoded(source, 2)
    np.testing.assert_array_equal(samples[: len(content)], content)
    [heard] = find_rhythm(samples, 22_050)
    assert heard.start_seconds == pytest.approx(0.86, abs=0.01)
    assert labelled.content == "untouched"
    assert b"Word" in out.read_bytes()


def test_markers_move_along(tmp_path: Path, ffmpeg: Callable[..., bytes]) -> None:
    source, out = tmp_path / "a.aiff", tmp_path / "b.aiff"
    make(ffmpeg, source)
    markers = struct.pack(">H", 2) + struct.pack(">HI", 1, 10) + b"\x02ab\0"
    markers += struct.pack(">HI", 2, 500) + b"\x01c"
    content = source.read_bytes() + b"MARK" + struct.pack(">I", len(markers)) + markers
    source.write_bytes(content)
    label_audio(source, out)
    count = round(2.04 * 22_050)
    moved = markers.replace(struct.pack(">I", 10), struct.pack(">I", 10 + count))
    moved = moved.replace(struct.pack(">I", 500), struct.pack(">I", 500 + count))
    assert out.read_bytes().endswith(moved)


def test_files_that_are_cut_off_compressed_or_too_long_are_refused(
    tmp_path: Path, ffmpeg: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "a.aiff", tmp_path / "b.aiff"
    make(ffmpeg, source)
    whole = source.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(aiff, "_LARGEST", 100_000)
        with pytest.raises(UnsupportedSound):
            label_audio(source, out)
    source.write_bytes(whole[:-100])
    with pytest.raises(UnreadableSound):
        label_audio(source, out)
    make(ffmpeg, source, "pcm_mulaw")
    with pytest.raises(UnsupportedSound):
        label_audio(source, out)
    assert not out.exists()
