"""Movies of all kinds: codecs and containers, pixels and sizes, turned ones, HDR."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from countermark.labels.moving import label_video
from countermark.labels.moving.scheduling import ordinary_priority
from countermark.labels.visible import Corner, wording

WORDS = wording("cn")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
AIGC = '{"Label":"1","ContentProducer":"x"}'
Run = Callable[..., Any]


def slow(value: object) -> Any:
    return pytest.param(value, marks=pytest.mark.slow)


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
def test_codecs_and_containers(
    tmp_path: Path, ffmpeg: Run, probe: Run, name: str, pattern: Run, expect_label: Run
) -> None:
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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    expect_label: Run,
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
    tmp_path: Path, ffmpeg: Run, probe: Run, rotation: int, pattern: Run, words_in: Run
) -> None:
    whole, source, out = (tmp_path / f"{name}.mp4" for name in "abc")
    ffmpeg(*pattern(2.2, size="320x240", kind="gradients=seed=1"), *X264, whole)
    ffmpeg("-i", whole, "-c", "copy", "-metadata:s:v", f"rotate={rotation}", source)
    label_video(source, out, WORDS)
    assert "Al生成" in words_in(source, out, 1, ffmpeg)
    sides = [probe(path)["streams"][0]["side_data_list"] for path in (source, out)]
    assert sides[0] == sides[1]


@pytest.mark.parametrize("transfer", ["smpte2084", slow("arib-std-b67")])
def test_high_dynamic_range_is_kept(
    tmp_path: Path, ffmpeg: Run, probe: Run, transfer: str, frames: Run, pattern: Run
) -> None:
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
def test_kinds_of_pixels(
    tmp_path: Path, ffmpeg: Run, pixels: str, pattern: Run, expect_label: Run
) -> None:
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


def test_odd_sizes_and_other_corners(
    tmp_path: Path, ffmpeg: Run, frames: Run, pattern: Run
) -> None:
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
