"""Movies with watermark, manifest and entry: what is stated, and that all is there or nothing."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from countermark import credentials, keys, mark, verify
from countermark.cli import app
from countermark.credentials import (
    FINGERPRINTS,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    SoftBinding,
    Trust,
)
from countermark.errors import InvalidArgument, MarkLost, MarkNotReadable, RegistryError
from countermark.marking import is_marked, mark_frames
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Verdict
from countermark.video import MarkedVideo, detect_sounds, detect_video, mark_video

RECORD = Record(source=DigitalSource.AI_GENERATED, title="A film")


def clip(path: Path, seed: int = 4) -> Path:
    """Two seconds of grain that moves."""
    random = np.random.default_rng(seed)
    scene = random.integers(60, 190, (60, 110), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "16", "preset": "ultrafast"}
        for at in range(20):
            pixels = np.ascontiguousarray(scene[:, 2 * at : 2 * at + 320])
            frame = av.VideoFrame.from_ndarray(pixels, format="gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


def with_sound(pictures: Path, tune: Path, path: Path) -> Path:
    """Eight seconds of the tune under the pictures, again and again."""
    raw = ["-f", "f32le", "-ar", "44100", "-ac", "2", "-i", tune]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "3", "-i", pictures, *raw]
    maps = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-t", "8"]
    subprocess.run([*map(str, command), *maps, path], check=True)
    return path


def coded_again(source: Path, path: Path) -> Path:
    """By another encoder's settings, without its manifest."""
    with av.open(str(source)) as container, av.open(str(path), "w") as copy:
        stream = copy.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for frame in container.decode(video=0):
            frame.pict_type = 0
            copy.mux(stream.encode(frame))
        copy.mux(stream.encode())
    return path


