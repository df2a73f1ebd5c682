"""Coded sound: a cue comes in, and the content is what it was, or what the codec makes of it."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import mutagen.apev2
import mutagen.flac
import numpy as np
import pytest

from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    SoundError,
    UnreadableSound,
    UnsupportedSound,
)
from countermark.labels.audible import Spoken, find_rhythm, label_audio, speak

AIGC = '{"Label":"1","ContentProducer":"x"}'
FORMATS: dict[str, tuple[str, ...]] = {
    "mp3": ("libmp3lame", "-b:a", "96k", "-write_id3v1", "1", "-write_apetag", "1"),
    "m4a": ("aac", "-b:a", "96k", "-movflags", "use_metadata_tags+faststart"),
    "opus": ("libopus", "-b:a", "64k"),
}
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., bytes]) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    sound = f"anoisesrc=r={RATE}:d=2:a=0.3:seed=4,lowpass=900"
    tags = ("-metadata", "title=Word", "-metadata", f"AIGC={AIGC}")
    for suffix, options in FORMATS.items():
        ffmpeg(
            "-f", "lavfi", "-i", sound, "-ac", 2, *tags, "-c:a", *options, folder / f"a.{suffix}"
        )
    return folder


def probe(path: Path) -> dict[str, Any]:
    program = shutil.which("ffprobe")
    assert program, "install ffmpeg"
    command = [program, "-v", "error", "-of", "json", "-show_format", "-show_streams", path]
    answer: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return answer


def tags_in(path: Path) -> dict[str, str]:
    found = probe(path)
    tags = {**found["format"].get("tags", {}), **found["streams"][0].get("tags", {})}
    return {name: value for name, value in tags.items() if name in {"title", "AIGC"}}


def packets(path: Path) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("where", ["start", pytest.param("end", marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", FORMATS)
def test_packets_and_tags_stay(
    folder: Path, tmp_path: Path, decoded: Callable[..., np.ndarray], suffix: str, where: Any
) -> None:
    source, out = folder / f"a.{suffix}", tmp_path / f"b.{suffix}"
    labelled = label_audio(source, out, where=where)
    assert labelled.content == "untouched"
    before, after = packets(source), packets(out)
    assert after[-len(before) :] == before if where == "start" else after[: len(before)] == before
    assert tags_in(out) == tags_in(source) == {"title": "Word", "AIGC": AIGC}
    samples, content = decoded(out, 2), decoded(source, 2)
    [heard] = find_rhythm(samples, RATE)
    assert heard.start_seconds == pytest.approx(labelled.start_seconds + 0.36, abs=0.06)
    assert heard.level_db == pytest.approx(labelled.level_db, abs=1)
    seconds = [float(probe(path)["format"]["duration"]) for path in (source, out)]
    assert seconds[1] - seconds[0] == pytest.approx(2.04, abs=0.1)
    assert correlation(samples, content) > 0.999


def correlation(samples: np.ndarray, content: np.ndarray) -> float:
    """Of the middle of the content with the place in the samples that resembles it most."""
    part = content[RATE // 2 : RATE, 0]
    size = len(samples) + len(part)
    spectra = np.fft.rfft(samples[:, 0], size) * np.conj(np.fft.rfft(part, size))
    best = int(np.fft.irfft(spectra, size)[: len(samples) - len(part)].argmax())
    return float(np.corrcoef(samples[best : best + len(part), 0], part)[0, 1])


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("mp3", "re-encoded"),
        pytest.param("m4a", "untouched", marks=pytest.mark.slow),
        ("opus", "untouched"),
    ],
)
def test_middle_says_what_became_of_the_content(
    folder: Path,
    tmp_path: Path,
    decoded: Callable[..., np.ndarray],
    suffix: str,
    content: str,
) -> None:
    source, out = folder / f"a.{suffix}", tmp_path / f"b.{suffix}"
    labelled = label_audio(source, out, where="middle")
    assert labelled.content == content
    [heard] = find_rhythm(decoded(out, 2), RATE)
    assert 0.6 < heard.start_seconds < 2
    assert tags_in(out) == {"title": "Word", "AIGC": AIGC}


@pytest.mark.slow
def test_aac_of_another_kind_is_encoded_again(
    folder: Path, tmp_path: Path, ffmpeg: Callable[..., bytes], decoded: Callable[..., np.ndarray]
) -> None:
    source, out = tmp_path / "a.m4a", tmp_path / "b.m4a"
    ffmpeg("-i", folder / "a.mp3", "-t", 1, "-c:a", "aac", "-profile:a", "aac_main", source)
    assert label_audio(source, out).content == "re-encoded"
    assert len(find_rhythm(decoded(out, 2), RATE)) == 1
    assert tags_in(out) == tags_in(source) == {"title": "Word"}


def test_id3_and_ape_stay_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "a.mp3", tmp_path / "b.mp3"
    ape = mutagen.apev2.APEv2()
    ape["Word"] = "kept"
    ape.save(tmp_path / "ape")
    sound = (folder / "a.mp3").read_bytes()
    source.write_bytes(sound[:-128] + (tmp_path / "ape").read_bytes() + sound[-128:])
    label_audio(source, out, where="end")
    before, after = source.read_bytes(), out.read_bytes()
    head = 10 + int.from_bytes(before[6:10], "big")  # short: no byte of the length over 127
    tail = before.index(b"APETAGEX")
    assert sound[-128:-125] == b"TAG"
    assert after[:head] == before[:head]
    assert after.endswith(before[tail:])
    assert after.count(b"APETAGEX") == before.count(b"APETAGEX") == 2


@pytest.mark.parametrize(
    ("codec", "bits", "format"),
    [
        ("flac", 16, "s16"),
        pytest.param("alac", 24, "s32", marks=pytest.mark.slow),
        pytest.param("flac", 24, "s32", marks=pytest.mark.slow),
        pytest.param("alac", 16, "s16", marks=pytest.mark.slow),
    ],
)
def test_lossless_codecs_keep_every_sample(
    tmp_path: Path, ffmpeg: Callable[..., bytes], codec: str, bits: int, format: str
) -> None:
    suffix = {"flac": "flac", "alac": "m4a"}[codec]
    source, out = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    sound = "anoisesrc=r=44100:d=1:a=0.3:seed=4"
    sample_format = format + ("p" if codec == "alac" else "")
    options = ("-ac", 2, "-sample_fmt", sample_format, "-metadata", "title=Word", "-c:a", codec)
    ffmpeg("-f", "lavfi", "-i", sound, *options, source)
    raw = ("-f", "s32le", "-c:a", "pcm_s32le", "-")
    content = ffmpeg("-i", source, *raw)
    for where in ("start", "end", "middle") if codec == "flac" else ("middle",):
        labelled = label_audio(source, out, where=where)  # type: ignore[arg-type]
        samples = ffmpeg("-i", out, *raw)
        frame = 8
        start = round(labelled.start_seconds * 44_100) * frame
        end = round(labelled.end_seconds * 44_100) * frame
        rest = samples[:start] + samples[end:]
        assert hashlib.sha256(rest).digest() == hashlib.sha256(content).digest()
        cue = np.frombuffer(samples[start:end], "<i4").reshape(-1, 2) / 2**31
        assert len(find_rhythm(cue, 44_100)) == 1
        assert labelled.content == "lossless"
    found = probe(out)["streams"][0]
    assert (found["bits_per_raw_sample"], found["sample_rate"]) == (str(bits), "44100")
    assert tags_in(out) == {"title": "Word"}


def test_blocks_of_flac_stay(tmp_path: Path, ffmpeg: Callable[..., bytes]) -> None:
    """Pictures, blocks of applications, and a table of contents, whose places move along."""
    source, out = tmp_path / "a.flac", tmp_path / "b.flac"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=r=44100:d=1:seed=4", source)
    file = mutagen.flac.FLAC(source)
    picture = mutagen.flac.Picture()
    picture.data, picture.mime, picture.type = b"not read", "image/png", 3
    file.add_picture(picture)
    sheet = mutagen.flac.CueSheet(None)
    sheet.tracks.append(mutagen.flac.CueSheetTrack(1, 588 * 10))
    sheet.tracks[0].indexes.append(mutagen.flac.CueSheetTrackIndex(1, 0))
    sheet.tracks.append(mutagen.flac.CueSheetTrack(170, 44_100))
    application = mutagen.flac.MetadataBlock(b"riffabcd")
    application.code = 2
    file.metadata_blocks += [sheet, application]
    file.save()
    labelled = label_audio(source, out)
    found = mutagen.flac.FLAC(out)
    assert [one.data for one in found.pictures] == [b"not read"]
    count = round(labelled.end_seconds * 44_100)
    assert [track.start_offset for track in found.cuesheet.tracks] == [
        5_880 + count,
        44_100 + count,
    ]
    assert [one.data for one in found.metadata_blocks if one.code == 2] == [b"riffabcd"]


def test_cover_art_stays(folder: Path, tmp_path: Path, ffmpeg: Callable[..., bytes]) -> None:
    cover, source, out = tmp_path / "c.png", tmp_path / "a.m4a", tmp_path / "b.m4a"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-frames:v", 1, cover)
    picture = ("-map", 0, "-map", 1, "-c", "copy", "-disposition:v", "attached_pic")
    ffmpeg("-i", folder / "a.m4a", "-i", cover, *picture, source)
    label_audio(source, out)
    with av.open(source) as before, av.open(out) as after:
        pictures = [bytes(next(one.demux(video=0))) for one in (before, after)]
    assert pictures[0] == pictures[1]


def test_offsets_follow_an_index_that_comes_first(folder: Path, tmp_path: Path) -> None:
    source, out = folder / "a.m4a", tmp_path / "b.m4a"
    label_audio(source, out)
    content = out.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(out) as container:
        stream = container.streams.audio[0]
        places = [(entry.pos, entry.size) for entry in stream.index_entries]
    assert [content[pos : pos + size] for pos, size in places] == packets(out)


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_words_are_spoken_at_normal_speed(
    folder: Path, tmp_path: Path, decoded: Callable[..., np.ndarray], language: Any
) -> None:
    clip, out = tmp_path / "words.wav", tmp_path / "b.mp3"
    assert 120 <= speak(clip, language=language) <= 160
    labelled = label_audio(folder / "a.mp3", out, cue=Spoken(clip))
    assert labelled.end_seconds > 2.04
    samples = decoded(out, 2)[:, 0]
    words = decoded(clip, 1)[:, 0]
    cue = samples[round(0.36 * RATE) : round((labelled.end_seconds - 0.36) * RATE)]
    assert len(words) / 22_050 == pytest.approx(len(cue) / RATE, abs=0.05)
    assert loudness_db(cue, RATE) == pytest.approx(labelled.level_db, abs=1)


def loudness_db(samples: np.ndarray, rate: int) -> float:
    """Of what is not a pause."""
    size = rate // 10
    powers = np.square(samples[: len(samples) // size * size]).reshape(-1, size).mean(axis=1)
    return float(10 * np.log10(powers[powers > 0.1 * powers.mean()].mean()))


def test_chinese_words_must_name_both_elements(tmp_path: Path) -> None:
    for words in ("本音频由人工智能提供", "这是生成的", ""):
        with pytest.raises(InvalidArgument):
            speak(tmp_path / "a.wav", wording=words)
    with pytest.raises(InvalidArgument):
        speak(tmp_path / "a.wav", language="xx")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_bad_and_other_files_are_refused(
    folder: Path, tmp_path: Path, ffmpeg: Callable[..., bytes]
) -> None:
    whole = (folder / "a.m4a").read_bytes()
    video, vorbis = tmp_path / "v.mp4", tmp_path / "v.ogg"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-i", folder / "a.m4a", "-t", 1, video)
    ffmpeg("-i", folder / "a.mp3", "-c:a", "vorbis", "-strict", -2, vorbis)
    deep = tmp_path / "deep.flac"
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.1", "-c:a", "flac", deep)
    content = bytearray(deep.read_bytes())
    content[20] |= 1  # bits of a sample, less one, in 5 bits of which this is the highest
    deep.write_bytes(content)
    (tmp_path / "cut.m4a").write_bytes(whole[:2_000])
    (tmp_path / "silent.wav").write_bytes(b"RIFF")
    (tmp_path / "empty.mp3").write_bytes(b"")
    for name, error in {
        "deep.flac": UnsupportedSound,
        "v.mp4": UnsupportedSound,
        "v.ogg": UnsupportedSound,
        "cut.m4a": UnreadableSound,
        "silent.wav": UnreadableSound,
        "empty.mp3": UnreadableSound,
    }.items():
        with pytest.raises(SoundError) as caught:
            label_audio(tmp_path / name, tmp_path / "out")
        assert isinstance(caught.value, error), name
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("suffix", ["mp3", "opus"])
def test_full_disk_leaves_nothing(folder: Path, tmp_path: Path, suffix: str) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, former[1]))
    try:
        with pytest.raises(DestinationNotWritable):
            label_audio(folder / f"a.{suffix}", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert not list(tmp_path.iterdir())
