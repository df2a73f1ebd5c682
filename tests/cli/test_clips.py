"""`countermark registry add` and `find`, `mark` and `verify` of sounds and movies."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

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


@pytest.fixture
def folder(tmp_path: Path, photo: Path) -> Path:
    """A picture, a sound and, deeper, a movie, beside a sound that is none."""
    folder = tmp_path / "mixed"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(photo, folder / "a.jpg")
    (folder / "b.WAV").write_bytes(tune(3))
    (folder / "c.mp3").write_bytes(b"no sound")
    (folder / "notes.txt").write_text("none of them")
    camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):0,fps=6"
    command = ("ffmpeg", "-v", "error", "-loop", "1", "-r", "6", "-t", "3", "-i", photo)
    coding = ("-vf", camera, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "16")
    subprocess.run([*command, *coding, folder / "deep" / "d.mp4"], check=True)
    return folder


def test_folders_of_all_that_is_marked(call, home: keys.Home, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "marked"
    code, said, complaints = call("mark", folder, "--out", out, "--source", "captured", "--json")
    told = {Path(line["file"]).name: line for line in map(json.loads, said.splitlines())}
    assert {name: line["status"] for name, line in told.items()} == {
        "a.jpg": "marked",
        "b.WAV": "marked",
        "c.mp3": "failed",
        "d.mp4": "marked",
    }
    assert code == 3
    assert complaints.splitlines() == [
        f"{folder / 'c.mp3'}: {told['c.mp3']['error']}",
        "3 marked, 0 skipped, 1 failed",
    ]
    assert "neither picture, movie nor sound" in told["c.mp3"]["error"]
    assert told["d.mp4"]["video"]["frames"] == 18

    (folder / "c.mp3").unlink()
    code, _, complaints = call("mark", folder, "--out", out, "--source", "captured")
    assert (code, complaints.strip()) == (0, "0 marked, 3 skipped, 0 failed")

    code, said, _ = call("verify", out, "--json")
    verdicts = {Path(r["file"]).name: r["verdict"] for r in map(json.loads, said.splitlines())}
    assert (code, verdicts) == (0, dict.fromkeys(("a.jpg", "b.WAV", "d.mp4"), "intact"))


def test_folder_without_anything_to_mark_is_refused(call, home: keys.Home, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none of them")
    code, _, said = call("mark", tmp_path, "--out", tmp_path / "out")
    assert code == 3
    assert "holds no pictures, movies or sounds" in said
    assert ".wav" in said


def test_folders_to_verify_hold_what_bears_a_mark(call, home: keys.Home, tmp_path: Path) -> None:
    plain, marked, copies = (tmp_path / name for name in ("plain.wav", "marked.wav", "copies"))
    plain.write_bytes(tune(4))
    assert call("mark", plain, "--out", marked)[0] == 0
    copies.mkdir()
    command = ("ffmpeg", "-v", "error", "-i", marked, "-map_metadata", "-1")
    for name in ("copy.ogg", "copy.mka.txt", "copy.opus"):
        form = ("-f", "matroska") if name.endswith(".txt") else ()
        subprocess.run([*command, *form, copies / name], check=True)
    code, said, _ = call("verify", copies, "--json")
    verdicts = {Path(r["file"]).name: r["verdict"] for r in map(json.loads, said.splitlines())}
    assert (code, verdicts) == (0, dict.fromkeys(("copy.ogg", "copy.opus"), "recovered"))
