"""WAV: a cue comes in, and nothing else changes."""

import hashlib
import itertools
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from countermark.errors import SoundError, SourceNotFound, UnreadableSound, UnsupportedSound
from countermark.labels.audible import Rhythm, Where, find_rhythm, label_audio, rhythms_in, wave

PCM, FLOAT = 1, 3
ENCODINGS = [(PCM, 1), (PCM, 2), (PCM, 3), (PCM, 4), (FLOAT, 4), (FLOAT, 8)]
RATES = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000]
CHANNELS = [1, 2, 6]


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def riff(*chunks: bytes, name: bytes = b"RIFF") -> bytes:
    content = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(content)) + content


def format_chunk(
    tag: int, channels: int, rate: int, size: int, *, mask: int | None = None
) -> bytes:
    """`size` in bytes a sample; with a mask of loudspeakers, the extensible form."""
    frame = size * channels
    numbers = struct.pack("<HIIHH", channels, rate, rate * frame, frame, 8 * size)
    if mask is None:
        return chunk(b"fmt ", struct.pack("<H", tag) + numbers)
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return chunk(b"fmt ", b"\xfe\xff" + numbers + struct.pack("<HHI", 22, 8 * size, mask) + guid)


def noise(count: int, *, seed: int = 6) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, count, np.uint8).tobytes()


