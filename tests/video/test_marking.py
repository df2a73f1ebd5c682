"""What is marked of a movie, what stays, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from countermark.errors import (
    CountermarkError,
    DestinationNotWritable,
    SourceNotFound,
    UnreadableVideo,
    UnsupportedVideo,
)
from countermark.video import detect_video, mark_video

PAYLOAD = 0xFEED_5EED_0123_4567
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def rich(film: Run, ffmpeg: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames at uneven times, turned by 90 degrees, with sound, subtitles, chapters and tags."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "s.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nWords\n")
    (folder / "m.txt").write_text(
        ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2500\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=2500\nEND=4000\ntitle=Two\n"
    )
    uneven = folder / "uneven.mp4"
    ffmpeg(
        *("-i", film(), "-f", "lavfi", "-i", "sine=440:duration=4"),
        *("-i", folder / "s.srt", "-i", folder / "m.txt", "-map_metadata", 3),
        *("-map", "0:v", "-map", "1:a", "-map", "2:s"),
        *("-vf", "select=not(eq(mod(n\\,5)\\,3))", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", 14, "-bf", 2, "-threads", 1),
        *("-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709"),
        *("-c:a", "aac", "-c:s", "mov_text", uneven),
    )
    turned = folder / "rich.mp4"
    ffmpeg("-i", uneven, "-map", 0, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    return turned


def chapters(container: Any) -> list[tuple[float, float, str]]:
    """From when to when, in seconds, and their titles."""
    return [
        (
            float(one["start"] * one["time_base"]),
            float(one["end"] * one["time_base"]),
            one["metadata"]["title"],
        )
        for one in container.chapters()
    ]


def test_all_but_pixels_and_sound_stays(rich: Path, tmp_path: Path, shown: Run) -> None:
    out = tmp_path / "out.mp4"
    content = rich.read_bytes()
    counted: list[int] = []
    done = mark_video(rich, out, PAYLOAD, progress=counted.append)
    assert rich.read_bytes() == content
    before, after = shown(rich), shown(out)
    assert done.frames == len(after) == len(before) == counted[-1] == 32
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=1e-3)
    assert done.seconds == pytest.approx(4, abs=0.3)
    with av.open(str(rich)) as source, av.open(str(out)) as written:
        kinds = [[one.type for one in c.streams if one.type != "data"] for c in (source, written)]
        assert kinds[0] == kinds[1] == ["video", "audio", "subtitle"]
        assert chapters(written) == chapters(source) == [(0, 2.5, "One"), (2.5, 4, "Two")]
        assert written.metadata["title"] == "Film"
        context, other = (c.streams.video[0].codec_context for c in (source, written))
        assert other.colorspace == context.colorspace == 1
        frames = [next(c.decode(video=0)) for c in (source, written)]
        assert frames[0].rotation == frames[1].rotation != 0
    packets = []
    for path in (rich, out):
        with av.open(str(path)) as container:
            subtitles = container.streams.subtitles
            packets.append([(p.pts, bytes(p)) for p in container.demux(subtitles) if p.size])
    assert packets[0] == packets[1] != []
    found = detect_video(out, effort="aligned")
    assert found is not None
    assert found.payload == PAYLOAD
    assert detect_video(rich, effort="aligned") is None


@pytest.mark.parametrize(
    ("codec", "kind", "suffix"),
    [
        ("libx265", "yuv420p10le", ".mp4"),
        ("libx264", "yuv444p", ".mkv"),
        pytest.param("libvpx-vp9", "yuv420p", ".webm", marks=pytest.mark.slow),
    ],
)
def test_other_codecs_depths_and_containers(
    codec: str, kind: str, suffix: str, film: Run, tmp_path: Path, shown: Run
) -> None:
    options = {"x265-params": "log-level=none:pools=1"} if codec == "libx265" else {}
    source = film(2, codec=codec, kind=kind, suffix=suffix, options=options)
    out = tmp_path / f"out{suffix}"
    mark_video(source, out, PAYLOAD)
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == kind
    scale = 4 if "10" in kind else 1
    pairs = zip(shown(source), shown(out), strict=True)
    errors = [np.mean(((b.astype(float) - a) / scale) ** 2) for (_, a), (_, b) in pairs]
    assert 10 * np.log10(255**2 / max(errors)) > 40  # 44 of the mark, and the codec's own
    found = detect_video(out, effort="aligned")
    assert found is not None
    assert found.payload == PAYLOAD


def refused(source: Path, out: Path, error: type[CountermarkError]) -> str:
    with pytest.raises(error) as caught:
        mark_video(source, out, PAYLOAD)
    assert not out.exists()
    assert [path for path in out.parent.iterdir() if path.name.startswith(".")] == []
    return str(caught.value)


def test_what_cannot_be_marked_is_refused(film: Run, ffmpeg: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    said = refused(film(0.5, transfer=16), out, UnsupportedVideo)
    assert "high dynamic range" in said
    assert "too small" in refused(film(0.5, size=(96, 128)), out, UnsupportedVideo)
    sound = tmp_path / "sound.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=1", "-c:a", "aac", sound)
    assert "no moving picture" in refused(sound, out, UnreadableVideo)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(film(0.5).read_bytes()[:200])
    refused(damaged, out, UnreadableVideo)
    refused(tmp_path / "missing.mp4", out, SourceNotFound)


def test_full_disk_leaves_nothing(film: Run, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of file sizes are of Unix")
    signal = pytest.importorskip("signal")
    source, out = film(2), tmp_path / "out.mp4"
    content = source.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        refused(source, out, DestinationNotWritable)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert source.read_bytes() == content


def test_a_movie_is_marked_where_it_lies(film: Run, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film(2).read_bytes())
    mark_video(path, path, PAYLOAD)
    found = detect_video(path, effort="aligned")
    assert found is not None
    assert found.payload == PAYLOAD