def test_a_movie_is_marked_signed_and_remembered(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        done = mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
        entry = registry.find_payload(done.payload)
        assert entry is not None
        assert entry.record.title == "A film"
        assert (entry.width, entry.height) == (320, 240)
        assert is_marked(out, registry)
    found = credentials.read(out, "video/mp4", trust=Trust.nobody())
    binding, fingerprint = found.soft_bindings
    assert fingerprint.algorithm == VIDEO_FINGERPRINT_ALGORITHM
    assert binding.algorithm == WATERMARK_ALGORITHM
    assert binding.value == done.payload.to_bytes(8, "big")
    assert binding.timespan == (0, 2000)
    assert verify(out).verdict is Verdict.INTACT
    assert {path.name for path in tmp_path.iterdir()} >= {"in.mp4", "out.mp4"}


def test_the_sound_has_the_mark_of_the_pictures(
    tmp_path: Path, home: keys.Home, tune: Path
) -> None:
    source = with_sound(clip(tmp_path / "in.mp4"), tune, tmp_path / "film.mp4")
    out = tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        done = mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
        entry = registry.find_payload(done.payload)
    assert entry is not None
    assert entry.clip is not None
    assert entry.clip.sound is not None
    assert done.video is not None
    [sound] = done.video.sounds
    assert sound.reason is None
    [[mark_in_sound]] = detect_sounds(out, effort="aligned")
    mark_in_frames = detect_video(out, effort="aligned")
    assert mark_in_frames is not None
    assert mark_in_sound.payload == mark_in_frames.payload == done.payload
    found = credentials.read(out, "video/mp4", trust=Trust.nobody())
    assert found is not None
    pictures, heard, *others = found.soft_bindings
    assert {each.algorithm for each in others} <= FINGERPRINTS
    assert pictures.algorithm == WATERMARK_ALGORITHM
    assert heard.algorithm == SOUND_WATERMARK_ALGORITHM
    assert pictures.value == heard.value == done.payload.to_bytes(8, "big")
    assert pictures.timespan == (0, 8000)
    assert heard.timespan == (pytest.approx(0, abs=200), pytest.approx(8000, abs=200))
    assert verify(out).verdict is Verdict.INTACT


def test_a_mark_of_the_sound_alone_is_not_overlaid(
    tmp_path: Path, home: keys.Home, tune: Path
) -> None:
    pictures = clip(tmp_path / "in.mp4")
    both = with_sound(pictures, tune, tmp_path / "both.mp4")
    mark_video(both, both, 7)
    source, out = tmp_path / "film.mp4", tmp_path / "out.mp4"
    inputs = ["-stream_loop", "3", "-i", pictures, "-i", both, "-map", "0:v", "-map", "1:a"]
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-c", "copy", "-t", "8", source]
    subprocess.run(list(map(str, command)), check=True)
    with Registry.open(home.registry_path) as registry, pytest.raises(MarkLost, match="000007"):
        mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    assert not out.exists()


def test_a_sound_that_cannot_be_read_back_leaves_nothing(
    tmp_path: Path, home: keys.Home, tune: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the sound of the finished file is another one than that which was marked."""
    source = with_sound(clip(tmp_path / "in.mp4"), tune, tmp_path / "film.mp4")
    out, before = tmp_path / "out.mp4", set(tmp_path.iterdir())

    def spoilt(source: Path, destination: Path, payload: int, **options: Any) -> MarkedVideo:
        done = mark_video(source, destination, payload, **options)
        whole = destination.with_name("whole.mp4")
        destination.rename(whole)
        inputs = ["-i", whole, "-i", source, "-map", "0:v", "-map", "1:a", "-c", "copy"]
        command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, destination]
        subprocess.run(list(map(str, command)), check=True)
        return done

    monkeypatch.setattr("countermark.marking.movies.mark_video", spoilt)
    with (
        Registry.open(home.registry_path) as registry,
        pytest.raises(MarkNotReadable, match="sound"),
    ):
        mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    assert set(tmp_path.iterdir()) == before


def test_the_command_tells_what_was_done(tmp_path: Path, home: keys.Home) -> None:
    """Pixel work and coding apart, and which sound has no mark: here one of a second."""
    source, out = tmp_path / "film.mp4", tmp_path / "out.mp4"
    inputs = ["-i", clip(tmp_path / "in.mp4"), "-f", "lavfi", "-i", "sine=440:duration=1"]
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-c:v", "copy", "-c:a", "aac", source]
    subprocess.run(list(map(str, command)), check=True)
    told = ["mark", str(source), "--out", str(out), "--source", "ai-generated"]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 0, done.output
    first, work, sound = done.stdout.splitlines()
    assert first == f"{source} -> {out}"
    assert re.fullmatch(
        r"  20 frames, \d+ a second of pixel work \(\d+\.\d s\); "
        r"decoding and encoding \d+\.\d s of processor time",
        work,
    )
    assert sound.startswith("  Sound 1 (aac) is copied unmarked: It is silent, too short")
    as_json = CliRunner().invoke(app, [*told[:3], str(tmp_path / "more.mp4"), *told[4:], "--json"])
    video = json.loads(as_json.stdout)["video"]
    assert (video["frames"], video["seconds"], video["sounds"][0]["span"]) == (20, 2.0, None)


def test_nothing_is_left_when_the_registry_fails(
    tmp_path: Path, home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    before = set(tmp_path.iterdir())
    with Registry.open(home.registry_path) as registry:

        def fail(entry: object) -> Any:
            raise RegistryError("It is full.", remedy="Make room.")

        monkeypatch.setattr(registry, "adding", fail)
        with pytest.raises(RegistryError):
            mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    assert set(tmp_path.iterdir()) == before


def test_a_mark_that_no_manifest_names_is_not_overlaid(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    mark_video(source, source, 7)
    with Registry.open(home.registry_path) as registry:
        with pytest.raises(MarkLost, match="0000000000000007"):
            mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
        with pytest.raises(InvalidArgument, match=r"\.mp4"):
            mark(
                source, tmp_path / "out.mkv", record=RECORD, signer=home.signer(), registry=registry
            )
    assert not out.exists()


@pytest.fixture
def made_of_marked_frames(tmp_path: Path, home: keys.Home) -> Path:
    """A movie as a server writes it, whose frames `mark_frames` has marked for `RECORD`."""
    with av.open(str(clip(tmp_path / "in.mp4"))) as container:
        frames = np.stack([one.to_ndarray(format="rgb24") for one in container.decode(video=0)])
    stated: Any = {"layout": "FHWC", "range": "u8", "fps": 10, "record": RECORD}
    marked = mark_frames(frames, signer=home.signer(), **stated)
    path = tmp_path / "made.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "16"}
        for one in marked:
            frame = av.VideoFrame.from_ndarray(one, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def frames_in(path: Path) -> str:
    """The checksum of each frame, by a reader of others."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0", "-f", "framemd5", "-"]
    answer = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return answer.stdout


def test_a_movie_of_marked_frames_keeps_them(
    tmp_path: Path, home: keys.Home, made_of_marked_frames: Path
) -> None:
    out = tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        done = mark(
            made_of_marked_frames, out, record=RECORD, signer=home.signer(), registry=registry
        )
        assert done.video is None
        assert frames_in(out) == frames_in(made_of_marked_frames)
        assert len(registry.manifests.all_of(done.payload)) == 2
    found = credentials.read(out, "video/mp4", trust=Trust.nobody())
    assert found is not None
    assert (found.soft_bindings[0].value, found.soft_bindings[0].timespan) == (
        done.payload.to_bytes(8, "big"),
        (0, 1900),  # to when the last frame is shown
    )
    assert verify(out).verdict is Verdict.INTACT
    assert verify(coded_again(out, tmp_path / "copy.mp4")).verdict is Verdict.RECOVERED


def test_a_movie_of_frames_marked_for_another_record_is_refused(
    tmp_path: Path, home: keys.Home, made_of_marked_frames: Path
) -> None:
    other = Record(source=DigitalSource.CAPTURED)
    with pytest.raises(MarkLost, match="The movie holds the watermark"):
        mark(made_of_marked_frames, tmp_path / "out.mp4", record=other, signer=home.signer())
    assert not (tmp_path / "out.mp4").exists()


def test_copies_are_recovered_and_changed_files_told(tmp_path: Path, home: keys.Home) -> None:
    source, out = clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    with Registry.open(home.registry_path) as registry:
        mark(source, out, record=RECORD, signer=home.signer(), registry=registry)
    copy = coded_again(out, tmp_path / "copy.mp4")
    report = verify(copy)
    assert report.verdict is Verdict.RECOVERED, report
    assert report.record is not None
    assert report.record.title == "A film"
    other = clip(tmp_path / "other.mp4", seed=5)
    mark_video(other, other, 7)
    assert verify(other).verdict is Verdict.UNMARKED
    assert "does not know it" in verify(other).summary
    assert verify(source).evidence[1].explanation.startswith("No watermark was read")


def test_a_manifest_of_another_movie_is_transplanted(tmp_path: Path, home: keys.Home) -> None:
    source, signed = clip(tmp_path / "in.mp4"), tmp_path / "signed.mp4"
    mark_video(source, source, 7)
    for payload, verdict in ((7, Verdict.ALTERED), (8, Verdict.TRANSPLANTED)):
        credentials.sign_file(
            source,
            signed,
            "video/mp4",
            record=RECORD,
            signer=home.signer(),
            soft_bindings=[SoftBinding.of_payload(payload, seconds=2)],
        )
        changed = tmp_path / "changed.mp4"
        changed.write_bytes(signed.read_bytes().replace(b"VideoHandler", b"Videohandler"))
        report = verify(changed)
        assert report.verdict is verdict, report
