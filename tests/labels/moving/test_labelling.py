"""A label is in every frame of the first seconds, and nothing else changes."""

import base64
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from countermark.errors import (
    CountermarkError,
    DestinationNotWritable,
    InvalidArgument,
    LabelDoesNotFit,
    SourceNotFound,
    UnreadableVideo,
    UnsupportedVideo,
)
from countermark.labels.moving import label_video
from countermark.labels.moving.scheduling import ordinary_priority
from countermark.labels.visible import Corner, wording

CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
WORDS = wording("cn")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
AIGC = '{"Label":"1","ContentProducer":"x"}'
Run = Callable[..., Any]


def slow(value: object) -> Any:
    return pytest.param(value, marks=pytest.mark.slow)


def frames(path: Path) -> list[tuple[float, np.ndarray]]:
    """Time from the first frame, and luma, as PyAV decodes them."""
    with av.open(path) as container:
        shown = [(float(one.pts * one.time_base), one) for one in container.decode(video=0)]
        return [(time - shown[0][0], luma(one)) for time, one in shown]


def luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    kind = "u1" if frame.format.components[0].bits == 8 else "<u2"
    return np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(int)


def pattern(
    seconds: float, rate: object = 25, size: str = "128x96", kind: str = "testsrc2"
) -> tuple[str, ...]:
    joint = ":" if "=" in kind else "="
    return ("-f", "lavfi", "-i", f"{kind}{joint}s={size}:r={rate}:d={seconds}")


def expect_label(before: Path, after: Path, seconds: float = 2, depth: int = 8) -> None:
    """In all frames up to that time, and in none after; the place is one."""
    ours, theirs = frames(after), frames(before)
    assert [time for time, _ in ours] == pytest.approx([time for time, _ in theirs], abs=0.002)
    height, width = ours[0][1].shape
    plate = np.s_[
        round(height * 0.88) : round(height * 0.97), round(width * 0.82) : round(width * 0.97)
    ]
    for (time, mine), (_, other) in zip(ours, theirs, strict=True):
        changed = np.abs(mine[plate] - other[plate]).mean() / 2 ** (depth - 8)
        assert changed > 15 if time <= seconds + 1e-6 else changed < 4, time


def picture_at(path: Path, time: float, ffmpeg: Run) -> np.ndarray:
    """What players show at that time, turned as they turn it."""
    content = ffmpeg(
        "-ss", time, "-i", path, "-frames:v", 1, "-f", "image2pipe", "-c:v", "png", "-"
    )
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def words_in(before: Path, after: Path, time: float, ffmpeg: Run, language: str = "chi_sim") -> str:
    """What OCR reads where a picture was changed, without spaces; capital i reads as small L."""
    program = shutil.which("tesseract")
    assert program, "install tesseract-ocr and tesseract-ocr-chi-sim"
    seen = picture_at(after, time, ffmpeg)
    height, width = seen.shape[:2]
    corner = np.s_[round(height * 0.8) :, width // 2 :]  # encoded again, all is a little different
    change = np.abs(seen[corner] - picture_at(before, time, ffmpeg)[corner]).max(axis=2)
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


@pytest.fixture(scope="module")
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
        *pattern(4),
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


def test_rest_is_copied_and_the_joint_is_clean(movie: Path, tmp_path: Path, ffmpeg: Run) -> None:
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


def test_all_else_in_the_file_stays(movie: Path, tmp_path: Path, probe: Run) -> None:
    out = tmp_path / "b.mp4"
    label_video(movie, out, WORDS)
    before, after = probe(movie), probe(out)
    assert after["format"]["tags"] == before["format"]["tags"]
    assert after["format"]["tags"]["AIGC"] == AIGC
    assert after["format"]["duration"] == before["format"]["duration"]
    chapters = [
        [(one["start_time"], one["tags"]["title"]) for one in found["chapters"]]
        for found in (before, after)
    ]
    assert chapters[0] == chapters[1] == [("0.000000", "One"), ("2.500000", "Two")]
    names = (
        "codec_name",
        "codec_tag_string",
        "profile",
        "nb_frames",
        "duration",
        "start_time",
        "r_frame_rate",
    )
    names += ("color_primaries", "color_transfer", "color_space", "pix_fmt", "width", "disposition")
    for one, other in zip(before["streams"], after["streams"], strict=True):
        assert [one.get(name) for name in names] == [other.get(name) for name in names]
        assert one["tags"]["language"] == other["tags"]["language"]
    content = out.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    for kind in ("audio", "subtitle"):
        packets = []
        for path in (movie, out):
            with av.open(path) as container:
                chosen = [one for one in container.streams if one.type == kind]
                packets.append([(p.pts, bytes(p)) for p in container.demux(chosen) if p.size])
        assert packets[0] == packets[1]


@pytest.mark.parametrize(
    ("place", "language", "words"),
    [
        ("cn", "chi_sim", "Al生成"),
        pytest.param("eu", "eng", "Al-generated", marks=pytest.mark.slow),
    ],
)
def test_words_are_read_in_the_first_seconds_only(
    tmp_path: Path, ffmpeg: Run, place: str, language: str, words: str
) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.6, size="320x240", kind="gradients=seed=1"), *X264, source)
    label_video(source, out, wording(place))
    assert words in words_in(source, out, 2, ffmpeg, language)
    assert words_in(source, out, 2.5, ffmpeg, language) == ""


