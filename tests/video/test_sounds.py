"""The sound of a movie: marked where it can be, in its own codec, and not moved by a sample."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from countermark.video import detect_sounds, mark_video

PAYLOAD = 0x5EED_0123_4567_FEED
RATE = 44_100
SECONDS = 8
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def music(tune: Path) -> tuple[object, ...]:
    """As arguments of ffmpeg."""
    return ("-f", "f32le", "-ar", RATE, "-ac", 2, "-t", SECONDS, "-i", tune)


@pytest.fixture(scope="module")
def pictures(film: Run) -> Path:
    return film(SECONDS, size=(160, 144))


def heard(path: Path, track: int = 0) -> np.ndarray:
    """What is heard of the first channel from one second before the first frame on."""
    with av.open(str(path)) as container:
        first = float(next(container.decode(video=0)).time or 0)
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        line = np.zeros((SECONDS + 3) * stream.rate, np.float32)
        begin: float | None = None
        at = 0
        for frame in container.decode(stream):
            if begin is None:
                begin = float(frame.time or 0)
                at = round((begin - first + 1) * stream.rate)
            block = frame.to_ndarray()
            block = block[0] if frame.format.is_planar else block.reshape(-1, stream.channels)[:, 0]
            full = 1 if block.dtype.kind == "f" else 2.0 ** (8 * block.dtype.itemsize - 1)
            line[at : at + len(block)] = block / full
            at += len(block)
        return line


def shift(before: np.ndarray, after: np.ndarray) -> int:
    """By how many samples it is heard later: the place of the highest correlation."""
    size = 1 << (2 * len(before)).bit_length()
    spectrum = np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size))
    place = int(np.fft.irfft(spectrum, size).argmax())
    return place if place < size // 2 else place - size


def probed(path: Path) -> list[dict[str, Any]]:
    """The sounds, by a reader of others."""
    entries = "stream=codec_name,sample_rate,channels,duration_ts:stream_tags=language,title"
    command = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", entries]
    told = subprocess.run([*command, "-of", "json", path], check=True, capture_output=True)
    streams: list[dict[str, Any]] = json.loads(told.stdout)["streams"]
    for one in streams:  # of the handler, which muxers name
        one.get("tags", {}).pop("handler_name", None)
    return streams


def packets(path: Path, track: int) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


CODERS = {
    "aac.mp4": ("aac", "-b:a", "128k"),
    "mp3.mov": ("libmp3lame", "-b:a", "128k"),
    "pcm.mov": ("pcm_s24le",),
    "opus.mp4": ("libopus", "-b:a", "64k", "-ar", 48_000),
    "flac.mp4": ("flac", "-strict", -2),
    "alac.mov": ("alac",),
    "aac.mkv": ("aac", "-b:a", "128k"),
    "opus.mkv": ("libopus", "-b:a", "64k", "-ar", 48_000),
    "mp3.mkv": ("libmp3lame", "-b:a", "128k"),
}
QUICK = ("aac.mp4", "pcm.mov")


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in QUICK else [pytest.mark.slow]) for one in CODERS]
)
def test_sound_is_marked_and_stays_where_it_is(
    name: str, music: tuple[object, ...], pictures: Path, ffmpeg: Run, tmp_path: Path
) -> None:
    source, out = tmp_path / name, tmp_path / f"out-{name}"
    ffmpeg(
        *("-i", pictures, *music, "-map", "0:v", "-map", "1:a", "-c:v", "copy"),
        *("-metadata:s:a", "language=deu", "-c:a", *CODERS[name], source),
    )
    (sound,) = mark_video(source, out, PAYLOAD).sounds
    assert sound.reason is None
    assert sound.span == pytest.approx((0, SECONDS), abs=0.1)
    assert 0 <= sound.span[0] < sound.span[1] <= SECONDS + 1e-6
    [(mark,)] = detect_sounds(out, effort="aligned")
    assert mark.payload == PAYLOAD
    assert detect_sounds(source, effort="aligned") == [()]
    sizes = [sum(map(len, packets(path, 0))) for path in (source, out)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.2)  # the same rate of bits
    assert probed(out) == probed(source)  # the length to the sample, where the container has it
    before, after = heard(source), heard(out)
    assert shift(before, after) == 0
    assert 20 < 10 * np.log10(np.mean(before**2) / np.mean((after - before) ** 2)) < 60


@pytest.mark.parametrize("ahead", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_sound_that_begins_at_another_time_is_not_moved(
    ahead: bool, music: tuple[object, ...], pictures: Path, ffmpeg: Run, tmp_path: Path
) -> None:
    source, out = tmp_path / "source.mp4", tmp_path / "out.mp4"
    offsets = [("-itsoffset", "0.517"), ()] if ahead else [(), ("-itsoffset", "0.517")]
    ffmpeg(
        *(*offsets[0], "-i", pictures, *offsets[1], *music, "-map", "0:v", "-map", "1:a"),
        *("-c:v", "copy", "-c:a", "aac", source),
    )
    (sound,) = mark_video(source, out, PAYLOAD).sounds
    assert sound.span is not None
    before, after = heard(source), heard(out)
    assert shift(before, after) == 0
    silent = np.flatnonzero(np.abs(before) > 1e-3)[0] - 1024  # an encoder begins a frame earlier
    assert np.abs(after[:silent]).max(initial=0) < 1e-3


def test_what_is_lost_on_the_way_is_silence(
    music: tuple[object, ...], pictures: Path, ffmpeg: Run, tmp_path: Path
) -> None:
    whole, source, out = (tmp_path / f"{name}.mp4" for name in ("whole", "source", "out"))
    ffmpeg(
        *("-i", pictures, *music, "-map", "0:v", "-map", "1:a", "-c:v", "copy"),
        *("-c:a", "aac", whole),
    )
    with av.open(str(whole)) as there, av.open(str(source), "w") as container:
        outputs = {one: container.add_stream_from_template(one) for one in there.streams}
        for packet in there.demux():
            is_lost = packet.stream.type == "audio" and 40 <= (packet.pts or 0) // 1024 < 90
            if packet.size and not is_lost:
                packet.stream = outputs[packet.stream]
                container.mux(packet)
    (sound,) = mark_video(source, out, PAYLOAD).sounds
    assert sound.reason is None
    before, after = heard(whole), heard(out)
    assert shift(before, after) == 0
    assert np.abs(after[RATE + 42 * 1024 : RATE + 88 * 1024]).max() < 1e-3
    assert len(heard(out)) == len(before)


def test_what_takes_no_mark_is_copied_and_said_so(
    music: tuple[object, ...], pictures: Path, ffmpeg: Run, tmp_path: Path
) -> None:
    """Four tracks: silent, of a codec that is not encoded here, marked, too short."""
    source, out = tmp_path / "source.mp4", tmp_path / "out.mp4"
    ffmpeg(
        *("-i", pictures, *music, "-f", "lavfi", "-t", SECONDS, "-i", "anullsrc"),
        *("-map", "0:v", "-map", "2:a", "-map", "1:a", "-map", "1:a", "-c:v", "copy"),
        *("-c:a:0", "aac", "-c:a:1", "ac3", "-c:a:2", "aac", source),
    )
    done = mark_video(source, out, PAYLOAD)
    reasons = [one.reason or "" for one in done.sounds]
    assert "silent" in reasons[0]
    assert "ac3 is not encoded here" in reasons[1]
    assert [one.codec for one in done.sounds] == ["aac", "ac3", "aac"]
    assert [one.span is None for one in done.sounds] == [True, True, False]
    read = detect_sounds(out, effort="aligned")
    assert [[mark.payload for mark in marks] for marks in read] == [[], [], [PAYLOAD]]
    for track in (0, 1):
        assert packets(source, track) == packets(out, track) != []
    short = tmp_path / "short.mp4"
    ffmpeg("-i", source, "-map", "0:v", "-map", "0:a:2", "-t", 1, "-c", "copy", short)
    (sound,) = mark_video(short, out, PAYLOAD).sounds
    assert "too short" in (sound.reason or "")
    assert packets(short, 0) == packets(out, 0)
