"""What else a file holds stays; files that cannot be labelled, and those that cannot be written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

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
from countermark.labels.visible import wording

WORDS = wording("cn")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
AIGC = '{"Label":"1","ContentProducer":"x"}'
Run = Callable[..., Any]


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


def test_cover_and_attachments_stay(
    movie: Path, tmp_path: Path, ffmpeg: Run, probe: Run, pattern: Run
) -> None:
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


def test_bad_files_are_refused(movie: Path, tmp_path: Path, ffmpeg: Run, pattern: Run) -> None:
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
