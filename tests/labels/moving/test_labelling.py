"""A label is in every frame of the first seconds, and the rest is copied."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from countermark.labels.moving import label_video
from countermark.labels.visible import wording

WORDS = wording("cn")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
Run = Callable[..., Any]


def slow(value: object) -> Any:
    return pytest.param(value, marks=pytest.mark.slow)


def test_rest_is_copied_and_the_joint_is_clean(
    movie: Path, tmp_path: Path, ffmpeg: Run, expect_label: Run
) -> None:
    """FFmpeg, in strict mode, decodes all; from the joint on every picture is bit for bit."""
    out = tmp_path / "b.mp4"
    done = label_video(movie, out, WORDS)
    assert (done.encoded, done.copied_from_seconds) == ("part", pytest.approx(2.4))
    assert (done.labelled_frames, done.lines) == (51, ("AI生成",))
    assert done.ink_height >= 0.05 * 96
    expect_label(movie, out)
    hashes = [
        ffmpeg(
            "-xerror", "-err_detect", "explode", "-i", path, "-map", "0:v", "-f", "framemd5", "-"
        )
        for path in (movie, out)
    ]
    before, after = (
        [line.split(b",")[-1] for line in text.splitlines() if not line.startswith(b"#")]
        for text in hashes
    )
    assert len(before) == len(after) == 100
    assert before[60:] == after[60:]
    assert all(one != other for one, other in zip(before[:51], after[:51], strict=True))


@pytest.mark.parametrize(
    ("place", "language", "words"),
    [
        ("cn", "chi_sim", "Al生成"),
        pytest.param("eu", "eng", "Al-generated", marks=pytest.mark.slow),
    ],
)
def test_words_are_read_in_the_first_seconds_only(
    tmp_path: Path, ffmpeg: Run, place: str, language: str, words: str, pattern: Run, words_in: Run
) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.6, size="320x240", kind="gradients=seed=1"), *X264, source)
    label_video(source, out, wording(place))
    assert words in words_in(source, out, 2, ffmpeg, language)
    assert words_in(source, out, 2.5, ffmpeg, language) == ""


def test_whole_movie_is_labelled(
    tmp_path: Path, ffmpeg: Run, pattern: Run, expect_label: Run
) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.6, 10), *X264, source)
    done = label_video(source, out, WORDS, seconds=None)
    assert (done.encoded, done.labelled_frames) == ("all", 26)
    expect_label(source, out, seconds=3)


@pytest.mark.parametrize("rate", [slow(24), slow(25), 60, slow("30000/1001")])
def test_time_of_play_counts_not_frames(
    tmp_path: Path, ffmpeg: Run, rate: object, pattern: Run, expect_label: Run
) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.5, rate), *X264, "-g", 10, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "part"
    expect_label(source, out)


def test_variable_frame_rate_is_kept(
    tmp_path: Path, ffmpeg: Run, pattern: Run, expect_label: Run
) -> None:
    """Frames of 24, then 60, then 25 a second, and one that stands long."""
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    times = "if(lt(N,20),N/24,if(lt(N,50),0.83+(N-20)/60,if(lt(N,52),1.4+(N-50)*0.55,2+(N-52)/25)))"
    filters = ("-vf", f"setpts='({times})/TB'", "-fps_mode", "vfr", "-enc_time_base", "1/90000")
    ffmpeg(*pattern(3), *filters, *X264, "-g", 15, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "part"
    expect_label(source, out)


def test_edit_list_and_late_start_are_followed(
    tmp_path: Path, ffmpeg: Run, pattern: Run, expect_label: Run
) -> None:
    """A movie cut at no key frame, whose edit list hides the first pictures, and a later start."""
    whole, cut, late, out = (tmp_path / f"{name}.mp4" for name in "abcd")
    ffmpeg(*pattern(4), *X264, "-g", 20, "-bf", 2, whole)
    ffmpeg("-ss", 0.5, "-i", whole, "-c", "copy", cut)
    ffmpeg("-itsoffset", 1.5, "-i", whole, "-f", "lavfi", "-i", "sine=d=4", "-c:v", "copy", late)
    for source in (cut, late):
        done = label_video(source, out, WORDS)
        expect_label(source, out)
        assert done.encoded == "part"
    with av.open(late) as before, av.open(out) as after:
        starts = [
            one.streams.video[0].start_time * one.streams.video[0].time_base
            for one in (before, after)
        ]
    assert starts[0] == starts[1] == pytest.approx(1.5, abs=0.05)


def test_open_groups_are_not_cut(
    tmp_path: Path, ffmpeg: Run, pattern: Run, expect_label: Run
) -> None:
    """Key pictures that later ones, shown earlier, lean across: nothing may be copied there."""
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    options = ("-g", 20, "-bf", 3, "-b_strategy", 0, "-x264-params", "open-gop=1:scenecut=0")
    ffmpeg(*pattern(3), *X264, *options, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "all"
    expect_label(source, out)


def test_short_movie_and_source_as_destination(
    tmp_path: Path, ffmpeg: Run, pattern: Run, expect_label: Run
) -> None:
    source, path = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(0.4), *X264, source)
    shutil.copy(source, path)
    done = label_video(path, path, WORDS)
    assert (done.encoded, done.labelled_frames) == ("all", 10)
    expect_label(source, path)
