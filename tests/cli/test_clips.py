"""`countermark registry add` and `find`, and `verify` of sounds and movies."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np

from countermark import keys


def tune(seed: int) -> bytes:
    """A WAV file of twenty seconds."""
    random = np.random.default_rng(seed)
    time = np.arange(2756) / 11025
    chords = 110 * 2 ** (random.integers(0, 36, (80, 3)) / 12)
    parts = [(np.outer(tones, time) % 1 - 0.5).sum(axis=0) for tones in chords]
    samples = (6000 * np.concatenate(parts)).astype(np.int16)
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + samples.nbytes, b"WAVEfmt ", 16, 1, 1,
                       11025, 22050, 2, 16, b"data", samples.nbytes)  # fmt: skip
    return head + samples.tobytes()


def test_a_copy_of_a_signed_sound_is_found(call, home: keys.Home, tmp_path: Path) -> None:
    plain, signed, part = (tmp_path / name for name in ("plain.wav", "signed.wav", "part.mp3"))
    plain.write_bytes(tune(1))
    code, _, _ = call(
        "sign", plain, "--out", signed, "--source", "ai-generated", "--title", "A tune"
    )
    assert code == 0
    code, said, _ = call("registry", "add", signed)
    assert (code, said.split()[1:]) == (0, ["sound", "of", str(signed)])
    payload = said.split()[0]
    command = ("ffmpeg", "-v", "error", "-ss", "10", "-t", "6", "-i", signed, "-map_metadata", "-1")
    subprocess.run([*command, part], check=True)
    code, said, _ = call("registry", "find", part)
    assert (code, said.split()[0], said.rstrip()[-6:]) == (0, payload, "A tune")
    assert "there from 10." in said or "there from 9." in said
    code, said, _ = call("verify", part)
    assert code == 0  # its fingerprint is the signed one
    assert said.startswith("RECOVERED: lost credentials were found again")
    assert "of its sound is like that of which the fingerprint was signed" in " ".join(said.split())


def test_what_is_not_there_is_said(call, home: keys.Home, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wav"
    plain.write_bytes(tune(2))
    assert call("registry", "find", plain)[:2] == (1, "")
    assert call("verify", plain)[0] == 1
    code, _, said = call("registry", "add", plain)
    assert (code, "not as it was signed" in said) == (3, True)
    code, _, said = call("registry", "find", tmp_path / "none.wav")
    assert (code, "cannot be read" in said) == (3, True)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, _, said = call("registry", "find", picture)
    assert (code, "no fingerprint of sound" in said) == (3, True)