def test_whole_movie_is_labelled(tmp_path: Path, ffmpeg: Run) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.6, 10), *X264, source)
    done = label_video(source, out, WORDS, seconds=None)
    assert (done.encoded, done.labelled_frames) == ("all", 26)
    expect_label(source, out, seconds=3)


@pytest.mark.parametrize("rate", [slow(24), slow(25), 60, slow("30000/1001")])
def test_time_of_play_counts_not_frames(tmp_path: Path, ffmpeg: Run, rate: object) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.5, rate), *X264, "-g", 10, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "part"
    expect_label(source, out)


def test_variable_frame_rate_is_kept(tmp_path: Path, ffmpeg: Run) -> None:
    """Frames of 24, then 60, then 25 a second, and one that stands long."""
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    times = "if(lt(N,20),N/24,if(lt(N,50),0.83+(N-20)/60,if(lt(N,52),1.4+(N-50)*0.55,2+(N-52)/25)))"
    filters = ("-vf", f"setpts='({times})/TB'", "-fps_mode", "vfr", "-enc_time_base", "1/90000")
    ffmpeg(*pattern(3), *filters, *X264, "-g", 15, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "part"
    expect_label(source, out)


def test_edit_list_and_late_start_are_followed(tmp_path: Path, ffmpeg: Run) -> None:
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


def test_open_groups_are_not_cut(tmp_path: Path, ffmpeg: Run) -> None:
    """Key pictures that later ones, shown earlier, lean across: nothing may be copied there."""
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    options = ("-g", 20, "-bf", 3, "-b_strategy", 0, "-x264-params", "open-gop=1:scenecut=0")
    ffmpeg(*pattern(3), *X264, *options, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "all"
    expect_label(source, out)


CODECS = {
    "h264.mkv": (*X264, "-g", 30, "-bf", 3),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-g", 30, "-deadline", "realtime", "-cpu-used", 8),
    "vp8.webm": ("-c:v", "libvpx", "-g", 30, "-deadline", "realtime", "-cpu-used", 8),
    "h265.mov": (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-tag:v",
        "hvc1",
        "-x265-params",
        "log-level=error",
    ),
}


@pytest.mark.parametrize("name", ["h264.mkv", "vp9.webm", slow("vp8.webm"), slow("h265.mov")])
def test_codecs_and_containers(tmp_path: Path, ffmpeg: Run, probe: Run, name: str) -> None:
    source, out = tmp_path / name, tmp_path / f"out.{name}"
    options = (*CODECS[name], "-metadata", f"AIGC={AIGC}", "-movflags", "use_metadata_tags")
    ffmpeg(*pattern(3), *(options if name.endswith("mov") else options[:-2]), source)
    done = label_video(source, out, WORDS)
    assert done.encoded == ("all" if name == "h265.mov" else "part")
    expect_label(source, out)
    before, after = probe(source), probe(out)
    assert after["format"]["format_name"] == before["format"]["format_name"]
    for found in ("codec_name", "codec_tag_string", "profile"):
        assert after["streams"][0][found] == before["streams"][0][found]
    assert after["format"]["tags"]["AIGC"] == AIGC
    lasts = [float(found["format"]["duration"]) for found in (before, after)]
    assert lasts[0] == pytest.approx(lasts[1], abs=0.05)
    ffmpeg("-xerror", "-i", out, "-f", "null", "-")


def make_av1(path: Path) -> None:
    with ordinary_priority(), av.open(path, "w") as container:
        stream = container.add_stream(
            "libsvtav1", 25, options={"preset": "12", "svtav1-params": "lp=1"}
        )
        stream.width, stream.height = 128, 96
        for number in range(60):
            pixels = np.full((96, 128, 3), 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))


def test_av1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = os.sched_getscheduler(0)
    monkeypatch.setenv("SVT_LOG", "1")
    make_av1(tmp_path / "a.mp4")
    monkeypatch.delenv("SVT_LOG")
    done = label_video(tmp_path / "a.mp4", tmp_path / "b.mp4", WORDS)
    assert done.encoded == "all"
    expect_label(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert capfd.readouterr().err == ""
    # Run as root, the encoder makes itself and all that follows a real-time process.
    assert os.sched_getscheduler(0) == before


@pytest.mark.parametrize("rotation", [90, slow(180), slow(270)])
def test_label_is_upright_as_the_movie_is_shown(
    tmp_path: Path, ffmpeg: Run, probe: Run, rotation: int
) -> None:
    whole, source, out = (tmp_path / f"{name}.mp4" for name in "abc")
    ffmpeg(*pattern(2.2, size="320x240", kind="gradients=seed=1"), *X264, whole)
    ffmpeg("-i", whole, "-c", "copy", "-metadata:s:v", f"rotate={rotation}", source)
    label_video(source, out, WORDS)
    assert "Al生成" in words_in(source, out, 1, ffmpeg)
    sides = [probe(path)["streams"][0]["side_data_list"] for path in (source, out)]
    assert sides[0] == sides[1]


@pytest.mark.parametrize("transfer", ["smpte2084", slow("arib-std-b67")])
def test_high_dynamic_range_is_kept(tmp_path: Path, ffmpeg: Run, probe: Run, transfer: str) -> None:
    """10 bits, its colours and its mastering display; white is that of titles, not of the sun."""
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    x265 = f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    x265 += f":master-display={display}:max-cll=1000,400"
    tags = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")
    options = ("-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast", *tags)
    ffmpeg(
        *pattern(2.2, kind="color=c=gray"),
        *options,
        "-x265-params",
        x265,
        "-tag:v",
        "hvc1",
        source,
    )
    label_video(source, out, WORDS)
    before, after = probe(source)["streams"][0], probe(out)["streams"][0]
    for name in (
        "pix_fmt",
        "profile",
        "color_primaries",
        "color_transfer",
        "color_space",
        "side_data_list",
    ):
        assert after.get(name) == before.get(name), name
    [white] = {int(one.max()) for time, one in frames(out)[10:11]}
    assert white < {"smpte2084": 620, "arib-std-b67": 780}[transfer]


@pytest.mark.parametrize("pixels", [slow("yuv422p"), "yuv444p", "yuvj420p", slow("gray")])
def test_kinds_of_pixels(tmp_path: Path, ffmpeg: Run, pixels: str) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.4), "-pix_fmt", pixels, *X264, "-g", 55, source)
    done = label_video(source, out, WORDS)
    assert done.encoded == "part"
    expect_label(source, out)
    kinds = []
    for path in (source, out):
        with av.open(path) as container:
            kinds.append(container.streams.video[0].codec_context.pix_fmt)
    assert kinds[0] == kinds[1]


