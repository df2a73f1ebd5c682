"""Movies made for the tests, and readers by others."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
AIGC = '{"Label":"1","ContentProducer":"x"}'
Run = Callable[..., Any]


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., bytes]:
    program = shutil.which("ffmpeg")
    assert program, "install ffmpeg"

    def run(*arguments: object) -> bytes:
        command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, check=True, capture_output=True)
        assert not done.stderr, done.stderr  # a decoder that stumbles says so, and goes on
        return done.stdout

    return run


@pytest.fixture(scope="session")
def probe() -> Callable[..., dict[str, Any]]:
    program = shutil.which("ffprobe")
    assert program, "install ffmpeg"

    def run(path: Path, *options: str) -> dict[str, Any]:
        shown = ("-show_format", "-show_streams", "-show_chapters", *options)
        command = [program, "-v", "error", "-of", "json", *shown, path]
        answer: dict[str, Any] = json.loads(
            subprocess.run(command, check=True, capture_output=True).stdout
        )
        return answer

    return run


def _luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    kind = "u1" if frame.format.components[0].bits == 8 else "<u2"
    return np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(int)


def _frames(path: Path) -> list[tuple[float, np.ndarray]]:
    """Time from the first frame, and luma, as PyAV decodes them."""
    with av.open(path) as container:
        shown = [(float(one.pts * one.time_base), one) for one in container.decode(video=0)]
        return [(time - shown[0][0], _luma(one)) for time, one in shown]


def _pattern(
    seconds: float, rate: object = 25, size: str = "128x96", kind: str = "testsrc2"
) -> tuple[str, ...]:
    joint = ":" if "=" in kind else "="
    return ("-f", "lavfi", "-i", f"{kind}{joint}s={size}:r={rate}:d={seconds}")


def _expect_label(before: Path, after: Path, seconds: float = 2, depth: int = 8) -> None:
    """In all frames up to that time, and in none after; the place is one."""
    ours, theirs = _frames(after), _frames(before)
    assert [time for time, _ in ours] == pytest.approx([time for time, _ in theirs], abs=0.002)
    height, width = ours[0][1].shape
    plate = np.s_[
        round(height * 0.88) : round(height * 0.97), round(width * 0.82) : round(width * 0.97)
    ]
    for (time, mine), (_, other) in zip(ours, theirs, strict=True):
        changed = np.abs(mine[plate] - other[plate]).mean() / 2 ** (depth - 8)
        assert changed > 15 if time <= seconds + 1e-6 else changed < 4, time


def _picture_at(path: Path, time: float, ffmpeg: Run) -> np.ndarray:
    """What players show at that time, turned as they turn it."""
    content = ffmpeg(
        "-ss", time, "-i", path, "-frames:v", 1, "-f", "image2pipe", "-c:v", "png", "-"
    )
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def _words_in(
    before: Path, after: Path, time: float, ffmpeg: Run, language: str = "chi_sim"
) -> str:
    """What OCR reads where a picture was changed, without spaces; capital i reads as small L."""
    program = shutil.which("tesseract")
    assert program, "install tesseract-ocr and tesseract-ocr-chi-sim"
    seen = _picture_at(after, time, ffmpeg)
    height, width = seen.shape[:2]
    corner = np.s_[round(height * 0.8) :, width // 2 :]  # encoded again, all is a little different
    change = np.abs(seen[corner] - _picture_at(before, time, ffmpeg)[corner]).max(axis=2)
    rows, columns = (np.flatnonzero(change.mean(axis=axis) > 8) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return ""
    plate = seen[corner][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    part = Image.fromarray(plate.astype(np.uint8))
    content = io.BytesIO()
    part.resize((3 * part.width, 3 * part.height)).save(content, "PNG")
    command = [program, "-", "-", "-l", language, "--psm", "6"]
    run = subprocess.run(
        command,
        input=content.getvalue(),
        check=True,
        capture_output=True,
        env={"OMP_THREAD_LIMIT": "1"},
    )
    return "".join(run.stdout.decode().split()).replace("I", "l")


@pytest.fixture(scope="session")
def frames() -> Run:
    return _frames


@pytest.fixture(scope="session")
def pattern() -> Run:
    return _pattern


@pytest.fixture(scope="session")
def expect_label() -> Run:
    return _expect_label


@pytest.fixture(scope="session")
def words_in() -> Run:
    return _words_in


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Run) -> Path:
    """H.264 with pictures out of order, two sounds, subtitles, chapters, tags and colours."""
    folder = tmp_path_factory.mktemp("movie")
    (folder / "s.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nWords\n")
    (folder / "m.txt").write_text(
        ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2500\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=2500\nEND=4000\ntitle=Two\n"
    )
    colours = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
    ffmpeg(
        *_pattern(4),
        "-f",
        "lavfi",
        "-i",
        "sine=d=4",
        "-i",
        folder / "s.srt",
        "-i",
        folder / "m.txt",
        *("-map", 0, "-map", 1, "-map", 1, "-map", 2, "-map_metadata", 3),
        *("-c:a", "aac", "-c:s", "mov_text", *X264, "-g", 30, "-bf", 3, "-b_strategy", 0, *colours),
        *("-metadata", f"AIGC={AIGC}", "-metadata:s:a:1", "language=fra"),
        *("-movflags", "use_metadata_tags+faststart", folder / "a.mp4"),
    )
    return folder / "a.mp4"
