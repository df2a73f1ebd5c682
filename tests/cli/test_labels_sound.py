"""`countermark labels audio | video`."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from countermark import keys
from countermark.cli.output import FAILURE
from countermark.labels.audible import rhythms_in

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((3_000 * np.sin(np.arange(16_000) / 5)).astype("<i2").tobytes())
    return path


def test_rhythm_is_put_where_it_was_asked_for(call: Call, sound: Path) -> None:
    out = sound.with_name("out.wav")
    code, said, _ = call("labels", "audio", sound, "--out", out, "--where", "end")
    assert code == 0
    assert said == f"{out}: heard from 1.00 to 3.04 s at -24 dB; the content is untouched\n"
    [heard] = rhythms_in(out)
    assert heard.start_seconds == pytest.approx(1.36, abs=0.02)


def test_words_are_spoken(call: Call, sound: Path) -> None:
    out = sound.with_name("out.wav")
    code, said, _ = call("labels", "audio", sound, "--out", out, "--voice", "zh", "--json")
    assert code == 0
    assert json.loads(said)["end_seconds"] > 4
    assert not rhythms_in(out)
    assert call("labels", "audio", sound, "--out", out, "--voice", "zh", "--clip", sound)[0] == 2


def test_signed_sound_is_left_alone(
    call: Call, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "home"))
    keys.create_home(tmp_path / "home")
    assert call("sign", sound, "--out", sound)[0] == 0
    code, _, complaint = call("labels", "audio", sound, "--out", tmp_path / "out.wav")
    assert code == FAILURE
    assert "carries a manifest" in complaint
    assert not (tmp_path / "out.wav").exists()


def test_video_says_what_was_encoded_again(call: Call, tmp_path: Path) -> None:
    program = shutil.which("ffmpeg")
    assert program, "install ffmpeg"
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    pattern = ("-f", "lavfi", "-i", "testsrc2=s=128x96:r=10:d=3", "-g", "5")
    subprocess.run([program, "-v", "error", *pattern, source], check=True)
    code, said, _ = call("labels", "video", source, "--out", out, "--wording", "cn")
    assert code == 0
    assert said == (
        f"{out}: AI生成 in 21 frames, letters of 9 pixels; copied as it is from 2.50 s\n"
    )
    options = ("--out", out, "--wording", "eu", "--whole", "--json")
    code, said, _ = call("labels", "video", source, *options)
    found = json.loads(said)
    assert (code, found["encoded"], found["labelled_frames"]) == (0, "all", 30)
