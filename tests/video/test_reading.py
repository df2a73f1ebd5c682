"""Of which parts and copies of a movie the mark is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import UnreadableVideo
from countermark.video import VideoDetection, detect_video, mark_video

PAYLOAD = 0xFEED_5EED_0123_4567
X264 = ("-an", "-c:v", "libx264", "-preset", "ultrafast", "-threads", 1)
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def marked(film: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("marked") / "marked.mp4"
    mark_video(film(9, rate=12, size=(480, 360)), path, PAYLOAD)
    return path


def expect_mark(path: Path, **options: Any) -> VideoDetection:
    found = detect_video(path, **options)
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.false_positive_rate <= 1e-8
    return found


def test_three_seconds_from_the_middle_at_another_frame_rate(
    marked: Path, tmp_path: Path, ffmpeg: Run
) -> None:
    part = tmp_path / "part.mp4"
    ffmpeg("-ss", 4.3, "-t", 3, "-i", marked, "-vf", "fps=9", *X264, "-crf", 28, part)
    found = expect_mark(part, effort="aligned")
    assert found.begin_seconds == pytest.approx(0, abs=0.2)
    assert 2 < found.end_seconds < 3.1


def test_a_crop_that_was_enlarged(marked: Path, tmp_path: Path, ffmpeg: Run) -> None:
    part = tmp_path / "part.mp4"
    ffmpeg("-t", 3, "-i", marked, "-vf", "crop=360:300:50:30,scale=640:-2", *X264, part)
    expect_mark(part)


def test_a_movie_that_ends_in_the_middle_of_its_data(
    marked: Path, tmp_path: Path, ffmpeg: Run
) -> None:
    stream = tmp_path / "part.mkv"
    ffmpeg("-i", marked, "-c", "copy", stream)
    stream.write_bytes(stream.read_bytes()[: stream.stat().st_size * 2 // 5])
    expect_mark(stream, effort="aligned")


def test_key_pictures_from_all_over_a_long_movie(film: Run, tmp_path: Path, ffmpeg: Run) -> None:
    path, copy = tmp_path / "long.mp4", tmp_path / "copy.mp4"
    mark_video(film(24, rate=2, size=(256, 192)), path, PAYLOAD)
    ffmpeg("-i", path, *X264, "-g", 4, copy)
    found = expect_mark(copy, effort="aligned")
    assert 10 <= found.frames <= 40
    assert found.end_seconds - found.begin_seconds > 18


def test_nothing_is_read_without_the_mark_or_its_key(marked: Path, film: Run) -> None:
    assert detect_video(film(2), effort="aligned") is None
    assert detect_video(marked, key=b"only for friends", effort="aligned") is None


def test_a_file_without_frames_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0" * 1000)
    with pytest.raises(UnreadableVideo):
        detect_video(path)