def chunks_of(content: bytes) -> dict[bytes, bytes]:
    """By a reader of the tests' own, which knows no format; names are distinct."""
    found, position = {}, 12
    while position < len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        found[name] = content[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    return found


def content_of(tag: int, size: int, channels: int, count: int = 500) -> bytes:
    if tag == FLOAT:
        values = np.random.default_rng(2).uniform(-0.5, 0.5, count * channels)
        return values.astype(f"<f{size}").tobytes()
    return noise(count * channels * size)


def write(path: Path, tag: int, size: int, channels: int, rate: int, **options: int) -> bytes:
    content = content_of(tag, size, channels)
    form = format_chunk(tag, channels, rate, size, **options)
    path.write_bytes(
        riff(form, chunk(b"LIST", b"INFOINAM\x03\0\0\0ab\0\0"), chunk(b"data", content))
    )
    return content


@pytest.mark.parametrize(("tag", "size"), ENCODINGS)
def test_content_is_the_same_bytes(tmp_path: Path, tag: int, size: int) -> None:
    """At every rate, with every number of channels, before and after the cue."""
    source, out = tmp_path / "a.wav", tmp_path / "b.wav"
    places: list[Where] = ["start", "end", "middle"]
    for (rate, channels), where in zip(
        itertools.product(RATES, CHANNELS), itertools.cycle(places), strict=False
    ):
        content = write(source, tag, size, channels, rate)
        labelled = label_audio(source, out, where=where)
        found, before = chunks_of(out.read_bytes()), chunks_of(source.read_bytes())
        frame = size * channels
        start = round(labelled.start_seconds * rate) * frame
        end = round(labelled.end_seconds * rate) * frame
        rest = found[b"data"][:start] + found[b"data"][end:]
        assert hashlib.sha256(rest).digest() == hashlib.sha256(content).digest()
        assert end - start > 2 * rate * frame
        assert {"start": start == 0, "end": end == len(found[b"data"]), "middle": start > 0}[where]
        assert [found[name] for name in (b"fmt ", b"LIST")] == [
            before[name] for name in (b"fmt ", b"LIST")
        ]
        assert labelled.content == "untouched"


@pytest.mark.parametrize(("tag", "size"), [(PCM, 1), (PCM, 3), (FLOAT, 4)])
def test_other_readers_hear_the_rhythm(
    tmp_path: Path, decoded: Callable[..., np.ndarray], tag: int, size: int
) -> None:
    source, out = tmp_path / "a.wav", tmp_path / "b.wav"
    write(source, tag, size, 2, 44_100)
    labelled = label_audio(source, out)
    samples = decoded(out, 2)
    [heard] = find_rhythm(samples, 44_100)
    assert heard.start_seconds == pytest.approx(0.36, abs=0.01)
    assert heard.level_db == pytest.approx(labelled.level_db, abs=0.3)
    np.testing.assert_array_equal(samples[round(2.04 * 44_100) :], decoded(source, 2))


def test_cue_is_as_loud_as_the_content(tmp_path: Path) -> None:
    for level in (0.2, 0.05):
        tone = level * np.sqrt(2) * np.sin(np.arange(32_000) / 3)
        content = np.concatenate((tone, np.zeros(32_000)))  # a pause does not count
        data = (content * 32767).astype("<i2").tobytes()
        (tmp_path / "a.wav").write_bytes(riff(format_chunk(1, 1, 16_000, 2), chunk(b"data", data)))
        labelled = label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
        assert labelled.level_db == pytest.approx(20 * np.log10(level), abs=0.1)


def test_middle_is_the_quiet_point(tmp_path: Path) -> None:
    loud = np.random.default_rng(3).normal(0, 0.2, 160_000).clip(-1, 1)
    loud[70_000:76_000] *= 0.001
    data = (loud * 32767).astype("<i2").tobytes()
    (tmp_path / "a.wav").write_bytes(riff(format_chunk(1, 1, 16_000, 2), chunk(b"data", data)))
    labelled = label_audio(tmp_path / "a.wav", tmp_path / "b.wav", where="middle")
    assert 70_000 / 16_000 <= labelled.start_seconds <= 76_000 / 16_000


def test_loudspeaker_for_low_tones_stays_silent(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", PCM, 2, 6, 48_000, mask=0x3F)
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    data = chunks_of((tmp_path / "b.wav").read_bytes())[b"data"]
    cue = np.frombuffer(data, "<i2").reshape(-1, 6)[: 2 * 48_000]
    assert [bool(channel.any()) for channel in cue.T] == [True, True, True, False, True, True]


def test_chunks_that_count_samples_move_along(tmp_path: Path) -> None:
    point = struct.pack("<II4sIII", 1, 100, b"data", 0, 0, 100)
    loop = struct.pack("<6I", 1, 0, 20, 300, 0, 0)
    bext = noise(603)
    parts = {
        b"bext": bext,
        b"fact": struct.pack("<I", 500),
        b"cue ": struct.pack("<I", 1) + point,
        b"smpl": bytes(36) + loop,
        b"AIGC": b'{"Label":"1"}',
    }
    content = content_of(PCM, 2, 1)
    data = [chunk(b"data", content)]
    (tmp_path / "a.wav").write_bytes(
        riff(
            format_chunk(1, 1, 8_000, 2),
            *(chunk(name, part) for name, part in parts.items()),
            *data,
            chunk(b"iXML", b"<x/>!"),
        )
    )
    for where, moved in (("start", 16_320), ("end", 0)):
        label_audio(tmp_path / "a.wav", tmp_path / "b.wav", where=where)
        found = chunks_of((tmp_path / "b.wav").read_bytes())
        assert [found[name] for name in (b"bext", b"AIGC", b"iXML")] == [
            bext,
            parts[b"AIGC"],
            b"<x/>!",
        ]
        assert struct.unpack("<I", found[b"fact"]) == (500 + 16_320,)
        assert struct.unpack("<II4sIII", found[b"cue "][4:])[1::4] == (100 + moved, 100 + moved)
        assert struct.unpack("<6I", found[b"smpl"][36:])[2:4] == (20 + moved, 300 + moved)


def test_rf64_is_read_and_written(tmp_path: Path, decoded: Callable[..., np.ndarray]) -> None:
    content = content_of(PCM, 2, 2)
    lengths = struct.pack("<QQQI", 36 + 24 + 8 + len(content) + 4, len(content), 500, 0)
    body = chunk(b"ds64", lengths) + format_chunk(1, 2, 48_000, 2)
    body += b"data\xff\xff\xff\xff" + content
    (tmp_path / "a.wav").write_bytes(b"RF64\xff\xff\xff\xffWAVE" + body)
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    written = (tmp_path / "b.wav").read_bytes()
    riff_bytes, data_bytes, count = struct.unpack_from("<QQQ", written, 20)
    assert (riff_bytes, data_bytes // 4, count) == (len(written) - 8, 97_920 + 500, 97_920 + 500)
    assert len(decoded(tmp_path / "b.wav", 2)) == 97_920 + 500
    assert written.endswith(content)


def test_file_that_outgrows_riff_becomes_rf64(
    tmp_path: Path, decoded: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the limit set low; the test below has a file of the real length."""
    monkeypatch.setattr(wave, "_LARGEST_RIFF", 300_000)
    content = write(tmp_path / "a.wav", PCM, 2, 2, 48_000)
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    written = (tmp_path / "b.wav").read_bytes()
    assert written[:4] == b"RF64"
    assert struct.unpack_from("<Q", written, 20) == (len(written) - 8,)
    assert len(decoded(tmp_path / "b.wav", 2)) == 97_920 + 500
    assert written.endswith(content)


@pytest.mark.slow
def test_long_files_need_little_memory(tmp_path: Path, decoded: Callable[..., np.ndarray]) -> None:
    """1 GB within 80 MB, and a file that crosses 4 GB while it is labelled."""
    code = (
        "import sys; from countermark.labels.audible import label_audio; "
        "label_audio(sys.argv[1], sys.argv[2]); "
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    for length, name in ((1 << 30, b"RIFF"), ((1 << 32) - 100_000, b"RF64")):
        source, out = tmp_path / "long.wav", tmp_path / "out.wav"
        with source.open("wb") as file:
            head = riff(format_chunk(1, 2, 48_000, 2))
            size = struct.pack("<I", length + 36)
            file.write(head[:4] + size + head[8:] + b"data" + struct.pack("<I", length))
            file.truncate(44 + length)
        command = [sys.executable, "-c", code, source, out]
        peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert int(peak) < 80_000  # KB
        with out.open("rb") as file:
            assert file.read(4) == name
        assert out.stat().st_size >= length + 97_920 * 4
        [heard] = rhythms_in(out)
        assert heard.start_seconds == pytest.approx(0.36, abs=0.02)
        source.unlink()


def test_forgotten_padding_is_understood(tmp_path: Path) -> None:
    content = content_of(PCM, 2, 1)
    odd = b"note\x03\0\0\0abc"  # no byte after it
    body = b"WAVE" + format_chunk(1, 1, 8_000, 2) + odd + chunk(b"data", content)
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav", where="end")
    found = chunks_of((tmp_path / "b.wav").read_bytes())
    assert found[b"note"] == b"abc"
    assert found[b"data"].startswith(content)


def test_odd_data_is_padded(tmp_path: Path) -> None:
    data = noise(8_001)
    (tmp_path / "a.wav").write_bytes(
        riff(format_chunk(1, 1, 8_000, 1), chunk(b"data", data), chunk(b"LIST", b"INFO"))
    )
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    written = (tmp_path / "b.wav").read_bytes()
    found = chunks_of(written)
    assert found[b"data"].endswith(data)
    assert found[b"LIST"] == b"INFO"
    assert struct.unpack_from("<I", written, 4) == (len(written) - 8,)


def test_length_that_a_pipe_could_not_state_is_found(tmp_path: Path) -> None:
    content = content_of(PCM, 2, 1)
    body = b"WAVE" + format_chunk(1, 1, 8_000, 2) + b"data\xff\xff\xff\xff" + content
    (tmp_path / "a.wav").write_bytes(b"RIFF\xff\xff\xff\xff" + body)
    label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    assert chunks_of((tmp_path / "b.wav").read_bytes())[b"data"].endswith(content)


def test_source_may_be_the_destination(tmp_path: Path) -> None:
    content = write(tmp_path / "a.wav", PCM, 2, 1, 8_000)
    label_audio(tmp_path / "a.wav", tmp_path / "a.wav", cue=Rhythm(frequency_hz=600))
    assert chunks_of((tmp_path / "a.wav").read_bytes())[b"data"].endswith(content)
    [heard] = rhythms_in(tmp_path / "a.wav")
    assert heard.frequency_hz == pytest.approx(600, abs=3)


GOOD = riff(format_chunk(1, 1, 8_000, 2), chunk(b"data", bytes(100)))
BAD = {
    "cut off": (GOOD[:-10], UnreadableSound),
    "no samples": (riff(format_chunk(1, 1, 8_000, 2), chunk(b"data", b"")), UnreadableSound),
    "half a sample": (riff(format_chunk(1, 2, 8_000, 2), chunk(b"data", b"abc")), UnreadableSound),
    "no data": (riff(format_chunk(1, 1, 8_000, 2)), UnreadableSound),
    "no format": (riff(chunk(b"data", bytes(10))), UnreadableSound),
    "short format": (riff(chunk(b"fmt ", bytes(8)), chunk(b"data", bytes(9))), UnreadableSound),
    "no channels": (riff(format_chunk(1, 0, 8_000, 2), chunk(b"data", bytes(9))), UnreadableSound),
    "two contents": (GOOD + chunk(b"data", bytes(10)), UnreadableSound),
    "ADPCM": (riff(format_chunk(0x11, 1, 8_000, 1), chunk(b"data", bytes(9))), UnsupportedSound),
    "cut ds64": (riff(chunk(b"ds64", bytes(3)), name=b"RF64"), UnreadableSound),
    "noise": (noise(1_000), UnreadableSound),
    "nothing": (b"", UnreadableSound),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(tmp_path: Path, name: str) -> None:
    content, error = BAD[name]
    source, out = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(content)
    out.write_bytes(b"former")
    with pytest.raises(SoundError) as caught:
        label_audio(source, out)
    assert isinstance(caught.value, error)
    assert source.read_bytes() == content
    assert out.read_bytes() == b"former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav"]


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        label_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    assert not list(tmp_path.iterdir())