def test_odd_sizes_and_other_corners(tmp_path: Path, ffmpeg: Run) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(2.2, size="139x101"), "-pix_fmt", "yuv444p", *X264, source)
    for corner in (Corner.TOP_RIGHT, Corner.BOTTOM_LEFT):
        label_video(source, out, WORDS, corner=corner)
        change = np.abs(frames(out)[5][1] - frames(source)[5][1])
        middle = [
            round(float(index))
            for index in np.average(np.indices(change.shape), axis=(1, 2), weights=change**2)
        ]
        vertical, horizontal = corner.value.split("-")
        assert (middle[0] > 101 / 2) == (vertical == "bottom")
        assert (middle[1] > 139 / 2) == (horizontal == "right")


def test_cover_and_attachments_stay(movie: Path, tmp_path: Path, ffmpeg: Run, probe: Run) -> None:
    cover = tmp_path / "c.png"
    ffmpeg(*pattern(1), "-frames:v", 1, "-update", 1, cover)
    for name, options in {
        "a.mp4": (
            "-i",
            cover,
            "-map",
            "0:v",
            "-map",
            1,
            "-c",
            "copy",
            "-disposition:v:1",
            "attached_pic",
        ),
        "a.mkv": (
            "-map",
            "0:v",
            "-c",
            "copy",
            "-attach",
            cover,
            "-metadata:s:t",
            "mimetype=image/png",
            "-metadata:s:t",
            "filename=cover.png",
        ),
    }.items():
        source, out = tmp_path / name, tmp_path / f"out.{name}"
        ffmpeg("-i", movie, *options, source)
        label_video(source, out, WORDS)
        found = [
            [
                (one["codec_name"], one["disposition"]["attached_pic"])
                for one in probe(path)["streams"]
            ]
            for path in (source, out)
        ]
        assert found[0] == found[1]
        assert ("png", 1) in found[1]


def test_short_movie_and_source_as_destination(tmp_path: Path, ffmpeg: Run) -> None:
    source, path = tmp_path / "a.mp4", tmp_path / "b.mp4"
    ffmpeg(*pattern(0.4), *X264, source)
    shutil.copy(source, path)
    done = label_video(path, path, WORDS)
    assert (done.encoded, done.labelled_frames) == ("all", 10)
    expect_label(source, path)


def test_bad_files_are_refused(movie: Path, tmp_path: Path, ffmpeg: Run) -> None:
    whole = movie.read_bytes()
    cases: dict[str, tuple[bytes, type[CountermarkError]]] = {
        "cut.mp4": (whole[:3_000], UnreadableVideo),
        "broken off.mp4": (whole[: len(whole) // 3], UnreadableVideo),
        "noise.mp4": (bytes(range(256)) * 20, UnreadableVideo),
        "empty.mp4": (b"", UnreadableVideo),
    }
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "sound.m4a")
    ffmpeg(*pattern(0.2, size="2x2"), "-pix_fmt", "yuv444p", *X264, tmp_path / "tiny.mp4")
    ffmpeg(*pattern(0.2), "-c:v", "mpeg4", tmp_path / "old.mp4")
    ffmpeg(*pattern(0.2), *X264, tmp_path / "stream.ts")
    cases |= {
        name: ((tmp_path / name).read_bytes(), error)
        for name, error in {
            "sound.m4a": UnreadableVideo,
            "tiny.mp4": LabelDoesNotFit,
            "old.mp4": UnsupportedVideo,
            "stream.ts": UnsupportedVideo,
        }.items()
    }
    for name, (content, error) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(error):
            label_video(tmp_path / name, tmp_path / "out", WORDS)
        assert (tmp_path / name).read_bytes() == content
        assert not (tmp_path / "out").exists()
    with pytest.raises(InvalidArgument):
        label_video(movie, tmp_path / "out", WORDS, seconds=1.9)
    with pytest.raises(SourceNotFound):
        label_video(tmp_path / "missing.mp4", tmp_path / "out", WORDS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(cases)


def test_full_disk_leaves_nothing(movie: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, former[1]))
    try:
        with pytest.raises(DestinationNotWritable):
            label_video(movie, tmp_path / "out.mp4", WORDS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the movies of the corpus")
@pytest.mark.slow
def test_real_movies(tmp_path: Path, ffmpeg: Run) -> None:
    files = sorted((CORPUS / "video").glob("*.mp4"))
    assert len(files) >= 3
    for path in files:
        out = tmp_path / path.name
        label_video(path, out, WORDS)
        expect_label(path, out)
        ffmpeg("-xerror", "-i", out, "-f", "null", "-")
        for time in (0, 1, 1.9):
            assert "生成" in words_in(path, out, time, ffmpeg), (path, time)


PLAYED = """async () => {
    const video = document.querySelector("video");
    await new Promise((done, failed) => {
        video.onloadeddata = done;
        video.onerror = () => failed(video.error.message);
        if (video.readyState >= 2) done();
    });
    video.play();
    await new Promise(done => video.onended = done);
    const { totalVideoFrames, droppedVideoFrames, corruptedVideoFrames } =
        video.getVideoPlaybackQuality();
    const canvas = document.createElement("canvas");
    const paper = canvas.getContext("2d");
    const levels = [];
    for (const time of [1, 2.42]) {
        await new Promise(done => { video.onseeked = done; video.currentTime = time; });
        paper.drawImage(video, 0, 0);
        levels.push(paper.getImageData(110, 85, 1, 1).data[1]);
    }
    return { totalVideoFrames, corruptedVideoFrames, levels };
}"""


@pytest.mark.slow  # it plays for as long as it lasts
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_browser_plays_across_the_joint(
    tmp_path: Path, ffmpeg: Run, browser: Any, kind: str
) -> None:
    source, out = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    options = (*X264, "-g", 30, "-bf", 3) if kind == "mp4" else (*CODECS["vp9.webm"], "-g", 30)
    ffmpeg(*pattern(4, kind="color=c=green"), *options, "-pix_fmt", "yuv420p", source)
    assert label_video(source, out, WORDS).encoded == "part"
    content = base64.b64encode(out.read_bytes()).decode()
    page = browser.new_page()
    page.set_content(f'<video muted preload=auto src="data:video/{kind};base64,{content}"></video>')
    played = page.evaluate(PLAYED)
    page.close()
    assert played["totalVideoFrames"] >= 95
    assert played["corruptedVideoFrames"] == 0
    labelled, plain = played["levels"]
    assert abs(labelled - plain) > 20
